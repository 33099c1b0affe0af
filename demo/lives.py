"""Writes the newcomers' stories down: people, what they did, agreed to, and heard. All of it is history."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import Delivery, Response
from contacts.models import Channel, Consent, ConsentWording, Contact, Identity, Topic
from contacts.preferences import CALLS
from demo import past, shop
from demo.buyers import PROOF, SAMPLE, first_purchases
from demo.newcomers import COUNT, EARLIER, SECOND, WELCOMED_AFTER, Story, story_of
from demo.people import chance, invent
from touchpoints.models import Touchpoint
from touchpoints.recording import record_many

ORIGIN = "sample: invented"
WORDING = "sign-up"
# How soon those who may be called wrote down their number, and how many of a hundred follow the panel that
# the page after confirming shows.
NUMBERED_AFTER, FOLLOWS_PANEL = timedelta(minutes=4), 18


@dataclass
class Life:
    """One newcomer's story and the rows it became."""

    story: Story
    contact: Contact
    signed_up: Touchpoint | None = None
    confirmed: Touchpoint | None = None
    request: Delivery | None = None
    welcome: Delivery | None = None
    panel: Delivery | None = None
    reminder: Delivery | None = None


@transaction.atomic
def write_newcomers(at, progress):
    """Write all newcomers at once; when they are here already nothing happens. Returns how many are new."""
    if Contact.objects.filter(origin=ORIGIN).exists():
        return 0
    lives = [Life(story, contact_of(story)) for story in tell_stories(at)]
    steps = [write_people, write_sign_ups, write_confirmations, write_agreements, write_messages]
    for done, step in enumerate(steps, 1):
        step(lives)
        progress(_("Writing"), done, len(steps))
    return len(lives)


def tell_stories(at):
    """The stories of people whose addresses nobody here has."""
    buyers = len(first_purchases()[0])
    people = invent(buyers + COUNT + EARLIER)[buyers:]
    known = Identity.objects.filter(value__in=[person.email for person in people])
    taken = set(known.values_list("value", flat=True))
    records, welcome = [*shop.records()], past.steps_of(past.rule_of("confirmed"))
    return [
        story_of(person, number, records, at=at, welcome=welcome)
        for number, person in enumerate(people)
        if person.email not in taken
    ]


def confirmed(lives):
    return [life for life in lives if life.story.confirmed_at]


# Who they are ----------------------------------------------------------------------------------------


def write_people(lives):
    """The earliest first, as they would have come, so that the newest stands first in every list."""
    lives = sorted(lives, key=lambda life: life.contact.created_at)
    Contact.objects.bulk_create(life.contact for life in lives)
    Identity.objects.bulk_create(identity_of(life) for life in lives)
    Identity.objects.bulk_create(number_of(life) for life in confirmed(lives) if life.story.phone)


def contact_of(story):
    """The contact as the sign-up made it; the name is known once they have confirmed."""
    name = {"first_name": story.person.first_name, "last_name": story.person.last_name}
    source = {"at": story.signed_up_at.isoformat(), **story.source, "page": join_url()}
    return Contact(
        email=story.person.email,
        first_source=source,
        last_source=source,
        origin=ORIGIN,
        created_at=story.signed_up_at,
        preferred_channel=Channel.PHONE if story.confirmed_at and story.prefers_phone else "",
        **(name if story.confirmed_at else {}),
    )


def identity_of(life):
    return Identity(
        contact=life.contact,
        kind=Identity.Kind.EMAIL,
        value=life.contact.email,
        is_primary=True,
        verified_at=life.story.confirmed_at,
        created_at=life.story.signed_up_at,
    )


def number_of(life):
    """The number they wrote down on their preference page, soon after they had confirmed."""
    return Identity(
        contact=life.contact,
        kind=Identity.Kind.PHONE,
        value=life.story.phone,
        is_primary=True,
        created_at=life.story.confirmed_at + NUMBERED_AFTER,
    )


@cache
def join_url():
    return settings.PUBLIC_URL + reverse("touchpoints:sign-up")


# What they did ---------------------------------------------------------------------------------------


def write_sign_ups(lives):
    wording = ConsentWording.latest(WORDING)
    for life in lives:
        story = life.story
        data = {
            "topics": story.topics,
            "wording_id": wording.pk,
            "name": f"{story.person.first_name} {story.person.last_name}",
            "email": story.person.email,
            "evidence": PROOF,
        }
        key = f"{SAMPLE}:{story.person.email}"
        life.signed_up = touchpoint_of(life, "signed_up", story.signed_up_at, "sign-up", key, data)
    record_many(life.signed_up for life in lives)


def write_confirmations(lives):
    for life in confirmed(lives):
        key = f"confirmed:{life.signed_up.pk}"
        data = {"signed_up": life.signed_up.pk, "topics": life.story.topics}
        life.confirmed = touchpoint_of(life, "confirmed", life.story.confirmed_at, "sign-up", key, data)
    record_many(life.confirmed for life in confirmed(lives))


def touchpoint_of(life, kind, at, source, external_id, data):
    return Touchpoint(
        kind=kind,
        contact=life.contact,
        at=at,
        source=source,
        external_id=external_id,
        is_history=True,
        data=data,
    )


# What they agreed to ---------------------------------------------------------------------------------


