"""People, what they agreed to, the senders who write to them, and the journal: a file a noun."""

from contacts.models.consent import Consent, ConsentWording, Suppression, Topic
from contacts.models.journal import JournalEntry, JournalMark
from contacts.models.people import Contact, ContactDate, Identity, normalise_email
from contacts.models.senders import Channel, Sender, SettlesBy

__all__ = [
    "Channel",
    "Consent",
    "ConsentWording",
    "Contact",
    "ContactDate",
    "Identity",
    "JournalEntry",
    "JournalMark",
    "Sender",
    "SettlesBy",
    "Suppression",
    "Topic",
    "normalise_email",
]
