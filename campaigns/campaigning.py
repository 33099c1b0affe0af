"""A campaign's audience is put into the ledger chunk by chunk, and what has all ended is finished.

How far planning has come is written with the rows it wrote. A crash costs nothing but the chunk it broke off,
and of several planners one works while the others pass on: all plan the same set.
"""

import logging

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef
from django.utils.translation import gettext as _

from campaigns import audience
from campaigns.crash_points import crash_point
from campaigns.models import Campaign, Delivery, SendingSwitch
from contacts.models import Contact

logger = logging.getLogger(__name__)
Status = Campaign.Status
# What has not ended, and what has. Nothing more happens by itself to what is parked; it waits for a person.
UNDER_WAY = ["planned", "claimed", "sending", "unknown"]
ENDED = [status for status in Delivery.Status.values if status not in UNDER_WAY]

CHUNK = 5000
# So many chunks a call; the next tick goes on from there.
CHUNKS_AT_ONCE = 20
CHUNKS_IN_A_MOMENT = 4

_PLAN = """
WITH chunk AS MATERIALIZED ({people}), new AS (
    INSERT INTO campaigns_delivery (
        uuid, occurrence_key, campaign_id, contact_id, reminder_number, evidence, channel, topic_id,
        sender_id, version_id, rank, status, reason, detail, occurred_at, due_at, expires_at, planned_at,
        owner, attempts, doubts, address, merge_values, reply, provider_ref)
    SELECT gen_random_uuid(), 'c' || k.id || ':' || chunk.id, k.id, chunk.id, 0,
           jsonb_build_object('words', %s::text), k.channel, k.topic_id, k.sender_id, k.version_id, %s,
           'planned', '', '', k.send_at, k.send_at, k.send_at + k.lasts, %s,
           '', 0, 0, '', '{{}}', '', ''
    FROM chunk JOIN campaigns_campaign k ON k.id = %s
    ORDER BY chunk.id
    ON CONFLICT (occurrence_key) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM chunk), (SELECT max(id) FROM chunk), (SELECT count(*) FROM new)
"""
# What the gate put off while the campaign was paused.
_BRING_FORWARD = """
WITH found AS MATERIALIZED (
    SELECT id FROM campaigns_delivery
    WHERE campaign_id = %(campaign)s AND status = 'planned' AND reason = 'campaign_paused'
    ORDER BY id LIMIT %(chunk)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE campaigns_delivery d SET due_at = least(d.due_at, %(at)s), reason = '', detail = ''
FROM found WHERE d.id = found.id
"""
_CALL_OFF = """
WITH found AS MATERIALIZED (
    SELECT id FROM campaigns_delivery WHERE campaign_id = %(campaign)s AND status = 'planned'
    ORDER BY id LIMIT %(chunk)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE campaigns_delivery d SET status = 'cancelled', reason = 'campaign_off', finished_at = %(at)s
FROM found WHERE d.id = found.id
"""
# Nothing is under way, and everything that was planned has come to an end.
_FINISH = """
UPDATE campaigns_campaign SET status = 'finished', finished_at = %(at)s
WHERE id = %(campaign)s AND status = 'sending' AND planned_count = (
    SELECT count(*) FROM campaigns_delivery WHERE campaign_id = %(campaign)s AND status = ANY(%(ended)s)
)
"""


def plan_campaigns(at):
    """Plan the audience of every campaign whose moment has come; returns how many deliveries are new."""
    return sum(_plan_or_log(pk, at) for pk in _ids(Campaign.objects.to_plan(at)))


def finish_campaigns(at):
    """Call finished what was planned whole and has ended whole; returns how many campaigns.

    What a pause had put off is brought forward once it is over, and what is called off is ended on the way.
    """
    under_way = Delivery.objects.filter(campaign=OuterRef("pk"), status__in=UNDER_WAY)
    planned = under_way.filter(status=Delivery.Status.PLANNED)
    for pk in _ids(Campaign.objects.under_way().filter(Exists(planned.filter(reason="campaign_paused")))):
        bring_forward(pk, at)
    for pk in _ids(Campaign.objects.filter(Exists(planned), status=Status.CANCELLED)):
        call_off(pk, at)
    ended = Campaign.objects.filter(~Exists(under_way), status=Status.SENDING)
    return sum(_finish(pk, at) for pk in _ids(ended))


