"""Why this, and why not: each condition with the value found, as (tone, words, address) lines.

The tone is ok, wait or stop; the address, where there is one, shows the evidence.
"""

from dataclasses import dataclass

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import audience, holding_out, outcomes, prospects, triggers
from campaigns.models import Delivery, LifecycleRule
from contacts.models import Channel, Consent, Suppression, Topic
from contacts.phones import phone_of

Status = Delivery.Status
OK, WAIT, STOP = "ok", "wait", "stop"


@dataclass(frozen=True)
class Known:
    """What the log and the list say about one contact, read once for many answers."""

    contact: object
    consents: list
    suppressions: list
    phone: str = ""

    @classmethod
    def of(cls, contact):
        log = Consent.objects.filter(contact=contact).select_related("topic").order_by("-at", "-id")
        phone = phone_of(contact)
        addresses = [address for address in (contact.email, phone) if address]
        kept_back = Suppression.objects.filter(address__in=addresses).order_by("at") if addresses else []
        return cls(contact, [*log], [*kept_back], phone)

    def address(self, channel):
        """Where they are reached by a medium."""
        return self.phone if channel == Channel.PHONE else self.contact.email

    def consent(self, channel, topic_id, moment=None):
        """The entry that held at a moment, or holds now; None when nothing was ever said."""
        for entry in self.consents:
            if (entry.channel, entry.topic_id) == (channel, topic_id) and (not moment or entry.at <= moment):
                return entry
        # Who agreed to mail about a topic may see panels about it, unless they said otherwise of panels.
        return self.consent(Channel.EMAIL, topic_id, moment) if channel == Channel.PANEL else None

    def suppression(self, channel, is_service, moment=None):
        """What kept their address back at a moment, or keeps it back now."""
        for found in self.suppressions:
            applies = found.channel == channel and not (is_service and found.scope == "marketing")
            if applies and (_in_force(found, moment) if moment else found.lifted_at is None):
                return found
        return None


def why(delivery, known=None, is_mine=False):
    """Why this delivery was planned and what became of it; `is_mine`: the reader has the call in hand."""
    known = known or Known.of(delivery.contact)
    moment = delivery.sending_at or delivery.finished_at
    lines = [_evidence(delivery), _program(delivery), consent_line(delivery, known, moment)]
    lines += [address_line(delivery, known, moment), *_result(delivery, is_mine)]
    return [line for line in lines if line]


def why_not(contact, rule, at, known=None):
    """What speaks for and against this rule writing to this contact at this moment."""
    known = known or Known.of(contact)
    lines = [_row_state(rule)]
    lines += [(tone, words, "") for tone, words in triggers.explain(rule, contact, at)]
    lines += [*_timeliness(contact, rule, at), *_re_entry(contact, rule, at)]
    for asked in asked_by(rule):
        lines += [consent_line(asked, known), address_line(asked, known)]
    lines += prospects.lines_of(contact, rule, at)
    return [line for line in lines if line]


@dataclass(frozen=True)
class Asked:
    """What a medium of a rule needs of a person: what is the same for a delivery of it."""

    channel: str
    topic: Topic | None
    topic_id: int | None
    is_service: bool


def asked_by(rule):
    """What each medium of a rule needs, in the order of its steps."""
    channels = dict.fromkeys(step.channel for step in rule.steps.all()) or [Channel.EMAIL]
    return [Asked(channel, rule.topic, rule.topic_id, rule.is_service) for channel in channels]


def outlook(delivery, known):
    """What will become of a planned delivery as things stand: when it goes, or what keeps it back."""
    asked = (consent_line(delivery, known), address_line(delivery, known))
    for tone, words, _href in filter(None, asked):
        if tone == STOP:
            return _("Will not be sent: %(why)s") % {"why": words}
    if delivery.program.status == LifecycleRule.Status.PAUSED:
        return _("Waits: the row is paused") if delivery.rule_id else _("Waits: the campaign is paused")
    when = _("Goes on %(when)s at the earliest") % {"when": clock(delivery.due_at)}
    return f"{when} – {delivery.why}" if delivery.why else when


