"""Pace: so many a minute, so many a day while warming up, pauses that are kept, and nobody forgotten."""

from collections import Counter
from datetime import date, time, timedelta

import pytest

from campaigns import recording, warming
from campaigns.channels import LineLost, RefusedForNow, Unreachable
from campaigns.claiming import claim
from campaigns.models import Delivery, Pace, Response
from campaigns.pacing import Limits, admit, give_back, note_refusal, note_taken
from campaigns.queueing import Room, bring_forward
from campaigns.sending import Run, send_due
from contacts.models import Contact
from tests.campaigns.racing import race
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_consent,
    make_contact,
    make_delivery,
    make_rule,
    make_sender,
)
from touchpoints.models import Totals

TODAY = NOON.date()
SECOND = timedelta(seconds=1)


@pytest.fixture
def rule(topic):
    """A newsletter: it waits, where others go first."""
    return make_rule(rank=4, sender=make_sender())


def change(sender, **fields):
    for name, value in fields.items():
        setattr(sender, name, value)
    sender.save()


def pace_of(sender, domain=""):
    return Pace.objects.get(sender=sender, domain=domain)


def make_many(rule, count, domain="example.com", **fields):
    """Deliveries to so many new people; written in two statements."""
    first = Contact.objects.count()
    people = Contact.objects.bulk_create(
        Contact(email=f"p{first + number}@{domain}", created_at=NOON) for number in range(count)
    )
    pattern = make_delivery(rule, people[0], **fields)
    kept = {f.attname: getattr(pattern, f.attname) for f in Delivery._meta.concrete_fields}
    kept = {name: value for name, value in kept.items() if name not in ("id", "uuid", "contact_id")}
    others = [
        Delivery(**kept | {"contact_id": person.pk, "occurrence_key": f"many:{person.pk}"})
        for person in people[1:]
    ]
    return [pattern, *Delivery.objects.bulk_create(others)]


def ask(at=NOON, limit=500, owner="worker"):
    """Claim what is due and ask for places; the ids of those that got one."""
    return [delivery.id for delivery in admit(claim(owner, at, limit), at, owner)]


def ask_all(at, limit=500):
    """As `ask`, batch after batch until nothing is due; they are sent then."""
    sent = []
    while Delivery.objects.due(at).exists():
        sent += ask(at, limit)
        Delivery.objects.filter(pk__in=sent).update(status="sent", sending_at=at, owner="")
    return sent


# Free ---------------------------------------------------------------------------------------------------


def test_a_sender_without_limits_costs_one_question(rule, django_assert_num_queries):
    make_many(rule, 5)
    batch = claim("worker", NOON, 10)

    with django_assert_num_queries(1):
        admitted = admit(batch, NOON, "worker")

    assert len(batch) == 5
    assert admitted == batch
    with django_assert_num_queries(0):
        give_back(admitted, NOON)
        note_taken({(rule.sender_id, "example.com"): 5}, NOON)


# So many a minute ---------------------------------------------------------------------------------------


def test_only_so_many_go_in_a_minute_and_the_others_come_later(rule):
    change(rule.sender, per_minute=3)
    make_many(rule, 5)

    assert [len(ask(NOON)), len(ask(NOON))] == [3, 0]

    waiting = Delivery.objects.filter(status="planned")
    said = {(d.reason, d.detail, d.owner, d.lease_until) for d in waiting}
    assert said == {("pace", "3 a minute", "", None)}
    assert all(NOON + MINUTE <= d.due_at <= NOON + 3 * MINUTE for d in waiting)
    assert len(ask(NOON + 3 * MINUTE)) == 2


def test_every_domain_has_a_minute_of_its_own(rule):
    change(rule.sender, domain_per_minute=2)
    make_many(rule, 4, "example.com")
    make_many(rule, 3, "example.org")

    passed = ask()

    addresses = Contact.objects.filter(deliveries__in=passed).values_list("email", flat=True)
    assert Counter(address.partition("@")[2] for address in addresses) == {"example.com": 2, "example.org": 2}
    details = Delivery.objects.filter(status="planned").values_list("detail", flat=True)
    assert set(details) == {"2 a minute to example.com", "2 a minute to example.org"}


