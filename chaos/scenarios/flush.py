"""Valkey is emptied again and again, then away: every message leaves once, and no page breaks."""

import time

from django.utils import timezone
from redis import Redis

from campaigns.models import Delivery, LifecycleRule
from campaigns.rules import activate
from chaos import population, servers
from chaos.stage import Crew, Stage
from chaos.visitor import Visitors, session_of, wait_for_web
from contacts.models import ConsentWording, Topic
from crm.models import User

# (people, how often it is emptied, seconds that it is away)
QUICK, FULL = (240, 3, 5), (2_400, 20, 60)
EMPTIED_EVERY = 3
# Once it is back, messages leave again within so many seconds.
AGAIN_WITHIN = 60
# A message takes four replies: some twenty messages a second leave, so that there is something to disturb.
DELAY = 0.02
PAGES = ("/healthz", "/join/", "/", "/contacts/", "/deliveries/", "/strategy/", "/campaigns/")


def run(seed, *, full=False):
    yield run_once(seed, *(FULL if full else QUICK))


def run_once(seed, people, times, away):
    with Stage("flush", seed, population.EVIDENCE, sink={"delay": DELAY}, TRUST_PROXY="1") as stage:
        stage.report.window = 20
        port = stage.web()
        workers, beats = Crew(stage.celery_workers(2)), Crew(stage.beats())
        visitors = newcomers(port)
        population.make_campaign(population.EVIDENCE, population.make_people(people))
        disturb(stage, workers, beats, times, away)
        back_at = time.time()
        until_answered(stage, visitors, workers, beats)
        ended = stage.until_ended(AGAIN_WITHIN + people / 15, workers, beats)
        stage.report.expect(ended, "it did not come to an end")
        check_sending(stage, back_at)
        check_visitors(stage.report, visitors)
        return stage.check()


def newcomers(port, **options):
    """People who look at the pages and ask to hear from us, which a rule answers at once."""
    at = timezone.now()
    activate(LifecycleRule.objects.get(name="Confirmation request"), at=at)
    user = User.objects.create_user("ines", "ines@example.com", role="marketer")
    wait_for_web(port)
    wording, topic = ConsentWording.latest("sign-up").pk, Topic.objects.first().key
    visitors = Visitors(port, PAGES, wording, topic, session_of(user), **options)
    visitors.start()
    return visitors


def disturb(stage, workers, beats, times, away):
    """Empty it so many times, then take it away for a while."""
    with Redis.from_url(servers.start_valkey()) as valkey:
        for _ in range(times):
            look_on(stage, EMPTIED_EVERY, workers, beats)
            valkey.flushall()
    servers.kill_valkey()
    look_on(stage, away, workers, beats)
    servers.start_valkey()


def until_answered(stage, visitors, *crews, seconds=60):
    """Nobody signs up any more; until a message was sent to whoever did, however late it is planned."""
    visitors.stop()
    ends = time.monotonic() + seconds
    answered = Delivery.objects.filter(campaign=None, status="sent")
    while time.monotonic() < ends and answered.count() < visitors.signed_up:
        look_on(stage, 0.5, *crews)


def look_on(stage, seconds, *crews):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for crew in crews:
            crew.tend()
        time.sleep(0.1)


def check_sending(stage, back_at):
    """Sending went on soon after it was back."""
    later = [copy.at - back_at for copy in stage.taken() if copy.at > back_at]
    stage.report.found |= {"left_after_return": len(later), "again_after": round(min(later, default=0), 1)}
    stage.report.expect(
        min(later, default=0) <= AGAIN_WITHIN, f"sent again after {min(later, default=0):.0f} s"
    )


def check_visitors(report, visitors):
    """No page broke, and whoever signed up has their message."""
    web, answered = visitors.web, Delivery.objects.filter(campaign=None, status="sent").count()
    report.found |= {
        "pages": sum(web.statuses.values()),
        "statuses": {str(status): count for status, count in web.statuses.items()},
        "signed_up": visitors.signed_up,
        "answered": answered,
    }
    report.expect(not web.failures, f"pages broke: {web.failures}")
    report.expect(visitors.signed_up > 0, "nobody could sign up")
    report.expect(answered == visitors.signed_up, f"{visitors.signed_up} signed up, {answered} answered")