def day(moment):
    return date_format(localtime(moment), "j F Y")


def clock(moment):
    return date_format(localtime(moment), "j F Y, H:i")


# What is the same for a delivery and what a rule asks for: channel, topic, service or not -----------------


def consent_line(asked, known, moment=None):
    """Whether they had said yes to the topic; a service message needs no yes."""
    if asked.is_service:
        return OK, _("A service message: it answers what they asked for and needs no consent"), ""
    entry = known.consent(asked.channel, asked.topic_id, moment)
    told = {"topic": asked.topic, "medium": Channel(entry.channel if entry else asked.channel).label.lower()}
    if entry is None:
        return STOP, _("Never said yes to “%(topic)s” by %(medium)s") % told, ""
    told["day"] = day(entry.at)
    if entry.action == Consent.Action.GIVEN:
        return OK, _("Said yes to “%(topic)s” by %(medium)s on %(day)s") % told, ""
    return STOP, _("Left “%(topic)s” by %(medium)s on %(day)s") % told, ""


def address_line(asked, known, moment=None):
    """Whether there is an address that may be used."""
    if erased_at := known.contact.erased_at:
        words = _("The person was forgotten on %(day)s, and their address with them") % {
            "day": day(erased_at)
        }
        return OK if getattr(asked, "sending_at", None) else STOP, words, ""
    if asked.channel == Channel.PANEL:
        return None
    is_call = asked.channel == Channel.PHONE
    if not (known.address(asked.channel) or getattr(asked, "address", "")):
        return STOP, _("There is no phone number") if is_call else _("There is no address"), ""
    if found := known.suppression(asked.channel, asked.is_service, moment):
        values = {"why": found.get_reason_display(), "day": day(found.at)}
        words = _("The address is suppressed since %(day)s: %(why)s")
        words = _("The number is suppressed since %(day)s: %(why)s") if is_call else words
        return STOP, words % values, ""
    return OK, _("The number may be called") if is_call else _("The address may be used"), ""


def _in_force(suppression, moment):
    return suppression.at <= moment and (suppression.lifted_at is None or suppression.lifted_at > moment)


# A delivery ------------------------------------------------------------------------------------------


def _evidence(delivery):
    """What started it."""
    words = delivery.evidence.get("words") or _("Planned")
    href = delivery.parent.get_absolute_url() if delivery.parent_id else ""
    return OK, _("%(what)s, %(when)s") % {"what": words, "when": clock(delivery.occurred_at)}, href


def _program(delivery):
    """What asked for it, and why: the row of the strategy, or the campaign."""
    program = delivery.program
    if delivery.rule_id:
        words, reason = _("Row “%(name)s”: %(reason)s"), program.condition
    else:
        words, reason = _("Campaign “%(name)s”: %(reason)s"), program.goal
    return OK, words % {"name": program, "reason": reason}, program.get_absolute_url()


def _result(delivery, is_mine=False):
    """How it stands with it now, or how it ended."""
    if delivery.status == Status.PLANNED:
        words = _("Goes on %(when)s at the earliest") % {"when": clock(delivery.due_at)}
        yield WAIT, f"{words} – {delivery.why}" if delivery.why else words, ""
    elif delivery.status == Status.SENT and delivery.channel == Channel.PHONE:
        yield OK, _("Called on %(when)s") % {"when": clock(delivery.sending_at)}, ""
    elif delivery.status == Status.SENT and delivery.channel == Channel.PANEL:
        yield OK, _("First shown on %(when)s") % {"when": clock(delivery.sending_at)}, ""
    elif delivery.status == Status.SENT:
        tries = ngettext("on the first try", "after %(count)s tries", max(delivery.attempts, 1))
        tries %= {"count": delivery.attempts} if delivery.attempts > 1 else {}
        values = {"when": clock(delivery.sending_at or delivery.finished_at), "tries": tries}
        yield OK, _("Taken by the mail server on %(when)s, %(tries)s") % values, ""
    elif delivery.status == Status.SENDING and delivery.channel == Channel.PHONE:
        words = _("In your hands since %(when)s") if is_mine else _("In a colleague's hands since %(when)s")
        yield WAIT, words % {"when": clock(delivery.sending_at)}, ""
    elif delivery.status in (Status.CLAIMED, Status.SENDING, Status.UNKNOWN, Status.PARKED):
        yield WAIT, delivery.why or str(delivery.get_status_display()), ""
    else:
        yield STOP, delivery.why or str(delivery.get_status_display()), ""
    if delivery.outcome_at:
        yield OK, outcome_words(delivery), ""


