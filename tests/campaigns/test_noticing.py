"""Notices are kept once, matched to their delivery, and folded."""

from uuid import uuid4

from campaigns import noticing
from campaigns.models import Notice, Response
from campaigns.noticing import Told
from contacts.models import Suppression
from tests.make import MINUTE, NOON, make_delivery
from touchpoints.models import Touchpoint


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


def test_what_could_be_forged_is_kept_and_changes_nothing(ada):
    delivery = sent(ada)

    take(told("hard", delivery, is_trusted=False))

    assert Notice.objects.get().delivery == delivery
    assert not Response.objects.exists()
    assert not Suppression.objects.exists()


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
