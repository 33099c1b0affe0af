"""Reads DMARC records as a mailbox does, and finds the organisation a domain belongs to by the tree walk."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

# How many steps up the tree are taken.
STEPS = 8


class DmarcError(ValueError):
    """Mailboxes pass over what is published; says why in words. `found` is what stands there."""

    def __init__(self, words, found):
        super().__init__(words)
        self.found = found


@dataclass(frozen=True)
class Policy:
    """What holds for one domain, and where it is written."""

    domain: str
    text: str
    # none, quarantine or reject.
    asks: str
    rua: str
    strict_spf: bool


def words_for(policy):
    """What the policy asks of mailboxes."""
    return {
        "none": _(
            "It asks mailboxes to let forgeries pass (“p=none”); once all your mail is proved, tighten it."
        ),
        "quarantine": _("It asks mailboxes to put forgeries with the junk."),
        "reject": _("It asks mailboxes to refuse forgeries."),
    }[policy.asks]


def policy_of(domain, records):
    """The policy that holds for a domain: its own, else its organisation's; None when there is none.

    Raises DmarcError.
    """
    for place in {domain: None, organisation(domain, records): None}:
        texts = records_of(place, records)
        if len(texts) > 1:
            words = _("There are %(count)d DMARC records at %(domain)s; mailboxes then believe none.")
            raise DmarcError(words % {"count": len(texts), "domain": place}, "\n".join(texts))
        if texts:
            return read(texts[0], place, is_own=place == domain)
    return None


def read(text, place, *, is_own):
    """A record as a Policy; raises DmarcError."""
    tags = tags_of(text)
    asks = tags.get("p", "") if is_own else tags.get("sp", tags.get("p", ""))
    if asks not in ("none", "quarantine", "reject"):
        if not tags.get("rua"):
            raise DmarcError(_("It names no policy (“p=none”, “quarantine” or “reject”)."), text)
        asks = "none"
    return Policy(place, text, asks, tags.get("rua", ""), strict_spf=tags.get("aspf", "r") == "s")


def records_of(domain, records):
    """The DMARC records that stand at exactly this domain."""
    return [text for text in records.rows(f"_dmarc.{domain}", "TXT") if is_dmarc(text)]


def is_dmarc(text):
    name, _equals, value = text.partition(";")[0].partition("=")
    return (name.strip(), value.strip()) == ("v", "DMARC1")


def tags_of(text):
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip().lower(): value.strip().lower() for name, _equals, value in pairs}


def organisation(domain, records):
    """The domain that answers for this one: the highest with a record, below any public suffix's."""
    found = domain
    for place in walk_up(domain):
        texts = records_of(place, records)
        psd = tags_of(texts[0]).get("psd", "u") if len(texts) == 1 else ""
        if psd == "n":
            return place
        if psd == "y":
            return found if place == domain else below(domain, place)
        if psd:
            found = place
    return found


def walk_up(domain):
    """The domain, and those above it; from a deep one the walk goes straight to the seventh label."""
    labels = domain.split(".")
    yield domain
    start = max(1, len(labels) - STEPS + 1)
    for place in range(start, len(labels)):
        yield ".".join(labels[place:])


def below(domain, suffix):
    """The part of a domain one label longer than the public suffix it ends in."""
    return ".".join(domain.split(".")[-len(suffix.split(".")) - 1 :])


def is_aligned(domain, other, records, *, strict=False):
    """Whether a proof given for `other` counts for `domain`."""
    if domain == other or strict:
        return domain == other
    if organisation(domain, records) == organisation(other, records):
        return True
    # Where neither says anything yet, what lies below the domain is its own all the same.
    says = records_of(domain, records) or records_of(other, records)
    return other.endswith(f".{domain}") and not says
