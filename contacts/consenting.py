"""Gives and withdraws consent: one entry of the log for each change, under the contact's lock."""

from django.db import transaction

from contacts.locking import lock_contacts
from contacts.models import Channel, Consent, Topic
from contacts.noting import note_consents


def current_consents(contact):
    """What holds now: the newest entry per channel and topic, in the topics' order."""
    newest = Consent.objects.filter(contact=contact).current().select_related("topic", "wording")
    return sorted(newest, key=lambda entry: (entry.topic.position, entry.topic_id, entry.channel))


def give_consent(
    contact, topics, *, channel=Channel.EMAIL, at, source, wording=None, basis="consent", evidence=None
):
    """Record that they said yes to these topics; returns the new entries. A later no stands."""
    details = {"source": source, "wording": wording, "basis": basis, "evidence": evidence or {}}
    return _record(contact, [(channel, topic.pk) for topic in topics], "given", at, details)


def withdraw_consent(contact, topics, *, channel=Channel.EMAIL, at, source, evidence=None):
    """Record that they take these topics back; returns the new entries. It holds from its commit on."""
    details = {"source": source, "evidence": evidence or {}}
    return _record(contact, [(channel, topic.pk) for topic in topics], "withdrawn", at, details)


def withdraw_everything(contact, *, at, source, evidence=None):
    """Record a no to every topic by e-mail, and to whatever else they had agreed to."""
    permissions = {(Channel.EMAIL, pk) for pk in Topic.objects.values_list("pk", flat=True)}
    permissions |= {
        (entry.channel, entry.topic_id)
        for entry in current_consents(contact)
        if entry.action == Consent.Action.GIVEN
    }
    details = {"source": source, "evidence": evidence or {}}
    return _record(contact, sorted(permissions), "withdrawn", at, details)


@transaction.atomic
def _record(contact, permissions, action, at, details):
    """Write an entry for each (channel, topic) whose state differs.

    Read only after the lock is ours, so that of two at once the second sees what the first wrote.
    """
    lock_contacts([contact.pk])
    newest = {
        (entry.channel, entry.topic_id): entry for entry in Consent.objects.filter(contact=contact).current()
    }
    entries = [
        Consent(contact=contact, channel=channel, topic_id=topic, action=action, at=moment, **details)
        for channel, topic in dict.fromkeys(permissions)
        if (moment := _moment(action, at, newest.get((channel, topic))))
    ]
    entries = Consent.objects.bulk_create(entries)
    note_consents(contact, entries, at=at)
    return entries


def _moment(action, at, newest):
    """When the new entry counts from; None if there is nothing to write.

    A no always counts, even if a clock says that the yes came later; a yes older than a no does not.
    """
    if newest is None:
        return at
    if newest.action == action:
        return None
    if action == Consent.Action.WITHDRAWN:
        return max(at, newest.at)
    return at if at >= newest.at else None
