"""Notices are kept once, matched to their delivery, and folded."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from uuid import uuid4

import hypothesis
import pytest
from django.db import connection, connections, transaction
from hypothesis import strategies as st

from campaigns import noticing
from campaigns.models import Delivery, Notice, RawNotice, Response
from campaigns.noticing import Told
from contacts.models import Consent, Contact, Suppression
from tests.make import DAY, HOUR, MINUTE, NOON, make_consent, make_contact, make_delivery
from touchpoints.models import Touchpoint

UUID_SHAPE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def told(kind, delivery, at=NOON, **fields):
    fields = {"delivery_key": delivery.uuid, "is_trusted": True, "address": "ada@example.com"} | fields
    return Told(kind=kind, at=at, **fields)


def take(*notices, at=NOON + MINUTE):
    return noticing.take("test", notices, at=at)


def sent(contact, **fields):
    fields = {"status": "sent", "sending_at": NOON, "finished_at": NOON, "address": contact.email} | fields
    return make_delivery(contact=contact, **fields)


def test_a_hard_bounce_is_a_response_a_touchpoint_and_a_suppression_once(ada):
    delivery = sent(ada)

    for _again in range(3):
        take(told("hard", delivery, status_code="5.1.1", detail="No such user", external_id="e1"))

    assert [*Response.objects.values_list("kind", "at", "data")] == [
        ("bounced", NOON, {"notice": "hard", "code": "5.1.1", "words": "No such user"})
    ]
    assert [*Touchpoint.objects.values_list("kind", "external_id")] == [
        ("bounced", f"bounced:{delivery.uuid}")
    ]
    assert [*Suppression.objects.values_list("address", "scope")] == [("ada@example.com", "all")]


@pytest.mark.parametrize(
    "kind", ["hard", "complaint", "unsubscribed", "opened", "clicked", "delivered", "replied"]
)
def test_what_could_be_forged_is_kept_and_changes_nothing(ada, kind):
    delivery, other = sent(ada), sent(ada)
    link = {"url": "https://shop.example.com/"}

    take(told(kind, delivery, is_trusted=False, data=link))

    assert Notice.objects.get().delivery == delivery
    withdrawn = Consent.objects.filter(action="withdrawn")
    effects = (Response.objects, Touchpoint.objects, Suppression.objects, withdrawn)
    assert [rows.count() for rows in effects] == [0, 0, 0, 0]
    take(told(kind, other, data=link))
    assert Response.objects.get().delivery == other


def test_a_notice_of_a_message_not_known_yet_is_matched_later(ada):
    take(Told("delivered", NOON, provider_ref="ref-1", is_trusted=True))
    assert Notice.objects.get().delivery is None

    delivery = sent(ada, provider_ref="ref-1")
    assert noticing.rejoin(NOON + 2 * MINUTE) == 1
    assert noticing.rejoin(NOON + 2 * MINUTE) == 0

    assert Notice.objects.get().delivery == delivery
    assert Notice.objects.get().address == "ada@example.com"
    assert Response.objects.get().kind == "delivered"


def test_a_notice_of_nobody_we_know_is_kept(ada):
    take(told("delivered", sent(ada), delivery_key=uuid4()))

    assert Notice.objects.get().delivery is None
    assert not Response.objects.exists()


# In any order ----------------------------------------------------------------------------------------

SAID = st.builds(
    lambda kind, minutes, number: Told(
        kind=kind,
        at=NOON + minutes * MINUTE,
        external_id=f"{kind}:{minutes}:{number}",
        status_code="5.1.1" if kind == "hard" else "",
        detail=f"{kind} {number}",
        is_trusted=number != 3,
        data={"url": f"https://shop.example.com/{number}", "user_agent": "Firefox"},
    ),
    kind=st.sampled_from(
        ["accepted", "deferred", "delivered", "soft", "policy", "hard", "complaint"]
        + ["opened", "clicked", "unsubscribed", "vacation", "replied"]
    ),
    minutes=st.integers(0, 20000),
    number=st.integers(1, 3),
)


def state():
    """All that notices may change, in words that do not depend on the order of ids."""
    responses = Response.objects.values_list("kind", "at", "made_by", "data", "touchpoint__external_id")
    touchpoints = Touchpoint.objects.exclude(kind="unsubscribed").values_list("external_id", "at", "data")
    consents = Consent.objects.filter(action="withdrawn").values_list("topic__key", "channel")
    return {
        "responses": sorted(map(repr, responses.exclude(kind="unsubscribed"))),
        "touchpoints": sorted(map(repr, touchpoints)),
        "suppressions": sorted(Suppression.objects.values_list("address", "scope", "reason")),
        "stopped": sorted(consents),
        "unsubscribed": Response.objects.filter(kind="unsubscribed").count(),
    }


def heard(batches, delivery, ref_comes_after):
    """What is left after these batches were taken, and their deliveries' name came along at some moment."""
    for number, batch in enumerate(batches):
        if number == ref_comes_after:
            Delivery.objects.filter(pk=delivery.pk).update(provider_ref="ref")
        notices = [replace(each, provider_ref="ref", address="ada@example.com") for each in batch]
        noticing.take("test", notices, at=NOON + 30 * DAY)
    Delivery.objects.filter(pk=delivery.pk).update(provider_ref="ref")
    noticing.rejoin(NOON + 30 * DAY)
    return state()


