"""A colleague takes a call, makes it, and says what came of it: each an act under the contact's lock.

It passes the same gate as every delivery: a call in hand is `sending`, one that was made is `sent`. Two
colleagues never call the same person, and a call that was made stops the rest of its sequence, in every
medium. What nobody said anything of in time is put back (settling.py); call_undoing.py takes back what was
said.
"""

from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import claiming, gate, remembering, restoring, sequences
from campaigns.loading import load
from campaigns.models import Delivery
from campaigns.recording import Result
from contacts.consenting import withdraw_consent, withdraw_everything
from contacts.locking import lock_contacts
from contacts.models import Channel, Suppression, Topic
from contacts.primary import on_primary
from contacts.suppressing import suppress
from touchpoints import wakeups
from touchpoints.models import Touchpoint
from touchpoints.recording import record

Status, Reason, Kind = Delivery.Status, Delivery.Reason, Touchpoint.Kind
SOURCE = "call"
# How long somebody may have a call in hand; on the database's clock.
IN_HAND_FOR = timedelta(minutes=45)
# Who does not answer is tried again after so long, so many times in all.
AGAIN_AFTER, MOST_TRIES = timedelta(hours=4), 3
# A call that was promised for a moment may come this much later.
BACK_WITHIN = timedelta(hours=24)

INTERESTED, NOT_INTERESTED, LEFT_ALONE = "interested", "not_interested", "left_alone"
NO_ANSWER, CALL_BACK, WRONG_NUMBER, NEVER_AGAIN = "no_answer", "call_back", "wrong_number", "never_again"
OUTCOMES = {
    INTERESTED: gettext_lazy("Talked, interested"),
    NOT_INTERESTED: gettext_lazy("Talked, not interested"),
    CALL_BACK: gettext_lazy("Asked to be called back"),
    NO_ANSWER: gettext_lazy("Nobody answered"),
    WRONG_NUMBER: gettext_lazy("Wrong number"),
    LEFT_ALONE: gettext_lazy("Asked to be left alone"),
    NEVER_AGAIN: gettext_lazy("Never call this number again"),
}
# After these they have been spoken to, and the call is made.
MADE = {INTERESTED, NOT_INTERESTED, LEFT_ALONE, NEVER_AGAIN}
SPOKEN = MADE | {CALL_BACK}
THIS_TOPIC, ALL_CALLS, EVERYTHING = "topic", "calls", "everything"
SCOPES = {
    THIS_TOPIC: gettext_lazy("No calls about this topic"),
    ALL_CALLS: gettext_lazy("No calls at all"),
    EVERYTHING: gettext_lazy("Nothing at all, e-mail neither"),
}


class CannotCall(ValueError):
    """The call cannot be taken, or is in nobody's hands who says something of it; says why in words."""


@dataclass(frozen=True)
class Said:
    """What somebody says of a call they made."""

    outcome: str
    minutes: float = 0
    words: str = ""
    # What they want no more, and when they want to be called back.
    scope: str = THIS_TOPIC
    back_at: datetime | None = None


def owner_of(user):
    """By which name a colleague has calls in hand."""
    return f"call:{user.pk}"


def has_in_hand(user):
    """The call this colleague has taken, or None."""
    mine = Delivery.objects.filter(
        channel=Channel.PHONE, status=Status.SENDING, owner=owner_of(user), lease_until__isnull=False
    )
    # Few are in hand at all: without an order they are found by their index.
    return next(iter(mine.select_related("contact", "rule", "campaign", "topic")), None)


# Taking a call ---------------------------------------------------------------------------------------


@on_primary()
def take(delivery, user, *, at):
    """Take a call: it is this colleague's alone until they say what came of it. Raises CannotCall."""
    if restoring.is_restored(at):
        raise CannotCall(
            _("The database was restored from a backup; nobody is called until it is recovered.")
        )
    if has_in_hand(user):
        raise CannotCall(_("You have a call in hand: say first what came of it."))
    owner = owner_of(user)
    _claim(delivery, owner, at)
    deliveries, values = load([delivery.pk])
    delivery = deliveries[delivery.pk]
    passed = gate.pass_gate([delivery.pk], at, owner=owner, values=values, contact_ids=[delivery.contact_id])
    if not passed:
        raise CannotCall(Delivery.objects.get(pk=delivery.pk).why or _("It is no longer to be called."))
    hold(delivery, owner)
    try:
        remembering.note_passed([delivery], at)
    except (OSError, remembering.OldCopy) as error:
        leave(delivery, user, at=at)
        raise CannotCall(_("It could not be written to the journal, so nobody is called.")) from error