def test_a_worker_whose_moment_is_older_counts_in_the_newest_minute(rule):
    change(rule.sender, per_minute=3)
    make_many(rule, 5)

    assert [len(ask(NOON, limit=3)), len(ask(NOON - SECOND))] == [3, 0]
    assert pace_of(rule.sender).minute == NOON


def test_a_clock_that_was_wrong_does_not_stop_a_sender(rule):
    change(rule.sender, per_minute=3)
    Pace.objects.create(sender=rule.sender, minute=NOON + DAY, minute_count=3)
    make_many(rule, 2)

    assert len(ask()) == 2


def test_service_mail_goes_first_and_waits_for_no_minute_and_no_warm_up(rule):
    change(rule.sender, per_minute=2, domain_per_minute=2, warm_up_since=TODAY)
    make_many(rule, 3)
    service = {d.pk for d in make_many(make_rule(rank=0, sender=rule.sender), 4)}

    assert set(ask()) == service
    assert pace_of(rule.sender).minute_count == 4


@pytest.mark.django_db(transaction=True)
def test_eight_workers_together_keep_to_the_minute_exactly():
    rule = make_rule(rank=4, sender=make_sender(per_minute=60, domain_per_minute=25))
    for domain in ("example.com", "example.org", "example.net"):
        make_many(rule, 60, domain)
    batches = [claim(f"worker {number}", NOON, 22) for number in range(8)]
    # Each meets the domains in an order of its own.
    turns = iter(zip(batches, range(8), strict=True))

    def work():
        batch, number = next(turns)
        return [
            d.id for d in admit(sorted(batch, key=lambda d: d.id * (-1) ** number), NOON, f"worker {number}")
        ]

    passed = [pk for ids in race(8, work) for pk in ids]

    found = Contact.objects.filter(deliveries__in=passed).values_list("email", flat=True)
    domains = Counter(email.partition("@")[2] for email in found)
    assert len(passed) == len(set(passed)) == 60
    assert max(domains.values()) <= 25
    counts = dict(Pace.objects.values_list("domain", "minute_count"))
    assert counts == domains | {"": 60}


# A queue ------------------------------------------------------------------------------------------------


def test_a_long_queue_is_not_rewritten_every_minute(rule):
    change(rule.sender, per_minute=100)
    make_many(rule, 2000)
    sent, asked = 0, 0

    for minute in range(26):
        at = NOON + minute * MINUTE
        while batch := claim("worker", at, 200):
            asked += len(batch)
            passed = [d.id for d in admit(batch, at, "worker")]
            sent += len(passed)
            Delivery.objects.filter(pk__in=passed).update(status="sent", sending_at=at)

    assert sent == 2000
    # Once to be queued and once to go; few of them come and find their place taken.
    assert asked < 2.2 * 2000