def outcome_words(delivery):
    """What they did that the message asked for, and when."""
    outcome = outcomes.get(delivery.program.outcome)
    parameters = getattr(delivery.program, "outcome_parameters", None)
    what = outcome.words(parameters) if outcome else _("Outcome reached")
    return _("%(what)s: %(when)s") % {"what": what, "when": clock(delivery.outcome_at)}


def row_words(rule, at):
    """(what, words) of whom a row is for, at which hour it goes, how many are held out, and why so many."""
    if rule.audience:
        try:
            yield _("For"), "; ".join(f"{label}: {words}" for label, words in audience.words(rule.audience))
        except audience.CannotRead as error:
            yield _("For"), str(error)
    if rule.leaves != LifecycleRule.Leaves.ANY:
        hour = "" if rule.leaves_hour is None else f", {rule.leaves_hour}:00"
        yield _("Leaves"), f"{rule.get_leaves_display()}{hour}"
    if rule.weekdays:
        yield _("Only on"), ", ".join(str(WEEKDAYS[day]) for day in sorted(rule.weekdays))
    yield _("Held out"), holding_out.why(rule, at)


# A rule ----------------------------------------------------------------------------------------------


def _row_state(rule):
    if rule.status == LifecycleRule.Status.ACTIVE:
        return OK, _("The row is on since %(day)s") % {"day": day(rule.activated_at)}, rule.get_absolute_url()
    return STOP, _("The row is not on"), rule.get_absolute_url()


def _timeliness(contact, rule, at):
    """Whether what happened came in time for the rule, where nothing of it is missing."""
    occurred_at = triggers.occurred_at(rule, contact, at)
    if occurred_at is None or rule.activated_at is None or rule.first_step is None:
        return
    due_at = occurred_at + rule.first_step.delay
    if due_at <= rule.activated_at:
        yield STOP, _("That was before the row was switched on"), ""
    elif due_at > at:
        yield WAIT, _("It would go on %(when)s") % {"when": clock(due_at)}, ""
    elif due_at <= at - rule.freshness:
        yield STOP, _("That is too long ago to answer now"), ""


def _re_entry(contact, rule, at):
    """Whether they may have it again."""
    last = (
        Delivery.objects.filter(contact=contact, rule=rule, reminder_number=0)
        .order_by("-occurred_at")
        .first()
    )
    if last is None:
        return
    values = {"state": last.get_status_display(), "day": day(last.finished_at or last.due_at)}
    had = _("Had it already: %(state)s, %(day)s") % values
    if rule.re_entry == LifecycleRule.ReEntry.ONCE:
        yield STOP, _("%(had)s. It goes once to each person") % {"had": had}, last.get_absolute_url()
    elif rule.re_entry == LifecycleRule.ReEntry.DAYS:
        again = _("%(had)s. It goes once in %(days)s days") % {"had": had, "days": rule.re_entry_days}
        is_over = (at - last.occurred_at).days >= rule.re_entry_days
        yield OK if is_over else STOP, again, last.get_absolute_url()
    else:
        yield OK, had, last.get_absolute_url()
