"""Breaks the road of a delivery on purpose, and counts what came of it: `python -m chaos [scenario …]`.

scenarios/     a file a scenario: what is broken, and what must hold
stage.py       where it plays: stand-ins, workers, and an eye on both
checking.py    what must hold at the end of every run
population.py  people who agreed, senders of each policy, campaigns
worker.py      workers without Celery, which are at work a moment after they were killed
visitor.py     people at the web pages
servers.py     PostgreSQL and Valkey of its own, under var/chaos

The stand-ins, each a process of its own that benchmarks and tests may start too:

faults.py      which messages meet with a fault, by seed
sink.py        a mail server that takes everything, slowly, badly or not at all, and can be asked
provider.py    the same as a provider's HTTP interface, which remembers keys
taken.py       what they took, written down before they say so
answering.py   the few lines of HTTP that both speak
starting.py    starts and stops such processes, and nothing that is not ours

mutations.py   takes one guard after the other out of the code, edits.py, and sees that a test notices
"""
