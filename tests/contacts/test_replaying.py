"""What a restored database has forgotten is done again, once, and the last word on it counts."""

import pytest

from contacts import journal, replaying
from contacts.consenting import give_consent, withdraw_consent
from contacts.digests import digest_of
from contacts.erasing import erase
from contacts.identifying import get_or_create_contact
from contacts.models import Consent, Contact, Identity, JournalEntry, Suppression, Topic
from contacts.suppressing import is_suppressed, lift, suppress, welcome_back
from tests.make import DAY, HOUR, NOON, make_consent, make_contact, make_topic

LATER = NOON + DAY


@pytest.fixture(autouse=True)
def committed(settings, tmp_path, django_capture_on_commit_callbacks):
    """What was done in such a block is in the journal, in a folder of this test's own."""
    settings.JOURNAL_DIR = str(tmp_path / "journal")
    return lambda: django_capture_on_commit_callbacks(execute=True)


def forget_acts():
    """As a backup from before them would: the journal alone knows of them."""
    JournalEntry.objects.all().delete()
    Suppression.objects.all().delete()


def forget_consents(contact):
    """The log of consents is append-only, but for a backup."""
    uuid, email = contact.uuid, contact.email
    contact = Contact.objects.get(pk=contact.pk)
    Identity.objects.filter(contact=contact).delete()
    Contact.objects.filter(pk=contact.pk).update(uuid="00000000-0000-0000-0000-000000000001", email="")
    return make_contact(email, uuid=uuid)


def replay():
    return dict(replaying.replay(replaying.forgotten(), at=LATER))


def says(contact, topic):
    newest = Consent.objects.filter(contact=contact, topic=topic).current().first()
    return newest and newest.action


def restored(contact, topic):
    """The same person as the backup knew them: agreed, and nothing since."""
    forget_acts()
    contact = forget_consents(contact)
    make_consent(contact, topic, at=NOON - 10 * DAY)
    return contact


def test_an_opt_out_is_done_again_once(ada, topic, committed):
    with committed():
        withdraw_consent(ada, [topic], at=NOON, source="one-click")
    assert replay() == {}
    ada = restored(ada, topic)
    assert says(ada, topic) == "given"

    assert replay() == {"withdrew": 1}
    assert replay() == {}

    entry = Consent.objects.filter(contact=ada).current().get()
    assert (entry.action, entry.at, entry.source) == ("withdrawn", NOON, "one-click")


def test_a_later_yes_ends_an_earlier_no_and_gives_nothing_by_itself(ada, ben, topic, committed):
    other = make_topic("offers", "Offers")
    with committed():
        withdraw_consent(ada, [topic], at=NOON, source="one-click")
        give_consent(ada, [topic, other], at=NOON + HOUR, source="preferences")
    ada = restored(ada, topic)

    assert replay() == {}

    assert (says(ada, topic), says(ada, other)) == ("given", None)


def test_the_topics_of_one_act_are_told_apart(ada, topic, committed):
    other = make_topic("offers", "Offers")
    make_consent(ada, other, at=NOON - DAY)
    with committed():
        withdraw_consent(ada, [topic, other], at=NOON, source="preferences")
        give_consent(ada, [other], at=NOON + HOUR, source="preferences")
    ada = restored(ada, topic)
    make_consent(ada, other, at=NOON - DAY)

    assert replay() == {"withdrew": 1}

    assert (says(ada, topic), says(ada, other)) == ("withdrawn", "given")


def test_a_topic_that_the_backup_did_not_know_is_made_again(ada, topic, committed):
    with committed():
        withdraw_consent(ada, [topic], at=NOON, source="one-click")
    lines = list(journal.read("acts"))
    forget_acts()
    lines[0]["of"] = [["email", "brand-new", "Brand new"]]

    replaying.replay(lines, at=LATER)

    assert says(ada, Topic.objects.get(key="brand-new", name="Brand new")) == "withdrawn"


def test_whoever_the_backup_did_not_know_is_kept_back_until_they_agree_themselves(topic, committed):
    nova = make_contact("nova@example.com")
    with committed():
        withdraw_consent(nova, [topic], at=NOON, source="one-click")
    forget_acts()
    forget_consents(nova)
    Contact.objects.filter(email="nova@example.com").update(
        email="", uuid="00000000-0000-0000-0000-000000000002"
    )
    Identity.objects.all().delete()

    assert replay() == {"withdrew": 1}
    get_or_create_contact("nova@example.com", at=LATER, origin="import")

    assert is_suppressed("nova@example.com", service=False)
    assert not is_suppressed("nova@example.com", service=True)
    welcome_back("nova@example.com", at=LATER)
    assert not is_suppressed("nova@example.com", service=False)


def test_suppressions_come_back_and_what_was_lifted_does_not(ada, admin, committed):
    with committed():
        suppress("ada@example.com", reason="complained", scope="marketing", at=NOON, source="smtp")
        suppress("nobody@example.com", reason="bounced", at=NOON, source="smtp")
        lift(suppress("eve@example.com", reason="asked", at=NOON, source="user:1"), by=admin, at=LATER)
    forget_acts()

    assert replay() == {"suppressed": 2}
    assert replay() == {}

    found = Suppression.objects.active().values_list("address", "scope", "reason", "at")
    assert set(found) == {
        ("ada@example.com", "marketing", "complained", NOON),
        (digest_of("nobody@example.com"), "all", "bounced", NOON),
    }


def test_an_erasure_is_done_again_and_its_address_kept_back(ada, topic, committed):
    with committed():
        erase(ada, at=NOON)
    forget_acts()
    uuid = ada.uuid
    Contact.objects.filter(pk=ada.pk).update(uuid="00000000-0000-0000-0000-000000000003")
    again = make_contact("ada@example.com", uuid=uuid, first_name="Ada")

    assert replay() == {"erased": 1}
    assert replay() == {}

    again.refresh_from_db()
    assert (again.erased_at, again.email, again.first_name) == (LATER, "", "")
    assert Suppression.objects.active().get().address == digest_of("ada@example.com")


def test_somebody_erased_whom_the_backup_did_not_know_is_kept_back(ada, committed):
    with committed():
        erase(ada, at=NOON)
    forget_acts()

    assert replay() == {"erased": 1}
    get_or_create_contact("ada@example.com", at=LATER, origin="import")

    assert is_suppressed("ada@example.com", service=True)


def test_a_replay_that_was_killed_goes_on(ada, topic, committed, monkeypatch):
    monkeypatch.setattr(replaying, "CHUNK", 1)
    with committed():
        withdraw_consent(ada, [topic], at=NOON, source="one-click")
        suppress("cleo@example.com", reason="bounced", at=NOON + HOUR, source="smtp")
        erase(make_contact("eve@example.com"), at=NOON + 2 * HOUR)
    ada = restored(ada, topic)
    replaying.replay(replaying.forgotten()[:1], at=LATER)

    assert replay() == {"suppressed": 1, "erased": 1}
    assert says(ada, topic) == "withdrawn"
