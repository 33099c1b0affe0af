"""A real Celery worker in a thread of the test, over the real broker."""

import contextlib
import logging

from celery.contrib.testing.worker import start_worker

from crm.celery import app


@contextlib.contextmanager
def a_worker():
    """Run a worker for the while; it leaves the log as it found it."""
    level = logging.root.level
    try:
        with start_worker(app, perform_ping_check=False, pool="solo"):
            yield
    finally:
        logging.root.setLevel(level)
