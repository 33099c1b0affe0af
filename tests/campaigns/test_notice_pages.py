"""What was heard is shown: on the delivery's page in words, and as it came in the administration."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import noticing
from campaigns.models import Notice, RawNotice
from campaigns.noticing import CannotRead, Told
from tests.make import MINUTE, NOON, make_delivery


@pytest.fixture
def delivery(ada):
    return make_delivery(contact=ada, status="sent", sending_at=NOON, finished_at=NOON, address=ada.email)


def hear(delivery, kind, number, **fields):
    at = NOON + number * MINUTE
    told = Told(kind, at, delivery_key=delivery.uuid, external_id=f"{kind}{number}", **fields)
    noticing.take("postmark", [told], at=at)


def test_the_page_says_what_was_heard_and_from_whom(as_marketer, delivery):
    assert "What was heard" not in as_marketer.get(delivery.get_absolute_url()).content.decode()

    hear(delivery, "delivered", 1, detail="250 OK", is_trusted=True)
    hear(delivery, "soft", 2, detail="<b>mailbox full</b>")
    page = as_marketer.get(delivery.get_absolute_url()).content.decode()

    assert "What was heard" in page
    assert page.index("Postmark: 250 OK") < page.index("Postmark: &lt;b&gt;mailbox full")
    assert page.count("It could be forged, and changes nothing.") == 1


def test_the_page_costs_the_same_for_one_notice_and_for_three(as_marketer, delivery):
    as_marketer.get(delivery.get_absolute_url())
    counts = []
    for number in (1, 2, 3):
        hear(delivery, "deferred", number)
        with CaptureQueriesContext(connection) as queries:
            as_marketer.get(delivery.get_absolute_url())
        counts.append(len(queries))

    assert counts[0] == counts[2]


def test_the_administration_lists_notices_and_what_they_were_made_of(client, admin, delivery):
    client.force_login(admin)
    raw, _new = noticing.keep_raw("postmark", b'{"Email": "ada@example.com"}', {"X": "1"}, NOON)
    hear(delivery, "delivered", 1, is_trusted=True)

    for path in ("notice/", "rawnotice/", f"notice/{Notice.objects.get().pk}/change/"):
        assert client.get(f"/admin/campaigns/{path}").status_code == 200
    page = client.get(f"/admin/campaigns/rawnotice/{raw.pk}/change/").content.decode()

    assert "ada@example.com" in page


def test_what_could_not_be_read_is_read_again_when_an_administrator_says_so(client, admin, delivery):
    def not_yet(raw):
        raise CannotRead("A word is not known.")

    client.force_login(admin)
    noticing.register_reader("test", not_yet)
    raw, _new = noticing.keep_raw("test", b"x", {}, NOON)
    noticing.read_raw(raw, NOON)
    assert RawNotice.objects.get().problem == "A word is not known."

    told = Told("delivered", NOON, delivery_key=delivery.uuid, is_trusted=True)
    noticing.register_reader("test", lambda raw: [told])
    client.post("/admin/campaigns/rawnotice/", {"action": "read_again", "_selected_action": [raw.pk]})

    assert RawNotice.objects.get().problem == ""
    assert [*delivery.responses.values_list("kind", flat=True)] == ["delivered"]