@hypothesis.settings(
    max_examples=150, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(said=st.lists(SAID, min_size=1, max_size=8), draw=st.data())
def test_any_order_with_repeats_gives_the_same_state(ada, said, draw):
    said = [*{each.external_id: each for each in said}.values()]
    shuffled = draw.draw(st.permutations(said)) + draw.draw(st.lists(st.sampled_from(said), max_size=4))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    edges = [0, *cuts, len(shuffled)]
    batches = [shuffled[start:end] for start, end in pairwise(edges)]
    outcomes = []

    for order, after in (([said], 0), (batches, draw.draw(st.integers(0, 4)))):
        with transaction.atomic():
            delivery = sent(ada)
            outcomes.append(heard(order, delivery, after))
            transaction.set_rollback(True)

    plain, mixed = (json.dumps(outcome).replace(" ", "") for outcome in outcomes)
    assert UUID_SHAPE.sub("u", mixed) == UUID_SHAPE.sub("u", plain)


def test_the_gravest_word_is_kept_and_the_earliest_moment(ada):
    delivery = sent(ada)

    take(told("complaint", delivery, NOON + 5 * MINUTE), at=NOON + HOUR)
    take(told("soft", delivery, NOON + 3 * MINUTE, detail="full"), at=NOON + HOUR)
    take(told("hard", delivery, NOON + 4 * MINUTE, detail="nobody"), at=NOON + HOUR)
    take(told("policy", delivery, NOON + 2 * MINUTE, detail="blocked"), at=NOON + HOUR)
    take(told("delivered", delivery, NOON + MINUTE), at=NOON + HOUR)

    bounced = Response.objects.get(kind="bounced")
    assert (bounced.at, bounced.data["notice"], bounced.data["words"]) == (
        NOON + 2 * MINUTE,
        "hard",
        "nobody",
    )
    touchpoint = Touchpoint.objects.get(kind="bounced")
    assert (touchpoint.at, touchpoint.data["reply"]) == (NOON + 2 * MINUTE, "nobody")


def test_a_late_stop_does_not_undo_a_later_yes_twice(ada):
    """Once it has taken effect, folding again for another reason does not withdraw again."""
    delivery = sent(ada)
    take(told("unsubscribed", delivery, external_id="u1"))
    make_consent(ada, delivery.topic, at=NOON + HOUR)

    take(told("delivered", delivery))
    take(told("unsubscribed", delivery, external_id="u1"))

    assert Consent.objects.filter(contact=ada).order_by("-at", "-id").first().action == "given"


def test_nothing_is_written_down_again_of_who_asked_to_be_forgotten(ada):
    delivery = sent(ada)
    Contact.objects.filter(pk=ada.pk).update(erased_at=NOON, email="", first_name="", last_name="")
    noticing.register_reader("test", lambda raw: [told("hard", delivery, detail="550 ada@example.com")])
    raw, _created = noticing.keep_raw("test", b"about ada@example.com", {"X": "ada"}, NOON)

    noticing.read_raw(raw, NOON + MINUTE)

    notice = Notice.objects.get()
    assert (notice.kind, notice.address, notice.detail, notice.data) == ("hard", "", "", {})
    raw.refresh_from_db()
    assert (bytes(raw.body), raw.headers) == (b"", {})
    assert not Touchpoint.objects.exists()


def test_what_cannot_be_stored_is_left_out(ada):
    strange = {"a\x00": ["\ud800", 1, None], "b": {"c": "\x00d"}}

    take(told("other", sent(ada), detail="a\x00b" * 200, external_id="x" * 500, data=strange))

    notice = Notice.objects.get()
    assert notice.detail == ("ab" * 200)[:300]
    assert notice.data == {"a": ["", 1, None], "b": {"c": "d"}}


def test_two_who_take_the_same_notice_at_once_give_it_one_effect(transactional_db):
    contact = make_contact("ada@example.com")
    delivery = sent(contact)
    start = threading.Barrier(4)

    def take_it():
        start.wait()
        try:
            return len(take(told("hard", delivery, external_id="e1")))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        counts = [each.result() for each in [pool.submit(take_it) for _each in range(4)]]

    assert sorted(counts) == [0, 0, 0, 1]
    assert Response.objects.count() == Touchpoint.objects.count() == 1


def test_an_old_notice_of_nobody_is_looked_for_once_an_hour(ada):
    for number in range(120):
        take(Told("delivered", NOON, provider_ref=f"r{number}", is_trusted=True), at=NOON)
    for number in range(120):
        sent(ada, provider_ref=f"r{number}")

    later = NOON + 5 * HOUR
    joined = [noticing.rejoin(later + minutes * MINUTE) for minutes in range(60)]

    assert sum(joined) == 120
    assert set(joined) == {2}


def test_what_came_is_emptied_after_ninety_days(ada):
    old, _new = noticing.keep_raw("test", b"about ada@example.com", {"X": "ada"}, NOON)
    young, _new = noticing.keep_raw("test", b"about ben@example.com", {}, NOON + 10 * DAY)

    assert noticing.forget_old(NOON + 90 * DAY) == 0
    assert noticing.forget_old(NOON + 91 * DAY) == 1
    assert noticing.forget_old(NOON + 91 * DAY) == 0

    left = {raw.pk: (bytes(raw.body), raw.headers) for raw in RawNotice.objects.all()}
    assert left == {old.pk: (b"", {}), young.pk: (b"about ben@example.com", {})}


def test_looking_for_what_is_old_reads_no_other_rows(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        old = RawNotice.objects.filter(received_at__lt=NOON).exclude(body=b"").order_by("received_at")
        plan = old.values_list("pk", flat=True)[:1000].explain()

    assert "raw_notice_whole" in plan
