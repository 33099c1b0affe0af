"""Makes what a test needs: `make_<noun>(**what_matters)`; the rest is sensible."""

import itertools
from datetime import UTC, datetime, timedelta

from campaigns.models import Campaign, Content, ContentVersion, Delivery, LifecycleRule, Rehearsal, Step
from campaigns.rehearsing.deciding import fingerprint
from contacts.models import Consent, ConsentWording, Contact, Identity, Sender, Topic
from crm.models import User
from touchpoints.models import Order, Product, Touchpoint

NOON = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PASSWORD = "a long pass phrase for tests"
_numbers = itertools.count(1)


def make_user(role="marketer", **fields):
    number = next(_numbers)
    fields = {"email": f"{role}{number}@example.com", "username": f"{role}{number}"} | fields
    return User.objects.create_user(password=PASSWORD, role=role, **fields)


def make_sender(**fields):
    fields = {
        "name": "Northside Records",
        "from_name": "Ines at Northside",
        "address": "ines@example.com",
        "postal_address": "1 Quay Street, Porto",
    } | fields
    return Sender.objects.get_or_create(name=fields.pop("name"), defaults=fields)[0]


def make_topic(key="news", name="New arrivals", **fields):
    return Topic.objects.get_or_create(key=key, defaults={"name": name} | fields)[0]


def make_wording(**fields):
    fields = {"key": "sign-up", "version": 1, "text": "Yes, write to me.", "created_at": NOON} | fields
    return ConsentWording.objects.create(**fields)


def make_contact(email=None, **fields):
    number = next(_numbers)
    email = f"person{number}@example.com" if email is None else email
    fields = {"first_name": "Person", "last_name": str(number), "created_at": NOON} | fields
    contact = Contact.objects.create(email=email, **fields)
    if email:
        Identity.objects.create(
            contact=contact, kind="email", value=email, is_primary=True, created_at=contact.created_at
        )
    return contact


def make_consent(contact, topic=None, action="given", at=NOON, **fields):
    fields = {"channel": "email", "source": "test"} | fields
    return Consent.objects.create(
        contact=contact, topic=topic or make_topic(), action=action, at=at, **fields
    )


def make_touchpoint(contact, kind="visited", at=NOON, **fields):
    number = next(_numbers)
    fields = {"source": "test", "external_id": str(number)} | fields
    return Touchpoint.objects.create(contact=contact, kind=kind, at=at, **fields)


def make_product(**fields):
    number = next(_numbers)
    fields = {"sku": f"P{number}", "name": f"Record {number}", "price": "14.99", "category": "Jazz"} | fields
    return Product.objects.create(**fields)


def make_order(contact, at=NOON, amount="20.00", **fields):
    number = next(_numbers)
    fields = {"source": "test", "external_id": str(number)} | fields
    return Order.objects.create(contact=contact, at=at, amount=amount, **fields)


def make_content(**fields):
    fields = {
        "name": "A message",
        "subject": "Hello {{ first_name }}",
        "preheader": "A line before",
        "body": "<mj-section><mj-column><mj-text>Hello {{ first_name }}</mj-text></mj-column></mj-section>",
        "text": "Hello {{ first_name }}",
    } | fields
    return Content.objects.create(**fields)


def make_version(content=None, **fields):
    """A frozen version, written directly; tests of the freezing itself call `campaigns.content.freeze`."""
    content = content or make_content()
    fields = {
        "number": 1,
        "subject": content.subject,
        "preheader": content.preheader,
        "body": content.body,
        "html": "<html><body><p>Hello {{ first_name }}</p></body></html>",
        "text": content.text,
        "created_at": NOON,
    } | fields
    version = ContentVersion.objects.create(content=content, **fields)
    content.live = version
    content.save(update_fields=["live"])
    return version


