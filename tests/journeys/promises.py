"""What the rules of the sixty-day journey promise, worked out for one person at a time, without the product.

It is written from the words of the design alone: hours, consent, cap, silence. It reads no table and calls
nothing of the road, so that the two can only agree by both being right.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRESH = 2 * DAY
QUIET_FROM, QUIET_UNTIL = 21, 8
CAP, CAP_SPAN = 2, 7 * DAY
THANKS_AFTER, THANKS_REST = DAY, 30 * DAY
REMIND_AFTER, OUTCOME_WITHIN = 5 * DAY, 7 * DAY
CLICK_AFTER = 30 * HOUR
AT_ONCE = timedelta(minutes=15)
RANKS = {"Confirm": 0, "Welcome": 1, "Thank you": 3}


@dataclass
class Person:
    """Somebody, and everything they do in sixty days: (moment, what), in order."""

    email: str
    zone: str = ""
    agreed: bool = False
    bounces: bool = False
    clicks: bool = False
    leaves_by_link: bool = False
    acts: list = field(default_factory=list)


@dataclass
class Message:
    """One delivery as it should be."""

    rule: str
    occurred_at: datetime
    due_at: datetime
    reminder: int = 0
    status: str = "planned"
    reason: str = ""
    sent_at: datetime | None = None
    answered: bool = False
    parent: "Message | None" = None

    @property
    def expires_at(self):
        return self._first_due + FRESH

    def __post_init__(self):
        self._first_due = self.due_at


class Life:
    """One person's sixty days, tick by tick."""

    def __init__(self, person):
        self.person = person
        self.zone = ZoneInfo(person.zone or "UTC")
        self.consent = "given" if person.agreed else None
        self.suppressed = False
        self.past, self.messages = [], []
        self.acts = sorted(person.acts)

    def live(self, ticks):
        """Every message that was ever planned for them, as it ended."""
        for at in ticks:
            if self.acts or any(m.status == "planned" or m.rule == "Welcome" for m in self.messages):
                self._tick(at)
        return self.messages

    def _tick(self, at):
        while self.acts and self.acts[0][0] <= at:
            self._act(*self.acts.pop(0))
        self._remind(at)
        due = [m for m in self.messages if m.status == "planned" and m.due_at <= at]
        for message in sorted(due, key=lambda m: (RANKS[m.rule], m.due_at)):
            self._gate(message, at)
        for message in self._welcomes():
            if self.person.clicks and message.sent_at == at - CLICK_AFTER:
                message.answered = True

    def _act(self, moment, what):
        self.past.append((moment, what))
        welcomes = [m for m in self.messages if m.rule == "Welcome"]
        if what == "sign_up":
            self.messages.append(Message("Confirm", moment, moment))
        elif what == "confirm":
            self.consent = "given"
            if not welcomes:
                self.messages.append(Message("Welcome", moment, moment))
        elif what == "order":
            thanked = [m.occurred_at for m in self.messages if m.rule == "Thank you"]
            if all(moment - before >= THANKS_REST for before in thanked):
                self.messages.append(Message("Thank you", moment, moment + THANKS_AFTER))
        elif what == "leave":
            self.consent = "withdrawn" if self.consent else None
            for message in self._welcomes():
                message.answered |= self.person.leaves_by_link

    def _welcomes(self):
        return [m for m in self.messages if m.rule == "Welcome" and m.status == "sent" and not m.reminder]

    def _remind(self, at):
        for first in self._welcomes():
            due_at = first.sent_at + REMIND_AFTER
            is_new = not any(m.parent is first for m in self.messages)
            if is_new and due_at <= at < due_at + FRESH and self._is_silent(first, at):
                self.messages.append(Message("Welcome", first.sent_at, due_at, 1, parent=first))

    def _is_silent(self, first, at):
        until = min(at, first.sent_at + OUTCOME_WITHIN)
        visited = any(what == "visit" and first.sent_at < moment <= until for moment, what in self.past)
        return not first.answered and not visited

    def _gate(self, message, at):
        status, reason, due_at = self._verdict(message, at)
        if status == "planned" and due_at >= message.expires_at:
            status = "skipped"
        message.status, message.reason = status, reason
        if status == "planned":
            message.due_at = due_at
        if status == "sent":
            message.sent_at = at
            if self.person.bounces:
                message.status, message.reason, self.suppressed = "failed", "bounced", True

    def _verdict(self, message, at):
        """(status, reason, when instead) of a message that is due."""
        is_service = message.rule == "Confirm"
        if message.expires_at <= at:
            return "expired", "too_late", None
        if self.suppressed:
            return "skipped", "suppressed", None
        if not is_service and self.consent != "given":
            return "skipped", "withdrew" if self.consent else "never_agreed", None
        confirmed = any(what == "confirm" and moment >= message.occurred_at for moment, what in self.past)
        if is_service and confirmed:
            return "cancelled", "condition_gone", None
        if message.parent and not self._is_silent(message.parent, at):
            return "cancelled", "answered" if message.parent.answered else "outcome_reached", None
        answers = message.rule != "Thank you" and not message.reminder
        if answers and at - message.occurred_at <= AT_ONCE:
            return "sent", "", None
        return self._hours(at) or self._cap(is_service, at) or ("sent", "", None)

    def _hours(self, at):
        """In the night: within the first hour of the day, which is the second tick of it."""
        local = at.astimezone(self.zone)
        if QUIET_UNTIL <= local.hour < QUIET_FROM:
            return None
        hours = (QUIET_UNTIL - local.hour) % 24 + 1
        return "planned", "quiet", at + hours * HOUR

    def _cap(self, is_service, at):
        heard = sorted(
            (
                m.sent_at
                for m in self.messages
                if m.status == "sent" and m.rule != "Confirm" and m.sent_at > at - CAP_SPAN
            ),
            reverse=True,
        )
        if is_service or len(heard) < CAP:
            return None
        return "planned", "cap", heard[CAP - 1] + CAP_SPAN