def bring_forward(pk, at):
    """What was put off while a campaign was paused is due again; the sweep does the rest. How many."""
    return _in_chunks(_BRING_FORWARD, pk, at)


def call_off(pk, at):
    """End what a campaign had planned; returns how many. The sweep does the rest."""
    return _in_chunks(_CALL_OFF, pk, at)


def _plan_or_log(pk, at):
    """One bad campaign must not hold up the rest."""
    planned = 0
    try:
        for _chunk in range(CHUNKS_AT_ONCE):
            new = plan_chunk(pk, at)
            if new is None:
                break
            planned += new
            crash_point("plan.chunk")
    except Exception:
        logger.exception("Campaign %s could not be planned.", pk)
    return planned


@transaction.atomic
def plan_chunk(pk, at):
    """Plan the next few of a campaign's audience; how many are new, None when nothing is left to us."""
    rows = Campaign.objects.to_plan(at).select_for_update(skip_locked=True, no_key=True)
    campaign = rows.filter(pk=pk).first()
    if campaign is None:
        return None
    if campaign.status == Status.SCHEDULED and not _begin(campaign, at):
        return None
    found, last, new = _insert(campaign, at)
    is_last = found < CHUNK
    campaign.position = campaign.until_contact if is_last else last
    campaign.planned_count += new
    if is_last:
        campaign.status = Status.SENDING
    campaign.save(update_fields=["status", "started_at", "until_contact", "position", "planned_count"])
    return new


def _begin(campaign, at):
    """Whether it may begin: not if it has grown beyond what one person may start alone.

    Whoever is entered from now on is not asked.
    """
    if needs_approval(campaign):
        Campaign.objects.filter(pk=campaign.pk).update(status=Status.WAITING)
        return False
    campaign.status, campaign.started_at, campaign.position = Status.PLANNING, at, 0
    campaign.until_contact = Contact.objects.aggregate(last=Max("pk"))["last"] or 0
    campaign.save(update_fields=["status", "started_at", "until_contact", "position"])
    return True


def needs_approval(campaign):
    """Whether it is for so many that a second person must say yes first, and none has."""
    most = SendingSwitch.load().approval_above
    if most is None or campaign.approved_at:
        return False
    return audience.size(campaign.audience, most + 1) > most


def _insert(campaign, at):
    """(how many of the audience this chunk holds, the last of them, how many deliveries are new)."""
    people = audience.contacts(campaign.audience).filter(
        pk__gt=campaign.position, pk__lte=campaign.until_contact
    )
    return plan_people(campaign, people.order_by("id")[:CHUNK], at)


def plan_people(campaign, people, at):
    """Plan these: (how many they are, the last of them, how many deliveries are new)."""
    try:
        sql, params = people.values("id").query.sql_with_params()
    except EmptyResultSet:
        return 0, None, 0
    said = _("Campaign “%(name)s”") % {"name": campaign}
    with connection.cursor() as cursor:
        cursor.execute(_PLAN.format(people=sql), [*params, said, campaign.rank, at, campaign.pk])
        return cursor.fetchone()


def _ids(campaigns):
    return [*campaigns.order_by("send_at", "pk").values_list("pk", flat=True)]


def _in_chunks(sql, pk, at):
    """Do it to so many rows of a campaign as fit a moment, a chunk a transaction."""
    changed = 0
    for _chunk in range(CHUNKS_IN_A_MOMENT):
        with connection.cursor() as cursor:
            cursor.execute(sql, {"campaign": pk, "at": at, "chunk": CHUNK})
            changed += cursor.rowcount
        if changed % CHUNK or not changed:
            break
    return changed


@transaction.atomic
def _finish(pk, at):
    """Whether it is finished now. Locked first, counted after: a retry meanwhile is seen."""
    if not Campaign.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=pk).exists():
        return False
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, {"campaign": pk, "at": at, "ended": ENDED})
        is_finished = cursor.rowcount == 1
    # Another clock may have been the one that finished it.
    if not is_finished and Campaign.objects.filter(pk=pk, status=Status.SENDING).exists():
        logger.error("Campaign %s was to be finished and does not balance.", pk)
    return is_finished
