"""What the gate asks, in order: the facts of one delivery in, the verdict out. It reads nothing.

Asked with the facts of another moment it says what would have been said then.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import hours
from campaigns.models import Campaign, Delivery, LifecycleRule, Step
from contacts.models import Channel, Consent, Suppression

Status, Reason = Delivery.Status, Delivery.Reason
AT_ONCE = timedelta(minutes=15)
# When to ask again about what somebody has switched off for a while.
HELD_FOR = timedelta(minutes=1)
PAUSED_FOR = timedelta(minutes=15)
# A campaign is many rows: resuming it brings them forward, so they need not be asked often.
CAMPAIGN_PAUSED_FOR = timedelta(hours=6)
# What people wish is counted in this many days.
WEEK = 7
# The experiment that all others lie within.
EVERYTHING = "everything"


# The clock on the wall there shows no quiet hour.
_ZONE = "coalesce(nullif(time_zone, ''), sender_zone)"
_WALL = f"({{at}} AT TIME ZONE {_ZONE})::time"
_NOT_QUIET = f"""CASE WHEN quiet_from IS NULL OR channel = 'panel' THEN true
    WHEN {_ZONE} <> ALL(%(zones)s) THEN false
    WHEN quiet_from <= quiet_until THEN {_WALL} < quiet_from OR {_WALL} >= quiet_until
    ELSE {_WALL} < quiet_from AND {_WALL} >= quiet_until END"""
_BELOW_CAPS = """rank = 0 OR (cap IS NULL OR cardinality(heard) < cap)
    AND (topic_cap IS NULL OR cardinality(heard_of_topic) < topic_cap)
    AND (at_most IS NULL OR cardinality(heard_this_week) < at_most)"""
# `is_control`, as the database says it: 2^32 leaves 96 when divided by 100.
_HASH = "sha256(convert_to({experiment} || ':' || contact_id, 'UTF8'))"
_HALF = f"('x' || encode(substring({_HASH} FROM {{start}} FOR 4), 'hex'))::bit(32)::bigint"
IS_CONTROL = (
    f"({_HALF.replace('{start}', '1')} %% 100 * 96 + {_HALF.replace('{start}', '5')}) %% 100 < {{share}}"
)
_EXPERIMENT = "CASE WHEN rule_id IS NULL THEN 'campaign:' || campaign_id ELSE 'rule:' || rule_id END"
_HELD_OUT = f"""coalesce(holdout_share, 0) > 0
        AND {IS_CONTROL.format(experiment=f"'{EVERYTHING}'", share="holdout_share")}
    OR coalesce(control_share, 0) > 0 AND reminder_number = 0
        AND {IS_CONTROL.format(experiment=_EXPERIMENT, share="control_share")}"""


@dataclass(frozen=True)
class Verdict:
    """What the gate says of one delivery."""

    status: str
    reason: str = ""
    detail: str = ""
    due_at: datetime | None = None


PASS = Verdict(Status.SENDING)


def silent_where(sql):
    """Mark a check with where it certainly has nothing to say, as the database sees it.

    `sql` is a condition over the columns of the facts, {at} and %(zones)s, the time zones the database knows.
    """

    def mark(check):
        check.silent_where = sql
        return check

    return mark


def passes_sql(at):
    """A condition under which `decide` is sure to let a delivery pass; `at` is an expression for the moment.

    Not the other way round: what is harder to say than this is left to `decide`.
    """
    return " AND ".join(f"({check.silent_where.format(at=at)})" for check in CHECKS)


def decide(fact, at):
    """The verdict on one delivery, from its facts."""
    for check in CHECKS:
        if verdict := check(fact, at):
            return verdict
    return PASS


@silent_where("erased_at IS NULL AND merged_into_id IS NULL")
def check_person(fact, at):
    if fact.erased_at:
        return Verdict(Status.ERASED, Reason.ERASED)
    return Verdict(Status.MERGED, Reason.MERGED) if fact.merged_into_id else None


@silent_where(
    "coalesce(campaign_status, '') <> 'cancelled' AND coalesce(rule_status, '') NOT IN ('closed', 'draft')"
)
def check_program(fact, at):
    """The row of the strategy, or the campaign, is still wanted."""
    if fact.campaign_id and fact.campaign_status == Campaign.Status.CANCELLED:
        return Verdict(Status.CANCELLED, Reason.CAMPAIGN_OFF)
    if fact.rule_status in (LifecycleRule.Status.CLOSED, LifecycleRule.Status.DRAFT):
        return Verdict(Status.CANCELLED, Reason.RULE_OFF)
    return None


@silent_where("expires_at > {at}")
def check_time_left(fact, at):
    return Verdict(Status.EXPIRED, Reason.TOO_LATE) if fact.expires_at <= at else None


@silent_where("address <> '' AND suppression IS NULL")
def check_address(fact, at):
    if not fact.address:
        return Verdict(Status.SKIPPED, Reason.NO_ADDRESS)
    if fact.suppression:
        what = Suppression.Reason(fact.suppression).label
        return Verdict(Status.SKIPPED, Reason.SUPPRESSED, f"{what}, {_day(fact.suppressed_at)}")
    return None


@silent_where("topic_id IS NULL OR consent = 'given'")
def check_consent(fact, at):
    """A service message, which has no topic, needs none."""
    if fact.topic_id is None or fact.consent == Consent.Action.GIVEN:
        return None
    if fact.consent is None:
        return Verdict(Status.SKIPPED, Reason.NEVER_AGREED)
    return Verdict(Status.SKIPPED, Reason.WITHDREW, _day(fact.consent_at))


@silent_where("still_true")
def check_condition(fact, at):
    return None if fact.still_true else Verdict(Status.CANCELLED, Reason.CONDITION_GONE)


@silent_where("NOT coalesce(has_outcome, false) AND NOT coalesce(was_called, false) AND holds IS NOT FALSE")
def check_sequence(fact, at):
    """A following step goes out only while what it waited for still holds, and never after the outcome.

    Who was spoken to on the phone gets nothing that had been meant for them before.
    """
    if fact.has_outcome:
        return Verdict(Status.CANCELLED, Reason.OUTCOME_REACHED)
    if fact.was_called:
        return Verdict(Status.CANCELLED, Reason.CALLED)
    if fact.holds is not False:
        return None
    is_gone = fact.condition == Step.Condition.CLICKED
    return Verdict(Status.CANCELLED, Reason.CONDITION_GONE if is_gone else Reason.ANSWERED)


@silent_where("audience IS NULL AND NOT coalesce(prefers_another, false)")
def check_audience(fact, at):
    """The rule is for some people, or for those who prefer its medium: are they among them still?"""
    if fact.is_outside_audience:
        return Verdict(Status.SKIPPED, Reason.AUDIENCE)
    return Verdict(Status.SKIPPED, Reason.PREFERENCE) if fact.prefers_another else None


@silent_where(
    "NOT held AND NOT is_outside_pilot"
    " AND 'paused' NOT IN (coalesce(rule_status, ''), coalesce(campaign_status, ''))"
)
def check_switches(fact, at):
    if fact.held:
        return _later(fact, at + HELD_FOR, Reason.HELD)
    if fact.rule_status == LifecycleRule.Status.PAUSED:
        return _later(fact, at + PAUSED_FOR, Reason.RULE_PAUSED)
    if fact.campaign_status == Campaign.Status.PAUSED:
        due_at = min(at + CAMPAIGN_PAUSED_FOR, fact.expires_at)
        return Verdict(Status.PLANNED, Reason.CAMPAIGN_PAUSED, due_at=due_at)
    return Verdict(Status.SKIPPED, Reason.PILOT) if fact.is_outside_pilot else None


@silent_where("coalesce(leaves, 'any') = 'any' AND coalesce(cardinality(weekdays), 0) = 0")
def check_their_hour(fact, at):
    """A rule may wait for an hour of the day, the person's own or a set one, and for days of the week."""
    if not (fact.leaves in WAITING or fact.weekdays) or is_never_late(fact, at):
        return None
    zone = zone_of(fact)
    hour, is_known = hours_of(fact, zone)
    goes_at = hours.next_hour(at, zone, hour, fact.weekdays)
    if goes_at == at:
        return None
    said = _("%(day)s at %(hour)s in %(zone)s") if hour is not None else _("%(day)s in %(zone)s")
    words = said % {"day": _day(goes_at, zone), "hour": f"{hour}:00", "zone": hours.zone_words(zone)}
    if fact.leaves == LifecycleRule.Leaves.BEST:
        known = _("when they are usually there") if is_known else _("their own hour is not known yet")
        words = f"{words}, {known}"
    return _later(
        fact, goes_at if hour is None else hours.spread(goes_at, spread_key(fact)), Reason.HOUR, words
    )


