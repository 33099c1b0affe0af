"""The road from plan to settled, against a reference that fits on a page: whatever happens, they agree."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from campaigns import gate, recording, rules, sending, switching, ticking
from campaigns.claiming import claim
from campaigns.models import Delivery
from contacts.consenting import give_consent, withdraw_consent
from contacts.erasing import erase
from contacts.suppressing import suppress
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_contact,
    make_rule,
    make_sender,
    make_topic,
    make_touchpoint,
    make_user,
)

CAP, CAP_DAYS, FRESH = 2, 7 * DAY, 48 * HOUR
RETRIES = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 8 * HOUR, 24 * HOUR]
IN_HAND = {"claimed", "sending", "unknown"}
HEARD = {"sending", "sent", "unknown", "parked"}


# The reference -----------------------------------------------------------------------------------------


@dataclass
class Person:
    agreed: bool | None = None
    kept_back: set = field(default_factory=set)
    erased: bool = False
    in_pilot: bool = False
    confirmed: list = field(default_factory=list)
    # What the mail server does with their mail: takes it, or "hard", "soft", "silent".
    server: str = ""
    copies: int = 0


@dataclass
class Message:
    key: str
    person: Person
    is_service: bool
    occurred: datetime
    state: str = "waiting for the planner"
    reason: str = ""
    due: datetime = None
    attempts: int = 0
    sent_at: datetime = None
    owner: str = ""
    lease_over: bool = False

    @property
    def expires(self):
        return self.occurred + FRESH

    def end(self, state, reason=""):
        self.state, self.reason, self.lease_over = state, reason, False


@dataclass
class Road:
    messages: list = field(default_factory=list)
    held: bool = False
    pilot: bool = False
    rule: str = "active"

    def tick(self, at):
        self.plan(at)
        self.settle(at)
        if not self.held:
            for message in self.due(at):
                self.send(message, at)

    def plan(self, at):
        for message in self.messages:
            is_on = message.is_service or self.rule == "active"
            if message.state == "waiting for the planner" and is_on and at < message.expires:
                message.end("planned")
                message.due = message.occurred

    def due(self, at):
        waiting = [m for m in self.messages if m.state == "planned" and m.due <= at]
        return sorted(waiting, key=lambda m: (not m.is_service, m.due, m.occurred))

    def settle(self, at):
        over = [m for m in self.due(at) if m.expires <= at or self.is_closed(m)]
        for message in self.messages:
            if message.lease_over and message.state == "claimed":
                message.end("planned", message.reason)
            elif message.lease_over and message.state == "sending":
                message.end("unknown", "no_answer")
            elif message.lease_over and message.state == "unknown":
                self.give_up(message, at)
        for message in self.due(at) if over else []:
            if message.expires <= at:
                message.end("expired", "too_late")
            elif self.is_closed(message):
                message.end("cancelled", "rule_off")

    def give_up(self, message, at):
        if message.is_service and message.attempts < 2:
            message.end("planned")
            message.due, message.sent_at, message.owner = max(message.due, at), None, ""
        else:
            message.end("parked", "no_answer")

    def is_closed(self, message):
        return not message.is_service and self.rule == "closed"

    def ask(self, message, at):
        """The gate; whether it may leave."""
        person, asked = message.person, not message.is_service
        heard = sorted(
            (m.sent_at for m in self.messages if m.person is person and not m.is_service
             and m is not message and m.state in HEARD and m.sent_at > at - CAP_DAYS),
            reverse=True,
        )  # fmt: skip
        if person.erased:
            message.end("erased", "erased")
        elif self.is_closed(message):
            message.end("cancelled", "rule_off")
        elif message.expires <= at:
            message.end("expired", "too_late")
        elif "all" in person.kept_back or asked and "marketing" in person.kept_back:
            message.end("skipped", "suppressed")
        elif asked and not person.agreed:
            message.end("skipped", "never_agreed" if person.agreed is None else "withdrew")
        elif message.is_service and any(moment >= message.occurred for moment in person.confirmed):
            message.end("cancelled", "condition_gone")
        elif asked and self.rule == "paused":
            self.later(message, at + 15 * MINUTE, "rule_paused")
        elif self.pilot and not person.in_pilot:
            message.end("skipped", "pilot")
        elif asked and len(heard) >= CAP:
            self.later(message, heard[CAP - 1] + CAP_DAYS, "cap")
        else:
            message.end("sending")
            message.sent_at, message.attempts = at, message.attempts + 1
            return True
        return False

    def later(self, message, due, reason):
        if due < message.expires:
            message.end("planned", reason)
            message.due = due
        else:
            message.end("skipped", reason)

    def send(self, message, at):
        if not self.ask(message, at):
            return
        person, retry_at = message.person, at + RETRIES[min(message.attempts - 1, 5)]
        if person.server == "hard":
            message.end("failed", "bounced")
            person.kept_back.add("all")
        elif person.server == "soft" and (message.attempts > 6 or retry_at >= message.expires):
            message.end("failed", "refused")
        elif person.server == "soft":
            message.end("planned", "retry")
            message.due, message.sent_at = retry_at, None
        else:
            person.copies += 1
            silent = person.server == "silent"
            message.end(*(("unknown", "no_answer") if silent else ("sent",)))
            message.owner = "worker" if silent else ""


# The same, done to both ----------------------------------------------------------------------------------

WHO = st.integers(0, 2)


class BothRoads(RuleBasedStateMachine):
    """Whatever is done to the product is done to the reference; after each step they say the same."""

    mailbox = None

    @initialize()
    def begin(self):
        # The gate takes it for a test's own transaction, as it is.
        self.example = transaction.atomic()
        self.example._from_testcase = True
        self.example.__enter__()
        self.now, self.road = NOON, Road()
        self.mailbox.clear()
        sender = make_sender(name="Model", cap=CAP, cap_days=CAP_DAYS.days, window=2)
        shared = {"sender": sender, "re_entry": "every", "activated_at": NOON - DAY}
        self.news = make_rule(name="News", trigger="confirmed", rank=3, **shared)
        self.service = make_rule(name="Ask", trigger="signed_up", rank=0, topic=None, **shared)
        self.people = [Person() for _ in range(3)]
        self.contacts = [make_contact() for _ in range(3)]
        self.addresses = [contact.email for contact in self.contacts]
        for who in (0, 1):
            self.a_person_decides(who, "yes")
        self.user = make_user("admin")
        for is_service in (False, True, False):
            self.messages_are_asked_for([0, 1, 2], is_service, is_service)

    def teardown(self):
        """The next example meets nothing of this one."""
        for address in getattr(self, "addresses", []):
            self.mailbox.accept(address)
        if hasattr(self, "example"):
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @rule(who=st.lists(WHO, min_size=2, max_size=5), is_service=st.booleans(), they_leave=st.booleans())
    def messages_are_asked_for(self, who, is_service, they_leave):
        kind, asked_by = ("signed_up", self.service) if is_service else ("confirmed", self.news)
        for person, contact in [(self.people[number], self.contacts[number]) for number in who]:
            if person.erased:
                continue
            self.now += timedelta(seconds=1)
            touchpoint = make_touchpoint(contact, kind, self.now)
            key = f"r{asked_by.pk}:s1:{contact.pk}:t{touchpoint.pk}"
            self.road.messages.append(Message(key, person, is_service, self.now))
            if not is_service:
                person.confirmed.append(self.now)
        ticking.plan_all(self.now)
        self.road.plan(self.now)
        if they_leave:
            self.the_clock_ticks(MINUTE)

    @rule(span=st.sampled_from([MINUTE, 6 * MINUTE, 20 * MINUTE]))
    def the_clock_ticks(self, span):
        self.now += span
        ticking.tick(self.now, "worker")
        self.road.tick(self.now)

    @rule(span=st.sampled_from([HOUR, 6 * HOUR, 30 * HOUR]))
    def the_clock_ticks_much_later(self, span):
        self.the_clock_ticks(span)

    @rule(who=WHO, what=st.sampled_from(["yes", "no", "yes", "no", "marketing", "all", "forget"]))
    def a_person_decides(self, who, what):
        person, contact = self.people[who], self.contacts[who]
        if person.erased:
            return
        if what in ("yes", "no"):
            act, person.agreed = (give_consent if what == "yes" else withdraw_consent), what == "yes"
            act(contact, [make_topic()], at=self.now, source="test")
        elif what == "forget":
            erase(contact, at=self.now)
            self.erased(person)
        else:
            suppress(self.addresses[who], reason="asked", at=self.now, source="test", scope=what)
            person.kept_back.add(what)

    def erased(self, person):
        person.erased, person.in_pilot = True, False
        for message in self.road.messages:
            if message.person is person and message.state in ("planned", "claimed"):
                message.end("erased", "erased")

    @rule(who=WHO, server=st.sampled_from(["", "hard", "soft", "silent"]))
    def the_mail_server_changes_its_mind(self, who, server):
        address, self.people[who].server = self.addresses[who], server
        self.mailbox.accept(address)
        if server == "hard":
            self.mailbox.refuse(address)
        elif server == "soft":
            self.mailbox.refuse(address, 452, "4.2.2 Mailbox full")
        elif server == "silent":
            self.mailbox.hang_up_after(address)

    @rule(what=st.sampled_from(["hold", "go on", "go on", "pilot", "no pilot", "no pilot"]))
    def all_sending_is_switched(self, what):
        moment = {"by": self.user, "at": self.now}
        if what in ("hold", "go on"):
            (switching.hold_sending if what == "hold" else switching.resume_sending)(**moment)
            self.road.held = what == "hold"
            return
        group = [] if self.people[0].erased else self.contacts[:1]
        switching.set_pilot(on=what == "pilot", group=group, approval_above=None, **moment)
        self.road.pilot, self.people[0].in_pilot = what == "pilot", bool(group)

    @rule(change=st.sampled_from(["paused", "active", "paused", "active", "closed"]))
    def the_rule_is_switched(self, change):
        if self.road.rule == "closed" or change == self.road.rule:
            return
        act = {"paused": rules.pause, "active": rules.resume, "closed": rules.close}[change]
        act(self.news, at=self.now)
        self.road.rule = change
        for message in self.road.messages:
            if not message.is_service and message.state == "planned":
                if change == "closed":
                    message.end("cancelled", "rule_off")
                elif change == "active" and message.reason == "rule_paused":
                    message.due = self.now

    @precondition(lambda self: self.road.due(self.now) and not self.road.held)
    @rule(after_the_gate=st.booleans(), is_noticed=st.booleans())
    def a_worker_dies(self, after_the_gate, is_noticed):
        batch = claim("dead", self.now, 50)
        found = {message.key: message for message in self.road.messages}
        names = dict(Delivery.objects.filter(owner="dead").values_list("pk", "occurrence_key"))
        mine = {each.id: found[names[each.id]] for each in batch}
        for message in mine.values():
            message.state, message.owner, message.lease_over = "claimed", "dead", False
        for window in gate.windows(batch) if after_the_gate else []:
            gate.pass_gate([each.id for each in window], self.now, owner="dead")
        if after_the_gate:
            for message in sorted(mine.values(), key=lambda m: (not m.is_service, m.due, m.occurred)):
                self.road.ask(message, self.now)
        if is_noticed:
            self.every_lease_runs_out()

    @precondition(lambda self: any(m.state in IN_HAND for m in self.road.messages))
    @rule()
    def every_lease_runs_out(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE campaigns_delivery SET lease_until = clock_timestamp() - interval '1 second'"
                " WHERE lease_until IS NOT NULL"
            )
        for message in self.road.messages:
            message.lease_over = message.state in IN_HAND
        self.the_clock_ticks(MINUTE)

    @precondition(lambda self: any(self.may_still_be_told(m) for m in self.road.messages))
    @rule()
    def the_dead_worker_was_only_slow(self):
        """It says that it sent what it had: believed, unless that was settled without it."""
        told = [m for m in self.road.messages if self.may_still_be_told(m)]
        deliveries = Delivery.objects.filter(occurrence_key__in=[m.key for m in told])
        results = [recording.Result(delivery, "sent") for delivery in deliveries]
        recording.record_results(results, sending.Run(self.now, "dead", None, 0))
        for message in told:
            message.end("sent")

    @staticmethod
    def may_still_be_told(message):
        return message.owner == "dead" and message.state in ("sending", "unknown", "parked")

    @invariant()
    def both_say_the_same(self):
        if not hasattr(self, "road"):
            return
        ours = Delivery.objects.filter(rule__in=[self.news, self.service])
        planned = {m.key: (m.state, m.reason) for m in self.road.messages if m.due}
        assert {d.occurrence_key: (d.status, d.reason) for d in ours} == planned
        copies = Counter(address for message in self.mailbox for address in message.envelope_to)
        assert [copies[address] for address in self.addresses] == [each.copies for each in self.people]


@pytest.mark.django_db
def test_the_road_and_its_reference_agree_whatever_happens(mailbox):
    BothRoads.mailbox = mailbox
    bounds = settings(
        max_examples=25, stateful_step_count=20, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    run_state_machine_as_test(BothRoads, settings=bounds)
