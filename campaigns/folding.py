"""All notices of a delivery become its responses and touchpoints: the same in whatever order they came."""

from collections import defaultdict

from django.conf import settings
from django.db import connection, transaction

from campaigns import bouncing, breaking, machines, responding
from campaigns.hearing import Done, hear, store
from campaigns.models import Delivery, Notice, Response
from contacts.locking import lock_contacts
from touchpoints.models import Touchpoint
from touchpoints.recording import record_many

Kind = Notice.Kind

# The gravest first: what a delivery came to, when its notices disagree.
GRAVITY = [Kind.COMPLAINT, Kind.HARD, Kind.POLICY, Kind.SOFT, Kind.DELIVERED, Kind.DEFERRED, Kind.ACCEPTED]
# What can speak against an address.
JUDGED = {Kind.HARD, Kind.SOFT, Kind.COMPLAINT}
RESPONSES = {
    Kind.DELIVERED: Response.Kind.DELIVERED,
    Kind.HARD: Response.Kind.BOUNCED,
    Kind.POLICY: Response.Kind.BOUNCED,
    Kind.SOFT: Response.Kind.BOUNCED,
    Kind.COMPLAINT: Response.Kind.COMPLAINED,
    Kind.REPLIED: Response.Kind.REPLIED,
}
# Which responses are told on the contact's page too, once.
TOUCHPOINTS = {
    Response.Kind.BOUNCED: Touchpoint.Kind.BOUNCED,
    Response.Kind.COMPLAINED: Touchpoint.Kind.COMPLAINED,
    Response.Kind.REPLIED: Touchpoint.Kind.REPLIED,
}
# Of a delivery; the rest is much.
NEEDED = ("uuid", "contact", "channel", "topic", "rule", "campaign")
SAID = ("delivery", "kind", "at", "external_id", "status_code", "detail", "address")
# What is most of what comes, and says nothing that a page tells.
QUIET = {Kind.DELIVERED, Kind.OPENED, Kind.CLICKED}
# The door of a notice that asks to stop: a message of their own, or else their provider's word.
PROVIDER, BY_MAIL = "provider", "mail"

# Who was written to, who has the address, and whoever they were merged into.
_TOUCHED = """
WITH RECURSIVE touched (id) AS (
    SELECT contact_id FROM campaigns_delivery WHERE id = ANY(%(ids)s::bigint[])
    UNION
    SELECT contact_id FROM contacts_identity WHERE kind = 'email' AND value = ANY(%(addresses)s::text[])
    UNION
    SELECT c.merged_into_id FROM touched JOIN contacts_contact c USING (id) WHERE c.merged_into_id IS NOT NULL
)
SELECT id FROM touched
"""

# When it arrived, by the earliest word of it.
_ARRIVED = """
WITH told AS (
    SELECT delivery_id, min(at) AS at FROM campaigns_notice
    WHERE delivery_id = ANY(%(ids)s::bigint[]) AND kind = 'delivered' AND is_trusted GROUP BY delivery_id
), earlier AS (
    UPDATE campaigns_response r SET at = told.at FROM told
    WHERE r.delivery_id = told.delivery_id AND r.kind = 'delivered' AND r.at > told.at
)
INSERT INTO campaigns_response (delivery_id, kind, at, data)
SELECT delivery_id, 'delivered', at, '{}' FROM told WHERE NOT EXISTS (
    SELECT FROM campaigns_response r WHERE r.delivery_id = told.delivery_id AND r.kind = 'delivered'
)
"""


@transaction.atomic
def fold_new(notices, at):
    """Let notices that were just stored or matched take effect. Those that could be forged take none."""
    trusted = [notice for notice in notices if notice.is_trusted]
    arrived = {notice.delivery_id for notice in trusted if notice.kind == Kind.DELIVERED} - {None}
    wanted = [notice.pk for notice in trusted if notice.kind in EFFECTIVE and notice.kind != Kind.DELIVERED]
    effective = list(Notice.objects.filter(pk__in=wanted).order_by("pk")) if wanted else []
    addresses = {notice.address for notice in effective if notice.address and notice.kind in JUDGED}
    ids = {notice.delivery_id for notice in effective if notice.delivery_id}
    _lock(ids | arrived, addresses)
    _arrive(arrived)
    if effective:
        is_told = any(notice.kind not in QUIET for notice in effective)
        deliveries = fold(ids, is_told=is_told)
        _answer_people(effective, deliveries)
        _judge(addresses, deliveries, at)


def _arrive(delivery_ids):
    """Most of what is told is that something arrived: that takes one statement, and nobody else's word."""
    if delivery_ids:
        with connection.cursor() as cursor:
            cursor.execute(_ARRIVED, {"ids": list(delivery_ids)})


def fold(delivery_ids, *, is_told=True):
    """Make the responses and touchpoints of these deliveries from all their notices; {id: delivery}.

    `is_told` fetches at once what telling people's pages of it takes.
    """
    found = Delivery.objects.filter(pk__in=delivery_ids).only(*NEEDED)
    if is_told:
        found = found.select_related("contact").prefetch_related("topic", "rule", "campaign")
        found = found.only(*NEEDED, "contact__merged_into", "contact__erased_at")
    deliveries = {delivery.pk: delivery for delivery in found}
    notices = defaultdict(list)
    trusted = Notice.objects.filter(delivery__in=list(deliveries), is_trusted=True).only(*SAID)
    for notice in trusted.order_by("at", "pk"):
        notices[notice.delivery_id].append(notice)
    wanted = [
        Response(delivery=deliveries[pk], kind=kind, at=told[0].at, data=_data(told))
        for pk, of_delivery in notices.items()
        for kind, told in _by_response(of_delivery).items()
    ]
    _write(wanted)
    return deliveries