WAITING = (LifecycleRule.Leaves.HOUR, LifecycleRule.Leaves.BEST)


def hours_of(fact, zone):
    """(the hour a message waits for, whether it is the person's own); None for any hour."""
    if fact.leaves == LifecycleRule.Leaves.ANY:
        return None, False
    best = None
    if fact.leaves == LifecycleRule.Leaves.BEST:
        best = hours.usual_hour(fact.was_there, zone, fact.quiet_from, fact.quiet_until)
    return (best, True) if best is not None else (fact.leaves_hour, False)


@silent_where(_NOT_QUIET)
def check_hours(fact, at):
    if fact.quiet_from is None or is_never_late(fact, at):
        return None
    zone = zone_of(fact)
    if not hours.is_quiet(at, zone, fact.quiet_from, fact.quiet_until):
        return None
    end = hours.end_of_quiet(at, zone, fact.quiet_until)
    until = _("until %(time)s in %(zone)s") % {
        "time": end.astimezone(zone).strftime("%H:%M"),
        "zone": hours.zone_words(zone),
    }
    return _later(fact, hours.spread(end, spread_key(fact)), Reason.QUIET, until)


@silent_where(_BELOW_CAPS)
def check_cap(fact, at):
    """How often at most: whoever speaks, about one topic, and as the person wishes."""
    if fact.rank == LifecycleRule.Rank.SERVICE or is_never_late(fact, at):
        return None
    return (
        _capped(fact, fact.cap, fact.heard, fact.cap_days, Reason.CAP)
        or _capped(fact, fact.topic_cap, fact.heard_of_topic, fact.topic_days, Reason.TOPIC_CAP)
        or _capped(fact, fact.at_most, fact.heard_this_week, WEEK, Reason.OWN_CAP)
    )


