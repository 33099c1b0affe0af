"""People who agreed, senders of each policy, and campaigns to them: by statements for all at once."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign, Content, ContentVersion
from contacts.models import Sender, SettlesBy, Topic

KEY, EVIDENCE, PERSON = "A", "B", "C"
POLICIES = (KEY, EVIDENCE, PERSON)
SENDERS = {
    KEY: {"provider": "resend", "settles_by": SettlesBy.KEY, "window": 20},
    EVIDENCE: {"provider": "smtp", "settles_by": SettlesBy.EVIDENCE, "window": 20},
    PERSON: {"provider": "smtp", "settles_by": SettlesBy.PERSON, "window": 1},
}
SUBJECT = "Hello {{ first_name }}, the new arrivals"
HTML = """<html><body><table><tr><td><h1>Hello {{ first_name }}</h1>
<p>Three new records came in this week.</p>
<p><a href="https://shop.example.com/new">See them</a></p>
<p>{{ postal_address }} <a href="{{ unsubscribe_url }}">Stop these messages</a></p>
</td></tr></table></body></html>"""
TEXT = "Hello {{ first_name }},\n\nthree new records: https://shop.example.com/new\n\n{{ unsubscribe_url }}\n"

# In id order, so that what a statement makes can be found again by its numbers.
PEOPLE = """
WITH made AS (
    INSERT INTO contacts_contact (uuid, email, first_name, last_name, level, language, country, time_zone,
                                  first_source, last_source, origin, created_at, updated_at)
    SELECT gen_random_uuid(), replace(%(address)s, '#', n::text), 'Person', n::text, 'guest', 'en', 'PT', '',
           '{}', '{}', 'chaos', now(), now()
    FROM generate_series(1, %(count)s) AS n ORDER BY n
    RETURNING id, email
), known AS (
    INSERT INTO contacts_identity (contact_id, kind, source, value, is_primary, created_at)
    SELECT id, 'email', '', email, true, now() FROM made ORDER BY id
), agreed AS (
    INSERT INTO contacts_consent (contact_id, channel, topic_id, action, basis, at, recorded_at, source,
                                  evidence)
    SELECT id, 'email', %(topic)s, 'given', 'consent', now() - interval '1 day', now(), 'chaos', '{}'
    FROM made ORDER BY id
)
SELECT min(id), max(id) FROM made
"""
DELIVERIES = """
INSERT INTO campaigns_delivery (
    uuid, occurrence_key, campaign_id, contact_id, reminder_number, evidence, channel, topic_id, sender_id,
    version_id, rank, status, reason, detail, occurred_at, due_at, expires_at, planned_at, owner, attempts,
    doubts, address, merge_values, reply, provider_ref)
SELECT gen_random_uuid(), 'c' || k.id || ':' || c.id, k.id, c.id, 0, '{}', k.channel, k.topic_id,
       k.sender_id, k.version_id, %(rank)s, 'planned', '', '', now(), now(), now() + interval '3 days', now(),
       '', 0, 0, '', '{}', '', ''
FROM contacts_contact c JOIN campaigns_campaign k ON k.id = %(campaign)s
WHERE c.id BETWEEN %(first)s AND %(last)s AND c.origin = 'chaos' ORDER BY c.id
"""


def make_people(count, address="person#@example.com"):
    """This many contacts who agreed, each with a number in the address; (the first id, the last id)."""
    return _run(PEOPLE, {"count": count, "address": address, "topic": topic().pk})


def make_campaign(policy, people, *, planned=True, name="New arrivals"):
    """A campaign to these people, or to everyone: its deliveries planned and due, or still to be planned."""
    at, content = timezone.now(), version()
    campaign = Campaign.objects.create(
        name=f"{name} {policy}",
        goal="See what breaks",
        topic=topic(),
        sender=sender(policy),
        content=content.content,
        version=content,
        audience={"contacts": list(range(people[0], people[1] + 1))} if people else {"filters": {}},
        control_share=0,
        send_at=at - timedelta(seconds=1),
        status=Campaign.Status.SENDING if planned else Campaign.Status.SCHEDULED,
        created_at=at,
        approved_at=at,
        started_at=at if planned else None,
    )
    if planned:
        plan(campaign, people)
    return campaign


def plan(campaign, people):
    """Put its deliveries into the ledger, due at once."""
    values = {"campaign": campaign.pk, "rank": campaign.rank, "first": people[0], "last": people[1]}
    count = _run(DELIVERIES, values, answers=False)
    type(campaign).objects.filter(pk=campaign.pk).update(planned_count=count)


def sender(policy):
    """The sender of a policy: how its doubts are settled."""
    defaults = {
        "from_name": "Ines",
        "address": "ines@example.com",
        "postal_address": "1 Quay Street, Porto",
        "return_domain": "bounces.example.com",
    }
    return Sender.objects.get_or_create(name=f"Sender {policy}", defaults=defaults | SENDERS[policy])[0]


def topic():
    return Topic.objects.get_or_create(key="chaos", defaults={"name": "New arrivals"})[0]


def version():
    """The words, frozen."""
    content, is_new = Content.objects.get_or_create(
        name="New arrivals", defaults={"subject": SUBJECT, "body": "-", "text": TEXT}
    )
    if is_new:
        frozen = {"subject": SUBJECT, "body": "-", "html": HTML, "text": TEXT, "created_at": timezone.now()}
        content.live = ContentVersion.objects.create(content=content, number=1, **frozen)
        content.save(update_fields=["live"])
    return content.live


def _run(query, values, *, answers=True):
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone() if answers else cursor.rowcount