@transaction.atomic
def _claim(delivery, owner, at):
    """Take it from the queue, unless somebody has this call or another one to the same person."""
    lock_contacts([delivery.contact_id])
    to_them = Delivery.objects.filter(contact=delivery.contact_id, channel=Channel.PHONE)
    if to_them.filter(status__in=[Status.CLAIMED, Status.SENDING]).exists():
        raise CannotCall(_("A colleague is calling this person."))
    # Read anew: the row may have changed since the page was shown.
    if not to_them.due(at).filter(pk=delivery.pk).exists() or not claiming.take([delivery.pk], owner):
        raise CannotCall(_("It is no longer in the queue."))


def hold(delivery, owner):
    """A call takes longer than handing over a message."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE campaigns_delivery SET lease_until = clock_timestamp() + %s"
            " WHERE id = %s AND status = 'sending' AND owner = %s",
            [IN_HAND_FOR, delivery.pk, owner],
        )


@transaction.atomic
def leave(delivery, user, *, at, until=None, words=""):
    """Put a call back that was not made: it stands in the queue again, now or at a moment to come.

    Returns whether it was in this colleague's hands: leaving it twice changes nothing.
    """
    lock_contacts([delivery.contact_id])
    mine = Delivery.objects.filter(pk=delivery.pk, status=Status.SENDING, owner=owner_of(user))
    delivery = mine.first()
    if delivery:
        kept = {"attempts": delivery.attempts - 1, "passed_at": None}
        kept |= {"due_at": until, "detail": words} if until else {}
        _put_back(delivery, promise_kept_for(delivery), **kept)
        _note_ended(delivery, at, attempt=delivery.attempts + 1)
    return delivery is not None


def _put_back(delivery, reason=Reason.NONE, **fields):
    """Planned again, in nobody's hands."""
    free = {"owner": "", "lease_until": None, "sending_at": None, "finished_at": None}
    write(delivery, status=Status.PLANNED, reason=reason, **free, **fields)


def _note_ended(delivery, at, attempt=None):
    """The journal counts the tries from one, before the gate."""
    tried = copy(delivery)
    tried.attempts = (attempt or delivery.attempts) - 1
    remembering.note_ended([Result(tried, delivery.status, delivery.reason)], at)


def write(delivery, **fields):
    for name, value in fields.items():
        setattr(delivery, name, value)
    delivery.save(update_fields=[*fields])


# Saying what came of it ------------------------------------------------------------------------------


@transaction.atomic
def record_call(delivery, user, said, *, at):
    """Write down what came of a call in hand; returns its touchpoint. Raises CannotCall.

    Of somebody who was forgotten meanwhile nothing is written down: None.
    """
    lock_contacts([delivery.contact_id])
    mine = Delivery.objects.filter(pk=delivery.pk, status=Status.SENDING, owner=owner_of(user))
    delivery = mine.select_related("contact", "topic", "rule", "campaign").first()
    if delivery is None:
        raise CannotCall(_("The call is no longer in your hands: take it again to say what came of it."))
    if delivery.contact.erased_at:
        return _end(delivery, Status.ERASED, Reason.ERASED, at)
    touchpoint = _tell(delivery, user, said, at)
    if said.outcome in SPOKEN:
        _stop_the_rest(delivery, at)
    ACTS[said.outcome](delivery, user, said, at)
    _note_ended(delivery, at)
    wakeups.hint([delivery.contact_id])
    return touchpoint


def _tell(delivery, user, said, at):
    """Whoever was spoken to did something; a call that reached nobody is a note of ours."""
    by = user.get_full_name() or user.get_username()
    data = {
        "result": str(OUTCOMES[said.outcome]),
        "outcome": said.outcome,
        "minutes": float(said.minutes or 0),
        "text": said.words,
        "delivery": str(delivery.uuid),
        "rule": str(delivery.program),
        "since": delivery.sending_at.isoformat(),
        "by": by,
        "user": user.pk,
    }
    if said.outcome not in SPOKEN:
        data["text"] = _("Called: %(result)s") % data + (f". {said.words}" if said.words else "")
    touchpoint, _new = record(
        Kind.CALLED if said.outcome in SPOKEN else Kind.NOTE,
        contact=delivery.contact,
        at=at,
        source=SOURCE,
        external_id=f"{delivery.uuid}:{delivery.attempts}",
        data=data,
    )
    return touchpoint


