import signal
import sys

from chaos.starting import Started, wait_until

FOR_EVER = (sys.executable, "-c", "import time\nwhile True: time.sleep(1)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print(child.pid, flush=True)\nchild.wait()",
)


def test_a_program_is_killed_with_its_children(tmp_path):
    program = Started(*STUBBORN, log=tmp_path / "log")
    wait_until(lambda: (tmp_path / "log").read_text().endswith("\n"), 10)
    child = int((tmp_path / "log").read_text())
    assert is_there(child)

    program.kill()

    assert not program.is_alive
    assert wait_until(lambda: not is_there(child), 10)


def test_a_program_that_died_can_be_started_again():
    program = Started(*FOR_EVER)
    first = program.process.pid
    program.kill()

    program.launch()

    assert program.is_alive
    assert program.process.pid != first
    program.kill()


def test_a_program_that_stands_still_can_be_stopped():
    program = Started(*FOR_EVER)
    program.signal(signal.SIGSTOP)

    program.stop()

    assert not program.is_alive


def is_there(pid):
    """Whether a process runs under this pid; one that is only still to be buried does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
