"""Invented people who asked to hear from the shop in the last year: 300 of them in the last 60 days."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from demo.past import goes_at
from demo.people import Person, chance
from touchpoints.models import Product

# So many came lately, in SPAN; so many since a YEAR ago before that.
COUNT, EARLIER = 300, 1100
SPAN, YEAR = timedelta(days=60), timedelta(days=365)
# How long the mail server took.
WELCOMED_AFTER = timedelta(seconds=5)
NEWEST = timedelta(hours=3)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
# Where they came from, and how many of a hundred.
SOURCES = [
    (34, {"utm_source": "instagram", "utm_medium": "social", "utm_campaign": "autumn shelves"}),
    (22, {"utm_source": "search", "utm_medium": "cpc", "utm_campaign": "records near me"}),
    (14, {"utm_source": "flyer", "utm_medium": "print", "utm_campaign": "listening club"}),
    (9, {"utm_source": "radio-north", "utm_medium": "audio", "utm_campaign": "friday session"}),
    (9, {"referrer": "https://blog.example.org/records"}),
    (12, {}),
]
# In how many of a hundred cases. Whoever follows the welcome may try the service on the way.
TRIES = 55
CONFIRMS, CLICKS, CLICKS_REMINDER, OPENS, LEAVES = 86, 57, 24, 68, 6
OFFERS = 0.68
# Of those who follow the welcome so many come back often in their first month.
KEEN = 55
# One in so many wrote down a number, and every other of them would rather be called. Numbers that no
# telephone has, a hundred in each place.
NUMBERED, PLACES = 8, ("202", "312")


@dataclass(frozen=True)
class Visit:
    """One page looked at: the shelves, a record, or the service.

    `via` is the message whose link led there, if one did.
    """

    at: datetime
    record: Product | None = None
    via: str = ""
    is_service: bool = False


@dataclass
class Story:
    """What one newcomer did, each moment in the past; None where it did not happen."""

    person: Person
    source: dict
    topics: list
    signed_up_at: datetime
    phone: str = ""
    prefers_phone: bool = False
    confirmed_at: datetime | None = None
    opened_at: datetime | None = None
    clicked_at: datetime | None = None
    clicked_reminder_at: datetime | None = None
    left_at: datetime | None = None
    visits: list = field(default_factory=list)


def story_of(person, number, records, *, at, welcome):
    """One newcomer's story up to `at`, the same for the same number; `welcome` are its two steps."""
    choose = chance("newcomer", number)
    came_at = at - ago(number, choose.random())
    story = Story(
        person=person,
        source=weighted(choose, SOURCES),
        topics=["news", "offers"] if choose.random() < OFFERS else ["news"],
        signed_up_at=waking(came_at, choose, latest=at - NEWEST),
    )
    if number % NUMBERED == 0 and number // NUMBERED < 100 * len(PLACES):
        place, last = divmod(number // NUMBERED, 100)
        story.phone, story.prefers_phone = f"+1{PLACES[place]}55501{last:02}", last % 2 == 0
    look_around(story, choose, records, start=story.signed_up_at - 4 * MINUTE, pages=choose.randint(0, 2))
    if choose.randrange(100) < CONFIRMS:
        story.confirmed_at = story.signed_up_at + choose.randint(40, 3000) * SECOND
        live_on(story, choose, records, at, welcome)
    return story


def ago(number, drawn):
    """How long ago somebody came; `drawn` from 0 to 1 says where between their neighbours."""
    if number < COUNT:
        return NEWEST + (SPAN - NEWEST) * ((number + drawn) / COUNT) ** 1.2
    since = SPAN + 2 * DAY
    return since + (YEAR - since) * (number - COUNT + drawn) / EARLIER


def live_on(story, choose, records, at, welcome):
    """What follows the welcome: a click or silence, more visits, and a few who leave again."""
    first, reminder = welcome
    welcomed_at = story.confirmed_at + first.delay + WELCOMED_AFTER
    reminded_at = goes_at(first.rule, welcomed_at + reminder.delay, story.person.email)
    story.opened_at = before(at, welcomed_at + choose.randint(1, 600) * MINUTE, choose.randrange(100) < OPENS)
    # Who would be reminded only after this moment has clicked, so that nothing of the sample is ever sent.
    if choose.randrange(100) < CLICKS or reminded_at > at - HOUR:
        story.clicked_at = welcomed_at + min(choose.expovariate(1 / 9) * HOUR, (at - welcomed_at) * 0.8)
        look_around(story, choose, records, start=story.clicked_at, pages=choose.randint(1, 4), via="welcome")
        if choose.randrange(100) < TRIES:
            story.visits.append(Visit(story.visits[-1].at + MINUTE, is_service=True))
    elif choose.randrange(100) < CLICKS_REMINDER:
        story.clicked_reminder_at = before(at, reminded_at + choose.randint(5, 3000) * MINUTE)
        if story.clicked_reminder_at:
            look_around(story, choose, records, start=story.clicked_reminder_at, pages=2, via="reminder")
    come_back(story, choose, records, at, since=welcomed_at)
    if choose.randrange(100) < LEAVES:
        story.left_at = before(at, max(reminded_at, welcomed_at) + choose.randint(8, 400) * HOUR)


def come_back(story, choose, records, at, since):
    """Many who clicked visit again by themselves, some of them often at first, and now and then later."""
    if not story.clicked_at:
        return
    is_keen = choose.randrange(100) < KEEN
    often = [choose.random() * 26 * DAY for _visit in range(choose.randint(3, 7) if is_keen else 1)]
    later = [choose.random() * (at - since) for _visit in range(choose.randint(0, 2))]
    for again in (since + after for after in often + later):
        if again < at - HOUR:
            look_around(story, choose, records, start=again, pages=choose.randint(1, 4))


def look_around(story, choose, records, *, start, pages, via=""):
    """A few pages, one after the other; the first is where a link led."""
    at = start + 2 * SECOND
    for page in range(pages):
        record = None if page == 0 else choose.choice(records)
        story.visits.append(Visit(at, record, via if page == 0 else ""))
        at += choose.randint(15, 140) * SECOND


def before(at, moment, happens=True):
    """The moment, if it happens and lies in the past."""
    return moment if happens and moment < at else None


def waking(moment, choose, latest):
    """The same day, at an hour at which people are up."""
    hour = choose.choice([8, 9, 10, 12, 12, 13, 15, 17, 18, 19, 19, 20, 20, 21])
    awake = moment.replace(hour=hour, minute=choose.randrange(60), second=choose.randrange(60), microsecond=0)
    return awake if awake < latest else moment


def weighted(choose, options):
    """One of (weight, value) pairs."""
    return choose.choices([value for _, value in options], [weight for weight, _ in options])[0]