def _made(delivery, user, said, at):
    _end(delivery, Status.SENT, Reason.NONE, at)


def _left_alone(delivery, user, said, at):
    """They want to hear no more of this: it counts from now on, in every place that asks."""
    _made(delivery, user, said, at)
    evidence = {"asked": _("on the phone"), "by": str(user), "delivery": str(delivery.uuid)}
    told = {"at": at, "source": f"user:{user.pk}", "evidence": evidence}
    if said.scope == EVERYTHING:
        withdraw_everything(delivery.contact, **told)
    is_this = said.scope == THIS_TOPIC and delivery.topic
    topics = [delivery.topic] if is_this else Topic.objects.all()
    withdraw_consent(delivery.contact, topics, channel=Channel.PHONE, **told)


def _never_again(delivery, user, said, at):
    _made(delivery, user, said, at)
    _suppress(delivery, Suppression.Reason.ASKED, at)


def _wrong_number(delivery, user, said, at):
    _end(delivery, Status.FAILED, Reason.WRONG_NUMBER, at)
    _suppress(delivery, Suppression.Reason.NOT_THEIRS, at)


def _no_answer(delivery, user, said, at):
    """Tried again later, as long as there is time; after the last try it has failed."""
    again_at = at + AGAIN_AFTER
    if _tries(delivery) >= MOST_TRIES or again_at >= delivery.expires_at:
        _end(delivery, Status.FAILED, Reason.NOBODY_ANSWERED, at)
    else:
        _put_back(delivery, Reason.NOBODY_ANSWERED, due_at=again_at)


def _call_back(delivery, user, said, at):
    """They said when: it comes then, whatever the hour, and does not go out of date before."""
    zone = delivery.contact.zone(delivery.sender)
    words = date_format(said.back_at.astimezone(zone), "j F, H:i")
    until = max(delivery.expires_at, said.back_at + BACK_WITHIN)
    _put_back(delivery, Reason.CALL_BACK, due_at=said.back_at, expires_at=until, detail=words)


ACTS = {
    INTERESTED: _made,
    NOT_INTERESTED: _made,
    LEFT_ALONE: _left_alone,
    NEVER_AGAIN: _never_again,
    WRONG_NUMBER: _wrong_number,
    NO_ANSWER: _no_answer,
    CALL_BACK: _call_back,
}


def _end(delivery, status, reason, at):
    write(delivery, status=status, reason=reason, finished_at=at, owner="", lease_until=None)


def _suppress(delivery, reason, at):
    source = source_of(delivery)
    suppress(delivery.address, channel=Channel.PHONE, reason=reason, at=at, source=source)


def source_of(delivery):
    return f"{SOURCE}:{delivery.uuid}"


def _stop_the_rest(delivery, at):
    """Nothing else of this sequence goes out. What a worker has in hand waits for our lock at the gate."""
    sequences.stop([delivery.episode], at=at, reason=Reason.CALLED)
    if delivery.episode:
        beside = Delivery.objects.filter(contact=delivery.contact_id, episode=delivery.episode)
        in_hand = beside.filter(status=Status.CLAIMED).exclude(pk=delivery.pk)
        ended = {"status": Status.CANCELLED, "reason": Reason.CALLED, "detail": "", "finished_at": at}
        in_hand.update(owner="", lease_until=None, **ended)


def told_of(delivery):
    """What was said of this call, the newest first."""
    told = Touchpoint.objects.filter(contact=delivery.contact_id, kind__in=[Kind.CALLED, Kind.NOTE])
    return told.filter(source=SOURCE, data__delivery=str(delivery.uuid)).newest_first()


def _outcomes(delivery):
    return [touchpoint.data.get("outcome") for touchpoint in told_of(delivery)]


def _tries(delivery):
    """How often nobody answered, the last time included, since they were spoken to."""
    tries = 0
    for outcome in _outcomes(delivery):
        if outcome != NO_ANSWER:
            break
        tries += 1
    return tries


def promise_kept_for(delivery):
    """The reason a call has that they asked for; none for any other."""
    return Reason.CALL_BACK if _outcomes(delivery)[:1] == [CALL_BACK] else Reason.NONE