def _capped(fact, cap, heard, days, reason):
    if cap is None or len(heard) < cap:
        return None
    free = heard[cap - 1] + timedelta(days=days) if cap else fact.expires_at
    times = ngettext("%(count)s time", "%(count)s times", len(heard)) % {"count": len(heard)}
    within = _("%(times)s in %(days)s days") % {"times": times, "days": days}
    return _later(fact, free, reason, within)


@silent_where(f"rank = 0 OR NOT ({_HELD_OUT})")
def check_control(fact, at):
    """Held out, last of all: whoever is in the control group would have been sent this.

    Who got the first of a sequence gets the rest of it, too.
    """
    if fact.rank == LifecycleRule.Rank.SERVICE:
        return None
    if fact.holdout_share and is_control(EVERYTHING, fact.contact_id, fact.holdout_share):
        return Verdict(Status.HELD_OUT, Reason.HOLDOUT)
    if not fact.control_share or fact.reminder_number:
        return None
    experiment = f"rule:{fact.rule_id}" if fact.rule_id else f"campaign:{fact.campaign_id}"
    if is_control(experiment, fact.contact_id, fact.control_share):
        return Verdict(Status.HELD_OUT, Reason.CONTROL)
    return None


CHECKS = (
    check_person,
    check_program,
    check_time_left,
    check_address,
    check_consent,
    check_condition,
    check_sequence,
    check_audience,
    check_switches,
    check_their_hour,
    check_hours,
    check_cap,
    check_control,
)


def is_control(experiment, contact_id, share):
    """Whether a contact is held out of an experiment, `share` per cent being so: always the same answer."""
    digest = hashlib.sha256(f"{experiment}:{contact_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % 100 < share


def is_never_late(fact, at):
    """Whether no hour and no cap counts: a panel waits on the page, an answer goes at once.

    Who asked to be called back is called when they said.
    """
    waits_for_them = fact.channel == Channel.PANEL or fact.reason == Reason.CALL_BACK
    return waits_for_them or answers_at_once(fact, at)


def answers_at_once(fact, at):
    """Whether it answers what the person did a moment ago: then no hour is too late and no cap counts."""
    return fact.answers_at_once and fact.reminder_number == 0 and at - fact.occurred_at <= AT_ONCE


def spread_key(fact):
    """By what it finds its place in the first allowed hour: the same whenever and wherever it is asked."""
    return f"{fact.contact_id}:{fact.occurred_at.timestamp()}"


def zone_of(fact):
    """Where they live; the sender's zone when that is unknown or names no zone."""
    try:
        return ZoneInfo(fact.time_zone or fact.sender_zone)
    except (LookupError, ValueError, OSError):
        return ZoneInfo(fact.sender_zone)


def _later(fact, due_at, reason, detail=""):
    """Wait until then, or end here when that would be too late."""
    if due_at < fact.expires_at:
        return Verdict(Status.PLANNED, reason, detail, due_at)
    return Verdict(Status.SKIPPED, reason, detail)


def _day(moment, zone=None):
    return date_format(localtime(moment, zone), "j F Y")
