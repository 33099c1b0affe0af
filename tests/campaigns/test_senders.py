"""The keys of a sender, and how it stands."""

import pytest
from django.db import connection

from campaigns import channels, dkim, sender_reports, senders
from campaigns.channels import Accepted, Line, Provider
from campaigns.models import Delivery, Notice
from campaigns.sending import send_due
from contacts.models import Sender
from tests.campaigns.zone import Silence, Zone
from tests.make import DAY, HOUR, NOON, make_contact, make_delivery, make_rule, make_sender


@pytest.fixture(autouse=True)
def key_folder(settings, tmp_path):
    settings.DKIM_DIR = str(tmp_path / "dkim")


def record_of(sender, selector):
    key = dkim.private_key(sender.domain, selector)
    return {(dkim.record_name(sender.domain, selector), "TXT"): [dkim.record(key)]}


def test_the_first_key_signs_at_once(sender):
    assert senders.make_key(sender, NOON) == "r202606"

    sender.refresh_from_db()
    assert sender.dkim_selector == "r202606"
    assert senders.waiting_keys(sender) == []


def test_the_next_key_waits_for_its_record(sender):
    senders.make_key(sender, NOON)
    senders.make_key(sender, NOON)

    assert Sender.objects.get().dkim_selector == "r202606"
    assert [name for name, _record in senders.waiting_keys(sender)] == ["r202606-2"]


def test_a_selector_without_its_key_gets_one_of_that_name(sender):
    sender.dkim_selector = "spring"

    assert senders.make_key(sender, NOON) == "spring"
    assert dkim.private_key(sender.domain, "spring") is not None


def test_another_key_signs_once_its_record_is_published(sender):
    senders.make_key(sender, NOON)
    senders.make_key(sender, NOON)

    with pytest.raises(senders.CannotSign, match="not published"):
        senders.sign_with(sender, "r202606-2", records=Zone())
    with pytest.raises(senders.CannotSign, match="looked up"):
        senders.sign_with(sender, "r202606-2", records=Silence())
    with pytest.raises(senders.CannotSign, match="no such key"):
        senders.sign_with(sender, "../r202606", records=Zone())
    assert Sender.objects.get().dkim_selector == "r202606"

    senders.sign_with(sender, "r202606-2", records=Zone(record_of(sender, "r202606-2")))

    assert Sender.objects.get().dkim_selector == "r202606-2"


def test_the_record_of_another_key_lets_no_key_sign(sender):
    senders.make_key(sender, NOON)
    senders.make_key(sender, NOON)
    other = record_of(sender, "r202606")[dkim.record_name(sender.domain, "r202606"), "TXT"]

    name = dkim.record_name(sender.domain, "r202606-2")

    with pytest.raises(senders.CannotSign, match="not published"):
        senders.sign_with(sender, "r202606-2", records=Zone({(name, "TXT"): other}))


def make_notice(delivery, kind, at=NOON, **fields):
    fields = {"source": "test", "external_id": f"{kind}{delivery.pk}", "is_trusted": True} | fields
    return Notice.objects.create(
        delivery=delivery, kind=kind, at=at, received_at=at, address=delivery.contact.email, **fields
    )


def test_what_came_back_is_counted_by_day_and_sender(sender):
    rule = make_rule(sender=sender)
    other = make_rule(sender=make_sender(name="Other", address="a@example.org"))
    made = [
        make_delivery(
            rule, make_contact(), status="sent", sending_at=NOON - n * DAY, planned_at=NOON - n * DAY
        )
        for n in (0, 0, 1, 8)
    ]
    make_notice(made[0], "hard")
    make_notice(made[1], "complaint", at=NOON - HOUR)
    make_notice(made[2], "policy", at=NOON - DAY)
    make_notice(made[2], "hard", at=NOON - DAY, is_trusted=False)
    strange = make_delivery(other, make_contact(), status="sent", sending_at=NOON, planned_at=NOON)
    make_notice(strange, "hard")

    found = sender_reports.standing(sender, NOON)

    shown = [(day.sent, day.bounced, day.hard, day.policy, day.complaints) for day in found.days]
    assert shown == [(2, 1, 1, 0, 1), (1, 0, 0, 1, 0), *[(0, 0, 0, 0, 0)] * 5]
    assert not found.is_telling
    assert not found.bounces_are_bad


def test_a_sender_stands_badly_from_five_per_cent_and_one_in_a_thousand_on():
    def of(sent, hard, complaints):
        return sender_reports.Standing([sender_reports.Day(NOON.date(), sent, hard, hard, 0, complaints)])

    assert (of(200, 10, 0).bounces_are_bad, of(200, 9, 0).bounces_are_bad) == (True, False)
    assert (of(1000, 0, 1).complaints_are_bad, of(1001, 0, 1).complaints_are_bad) == (True, False)
    assert of(199, 199, 9).bounces_are_bad is False


def test_a_warm_up_shows_what_the_next_days_allow(sender):
    assert sender_reports.warm_up(sender, NOON) == []

    sender.warm_up_since = (NOON - 2 * DAY).date()

    assert sender_reports.warm_up(sender, NOON)[:3] == [(3, 200), (4, 400), (5, 800)]


class Elsewhere(Line):
    """Another way out, that takes everything."""

    taken = []

    def send(self, message, delivery, *, deadline):
        self.taken.append(message.recipient)
        return Accepted("fine", ref="e1")

    def close(self):
        pass


@pytest.fixture
def elsewhere(monkeypatch):
    monkeypatch.setattr(channels, "_providers", dict(channels._providers))
    monkeypatch.setattr(Elsewhere, "taken", [])
    return channels.register(Provider("elsewhere", "Elsewhere", open=lambda sender: Elsewhere()))


def everything_but(table, column):
    """Every row of a table, without one column."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t) - %s FROM {table} t ORDER BY id", [column])
        return cursor.fetchall()


def test_another_way_out_keeps_everything_and_what_is_planned_leaves_by_it(
    ada, cleo, sender, elsewhere, mailbox
):
    rule = make_rule(sender=sender)
    make_delivery(rule, ada, due_at=NOON)
    make_delivery(rule, cleo, due_at=NOON)
    tables = ["campaigns_delivery", "contacts_suppression", "contacts_consent", "campaigns_lifecyclerule"]
    before = {table: everything_but(table, "") for table in tables}
    of_sender = everything_but("contacts_sender", "provider")

    Sender.objects.update(provider="elsewhere")

    assert {table: everything_but(table, "") for table in tables} == before
    assert everything_but("contacts_sender", "provider") == of_sender
    send_due(NOON, "test")
    assert (Elsewhere.taken, list(mailbox)) == ([ada.email], [])
    assert Delivery.objects.get(contact=ada).provider_ref == "e1"
    assert Delivery.objects.get(contact=cleo).reason == "suppressed"
