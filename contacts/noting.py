"""Notes in the journal what must outlive a restored backup: opt-outs, suppressions, erasures.

A yes is noted only to say that an earlier no is over: by the journal alone nobody is written to.
"""

from contacts import journal
from contacts.digests import DIGEST, digest_of
from contacts.models import Topic

AGREED, WITHDREW, SUPPRESSED, LIFTED, ERASED = "agreed", "withdrew", "suppressed", "lifted", "erased"


def note_consents(contact, entries, *, at):
    """What one person agreed to, or took back, in one act."""
    if not entries or not journal.is_kept():
        return
    first, topics = entries[0], Topic.objects.in_bulk({entry.topic_id for entry in entries})
    act = {
        "act": AGREED if first.action == first.Action.GIVEN else WITHDREW,
        "who": str(contact.uuid),
        "address": digest_of(contact.email) if contact.email else "",
        "of": [
            [str(entry.channel), topics[entry.topic_id].key, topics[entry.topic_id].name] for entry in entries
        ],
        "source": first.source,
    }
    journal.note(act, at=at)


def note_suppression(suppression, *, at, act=SUPPRESSED):
    """That an address is kept back, or that a person lifted that."""
    if not journal.is_kept():
        return
    address = suppression.address
    about = {
        "act": act,
        "channel": str(suppression.channel),
        "address": address if address.startswith(DIGEST) else digest_of(address),
        "scope": str(suppression.scope),
        "reason": str(suppression.reason),
        "source": suppression.source,
    }
    journal.note(about, at=at)


def note_erasure(uuids, addresses, *, at):
    """That these people are forgotten; `addresses` is {(channel, address)}."""
    if journal.is_kept():
        kept_back = sorted([str(channel), digest_of(address)] for channel, address in addresses)
        journal.note({"act": ERASED, "who": sorted(map(str, uuids)), "addresses": kept_back}, at=at)