def test_what_waits_stands_in_order_and_at_the_pace(rule):
    change(rule.sender, per_minute=10)
    deliveries = make_many(rule, 110)

    assert len(ask()) == 10

    dues = dict(Delivery.objects.filter(status="planned").values_list("id", "due_at"))
    assert sorted(dues, key=dues.get) == [d.id for d in deliveries[10:]]
    per_minute = Counter((due - NOON) // MINUTE for due in dues.values())
    assert set(per_minute) == set(range(1, 13))
    assert max(per_minute.values()) <= 10


def test_nobody_waits_longer_than_their_message_lasts(rule):
    change(rule.sender, per_minute=1)
    make_many(rule, 3, expires_at=NOON + 30 * SECOND)
    make_many(rule, 200, expires_at=NOON + 2 * HOUR)

    assert len(ask()) == 1

    waiting = Delivery.objects.filter(status="planned")
    assert waiting.count() == 202
    assert all(d.due_at <= d.expires_at for d in waiting)


def test_what_somebody_waits_for_is_not_queued_behind_a_campaign(rule):
    change(rule.sender, per_minute=10)
    make_many(rule, 300)
    ask()
    welcome = make_delivery(make_rule(rank=1, sender=rule.sender))

    ask(NOON + SECOND)

    welcome.refresh_from_db()
    assert welcome.status == "planned"
    assert NOON + MINUTE <= welcome.due_at <= NOON + MINUTE + 20 * SECOND
    assert welcome.pk in ask(NOON + 2 * MINUTE)


def test_who_comes_later_does_not_stand_behind_what_was_called_off(rule):
    change(rule.sender, per_minute=10)
    make_many(rule, 300)
    ask()
    assert pace_of(rule.sender).queue_until > NOON + 30 * MINUTE
    Delivery.objects.filter(status="planned").update(status="cancelled")

    make_many(rule, 20)
    ask(NOON + SECOND)

    assert max(Delivery.objects.filter(status="planned").values_list("due_at")) < (NOON + 4 * MINUTE,)


def test_a_place_that_was_not_used_is_free_again(rule):
    change(rule.sender, per_minute=2, warm_up_since=TODAY)
    make_many(rule, 4)
    admitted = admit(claim("worker", NOON, 2), NOON, "worker")
    gone, kept = [d.id for d in admitted]
    Delivery.objects.filter(pk=gone).update(status="sent", sending_at=NOON)
    Delivery.objects.filter(pk=kept).update(status="planned", reason="quiet", due_at=NOON + DAY, owner="")

    give_back(admitted, NOON)

    counted = [(p.domain, p.minute_count, p.day_count) for p in Pace.objects.order_by("domain")]
    assert counted == [("", 1, 0), ("example.com", 1, 1)]
    assert len(ask()) == 1


def test_what_was_refused_for_now_has_used_its_place(rule):
    change(rule.sender, per_minute=2)
    make_many(rule, 2)
    admitted = admit(claim("worker", NOON, 2), NOON, "worker")
    Delivery.objects.update(status="planned", reason="retry", due_at=NOON + MINUTE, owner="")

    give_back(admitted, NOON)

    assert pace_of(rule.sender).minute_count == 2


def dues(at):
    """How many of those that wait come within the next minute."""
    return Delivery.objects.filter(status="planned", due_at__lte=at + MINUTE).count()


@pytest.mark.parametrize("limit, sooner", [(100, 100), (None, 290)])
def test_a_limit_that_is_raised_brings_the_queue_forward(rule, limit, sooner):
    change(rule.sender, per_minute=10)
    make_many(rule, 300)
    ask()
    change(rule.sender, per_minute=limit)

    brought = bring_forward(NOON + 2 * MINUTE)

    assert brought >= sooner - 20
    assert dues(NOON + 2 * MINUTE) >= sooner
    assert bring_forward(NOON + 2 * MINUTE + SECOND) == 0


def test_a_queue_that_goes_at_its_pace_is_left_alone(rule):
    change(rule.sender, per_minute=10)
    make_many(rule, 300)

    brought, sent = [], []
    for seconds in range(0, 300, 10):
        brought.append(bring_forward(NOON + seconds * SECOND))
        sent += ask_all(NOON + seconds * SECOND)

    assert set(brought) == {0}
    assert 40 <= len(sent) <= 50


def test_nothing_is_brought_forward_into_a_pause(rule):
    change(rule.sender, per_minute=10)
    make_many(rule, 300)
    ask()
    note_refusal(rule.sender_id, "", "429 Too Many Requests", NOON, 10 * MINUTE)

    assert bring_forward(NOON + 5 * MINUTE) == 0
    assert bring_forward(NOON + 21 * MINUTE) > 0


# Pauses -------------------------------------------------------------------------------------------------


def test_when_to_come_again_is_kept_to_the_second(rule):
    make_many(rule, 3)
    note_refusal(rule.sender_id, "example.com", "429 Slow down", NOON, timedelta(seconds=137))

    assert ask(NOON) == []
    waiting = Delivery.objects.filter(status="planned")
    assert {d.detail for d in waiting} == {"example.com asked to wait: 429 Slow down"}
    assert all(d.due_at >= NOON + timedelta(seconds=137) for d in waiting)

    waiting.update(due_at=NOON)
    assert ask(NOON + timedelta(seconds=136.999)) == []
    Delivery.objects.update(due_at=NOON)
    assert len(ask(NOON + timedelta(seconds=137))) == 3


def test_a_pause_is_for_one_domain_or_for_the_whole_provider(rule):
    make_many(rule, 2, "example.com")
    other = {d.pk for d in make_many(rule, 2, "example.org")}
    note_refusal(rule.sender_id, "example.com", "421 4.7.0 Too many", NOON)

    assert set(ask()) == other

    Delivery.objects.update(status="planned", due_at=NOON, owner="")
    note_refusal(rule.sender_id, "", "429 Too Many Requests", NOON, MINUTE)
    assert ask() == []


def test_a_pause_holds_service_mail_too(rule):
    service = make_delivery(make_rule(rank=0, sender=rule.sender), make_contact("a@example.com"))
    note_refusal(rule.sender_id, "example.com", "421 4.7.0 Too many", NOON)

    assert ask() == []
    service.refresh_from_db()
    assert NOON + MINUTE <= service.due_at <= NOON + MINUTE + 20 * SECOND
    assert ask(service.due_at) == [service.pk]


def test_after_a_pause_there_is_no_burst(rule):
    make_many(rule, 500)
    note_refusal(rule.sender_id, "example.com", "421 4.7.0 Too many", NOON)

    passed = []
    for minutes in range(1, 6):
        Delivery.objects.filter(status="planned").update(due_at=NOON)
        passed.append(len(ask(NOON + minutes * MINUTE)))

    assert passed == [10, 20, 40, 80, 160]


def test_a_pause_grows_with_each_refusal_in_a_row_up_to_an_hour(rule):
    at, pauses = NOON, []

    for _ in range(9):
        note_refusal(rule.sender_id, "example.com", "421 4.7.0 Too many", at)
        until = pace_of(rule.sender, "example.com").hold_until
        pauses.append((until - at) // MINUTE)
        at = until

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_refusals_of_what_had_left_before_the_pause_are_one_refusal(rule):
    for _ in range(20):
        note_refusal(rule.sender_id, "example.com", "421 4.7.0 Too many", NOON)

    pace = pace_of(rule.sender, "example.com")
    assert (pace.hold_step, pace.hold_until) == (1, NOON + MINUTE)


def test_what_is_taken_lessens_the_next_pause(rule):
    at = NOON
    for _ in range(3):
        note_refusal(rule.sender_id, "example.com", "421 4.7.0 Too many", at)
        at = pace_of(rule.sender, "example.com").hold_until

    note_taken({(rule.sender_id, "Example.com"): 5, (rule.sender_id, "example.org"): 1}, at)

    assert pace_of(rule.sender, "example.com").hold_step == 2
    note_refusal(rule.sender_id, "example.com", "421 4.7.0 Too many", at)
    assert pace_of(rule.sender, "example.com").hold_until == at + 4 * MINUTE


def test_what_is_taken_during_a_pause_does_not_end_it(rule):
    note_refusal(rule.sender_id, "example.com", "421 4.7.0 Too many", NOON)

    note_taken({(rule.sender_id, "example.com"): 5}, NOON + SECOND)

    assert pace_of(rule.sender, "example.com").hold_step == 1


def test_a_refusal_long_after_the_last_is_none_in_a_row(rule):
    for at in (NOON, NOON + MINUTE, NOON + 3 * HOUR):
        note_refusal(rule.sender_id, "example.com", "421 4.7.0 Too many", at)

    assert pace_of(rule.sender, "example.com").hold_until == NOON + 3 * HOUR + MINUTE


@pytest.mark.parametrize(
    "reply", ["452 4.2.2 Mailbox full", "450 4.1.1 Try again", "451 4.7.1 Greylisted, come again in 5 min"]
)
def test_trouble_with_one_mailbox_pauses_no_domain(rule, reply):
    note_refusal(rule.sender_id, "example.com", "451 4.3.2 Overloaded", NOON)
    assert Pace.objects.count() == 1

    note_refusal(rule.sender_id, "example.org", reply, NOON)

    assert Pace.objects.count() == 1


# Warming up ---------------------------------------------------------------------------------------------


def test_the_table_doubles_below_fifty_thousand_and_grows_slower_above():
    table = [warming.limit_on(day) for day in range(1, 16)]

    assert table[:4] == [50, 100, 200, 400]
    assert table[9:] == [25600, 51200, 76800, 115200, 138240, 165888]
    assert all(
        after <= before * (2 if before < 50_000 else 1.5 if before < 100_000 else 1.2)
        for before, after in zip(table, table[1:], strict=False)
    )


def test_a_million_in_thirty_days_never_exceed_the_table():
    """Every hour everyone who waits asks; what the pace lets pass is counted a day and a domain."""
    waiting = {
        "gmail.example.com": 550_000,
        "example.net": 300_000,
        "example.org": 149_000,
        "a.example": 1_000,
    }
    limits = Limits(None, None, TODAY, "UTC", None)
    paces = {domain: Pace(sender_id=1, domain=domain) for domain in waiting}
    newsletter, sent = Delivery(rank=4), Counter()

    for hour in range(30 * 24):
        at = NOON - 12 * HOUR + hour * HOUR
        for domain, pace in paces.items():
            room = Room(pace, limits, at, lambda sender_id: False)
            while waiting[domain] and room.has_place(newsletter):
                room.take()
                waiting[domain] -= 1
                sent[domain, hour // 24 + 1] += 1

    assert set(waiting.values()) == {0}
    assert sum(sent.values()) == 1_000_000
    assert all(count <= warming.limit_on(day) for (_domain, day), count in sent.items())
    assert sent["gmail.example.com", 11] == warming.limit_on(11)


def test_a_warm_up_with_the_database_keeps_to_the_table_and_forgets_nobody(rule):
    change(rule.sender, warm_up_since=TODAY)
    for domain, count in (("example.com", 500), ("example.org", 180), ("example.net", 20)):
        make_many(rule, count, domain, expires_at=NOON + 30 * DAY)
    sent = Counter()

    for hour in range(24 * 5):
        at = NOON - 12 * HOUR + hour * HOUR + DAY
        passed = ask_all(at)
        for email in Contact.objects.filter(deliveries__in=passed).values_list("email", flat=True):
            sent[email.partition("@")[2], hour // 24] += 1

    assert all(count <= warming.limit_on(day + 1) for (_domain, day), count in sent.items())
    assert all(sent["example.com", day] >= 0.9 * warming.limit_on(day + 1) for day in range(3))
    assert Counter(Delivery.objects.values_list("status", flat=True)) == {"sent": 700}


def test_what_waits_for_another_day_says_so(rule):
    change(rule.sender, warm_up_since=TODAY)
    make_many(rule, 51, expires_at=NOON + 30 * DAY)

    assert len(ask()) == 50

    (waiting,) = Delivery.objects.filter(status="planned")
    assert waiting.detail == "warming up: 50 a day to example.com"
    assert NOON + 12 * HOUR <= waiting.due_at < NOON + 13 * HOUR


@pytest.mark.parametrize(
    "used, limit",
    [(50, 100), (25, 100), (24, 50)],
    ids=["a day that was used", "half used", "hardly used"],
)
def test_only_a_day_that_was_used_lets_the_next_grow(used, limit):
    pace = Pace(day=TODAY - DAY, day_limit=50, day_count=used)

    assert warming.limit_of(pace, TODAY, TODAY - 5 * DAY, lambda: False) == limit


def test_a_warm_up_that_begins_anew_begins_small():
    pace = Pace(day=TODAY - DAY, day_limit=25_600, day_count=25_600)

    assert warming.limit_of(pace, TODAY, TODAY, lambda: False) == 50


def test_a_warm_up_that_is_yet_to_begin_holds_nothing(rule):
    change(rule.sender, warm_up_since=date(2027, 1, 1))
    make_many(rule, 60)

    assert len(ask()) == 60


def sent_yesterday(rule, count, back=0, kind="bounced", data=None):
    """So many were sent yesterday, of which so many came back; the domain's day was used."""
    deliveries = make_many(rule, count, status="sent", sending_at=NOON - DAY)
    for delivery in deliveries[:back]:
        Response.objects.create(delivery=delivery, kind=kind, at=NOON - DAY + HOUR, data=data or {})
    Pace.objects.create(
        sender=rule.sender, domain="example.com", day=TODAY - DAY, day_limit=100, day_count=100
    )


@pytest.mark.parametrize(
    "back, kind, allowed",
    [(2, "bounced", 200), (3, "bounced", 100), (1, "complained", 100), (3, "clicked", 200)],
)
def test_what_comes_back_holds_the_growth(rule, back, kind, allowed):
    change(rule.sender, warm_up_since=TODAY - 5 * DAY)
    sent_yesterday(rule, 100, back, kind)
    make_many(rule, 250)

    assert len(ask()) == allowed


def test_full_mailboxes_do_not_hold_the_growth(rule):
    change(rule.sender, warm_up_since=TODAY - 5 * DAY)
    sent_yesterday(rule, 100, 9, data={"notice": "soft"})
    make_many(rule, 250)

    assert len(ask()) == 200


def test_what_came_back_to_another_sender_or_long_ago_holds_nothing(rule):
    change(rule.sender, warm_up_since=TODAY - 5 * DAY)
    sent_yesterday(rule, 100, 1)
    late = make_delivery(rule, status="sent", sending_at=NOON - 9 * DAY)
    other = make_delivery(make_rule(sender=make_sender(name="Other")), status="sent", sending_at=NOON - DAY)
    for _ in range(5):
        Response.objects.create(delivery=late, kind="bounced", at=NOON - 8 * DAY)
        Response.objects.create(delivery=other, kind="complained", at=NOON - HOUR)
    make_many(rule, 250)

    assert len(ask()) == 200


def test_those_who_answered_lately_are_asked_first_while_warming_up(rule):
    change(rule.sender, warm_up_since=TODAY)
    deliveries = make_many(rule, 60)
    engaged = deliveries[-5:]
    Totals.objects.bulk_create(
        Totals(contact_id=d.contact_id, last_response_at=NOON - 20 * DAY) for d in engaged
    )

    passed = ask()

    assert len(passed) == 50
    assert set(passed) == {d.pk for d in deliveries[:45]} | {d.pk for d in engaged}


# On the road --------------------------------------------------------------------------------------------


def send(at=NOON, owner="worker"):
    return dict(send_due(at, owner))


def make_readers(rule, count, domain="example.com"):
    deliveries = make_many(rule, count, domain)
    for delivery in deliveries:
        make_consent(delivery.contact, rule.topic)
    return deliveries


def test_what_finds_no_place_now_is_sent_when_there_is_one(rule, mailbox):
    change(rule.sender, per_minute=2)
    make_readers(rule, 3)

    assert [send(NOON), send(NOON), send(NOON + 2 * MINUTE)] == [{"sent": 2}, {}, {"sent": 1}]
    assert len(mailbox) == 3


def test_what_the_gate_puts_off_takes_no_place_from_the_day(rule, mailbox):
    """At night nothing leaves; in the morning the day's whole allowance is there."""
    night = {"quiet_from": time(21), "quiet_until": time(8)}
    change(rule.sender, warm_up_since=TODAY, **night)
    make_readers(rule, 60)
    Delivery.objects.update(due_at=NOON - 12 * HOUR)

    assert send(NOON - 11 * HOUR) == {}
    assert Delivery.objects.filter(reason="quiet").count() == 50
    assert pace_of(rule.sender, "example.com").day_count == 0

    Delivery.objects.update(due_at=NOON)
    assert send() == {"sent": 50}


def test_the_days_places_of_those_who_get_nothing_go_to_the_next_in_line(rule, mailbox):
    """Nobody of the first fifty agreed; the sixty after them wait for another day, and need not."""
    change(rule.sender, warm_up_since=TODAY)
    make_many(rule, 50)
    make_readers(rule, 60)

    assert send() == {}
    assert Delivery.objects.filter(status="skipped").count() == 50
    assert (dues(NOON), pace_of(rule.sender, "example.com").day_count) == (50, 0)

    assert send(NOON + MINUTE) == {"sent": 50}
    assert (dues(NOON + MINUTE), pace_of(rule.sender, "example.com").day_count) == (0, 50)


def test_who_is_only_put_off_keeps_their_turn_in_the_queue(rule, mailbox):
    """At night the others stay where they stand, or the whole queue would come and go every minute."""
    change(rule.sender, warm_up_since=TODAY, quiet_from=time(0), quiet_until=time(23, 59))
    make_readers(rule, 60)

    assert send() == {}

    assert Delivery.objects.filter(reason="quiet").count() == 50
    assert dues(NOON) == 0


def test_one_that_asks_to_wait_is_not_sent_the_rest_of_the_batch(rule, mailbox):
    first, *_others = make_readers(rule, 30)
    make_readers(rule, 5, "example.org")
    mailbox.refuse(first.contact.email, 451, "4.7.0 Too many messages, slow down")

    assert send() == {"planned": 1, "sent": 5}

    assert {message.envelope_to[0].partition("@")[2] for message in mailbox} == {"example.org"}
    assert pace_of(rule.sender, "example.com").hold_until == NOON + MINUTE
    assert send(NOON + SECOND) == {}
    mailbox.accept(first.contact.email)
    Delivery.objects.filter(status="planned").update(due_at=NOON)
    assert send(NOON + MINUTE) == {"sent": 10}


def test_a_providers_word_counts_from_when_it_was_said_and_for_all_it_is_given(rule):
    """A run has its moment; what is said ten seconds into it holds from then."""
    change(rule.sender, provider="stub")
    first, second = make_readers(rule, 1)[0], make_readers(rule, 1, "example.org")[0]
    run = Run(NOON, "worker", None, 0)
    run.began -= 10
    error = RefusedForNow("429 Too Many Requests", retry_after=MINUTE)
    first.address = first.contact.email

    recording.note_pace([recording.Result(first, "planned", reply=error.reply, error=error)], run)

    until = pace_of(rule.sender).hold_until
    assert NOON + MINUTE + 10 * SECOND <= until <= NOON + MINUTE + 15 * SECOND
    assert ask() == []
    second.refresh_from_db()
    assert second.detail == "the provider asked to wait: 429 Too Many Requests"


@pytest.mark.parametrize(
    "error, pauses",
    [
        (RefusedForNow("451 4.3.2 Busy"), 1),
        (LineLost("421 4.7.0 Too many connections"), 1),
        (LineLost("ConnectionResetError"), 0),
        (Unreachable("ConnectionRefusedError"), 0),
    ],
)
def test_a_line_that_broke_asks_nobody_to_wait(rule, error, pauses):
    delivery = make_readers(rule, 1)[0]
    delivery.address = delivery.contact.email

    result = recording.Result(delivery, "planned", reply=error.reply, error=error)
    recording.note_pace([result], Run(NOON, "worker", None, 0))

    assert Pace.objects.exclude(hold_until=None).count() == pauses