def make_rule(**fields):
    """An active rule that answers a confirmed sign-up with a message, and silence with another if told to."""
    content = fields.pop("content", None) or make_version().content
    first = {name: fields.pop(name) for name in ("delay", "channel", "slot") if name in fields}
    remind_after, words = fields.pop("remind_after", None), fields.pop("reminder_content", None)
    fields = {
        "name": "Welcome",
        "purpose": "acquisition",
        "rank": LifecycleRule.Rank.WELCOME,
        "condition": "Sign-up, immediate",
        "outcomes": "First visit",
        "trigger": "confirmed",
        "topic": make_topic(),
        "sender": make_sender(),
        "status": "active",
        "activated_at": NOON - 30 * DAY,
        "control_share": 0,
    } | fields
    rule = LifecycleRule.objects.create(**fields)
    step = make_step(rule, content=content, **first)
    if remind_after:
        words = words or make_version().content
        make_step(rule, follows=step, delay=remind_after, condition="unanswered", content=words)
    return rule


def make_step(rule, **fields):
    """One more step of a rule; from the occurrence itself unless told what it follows."""
    number = Step.everything.filter(rule=rule).count()
    fields = {"key": number + 1, "position": number} | fields
    fields["content"] = fields.get("content") or make_version().content
    return Step.objects.create(rule=rule, **fields)


def make_delivery(rule=None, contact=None, **fields):
    rule = rule or make_rule()
    contact = contact or make_contact()
    number, parent = next(_numbers), fields.get("parent")
    step = fields.get("step") or (parent and parent.step.followers.first()) or rule.first_step
    fields = {
        "occurrence_key": f"test:{number}",
        "episode": parent.episode if parent else f"r{rule.pk}:{contact.pk}:test{number}",
        "step": step,
        "channel": step.channel,
        "occurred_at": NOON,
        "due_at": NOON,
        "expires_at": NOON + 2 * DAY,
        "planned_at": NOON,
        "topic": rule.topic,
        "sender": rule.sender,
        "version": step.content.live,
        "rank": rule.rank,
    } | fields
    return Delivery.objects.create(rule=rule, contact=contact, **fields)


def make_campaign(contacts=(), **fields):
    """A campaign that is being sent to these contacts; its deliveries are made apart."""
    version = fields.pop("version", None) or make_version()
    fields = {
        "name": "Winter sale",
        "goal": "Sell the winter stock",
        "topic": make_topic(),
        "sender": make_sender(),
        "content": version.content,
        "version": version,
        "audience": {"contacts": [contact.pk for contact in contacts]},
        "control_share": 0,
        "send_at": NOON,
        "status": "sending",
        "created_at": NOON - DAY,
        "started_at": NOON,
    } | fields
    return Campaign.objects.create(**fields)


def make_campaign_delivery(campaign=None, contact=None, **fields):
    campaign, contact = campaign or make_campaign(), contact or make_contact()
    fields = {
        "occurrence_key": f"c{campaign.pk}:{contact.pk}",
        "occurred_at": NOON,
        "due_at": NOON,
        "expires_at": NOON + 3 * DAY,
        "planned_at": NOON,
        "topic": campaign.topic,
        "sender": campaign.sender,
        "version": campaign.version,
        "rank": campaign.rank,
    } | fields
    return Delivery.objects.create(campaign=campaign, contact=contact, **fields)


def make_rehearsal(program, planned=1, **fields):
    """A finished rehearsal of a rule or campaign as it is, of the ten days before; nothing was run for it."""
    is_rule = isinstance(program, LifecycleRule)
    steps = [[program.first_step.pk, planned, planned]] if is_rule else []
    fields = {
        "rule" if is_rule else "campaign": program,
        "since": NOON - 10 * DAY,
        "until": NOON,
        "made_at": NOON,
        "status": "done",
        "fingerprint": fingerprint(program),
        "planned": planned,
        "sent": planned,
        "result": {
            "steps": steps,
            **dict.fromkeys(("days", "reasons", "waits", "contacts", "met"), []),
            "people": planned,
            "reached": planned,
            "load": {"hours": [], "busiest_hour": None, "busiest_day": None, "per_minute": None},
        },
    } | fields
    return Rehearsal.objects.create(**fields)
