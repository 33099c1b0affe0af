"""Real threads with real connections: doing the same at once, and waiting until somebody waits."""

import threading

from django.db import connection


def race(workers, act):
    """Do the same in several connections at once; what each returned."""
    results, start = [], threading.Barrier(workers)

    def work():
        try:
            start.wait()
            results.append(act())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == workers
    return results


def beside(act):
    """Start doing something in another connection; a function that waits for its result."""
    results = []

    def work():
        try:
            results.append(act())
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()

    def result():
        thread.join(30)
        (found,) = results
        return found

    return result


def wait_until_somebody_waits():
    """Until another connection waits for a lock of ours."""
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        threading.Event().wait(0.01)
    raise AssertionError("nobody waits")
