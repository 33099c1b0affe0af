"""A backup is made in the middle of a campaign, life goes on, everything dies, the backup is restored."""

import signal
import subprocess
import sys
import time

from django.utils import timezone

from campaigns.models import Delivery, SendingSwitch
from chaos import backups, population
from chaos.stage import Stage
from chaos.starting import ROOT, wait_until
from contacts.consenting import withdraw_consent
from contacts.erasing import erase
from contacts.models import Consent, Contact, Suppression
from contacts.suppressing import suppress

# (people, how many each stop, complain and are forgotten after the backup)
QUICK, FULL = (600, 10), (20_000, 200)
DELAY = 0.002
# When the backup is made, and when everything dies: parts of the campaign.
BACKED_UP, DIES = 0.3, 0.7
# For so long the restored installation is left to itself.
LEFT_ALONE = 2


def run(seed, *, full=False):
    people, acts = FULL if full else QUICK
    # Each policy at full size; in short, another with each seed.
    policies = population.POLICIES if full else [population.POLICIES[seed % len(population.POLICIES)]]
    for policy in policies:
        yield run_policy(policy, seed, people, acts)


def run_policy(policy, seed, people, acts):
    with Stage("restore", seed, policy, sink={"delay": DELAY}, provider={"delay": DELAY}) as stage:
        stage.report.window = population.SENDERS[policy]["window"]
        first, last = population.make_people(people)
        population.make_campaign(policy, (first, last))
        workers = stage.nursery()
        until_taken(stage, people * BACKED_UP, workers)
        backups.back_up()
        gone = Gone(stage.chance.sample(range(first, last + 1), 3 * acts))
        until_taken(stage, people * DIES, workers)
        for pid in list(workers.pids):
            workers.signal(pid, signal.SIGKILL)
        stage.report.kills = len(workers.pids)
        backups.restore()
        leave_alone(stage, workers)
        recover(stage)
        stage.report.expect(stage.until_ended(60 + people / 50, workers), "it did not come to an end")
        gone.check(stage.report)
        return stage.check()


def until_taken(stage, count, workers):
    wait_until(lambda: workers.tend() or stage.count_taken() >= count, 60 + count / 50)


def leave_alone(stage, workers):
    """Restored and started, it sends nothing by itself, and says why."""
    taken = stage.count_taken()
    wait_until(lambda: workers.tend() or SendingSwitch.load().held, 20)
    time.sleep(LEFT_ALONE)
    resent = stage.count_taken() - taken
    stage.report.expect(resent == 0, f"{resent} left from an old copy of the database")
    stage.report.expect("manage.py recover" in SendingSwitch.load().reason, "nobody is told what to do")


def recover(stage):
    """An operator recovers it: first to see what would be done, then in earnest."""
    type_in("--dry-run")
    began = time.monotonic()
    said = type_in()
    stage.report.found |= {"recovered_in": round(time.monotonic() - began, 1), "said": said[2:-1]}


def type_in(*options):
    """At a terminal; what was said, in lines."""
    command = [sys.executable, "manage.py", "recover", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.splitlines() if done.returncode == 0 else [done.stderr[-300:]]


class Gone:
    """People who stop, complain and are forgotten after the backup; half of them had their message."""

    def __init__(self, ids):
        third = len(ids) // 3
        self.stopped, self.complained, self.erased = ids[:third], ids[third : 2 * third], ids[2 * third :]
        at, topic = timezone.now(), population.topic()
        for contact in Contact.objects.filter(pk__in=self.stopped):
            withdraw_consent(contact, [topic], at=at, source="one-click")
        self.addresses = list(Contact.objects.filter(pk__in=self.complained).values_list("email", flat=True))
        for address in self.addresses:
            suppress(address, reason="complained", scope="marketing", at=at, source="chaos")
        for contact in Contact.objects.filter(pk__in=self.erased):
            erase(contact, at=at)

    def check(self, report):
        """Nobody who left before the restore is back after it."""
        newest = Consent.objects.filter(contact__in=self.stopped).current()
        back = [entry.contact_id for entry in newest if entry.action == Consent.Action.GIVEN]
        report.expect(not back, f"{len(back)} opt-outs are lost")
        known = Contact.objects.filter(pk__in=self.erased, erased_at=None).count()
        report.expect(not known, f"{known} erasures are lost")
        kept_back = Contact.objects.filter(pk__in=self.complained).values_list("email", flat=True)
        kept = Suppression.objects.active().filter(address__in=kept_back, reason="complained").count()
        report.expect(kept == len(self.complained), f"{len(self.complained) - kept} complaints are lost")
        waiting = Delivery.objects.filter(contact__in=self.stopped + self.erased, status="planned").count()
        report.expect(not waiting, f"{waiting} of theirs are still to go")