def _by_response(notices):
    """{response kind: the notices that say so, the earliest first}."""
    found = defaultdict(list)
    for notice in notices:
        if kind := RESPONSES.get(notice.kind):
            found[kind].append(notice)
    return found


def _data(told):
    """What is known of a response: the gravest word on it."""
    gravest = min(told, key=lambda notice: (_gravity(notice.kind), notice.at, notice.external_id))
    if gravest.kind == Kind.DELIVERED or not (gravest.status_code or gravest.detail or gravest.address):
        # Nothing but that it happened; or nothing more may be known of somebody who asked to be forgotten.
        return {}
    return {"notice": gravest.kind, "code": gravest.status_code, "words": gravest.detail}


def _gravity(kind):
    return GRAVITY.index(kind) if kind in GRAVITY else len(GRAVITY)


def _write(wanted):
    """Write the responses that are missing and put right those that say otherwise."""
    stored = Response.objects.filter(
        delivery__in=[response.delivery for response in wanted], kind__in=set(RESPONSES.values())
    )
    found = {(response.delivery_id, response.kind): response for response in stored}
    new = [response for response in wanted if (response.delivery_id, response.kind) not in found]
    _tell(new)
    store(new)
    for response in wanted:
        if earlier := found.get((response.delivery_id, response.kind)):
            _put_right(earlier, response)


def _tell(responses):
    """Give those that are told on the contact's page their touchpoint; one of a kind and delivery."""
    touchpoints = [touchpoint for response in responses if (touchpoint := _touchpoint(response))]
    record_many(touchpoints)
    keys = [touchpoint.external_id for touchpoint in touchpoints]
    known = Touchpoint.objects.filter(source=responding.SOURCE, external_id__in=keys)
    known = {touchpoint.external_id: touchpoint for touchpoint in known} if keys else {}
    for response in responses:
        response.touchpoint = known.get(_key(response))


def _touchpoint(response):
    if response.kind not in TOUCHPOINTS:
        return None
    contact = response.delivery.contact.survivor
    if contact.erased_at:
        return None
    return Touchpoint(
        kind=TOUCHPOINTS[response.kind],
        contact=contact,
        at=response.at,
        source=responding.SOURCE,
        external_id=_key(response),
        data=_about(response),
    )


def _about(response):
    delivery = response.delivery
    return {
        "delivery": str(delivery.uuid),
        "rule": str(delivery.program),
        "reply": response.data.get("words", ""),
    }


def _key(response):
    return f"{response.kind}:{response.delivery.uuid}"


def _put_right(stored, wanted):
    """A notice that came later may know of an earlier moment, or say it more gravely."""
    wanted.at = min(stored.at, wanted.at)
    if (stored.at, stored.data) == (wanted.at, wanted.data):
        return
    stored.at, stored.data = wanted.at, wanted.data
    stored.save(update_fields=["at", "data"])
    Touchpoint.objects.filter(pk=stored.touchpoint_id).update(at=wanted.at, data=_about(wanted))


def _answer_people(notices, deliveries):
    """What people did, as the provider saw it: opened, followed a link, asked to stop."""
    known = [notice for notice in notices if notice.delivery_id in deliveries]
    heard = [notice for notice in known if notice.kind in HEARD and not _is_ours(notice)]
    for notice, touchpoint in zip(heard, hear(_done(notice) for notice in heard), strict=True):
        _no_later(touchpoint, notice.at)
    for notice in known:
        if notice.kind == Kind.UNSUBSCRIBED:
            _unsubscribed(deliveries[notice.delivery_id], notice)


def _is_ours(notice):
    """Links that lead over our own door are heard there."""
    return notice.data.get("url", "").startswith(f"{settings.PUBLIC_URL}/c/")


def _done(notice):
    by, evidence = _judged(HEARD[notice.kind], notice)
    url = notice.data.get("url", "") if notice.kind == Kind.CLICKED else ""
    return Done(notice.delivery_id, HEARD[notice.kind], notice.at, url, by=by, evidence=evidence)


def _judged(kind, notice):
    """(who did it, what speaks for that), by what the provider tells."""
    if notice.data.get("machine"):
        return machines.Verdict(Response.MadeBy.PROXY, machines.PRIVACY), {}
    agent = notice.data.get("user_agent", "")
    return machines.judge_told(kind, agent), {"user_agent": agent[:200]}


def _no_later(touchpoint, at):
    """What was told later may have happened before."""
    if touchpoint is not None and touchpoint.at > at:
        Touchpoint.objects.filter(pk=touchpoint.pk).update(at=at)
        Response.objects.filter(touchpoint=touchpoint).update(at=at)


def _unsubscribed(delivery, notice):
    source = BY_MAIL if notice.source == BY_MAIL else PROVIDER
    responding.unsubscribe(delivery, at=notice.at, source=source, evidence={"notice": notice.external_id})


HEARD = {Kind.OPENED: Response.Kind.OPENED, Kind.CLICKED: Response.Kind.CLICKED}
# The others are kept, and change nothing.
EFFECTIVE = {*RESPONSES, *HEARD, Kind.UNSUBSCRIBED}


def _lock(delivery_ids, addresses):
    """Everyone this may touch, at once and in id order, as the gate does: nothing can wait in a ring."""
    if not (delivery_ids or addresses):
        return
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, {"ids": list(delivery_ids), "addresses": list(addresses)})
        lock_contacts([pk for (pk,) in cursor.fetchall()])


def _judge(addresses, deliveries, at):
    bouncing.judge(addresses, at)
    campaign_ids = {delivery.campaign_id for delivery in deliveries.values() if delivery.campaign_id}
    if campaign_ids:
        breaking.check(campaign_ids, at)
