"""What was written down at the doors is told in sets: all of it, once, whoever dies meanwhile."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from campaigns import noticing, receivers, ticking
from campaigns.hearing import Done, hear, hear_waiting
from campaigns.models import Notice, RawNotice, RawResponse, Response
from contacts.erasing import erase
from tests.campaigns.racing import race
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    make_contact,
    make_delivery,
    make_rule,
    make_sender,
    make_topic,
)
from touchpoints.models import Touchpoint

# Anymail warns of doors without basic auth.
pytestmark = pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailWarning")

SHOP = "http://testserver/shop/"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
ASKED = {"agent": BROWSER, "method": "GET", "looks_ahead": False, "has_language": True}


@pytest.fixture
def rule(topic, sender):
    return make_rule()


@pytest.fixture
def sent(rule, ada):
    return make_delivery(rule, ada, status="sent", sending_at=NOON, finished_at=NOON)


def keep(delivery, kind="clicked", at=NOON + HOUR, url=SHOP, **asked):
    return RawResponse.objects.create(
        delivery=delivery, kind=kind, at=at, url=url if kind == "clicked" else "", asked=ASKED | asked
    )


def told():
    return [*Response.objects.order_by("at", "id").values_list("kind", "made_by")]


def test_what_was_kept_is_told_in_the_order_it_happened_and_gone(sent):
    keep(sent, "opened", at=NOON + HOUR)
    keep(sent, at=NOON + 2 * HOUR)
    keep(sent, at=NOON + 3 * HOUR, agent="curl/8.5.0")

    assert hear_waiting() == 3

    assert told() == [("opened", "person"), ("clicked", "person"), ("clicked", "scanner")]
    assert {*Touchpoint.objects.values_list("kind", "at")} == {
        ("opened", NOON + HOUR),
        ("clicked", NOON + 2 * HOUR),
    }
    assert (RawResponse.objects.count(), hear_waiting()) == (0, 0)


def test_a_sweep_tells_what_was_kept_and_so_does_a_plan(sent):
    keep(sent)
    ticking.sweep(NOON + 2 * HOUR)
    assert len(told()) == 1

    keep(sent, at=NOON + 2 * HOUR)
    ticking.plan_all(NOON + 3 * HOUR)

    assert len(told()) == 2


def test_the_same_link_within_a_minute_is_told_once_though_kept_together(sent):
    for _again in range(3):
        keep(sent)
    keep(sent, at=NOON + HOUR + 2 * MINUTE)

    assert hear_waiting() == 4

    assert (Response.objects.count(), Touchpoint.objects.count()) == (2, 2)


def test_haste_is_judged_by_when_the_message_arrived(rule, settings):
    settings.DEMO = False
    soon, late = (make_delivery(rule, make_contact(), status="sent", sending_at=NOON) for _ in range(2))
    Response.objects.create(delivery=soon, kind="delivered", at=NOON + HOUR)
    for delivery in (soon, late):
        keep(delivery, at=NOON + HOUR + MINUTE / 60, has_language=False)

    hear_waiting()

    assert soon.responses.get(kind="clicked").made_by == "scanner"
    assert late.responses.get(kind="clicked").made_by == "person"


def test_nothing_is_kept_or_told_of_who_asked_to_be_forgotten(sent, ada):
    keep(sent)
    erase(ada, at=NOON + DAY)
    assert not RawResponse.objects.exists()

    keep(sent)
    assert hear_waiting() == 1

    assert (told(), Touchpoint.objects.count()) == ([], 0)


def test_what_cannot_be_told_stays_and_holds_up_nothing(rule, monkeypatch):
    deliveries = [make_delivery(rule, make_contact(), status="sent", sending_at=NOON) for _ in range(7)]
    raws = [keep(delivery) for delivery in deliveries]
    RawResponse.objects.filter(pk=raws[3].pk).update(asked={})

    assert hear_waiting() == 6
    assert [*RawResponse.objects.values_list("pk", flat=True)] == [raws[3].pk]
    assert Response.objects.count() == 6

    RawResponse.objects.update(asked=ASKED)
    assert hear_waiting() == 1
    assert Response.objects.count() == 7


def test_many_together_come_to_the_same_as_one_after_another(rule, ada, ben):
    """Clicks and pictures of two messages, in every mixture that a burst may have."""
    at = [NOON + HOUR + seconds * MINUTE / 60 for seconds in (0, 0.3, 0.4, 30, 31, 32.5, 90)]
    pair = [make_delivery(rule, person, status="sent", sending_at=NOON) for person in (ada, ben)]

    def done(delivery):
        links = [
            Done(delivery.pk, "clicked", when, f"{SHOP}{n % 3}/", asked=ASKED) for n, when in enumerate(at)
        ]
        return [
            *links,
            Done(delivery.pk, "opened", at[0], asked=ASKED),
            Done(delivery.pk, "trap", at[6], asked=ASKED),
        ]

    hear(done(pair[0]))
    for each in sorted(done(pair[1]), key=lambda each: each.at):
        hear([each])

    together, apart = (
        Counter(delivery.responses.values_list("kind", "at", "made_by", "why", "data__link"))
        for delivery in pair
    )
    assert together == apart
    assert {made_by for _kind, _at, made_by, *_rest in together} == {"person", "scanner"}


def test_several_who_tell_at_once_tell_it_once(transactional_db):
    rule = make_rule(topic=make_topic("news", "New arrivals"), sender=make_sender())
    for _ in range(40):
        keep(make_delivery(rule, make_contact(), status="sent", sending_at=NOON))

    assert sum(race(4, hear_waiting)) == 40

    assert Response.objects.count() == Touchpoint.objects.count() == 40


def test_telling_many_asks_no_more_statements(rule, django_assert_max_num_queries):
    for _ in range(60):
        delivery = make_delivery(rule, make_contact(), status="sent", sending_at=NOON)
        keep(delivery)
        keep(delivery, "opened")

    with django_assert_max_num_queries(22):
        assert hear_waiting() == 120

    assert Response.objects.count() == 120


# Killed ------------------------------------------------------------------------------------------------

TELL = """
import django; django.setup()
from django.utils import timezone
from campaigns import hearing, noticing
hearing.AT_ONCE = noticing.AT_ONCE = 15
print("begins", flush=True)
hearing.hear_waiting()
noticing.read_unread(timezone.now())
"""


class Teller:
    """A process of its own that tells what waits."""

    def __init__(self):
        database = connection.settings_dict
        user, host, name = database["USER"], quote(database["HOST"], safe=""), database["NAME"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", TELL],
            env=os.environ | {"DATABASE_URL": f"postgres://{user}@{host}/{name}"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "begins\n"

    def kill_after(self, waiting):
        """Let it tell something, and kill it over the rest."""
        before, deadline = waiting(), time.monotonic() + 20
        while waiting() == before and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.process.stdout.close()
        return before - waiting()


def keep_notice(delivery):
    body = {
        "RecordType": "Delivery",
        "Recipient": delivery.contact.email,
        "DeliveredAt": "2026-06-10T12:30:00Z",
        "Metadata": {"delivery": str(delivery.uuid)},
    }
    noticing.store_raw(
        "postmark", json.dumps(body).encode(), {"Content-Type": "application/json"}, NOON + DAY
    )


def waiting_responses():
    return RawResponse.objects.count()


def waiting_notices():
    return RawNotice.objects.filter(read_at=None).count()


@pytest.mark.parametrize(
    ("kept", "waiting", "found"),
    [
        (keep, waiting_responses, lambda: Touchpoint.objects.filter(kind="clicked")),
        (keep_notice, waiting_notices, lambda: Response.objects.filter(kind="delivered")),
    ],
)
def test_killed_while_it_tells_nothing_is_lost_or_told_twice(transactional_db, kept, waiting, found):
    receivers.register_all()
    rule = make_rule(topic=make_topic("news", "New arrivals"), sender=make_sender())
    for _ in range(300):
        kept(make_delivery(rule, make_contact(), status="sent", sending_at=NOON))

    told_before_death = [Teller().kill_after(waiting) for _ in range(3)]
    left = waiting()
    hear_waiting()
    noticing.read_unread(timezone.now())

    assert (min(told_before_death) > 0, left > 0, waiting()) == (True, True, 0)
    assert found().count() == Response.objects.count() == 300
    assert Notice.objects.count() == (300 if kept is keep_notice else 0)
