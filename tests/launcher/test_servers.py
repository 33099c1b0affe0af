"""The embedded servers survive what happens to servers: kills, stale pid files, races, restarts."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from launcher import LauncherError, postgres, valkey
from launcher.home import LONGEST_SOCKET_FOLDER, open_home


@pytest.fixture(scope="module")
def state_dir():
    """A state folder that the service user may enter, with servers that no other test shares."""
    folder = Path(tempfile.mkdtemp(prefix="rapport-test-"))
    folder.chmod(0o755)
    yield folder
    valkey.stop(folder)
    postgres.stop(folder)
    shutil.rmtree(folder)


@pytest.fixture
def database(state_dir):
    return postgres.start(state_dir)


@pytest.fixture
def store(state_dir):
    return valkey.start(state_dir)


def ask(database, query):
    connection = psycopg2.connect(database.url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def client(store):
    return redis.from_url(store.url, retry=Retry(NoBackoff(), 0))


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_second_start_uses_the_running_server(state_dir, database, store):
    assert (postgres.start(state_dir), valkey.start(state_dir)) == (database, store)


def test_text_behaves_alike_whatever_the_locale_of_the_machine(database):
    assert ask(database, "SELECT lower('ÀÉ') || (U&'\\00C9' ~* U&'\\00E9')::text") == "àétrue"


def test_nobody_but_the_owner_enters_the_servers_folders(database, store):
    modes = [server.folder.stat().st_mode & 0o777 for server in (database, store)]
    assert modes == [0o700, 0o700]


def test_the_database_keeps_its_data_over_a_stop(state_dir, database):
    ask(database, "CREATE TABLE stopped AS SELECT 42 AS answer")

    postgres.stop(state_dir)
    assert not postgres.is_running(state_dir)

    assert ask(postgres.start(state_dir), "SELECT answer FROM stopped") == 42


def test_the_database_recovers_from_kill_9(state_dir, database):
    ask(database, "CREATE TABLE killed AS SELECT 42 AS answer")

    kill(database.pid)

    assert ask(postgres.start(state_dir), "SELECT answer FROM killed") == 42


def test_a_pid_file_that_names_a_foreign_process_does_not_stop_the_database(state_dir, database):
    pid_file = database.folder / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    postgres.stop(state_dir)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))

    again = postgres.start(state_dir)

    assert ask(again, "SELECT 1") == 1


def test_stopping_leaves_the_foreign_process_of_a_stale_pid_file_alone(state_dir, database):
    postgres.stop(state_dir)
    bystander = subprocess.Popen(["/bin/sleep", "60"])
    (database.folder / "data" / "postmaster.pid").write_text(f"{bystander.pid}\n")

    postgres.stop(state_dir)

    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_three_racing_starts_meet_one_server(state_dir, database):
    kill(database.pid)
    command = f"from launcher import postgres; print(postgres.start({str(state_dir)!r}).pid)"

    with ThreadPoolExecutor(3) as pool:
        pids = list(pool.map(lambda _: subprocess.check_output([sys.executable, "-c", command]), range(3)))

    assert len(set(pids)) == 1


def test_a_database_of_another_major_version_is_refused_in_words(tmp_path_factory, state_dir, database):
    version = database.folder / "data" / "PG_VERSION"
    postgres.stop(state_dir)
    version.write_text("17\n")

    with pytest.raises(LauncherError, match="of PostgreSQL 17; this Rapport brings 18"):
        postgres.start(state_dir)

    version.write_text("18\n")


def test_valkey_keeps_its_data_over_a_stop(state_dir, store):
    client(store).set("stopped", "kept")

    valkey.stop(state_dir)
    assert not valkey.is_running(state_dir)

    assert client(valkey.start(state_dir)).get("stopped") == b"kept"


def test_valkey_keeps_its_data_over_kill_9(state_dir, store):
    client(store).set("killed", "kept")
    time.sleep(1.2)

    kill(store.pid)

    assert client(valkey.start(state_dir)).get("killed") == b"kept"


def test_valkey_starts_over_the_pid_file_of_a_foreign_process(state_dir, store):
    valkey.stop(state_dir)
    (store.folder / "valkey.pid").write_text(f"{os.getpid()}\n")

    assert client(valkey.start(state_dir)).ping()


def test_a_long_path_gets_a_short_socket_folder(state_dir):
    home = open_home(state_dir / ("a-long-name" * 12), "valkey")

    assert len(os.fsencode(home.sockets)) <= LONGEST_SOCKET_FOLDER
    home.sockets.rmdir()
