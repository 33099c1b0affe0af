"""A planner is killed again and again while it puts a campaign's audience into the ledger."""

import signal
import time

from django.db import connection
from django.utils import timezone

from campaigns import campaigning
from campaigns.models import Campaign
from chaos import population
from chaos.stage import Stage
from chaos.starting import wait_until

QUICK, FULL = (30_000, 5), (300_000, 20)
# So many of the audience a transaction takes.
CHUNK = campaigning.CHUNK


def run(seed, *, full=False):
    yield run_once(seed, *(FULL if full else QUICK))


def run_once(seed, people, kills):
    with Stage("planning", seed, population.EVIDENCE) as stage:
        population.make_people(people)
        campaign = population.make_campaign(population.EVIDENCE, None, planned=False)
        workers = stage.nursery(1, "plan")
        kill_planners(stage, workers, campaign, people, kills)
        ended = wait_until(lambda: workers.tend() or is_planned(campaign), 120 + people / 5_000)
        stage.report.expect(ended, "it was not planned to the end")
        stage.report.sends = people
        check(stage, campaign, people)
        return stage.report


def kill_planners(stage, workers, campaign, people, kills):
    """At random moments, each a little further on."""
    for mark in sorted(stage.chance.randrange(people - CHUNK) for _ in range(kills)):
        workers.tend()
        wait_until(lambda mark=mark: count_planned(campaign) >= mark, 60, every=0.002)
        time.sleep(stage.chance.random() * 0.1)
        workers.signal(workers.pids[0], signal.SIGKILL)
        workers.code_of(workers.pids[0])
        stage.report.kills += 1


def check(stage, campaign, people):
    """Everyone is in the ledger once, and the campaign knows how many they are."""
    campaign.refresh_from_db()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT contact_id) FROM campaigns_delivery")
        rows, contacts = cursor.fetchone()
    stage.report.lost, stage.report.duplicates = people - contacts, rows - contacts
    stage.report.expect((rows, contacts) == (people, people), f"{rows} rows for {contacts} of {people}")
    stage.report.expect(campaign.planned_count == people, f"it counts {campaign.planned_count}")
    again = campaigning.plan_campaigns(timezone.now())
    stage.report.expect(again == 0, f"planned again, {again} were new")


def count_planned(campaign):
    return Campaign.objects.values_list("planned_count", flat=True).get(pk=campaign.pk)


def is_planned(campaign):
    return Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.SENDING).exists()
