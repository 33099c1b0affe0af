"""The calls of the invented past: when they were made, what came of them, and how long they took."""

from datetime import time, timedelta

from campaigns import calling
from campaigns.models import ChannelCost, Delivery
from contacts.models import Channel
from demo.newcomers import DAY, MINUTE
from demo.people import chance
from touchpoints.models import Touchpoint
from touchpoints.recording import record_many

Status = Delivery.Status
OPENS, CLOSES = time(10), time(18)
# How many of a hundred never answer, and how many of those who do are interested.
NEVER_THERE, INTERESTED = 22, 46
BY = "Northside Records, invented"
# What a message and a minute cost the shop, in its currency.
COSTS = ((Channel.EMAIL, "0.002", "0"), (Channel.PANEL, "0", "0"), (Channel.PHONE, "0.05", "0.60"))


def price():
    """Write down what a message costs, where nobody has yet; how many media are new."""
    rows = [ChannelCost(channel=channel, each=each, minute=minute) for channel, each, minute in COSTS]
    if ChannelCost.objects.exists():
        return 0
    return len(ChannelCost.objects.bulk_create(rows))


def made_at(sender, due_at, contact):
    """Some time after it was due, while the shop is open."""
    choose = chance("call", contact.email, due_at.date())
    there = (due_at + choose.randint(5, 150) * MINUTE).astimezone(sender.zone)
    if OPENS <= there.time() < CLOSES:
        return there
    day = there if there.time() < OPENS else there + DAY
    return day.replace(hour=OPENS.hour, minute=choose.randrange(60))


def of(deliveries):
    """The calls among them that were made."""
    return [
        delivery
        for delivery in deliveries
        if delivery.channel == Channel.PHONE and delivery.status in (Status.SENT, Status.FAILED)
    ]


def decide(deliveries):
    """Let those fail that nobody ever answered; they were tried as often as may be."""
    for call in of(deliveries):
        if chance("answers", call.occurrence_key).randrange(100) < NEVER_THERE:
            call.status, call.reason = Status.FAILED, Delivery.Reason.NOBODY_ANSWERED
            call.attempts = calling.MOST_TRIES


def tell(deliveries):
    """Write down what came of each."""
    record_many(_told(call) for call in of(deliveries))


def is_interested(call):
    return chance("interested", call.occurrence_key).randrange(100) < INTERESTED


def _told(call):
    spoken = call.status == Status.SENT
    outcome = calling.NOT_INTERESTED
    if not spoken or is_interested(call):
        outcome = calling.INTERESTED if spoken else calling.NO_ANSWER
    minutes = chance("minutes", call.occurrence_key).randint(2, 9) if spoken else 0
    data = {
        "result": str(calling.OUTCOMES[outcome]),
        "outcome": outcome,
        "minutes": float(minutes),
        "text": "",
        "delivery": str(call.uuid),
        "rule": str(call.rule),
        "since": call.sending_at.isoformat(),
        "by": BY,
    }
    return Touchpoint(
        kind=Touchpoint.Kind.CALLED if spoken else Touchpoint.Kind.NOTE,
        contact=call.contact,
        at=call.sending_at + timedelta(minutes=max(minutes, 1)),
        source=calling.SOURCE,
        external_id=f"{call.uuid}:{call.attempts}",
        is_history=True,
        data=data,
    )
