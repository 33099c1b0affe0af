"""What switching a rule on would do, before anybody says yes."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import content, planning, rules, suited
from campaigns.models import LifecycleRule, Rehearsal, SendingSwitch
from campaigns.previewing import sample_subject
from campaigns.rehearsing import keeping
from campaigns.rules import CannotActivate, words_of
from contacts.models import Contact

DAY = timedelta(days=1)
PEOPLE_SHOWN = 5
# So many times what was rehearsed for a day need a second yes.
TIMES = 3
IS_ON = {LifecycleRule.Status.ACTIVE, LifecycleRule.Status.PAUSED}


@dataclass(frozen=True)
class Activation:
    """The checks, how many would be written to, and the first of them."""

    checks: list
    # From what has happened already, falling due within the next 24 hours.
    coming: int
    # Had it been on during the last 24 hours.
    lately: int
    people: list
    # The rehearsal that fits the row as it is; None before there is one.
    rehearsal: Rehearsal | None
    # How many it would have begun to write to on a usual day of the rehearsal.
    usual: int

    @property
    def may(self):
        return all(tone != "stop" for tone, _words, _note in self.checks)

    @property
    def asks_again(self):
        """Whether so many more would be written to than were rehearsed that one yes is not enough."""
        return self.rehearsal is not None and self.coming > TIMES * self.usual

    @classmethod
    def of(cls, rule, at):
        found = planning.rehearsed(rule, at - DAY, at + DAY, PEOPLE_SHOWN)
        people = Contact.objects.in_bulk(found)
        rehearsal = keeping.fitting(rule)
        return cls(
            checks=[rehearsal_check(rule, rehearsal), *checks(rule)],
            rehearsal=rehearsal,
            usual=usual(rule, rehearsal),
            coming=planning.rehearse(rule, at, at + DAY),
            lately=planning.rehearse(rule, at - DAY, at),
            people=[people[pk] for pk in found if pk in people],
        )


def switch_on(rule, *, at, by=None, yes=None):
    """Switch a rehearsed rule on, as `rules.activate` does; raises CannotActivate for one that was not.

    `yes` is the number of people that somebody has said a second yes to: it takes one where far more would be
    written to within a day than were rehearsed for a day.
    """
    if rule.status not in IS_ON:
        rehearsal = keeping.fitting(rule)
        tone, _asked, found = rehearsal_check(rule, rehearsal)
        if tone == "stop":
            raise CannotActivate(str(found))
        _hold_to_words(rule)
        _hold_to(planning.rehearse(rule, at, at + DAY), usual(rule, rehearsal), yes)
    rules.activate(rule, at=at, by=by)


def _hold_to_words(rule):
    """Raise CannotActivate with what is wrong with the words of any step."""
    found = [
        f"{words}: {' '.join(map(str, errors))}"
        for words in words_of(rule)
        if (errors := content.check(words))
    ]
    if found:
        raise CannotActivate(" ".join(found))


def _hold_to(coming, expected, yes):
    """Raise CannotActivate where a second yes is missing, or was said to far fewer."""
    if coming > TIMES * expected and coming > 1.1 * (yes or 0):
        told = {"coming": coming, "usual": expected}
        words = ngettext(
            "It would write to %(coming)s person within a day",
            "It would write to %(coming)s people within a day",
            coming,
        )
        beside = _("the rehearsal had %(usual)s a day.") if expected else _("in the rehearsal it was nobody.")
        raise CannotActivate(f"{words % told}; {beside % told}")


def usual(rule, rehearsal):
    """How many the rehearsal would have begun to write to on a usual day; at least one if anybody."""
    if rehearsal is None or rule.first_step is None:
        return 0
    planned = sum(count for pk, count, _sent in rehearsal.result["steps"] if pk == rule.first_step.pk)
    return max(1, round(planned / max(1, rehearsal.days))) if planned else 0


def rehearsal_check(rule, rehearsal):
    """Whether the row was rehearsed as it is now."""
    asked = _("It was rehearsed")
    if rehearsal:
        words = _("%(planned)s messages planned and %(sent)s sent in %(days)s days.")
        told = {"planned": rehearsal.planned, "sent": rehearsal.sent, "days": round(rehearsal.days) or 1}
        return "ok", asked, words % told
    if keeping.newest(rule):
        return "stop", asked, _("What decides who gets it, or when, was changed since. Rehearse it again.")
    return "stop", asked, _("Rehearse it: see who would have been written to, who not, and why.")


def checks(rule):
    """(tone, what was asked, what was found) of all that a rule needs before it may write to anyone."""
    for words in words_of(rule):
        yield words_check(_("“%(message)s” can be sent") % {"message": words.name}, words)
    yield sender_check(rule.sender)
    if suited.is_once_in_a_life(rule):
        words = _("Once ever: the date comes round every year, and who has had the message gets it no more.")
        yield "wait", _("How often one person gets it"), words
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
