"""Programs are started again when they die, and none outlives its launcher's next start."""

import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from launcher.processes import Crew, stop_leftovers

PATIENT = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def crew(tmp_path):
    crew = Crew(root=tmp_path, state_dir=tmp_path, environment=dict(os.environ))
    yield crew
    crew.stop()


def eventually(holds, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def runs(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_program_that_dies_is_started_again_after_a_pause(crew, capsys):
    crew.start("web", *PATIENT)
    first = crew.programs[0].process
    first.kill()
    first.wait()

    crew.tend()
    pause_began = crew.programs[0].start_again_at is not None
    eventually(lambda: crew.tend() or crew.programs[0].process is not first)

    assert pause_began
    assert runs(crew.programs[0].process.pid)
    assert "web stopped (exit code -9); starting it again in 1 s" in capsys.readouterr().out


def test_a_program_that_keeps_dying_waits_longer_each_time(crew):
    crew.start("web", "/bin/false")
    web = crew.programs[0]
    pauses = []

    for _ in range(3):
        eventually(lambda: web.process.poll() is not None)
        crew.tend()
        pauses.append(round(web.start_again_at - time.monotonic()))
        web.start_again_at = 0
        crew.tend()

    assert pauses == [1, 2, 4]


def test_stopping_ends_children_that_a_killed_program_left(crew, tmp_path):
    fork = "import os, time; os.fork(); time.sleep(60)"
    crew.start("worker", sys.executable, "-c", fork)
    leader = crew.programs[0].process
    eventually(lambda: psutil.Process(leader.pid).children())
    child = psutil.Process(leader.pid).children()[0]
    leader.kill()

    crew.stop()

    assert not runs(child.pid)


def test_the_next_start_stops_what_a_killed_launcher_left(crew, tmp_path):
    crew.start("web", *PATIENT)
    left = crew.programs[0].process.pid

    assert stop_leftovers(tmp_path) == ["web"]

    assert not runs(left)


def test_a_process_that_took_over_a_pid_is_left_alone(tmp_path):
    stranger = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    record = {"pid": stranger.pid, "started": time.time() - 3600, "command": PATIENT}
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "web.json").write_text(json.dumps(record))

    assert stop_leftovers(tmp_path) == []

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_record_cut_short_stops_nobody(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "web.json").write_text('{"pid": 1')

    assert stop_leftovers(tmp_path) == []
