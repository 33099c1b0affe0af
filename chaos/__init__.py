"""Breaks the road of a delivery on purpose, and counts what came of it: `python -m chaos [scenario …]`.

faults.py     which messages meet with a fault, by seed
sink.py       a mail server that takes everything, slowly, badly or not at all, and can be asked
provider.py   the same as a provider's HTTP interface, which remembers keys
answering.py  the few lines of HTTP that both speak
starting.py   starts and stops such processes, and nothing that is not ours
mutations.py  takes one guard of edits.py out of the code, and demands that the tests notice
"""
