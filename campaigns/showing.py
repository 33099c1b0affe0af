"""Panels on the client's site: what is planned for the person who looks at a page is shown in its places.

A panel passes the same gate as a message, the first time it is shown; then it is sent. From then on it is
shown on every page with its place, until it is clicked away, its outcome is reached, or its time is over. A
page never waits for another: what another page has in hand is not shown on this one.
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction

from campaigns import claiming, gate, links, liquid, loading, outcomes, planning, statements
from campaigns.models import Delivery, LifecycleRule, Response
from campaigns.tracking import RenderError, Tracker
from contacts.locking import lock_contacts
from contacts.models import Channel

logger = logging.getLogger(__name__)
Status, Reason = Delivery.Status, Delivery.Reason

MOST_SLOTS = 10
# So many that are due are asked of the gate for one page; the others have the next.
MOST_ASKED = 6
# What answers an act at once is planned as the page asks: the sweep may come some seconds too late for it.
AT_ONCE = timedelta(minutes=1)

# What may be shown to one person now: due and not shown yet, or shown and still wanted.
_FOUND = """
SELECT d.id, s.slot, d.status
FROM campaigns_delivery d
JOIN campaigns_step s ON s.id = d.step_id
JOIN campaigns_lifecyclerule r ON r.id = d.rule_id
JOIN contacts_contact c ON c.id = d.contact_id
WHERE d.contact_id = %(contact)s AND d.channel = 'panel' AND s.slot = ANY(%(slots)s)
  AND d.expires_at > %(at)s
  AND (d.status = 'planned' AND d.due_at <= %(at)s OR d.status = 'sent' AND {wanted})
ORDER BY d.rank, d.position, d.due_at, d.id
"""
_WANTED = """
    r.status = 'active' AND c.erased_at IS NULL AND c.merged_into_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM campaigns_sendingswitch switch WHERE switch.id = 1 AND switch.held)
    AND NOT EXISTS (
        SELECT 1 FROM campaigns_response said WHERE said.delivery_id = d.id AND said.kind = 'dismissed'
    )
    AND (d.topic_id IS NULL OR coalesce((
        SELECT said.action FROM contacts_consent said
        WHERE said.contact_id = d.contact_id AND said.channel = 'panel' AND said.topic_id = d.topic_id
        ORDER BY said.at DESC, said.id DESC LIMIT 1
    ), (
        SELECT said.action FROM contacts_consent said
        WHERE said.contact_id = d.contact_id AND said.channel = 'email' AND said.topic_id = d.topic_id
        ORDER BY said.at DESC, said.id DESC LIMIT 1
    )) = 'given')
    AND NOT EXISTS (
        SELECT 1 FROM campaigns_delivery beside
        WHERE beside.contact_id = d.contact_id AND beside.rule_id = d.rule_id
          AND beside.episode = d.episode
          AND (beside.outcome_at IS NOT NULL OR beside.channel = 'phone' AND beside.status = 'sent')
    )
    AND NOT EXISTS (
        SELECT 1 FROM touchpoints_touchpoint t
        WHERE t.contact_id = d.contact_id AND {reached} AND NOT t.is_history
          AND t.at > d.sending_at AND t.at <= least(d.sending_at + r.outcome_within, %(at)s)
    )
"""
TYPES = {"contact": "bigint", "slots": "text[]", "at": "timestamptz"}
_END = """
UPDATE campaigns_delivery
SET status = %(status)s, reason = %(reason)s, detail = %(detail)s, owner = '', lease_until = NULL,
    finished_at = %(at)s
