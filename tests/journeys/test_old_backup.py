"""A campaign is under way, a backup is made, life goes on, the backup is restored: nobody hears twice."""

from collections import Counter
from io import StringIO

import pytest
from django.core.management import call_command

from campaigns import verifying
from campaigns.models import Delivery, SendingSwitch
from campaigns.switching import resume_sending
from campaigns.ticking import sweep
from contacts.consenting import give_consent, withdraw_consent
from contacts.erasing import erase
from contacts.models import Contact, Identity
from contacts.suppressing import suppress
from tests.backups import back_up, restore
from tests.make import (
    HOUR,
    MINUTE,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_consent,
    make_contact,
)

pytestmark = pytest.mark.django_db(transaction=True)
RESTORED = NOON + 3 * HOUR
BEFORE, AFTER, LAST = range(3), range(3, 6), range(6, 12)


@pytest.fixture
def kept(settings, tmp_path):
    """A journal of this test's own, and a place for the backup: its path."""
    settings.JOURNAL_DIR = str(tmp_path / "journal")
    return tmp_path / "rapport.dump"


@pytest.fixture
def people(topic):
    people = [make_contact(f"p{number}@example.com") for number in range(12)]
    for person in people:
        make_consent(person, topic, at=NOON - HOUR)
    return people


@pytest.fixture
def campaign(people, sender):
    """Twelve people: three at noon, three two minutes later, six an hour after that."""
    dues = {**dict.fromkeys(BEFORE, NOON), **dict.fromkeys(AFTER, NOON + 2 * MINUTE)}
    campaign = make_campaign(people, planned_count=len(people))
    for number, person in enumerate(people):
        make_campaign_delivery(campaign, person, due_at=dues.get(number, NOON + HOUR))
    return campaign


def recipients(mailbox):
    return Counter(address for message in mailbox for address in message.envelope_to)


def expected(*numbers):
    return Counter(f"p{number}@example.com" for group in numbers for number in group)


def statuses(campaign):
    rows = Delivery.objects.filter(campaign=campaign).order_by("contact")
    return list(rows.values_list("status", flat=True))


def recover(*options):
    said = StringIO()
    call_command("recover", *options, stdout=said)
    return said.getvalue()


def test_an_old_backup_sends_nothing_and_forgets_nobody(kept, people, campaign, topic, mailbox):
    sweep(NOON)
    back_up(kept)
    sweep(NOON + 2 * MINUTE)
    withdraw_consent(people[6], [topic], at=NOON + 3 * MINUTE, source="one-click")
    withdraw_consent(people[7], [topic], at=NOON + 3 * MINUTE, source="one-click")
    give_consent(people[7], [topic], at=NOON + 4 * MINUTE, source="preferences")
    suppress("p8@example.com", reason="complained", at=NOON + 4 * MINUTE, source="smtp")
    erase(people[9], at=NOON + 5 * MINUTE)
    erase(people[0], at=NOON + 5 * MINUTE)
    assert recipients(mailbox) == expected(BEFORE, AFTER)

    restore(kept)
    assert statuses(campaign) == ["sent"] * 3 + ["planned"] * 9
    sweep(RESTORED)

    assert recipients(mailbox) == expected(BEFORE, AFTER)
    assert SendingSwitch.load().held
    assert "manage.py recover" in SendingSwitch.load().reason
    resume_sending(by=None, at=RESTORED)
    sweep(RESTORED + MINUTE)
    assert recipients(mailbox) == expected(BEFORE, AFTER)

    assert "3 messages had left." in recover("--dry-run")
    assert statuses(campaign) == ["sent"] * 3 + ["planned"] * 9
    said = recover()

    assert "1 opt-out done again" in said
    assert "2 erasures done again" in said
    assert not SendingSwitch.load().held
    sweep(RESTORED + 2 * MINUTE)
    assert recipients(mailbox) == expected(BEFORE, AFTER, [7, 10, 11])
    assert statuses(campaign) == ["sent"] * 6 + ["skipped", "sent", "skipped", "erased", "sent", "sent"]
    assert not Identity.objects.filter(contact__in=[people[0], people[9]]).exists()
    assert not Contact.objects.filter(email__in=["p0@example.com", "p9@example.com"]).exists()
    assert [promise for promise, broken in verifying.verify() if broken] == []
