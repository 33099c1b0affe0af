"""What switching a rule on would do, before anybody says yes."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from campaigns import content, planning
from campaigns.models import SendingSwitch
from campaigns.previewing import sample_subject
from campaigns.rules import words_of
from contacts.models import Contact

DAY = timedelta(days=1)
PEOPLE_SHOWN = 5


@dataclass(frozen=True)
class Activation:
    """The checks, how many would be written to, and the first of them."""

    checks: list
    # From what has happened already, falling due within the next 24 hours.
    coming: int
    # Had it been on during the last 24 hours.
    lately: int
    people: list

    @property
    def may(self):
        return all(tone != "stop" for tone, _words, _note in self.checks)

    @classmethod
    def of(cls, rule, at):
        found = planning.rehearsed(rule, at - DAY, at + DAY, PEOPLE_SHOWN)
        people = Contact.objects.in_bulk(found)
        return cls(
            checks=[*checks(rule)],
            coming=planning.rehearse(rule, at, at + DAY),
            lately=planning.rehearse(rule, at - DAY, at),
            people=[people[pk] for pk in found if pk in people],
        )


def checks(rule):
    """(tone, what was asked, what was found) of all that a rule needs before it may write to anyone."""
    for words in words_of(rule):
        yield words_check(_("“%(message)s” can be sent") % {"message": words.name}, words)
    yield sender_check(rule.sender)
    if rule.is_service:
        yield "ok", _("A service message"), _("It answers what someone asked for and needs no consent.")
    else:
        yield (
            "ok",
            _("Only people who said yes"),
            _("Topic “%(topic)s”, asked again before each message.") % {"topic": rule.topic},
        )
    if SendingSwitch.load().held:
        yield "wait", _("All sending is held"), _("It will plan, and send once the switch is released.")


def words_check(asked, words):
    errors = content.check(words)
    return ("stop", asked, " ".join(map(str, errors))) if errors else ("ok", asked, sample_subject(words))


def sender_check(sender):
    if not sender.postal_address.strip():
        return (
            "stop",
            _("The sender is complete"),
            _("The postal address is missing; every message must carry one."),
        )
    return "ok", _("The sender is complete"), f"{sender.from_name} <{sender.address}>"
