"""Workers without Celery: each sweeps again and again, in a process of its own that may be killed.

`python -m chaos.worker` is their nursery: it has everything loaded and forks, so that a new worker is at
work in a moment. It is told what to do in lines of JSON, {"fork": {"act": "sweep", "crash_at": ""}}, and
answers in lines; when its input ends, so do they.
"""

import json
import logging
import os
import signal
import sys
import time

import django

# Between two sweeps that found nothing to do.
PAUSE_SECONDS = 0.1
FAILED = 1


def main():
    django.setup()
    from django.db import connections

    import_all()
    connections.close_all()
    ended = {}
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        bury(ended)
        answer = {"pid": fork(**order["fork"])} if "fork" in order else {"ended": ended}
        print(json.dumps(answer), flush=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)


def import_all():
    """What a worker needs is loaded once, before there are workers."""
    from django.urls import get_resolver

    from campaigns import ticking  # noqa: F401

    get_resolver().url_patterns  # noqa: B018


def bury(ended):
    """Note who has died, and how. Until then its pid is nobody else's."""
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended[found[0]] = os.waitstatus_to_exitcode(found[1])
    except ChildProcessError:
        return


def fork(act, crash_at=""):
    """A new worker; its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.close(0)
        if crash_at:
            arm(crash_at)
        work(act)
    except BaseException:
        logging.exception("A worker failed.")
    os._exit(FAILED)


def arm(order):
    """As CRASH_AT in its environment would have."""
    from campaigns import crash_points

    armed = crash_points.Armed(order)
    for name, module in list(sys.modules.items()):
        if name.startswith("campaigns.") and hasattr(module, "crash_point"):
            module.crash_point = armed


def work(act):
    """Until somebody ends it."""
    from django.utils import timezone

    from campaigns import campaigning, ticking

    acts = {"sweep": ticking.sweep, "tick": ticking.tick, "plan": campaigning.plan_campaigns}
    while True:
        acts[act](timezone.now())
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