def write_agreements(lives):
    topics, wording = {topic.key: topic for topic in Topic.objects.all()}, ConsentWording.latest(WORDING)
    of_calls = ConsentWording.latest(CALLS)
    entries = []
    for life in confirmed(lives):
        chosen = [topics[key] for key in life.story.topics]
        entries += [given(life, topic, wording) for topic in chosen]
        if life.story.phone:
            entries += [may_be_called(life, topic, of_calls) for topic in chosen]
        if life.story.left_at:
            channels = (Channel.EMAIL, Channel.PHONE) if life.story.phone else (Channel.EMAIL,)
            entries += [withdrawn(life, topic, channel) for topic in chosen for channel in channels]
    Consent.objects.bulk_create(entries)


def given(life, topic, wording):
    story = life.story
    evidence = {
        "asked": {"at": story.signed_up_at.isoformat(), "touchpoint": life.signed_up.pk, **PROOF},
        "confirmed": {"at": story.confirmed_at.isoformat(), **PROOF},
        "wording_sha256": wording.digest,
    }
    said = {"at": story.confirmed_at, "source": "form:sign-up", "wording": wording, "evidence": evidence}
    return entry_of(life, topic, Consent.Action.GIVEN, said)


def may_be_called(life, topic, wording):
    at, evidence = life.story.confirmed_at + NUMBERED_AFTER, {"number": life.story.phone, **PROOF}
    said = {"at": at, "source": "preferences", "wording": wording, "evidence": evidence}
    return entry_of(life, topic, Consent.Action.GIVEN, said, Channel.PHONE)


def withdrawn(life, topic, channel):
    said = {"at": life.story.left_at, "source": "one-click", "evidence": PROOF}
    return entry_of(life, topic, Consent.Action.WITHDRAWN, said, channel)


def entry_of(life, topic, action, said, channel=Channel.EMAIL):
    return Consent(contact=life.contact, channel=channel, topic=topic, action=action, **said)


# What they heard, and what came back -----------------------------------------------------------------


def write_messages(lives):
    """The confirmation request, the welcome, one reminder for silence; clicks, visits, outcomes."""
    request, welcome = past.rule_of("signed_up"), past.rule_of("confirmed")
    welcomed = confirmed(lives)
    for life in lives:
        life.request = message_of(request, life, life.signed_up, 3 * SECOND)
    for life in welcomed:
        life.welcome = message_of(welcome, life, life.confirmed, WELCOMED_AFTER)
        life.panel = panel_of(welcome, life)
    shown = [life.panel for life in welcomed if life.panel]
    past.save([life.request for life in lives] + [life.welcome for life in welcomed] + shown)
    silent = [life for life in welcomed if not life.story.clicked_at]
    for life in silent:
        life.reminder = past.reminder_of(life.welcome, seconds=7 * SECOND)
    past.save([life.reminder for life in silent])
    past.answer([answer for life in welcomed for answer in answers(life)])
    past.look()
    record_many(visit for life in lives for visit in visits(life))
    past.note_outcomes([life.welcome for life in welcomed] + [life.reminder for life in silent] + shown)


def message_of(rule, life, touchpoint, seconds):
    return past.delivery_of(rule, life.contact, touchpoint, seconds=seconds, address=life.contact.email)


def panel_of(rule, life):
    """The same on the page that is shown after confirming; None where the row has no such step."""
    if (step := past.step_of(rule, Channel.PANEL, "after-action")) is None:
        return None
    return past.delivery_of(rule, life.contact, life.confirmed, seconds=SECOND, address=step.slot, step=step)


def answers(life):
    """What came back to the messages of one newcomer: (delivery, kind, at, data) each."""
    story, kinds = life.story, Response.Kind
    last, followed = life.reminder or life.welcome, {"url": past.shop_page()}
    came_back = [
        (life.welcome, kinds.OPENED, story.opened_at, {}),
        (life.welcome, kinds.CLICKED, story.clicked_at, followed),
        (last, kinds.CLICKED, story.clicked_reminder_at, followed),
        (life.panel, kinds.CLICKED, clicked_panel_at(life), {"url": past.shop_page(is_service=True)}),
        (last, kinds.UNSUBSCRIBED, story.left_at, {"topic": str(last.topic)}),
    ]
    return [answer for answer in came_back if answer[2]]


def clicked_panel_at(life):
    """When the panel after confirming was followed, if it was; it leads to the service."""
    choose = chance("panel", life.contact.email)
    follows = life.panel and choose.randrange(100) < FOLLOWS_PANEL
    return life.panel.sending_at + choose.randint(4, 40) * SECOND if follows else None


def title_of(visit):
    """What the page calls itself."""
    return _("The Listening Club") if visit.is_service else visit.record or _("Records")


def visits(life):
    """The pages one newcomer looked at."""
    for number, visit in enumerate(life.story.visits):
        url = past.shop_page(visit.record, is_service=visit.is_service)
        data = {
            "url": url,
            "path": url.removeprefix(settings.PUBLIC_URL),
            "title": f"{title_of(visit)} · Northside Records",
        }
        if visit.via:
            data["delivery"] = str(getattr(life, visit.via).uuid)
        elif number == 0:
            data |= life.story.source
        yield visit_of(life, visit.at, data, number)
    if at := clicked_panel_at(life):
        url = past.shop_page(is_service=True)
        data = {"url": url, "path": url.removeprefix(settings.PUBLIC_URL), "delivery": str(life.panel.uuid)}
        yield visit_of(life, at + SECOND, data | {"title": _("The Listening Club")}, "panel")


def visit_of(life, at, data, number):
    return touchpoint_of(life, "visited", at, "web", f"{SAMPLE}:{life.contact.email}:{number}", data)