WHERE id = %(id)s AND status = 'sending' AND owner = %(owner)s
"""


@dataclass(frozen=True)
class Panel:
    """What stands in one place of a page."""

    slot: str
    heading: str
    html: str
    colour: str
    language: str
    # By which the page says that it was clicked away.
    token: str


def panels(contact, slots, at):
    """The panels for this person in these places of a page, at most one a place, the best first."""
    slots = [*dict.fromkeys(slots)][:MOST_SLOTS]
    plan_at_once(contact, slots, at)
    shown, asked = {}, 0
    for pk, slot, status in found(contact, slots, at):
        if slot in shown:
            continue
        if status == Status.SENT:
            panel = show_again(pk, slot)
        elif asked < MOST_ASKED:
            asked += 1
            panel = show_first(pk, slot, contact, at)
        else:
            panel = None
        if panel:
            shown[slot] = panel
    return list(shown.values())


def found(contact, slots, at):
    """(delivery id, place, state) of what may be shown, the most important first."""
    sql = _FOUND.format(wanted=_WANTED.format(reached=outcomes.reached_sql()))
    with connection.cursor() as cursor:
        asked = {"contact": contact.pk, "slots": slots, "at": at}
        statements.run(cursor, "panels_found", TYPES, sql, asked)
        return cursor.fetchall()


def plan_at_once(contact, slots, at):
    """Plan what answers at once by a panel in one of these places, for this person alone."""
    rules = LifecycleRule.objects.active().exclude(re_entry=LifecycleRule.ReEntry.DAYS)
    quick = {"steps__channel": Channel.PANEL, "steps__slot__in": slots, "steps__delay__lt": AT_ONCE}
    answering = rules.filter(**quick, steps__follows=None, steps__removed_at=None).distinct()
    for rule in answering.select_related("sender").prefetch_related("steps"):
        try:
            planning.plan_rule(rule, at, [contact.pk])
        except Exception:
            logger.exception("Rule %s could not be planned for a page.", rule.pk)


# The first time -------------------------------------------------------------------------------------------


def show_first(pk, slot, contact, at):
    """Take a planned panel through the gate; None where it may not be shown, its row saying why."""
    owner = f"page:{uuid.uuid4().hex[:16]}"
    if not claiming.take([pk], owner):
        return None
    deliveries, values = loading.load([pk])
    if pk not in values:
        claiming.release([pk], owner)
        return None
    if pk not in gate.pass_gate([pk], at, owner=owner, values=values, contact_ids=[contact.pk]):
        return None
    told = {"id": pk, "owner": owner, "at": at}
    try:
        panel = rendered(deliveries[pk], slot, values[pk])
    except RenderError as error:
        _run(_END, told | {"status": "failed", "reason": "render", "detail": str(error)[:300]})
        return None
    return panel if _run(_END, told | {"status": "sent", "reason": "", "detail": ""}) else None


def rendered(delivery, slot, values):
    """The panel of a delivery from its frozen version and its merge values; raises RenderError."""
    version, sender = delivery.version, delivery.sender
    try:
        heading = liquid.render(version.subject, values, html=False).strip()
        words = Tracker(delivery, values).in_html(liquid.render(version.html, values, html=True))
    except liquid.LiquidProblem as problem:
        raise RenderError(str(problem)) from problem
    return Panel(slot, heading, words, sender.colour, sender.language, links.panel_token(delivery))


# Again, and never again -----------------------------------------------------------------------------------


def show_again(pk, slot):
    """A panel as it was first shown; None when it cannot be made any more."""
    delivery = Delivery.objects.select_related("version", "sender").get(pk=pk)
    try:
        return rendered(delivery, slot, delivery.merge_values)
    except RenderError:
        logger.warning("Panel %s could be shown once, and not again.", pk)
        return None


@transaction.atomic
def dismiss(token, at):
    """A panel was clicked away: it is not shown again. Whether that was news; raises BadToken."""
    delivery = Delivery.objects.filter(uuid=links.read_panel(token), channel=Channel.PANEL).first()
    if delivery is None:
        return False
    lock_contacts([delivery.contact_id])
    known = Response.objects.filter(delivery=delivery, kind=Response.Kind.DISMISSED)
    is_shown = Delivery.objects.filter(pk=delivery.pk, status=Status.SENT, contact__erased_at=None).exists()
    if known.exists() or not is_shown:
        return False
    Response.objects.create(delivery=delivery, kind=Response.Kind.DISMISSED, at=at)
    return True


def _run(sql, values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount == 1
