"""The first rows of the contact strategy, with words: the textbook's four, and two around them."""

from datetime import time, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from campaigns import textbook
from campaigns.models import Content, LifecycleRule, SendingSwitch, Step
from contacts.models import Channel, ConsentWording, Sender, Topic
from contacts.preferences import CALLS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

TOPICS = [
    ("news", "New arrivals", "What came in, about twice a month"),
    ("offers", "Offers", "Prices for members, a few times a year"),
]
CONSENT_WORDS = (
    "Yes, {brand} may write to me by e-mail about the topics I ticked. I can stop each of them at any time,"
    " with one click in every message. My address is used for this and nothing else."
)
CALL_WORDS = (
    "Yes, {brand} may call me at my number about the topics I ticked. I can stop that at any time, here or on"
    " the phone. My number is used for this and nothing else."
)
# What people agree to, by the key of its wording.
WORDINGS = {"sign-up": CONSENT_WORDS, CALLS: CALL_WORDS}
# Each message is two files: NAME.mjml, and NAME.txt that begins with the subject and the preview line. What
# would sound of the sample shop has words of its own for every other.
WORDS = Path(__file__).with_name("words")
BODIES = (".mjml", ".html")


def of_textbook(place, *steps):
    """A row as the textbook prints it, with the machine form that its words stand for, and these steps."""
    name, condition, outcomes, _medium, _sequence = textbook.ROWS[place]
    row = {"name": name, "condition": condition, "outcomes": outcomes, "steps": steps}
    return row | textbook.meaning_of(condition).values | textbook.outcome_values(outcomes)


RULES = [
    {
        "name": "Confirmation request",
        "purpose": LifecycleRule.Purpose.ACQUISITION,
        "rank": LifecycleRule.Rank.SERVICE,
        "condition": "Someone asks to hear from us. Immediate",
        "outcomes": "They confirm that the address is theirs",
        "trigger": "signed_up",
        "steps": [{"content": "Confirmation request"}],
        "control_share": 0,
        "re_entry": LifecycleRule.ReEntry.EVERY,
        "answers_at_once": True,
    },
    of_textbook(
        0,
        {"content": "Welcome"},
        {"content": "Welcome, after confirming", "channel": Channel.PANEL, "slot": "after-action"},
        {
            "content": "Welcome, reminder",
            "delay": 5 * DAY,
            "condition": Step.Condition.UNANSWERED,
            "follows": 0,
        },
    ),
    of_textbook(
        1,
        {"content": "Engagement"},
        {"content": "Engagement, home page", "channel": Channel.PANEL, "slot": "home"},
        {"content": "Engagement, side panels", "channel": Channel.PANEL, "slot": "side"},
    ),
    of_textbook(2, {"content": "Initial cross-sell"}),
    of_textbook(
        3,
        {"content": "Conversion, call", "channel": Channel.PHONE, "by_preference": True},
        {"content": "Conversion", "by_preference": True},
    ),
    {
        "name": "Thank you",
        "purpose": LifecycleRule.Purpose.RETENTION,
        "rank": LifecycleRule.Rank.OTHER,
        "condition": "One hour after an order",
        "outcomes": "They feel seen; Questions come to us",
        "trigger": "ordered",
        "steps": [{"content": "Thank you", "delay": HOUR}],
        "re_entry": LifecycleRule.ReEntry.EVERY,
        "topic": "news",
    },
]
# What a row was called before it was called as the textbook does.
FORMER_NAMES = {"Welcome message": "Welcome"}


@transaction.atomic
def set_up_workspace(at, control_share=None):
    """Make sender, topics, words of consent and the first rules, as drafts; returns the rules in order.

    What is there already stays as it is. `control_share` is for rows that hold anybody out, where it is known
    how many they are for.
    """
    sender = set_up_sender()
    topics = {key: set_up_topic(place, key, *words) for place, (key, *words) in enumerate(TOPICS)}
    set_up_wording(sender, at)
    SendingSwitch.objects.get_or_create(id=1)
    rows = [with_share(rule, control_share) for rule in RULES]
    return [set_up_rule(place, rule, sender, topics) for place, rule in enumerate(rows)]


def with_share(rule, control_share):
    """The row, holding out so many; one from which nobody is held out stays so."""
    if control_share is None or rule.get("control_share") == 0:
        return rule
    return rule | {"control_share": control_share}


def set_up_sender():
    """The brand that the settings name; in the demo the sample shop."""
    if sender := Sender.objects.order_by("pk").first():
        return sender
    return Sender.objects.create(
        name=settings.BRAND,
        from_name=settings.SIGNED_BY,
        address=settings.SENDER_ADDRESS,
        postal_address=settings.POSTAL_ADDRESS,
        time_zone=settings.BRAND_TIME_ZONE,
        quiet_from=time(21),
        quiet_until=time(8),
        cap=3,
        cap_days=7,
    )


def set_up_topic(position, key, name, description):
    words = {"name": name, "description": description, "position": position}
    return Topic.objects.get_or_create(key=key, defaults=words)[0]


def set_up_wording(sender, at):
    for key, words in WORDINGS.items():
        if ConsentWording.latest(key) is None:
            text = words.format(brand=sender.name)
            ConsentWording.objects.create(key=key, version=1, text=text, created_at=at)


def set_up_content(name):
    """The content of that name; with words to begin from if it is new."""
    known = Content.objects.filter(name=name).order_by("pk").first()
    if known is None:
        known = draft_content(name)
        known.save()
    return known


def draft_content(name):
    """The words of that name's files, not saved; None where there are none.

    NAME.txt begins with the subject, the preview line and the question, if there is one. The body is
    NAME.mjml, or NAME.html for a panel; a call has none.
    """
    file = words_file(slugify(name))
    if file is None:
        return None
    heading, _blank, text = file.with_suffix(".txt").read_text().partition("\n\n")
    told = dict(line.split(": ", 1) for line in heading.strip().split("\n"))
    bodies = [file.with_suffix(ending) for ending in BODIES]
    return Content(
        name=name,
        subject=told["Subject"],
        preheader=told.get("Preview", ""),
        question=told.get("Question", ""),
        body="".join(body.read_text() for body in bodies if body.exists()),
        text=text.strip(),
    )


def words_file(name):
    """Where the words of that name stand, without the ending; None where there are none."""
    places = [WORDS / name] if settings.DEMO else [WORDS / "neutral" / name, WORDS / name]
    return next((place for place in places if place.with_suffix(".txt").exists()), None)


def steps_of(name):
    """The steps with which a row of that message type begins; none where it is nobody's we know."""
    return next((rule["steps"] for rule in RULES if rule["name"] == name), [])


def set_up_rule(position, rule, sender, topics):
    """The row of that name, or of the name it once had; with its steps, as a draft, if it is new."""
    names = [rule["name"], FORMER_NAMES.get(rule["name"], rule["name"])]
    if known := LifecycleRule.objects.filter(name__in=names).in_order().first():
        return known
    fields = {name: value for name, value in rule.items() if name != "steps"}
    fields |= {"position": position, "sender": sender, "topic": topics.get(rule.get("topic"))}
    made = LifecycleRule.objects.create(**fields)
    set_up_steps(made, rule["steps"])
    return made


def set_up_steps(rule, steps):
    """The steps, each with its words; `follows` is the place of the step before it."""
    made = []
    for place, fields in enumerate(steps):
        before = made[fields["follows"]] if "follows" in fields else None
        values = fields | {"content": set_up_content(fields["content"]), "follows": before}
        made.append(Step.objects.create(rule=rule, key=place + 1, position=place, **values))
