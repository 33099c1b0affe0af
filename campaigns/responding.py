"""What came back becomes a touchpoint: unsubscribed, the outcome reached. Clicks and openings: hearing.py."""

from django.db import connection, transaction
from django.utils.translation import gettext as _

from campaigns import outcomes, sequences
from campaigns.hearing import SOURCE
from campaigns.models import Response
from contacts.consenting import give_consent, withdraw_consent, withdraw_everything
from contacts.locking import lock_contacts
from contacts.models import Consent, Contact
from touchpoints.models import Touchpoint
from touchpoints.recording import record

# A mail program's button, and the button on the page behind “stop these messages”.
ONE_CLICK, STOP_PAGE = "one-click", "stop"

# From what people did lately to what was sent before it: the work grows with what happens, not with the base.
# Of a message and its reminder only the later one is credited.
_NOTE_OUTCOMES = """
WITH reached AS MATERIALIZED (
    SELECT DISTINCT ON (d.id) d.id, t.id AS touchpoint_id, t.at, d.rule_id, d.campaign_id,
        coalesce(r.name, c.name) AS name, coalesce(r.outcome, c.outcome) AS outcome
    FROM touchpoints_touchpoint t
    JOIN campaigns_delivery d ON d.contact_id = t.contact_id AND d.status = 'sent' AND d.outcome_at IS NULL
    LEFT JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
    LEFT JOIN campaigns_campaign c ON c.id = d.campaign_id
    WHERE t.kind = ANY(%(kinds)s) AND {reached} AND NOT t.is_history {only}
      AND t.at > %(at)s - interval '48 hours' AND t.at <= %(at)s
      AND t.at > d.sending_at AND t.at <= d.sending_at + coalesce(r.outcome_within, c.outcome_within)
      AND NOT EXISTS (
          SELECT 1 FROM campaigns_delivery later
          WHERE later.parent_id = d.id AND later.status = 'sent' AND later.sending_at < t.at
      )
    ORDER BY d.id, t.at, t.id
), held AS MATERIALIZED (
    SELECT d.id, d.uuid, d.contact_id FROM campaigns_delivery d
    WHERE d.id IN (SELECT id FROM reached) AND d.outcome_at IS NULL
    ORDER BY d.id FOR UPDATE SKIP LOCKED
), told AS (
    INSERT INTO touchpoints_touchpoint
        (contact_id, kind, at, recorded_at, source, external_id, is_history, data)
    SELECT held.contact_id, 'outcome', reached.at, now(), 'campaigns', 'outcome:' || held.uuid, false,
           jsonb_build_object('delivery', held.uuid, 'rule', reached.name, 'rule_id', reached.rule_id,
                              'campaign_id', reached.campaign_id, 'outcome', reached.outcome,
                              'touchpoint', reached.touchpoint_id)
    FROM held JOIN reached USING (id) ORDER BY held.id
    ON CONFLICT (source, external_id) DO NOTHING
)
UPDATE campaigns_delivery d SET outcome_at = reached.at, outcome_touchpoint_id = reached.touchpoint_id
FROM held JOIN reached USING (id) WHERE d.id = held.id
RETURNING d.episode
"""


@transaction.atomic
def unsubscribe(delivery, *, at, everything=False, source=ONE_CLICK, evidence=None):
    """Withdraw the delivery's topic, or every one; returns the new entries. Asking twice changes nothing.

    `source` is the door it came by: ONE_CLICK or STOP_PAGE. Whoever was merged into another says it for the
    one they are now.
    """
    contact = _present(delivery)
    if contact is None:
        return []
    told = {"at": at, "source": source, "evidence": {"delivery": str(delivery.uuid), **(evidence or {})}}
    if everything or delivery.topic is None:
        entries = withdraw_everything(contact, **told)
    else:
        entries = withdraw_consent(contact, [delivery.topic], channel=delivery.channel, **told)
    if entries:
        _tell_unsubscribed(delivery, entries, at, everything)
    return entries


@transaction.atomic
def undo_unsubscribe(delivery, *, at, evidence=None):
    """Give back what was withdrawn by way of this delivery, unless chosen otherwise since; new entries."""
    contact = _present(delivery)
    if contact is None:
        return []
    proof = {"delivery": str(delivery.uuid), "undo": True} | (evidence or {})
    taken_back = [
        entry
        for entry in Consent.objects.filter(contact=contact).current().select_related("topic")
        if entry.action == Consent.Action.WITHDRAWN and entry.evidence.get("delivery") == str(delivery.uuid)
    ]
    entries = []
    for channel in sorted({entry.channel for entry in taken_back}):
        topics = [entry.topic for entry in taken_back if entry.channel == channel and _had_agreed(entry)]
        entries += give_consent(
            contact, topics, channel=channel, at=at, source=f"{ONE_CLICK}:undo", evidence=proof
        )
    return entries


@transaction.atomic
def note_outcomes(at, contact_ids=None):
    """Mark whose outcome was reached, of all or of these contacts, and tell it as a touchpoint; how many.

    What was still to come of their sequences is called off, in every medium.
    """
    only = "" if contact_ids is None else "AND t.contact_id = ANY(%(contact_ids)s)"
    sql = _NOTE_OUTCOMES.format(reached=outcomes.reached_sql("coalesce(r.outcome, c.outcome)"), only=only)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"at": at, "kinds": outcomes.kinds(), "contact_ids": contact_ids})
        episodes = [episode for (episode,) in cursor.fetchall()]
    sequences.stop(episodes, at=at)
    return len(episodes)


def _present(delivery):
    """Who it was for, by now, and locked; None when they were erased."""
    contact = delivery.contact.survivor
    lock_contacts([contact.pk])
    return contact if Contact.objects.filter(pk=contact.pk, erased_at=None).exists() else None


@transaction.atomic
def _respond(delivery, kind, touchpoint_kind, external_id, at, data):
    touchpoint, created = record(
        touchpoint_kind,
        contact=delivery.contact.survivor,
        at=at,
        source=SOURCE,
        external_id=external_id,
        data={"delivery": str(delivery.uuid), "rule": str(delivery.program)} | data,
    )
    if created:
        Response.objects.create(delivery=delivery, kind=kind, at=at, touchpoint=touchpoint, data=data)
    return touchpoint


def _tell_unsubscribed(delivery, entries, at, everything):
    """The log's newest entry names the touchpoint, so that a second no after an undo is told again."""
    words = _("everything") if everything or delivery.topic is None else str(delivery.topic)
    key = f"unsubscribed:{delivery.uuid}:{max(entry.pk for entry in entries)}"
    _respond(delivery, Response.Kind.UNSUBSCRIBED, Touchpoint.Kind.UNSUBSCRIBED, key, at, {"topic": words})


def _had_agreed(entry):
    """Whether they had said yes before this no: stopping everything also refuses what nobody had offered."""
    before = Consent.objects.filter(contact=entry.contact_id, channel=entry.channel, topic=entry.topic_id)
    newest = before.filter(pk__lt=entry.pk).order_by("-at", "-id").first()
    return newest is not None and newest.action == Consent.Action.GIVEN
