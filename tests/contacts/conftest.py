"""What tests of this room need: several threads at once, each with a connection of its own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection


@pytest.fixture
def at_once(transactional_db):
    """Runs acts at the same moment, each in a thread; returns what they returned, in order."""

    def run(*acts):
        barrier = Barrier(len(acts))

        def start(act):
            try:
                connection.ensure_connection()
                barrier.wait(timeout=10)
                return act()
            finally:
                connection.close()

        with ThreadPoolExecutor(len(acts)) as threads:
            return [*threads.map(start, acts)]

    return run
