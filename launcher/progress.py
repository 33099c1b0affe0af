"""What the person at the terminal sees: a line for each step, and signs of life while one takes its time."""

import contextlib
import shutil
import sys
import threading
import time

QUIET_SECONDS = 2
# A terminal is redrawn; a log file gets a new line now and then.
REDRAW_SECONDS, LINE_SECONDS = 0.25, 10


class Step:
    """One step under way; `note` says what it is busy with."""

    def __init__(self, words):
        self.words = words
        self._note = ""
        self._began = time.monotonic()
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()

    def note(self, text):
        self._note = text.strip()

    def end(self, mark):
        self._over.set()
        self._ticker.join()
        seconds = f"{time.monotonic() - self._began:.1f} s"
        _write(f"  {mark} {self.words}  ({seconds})\n")

    def _tick(self):
        live = sys.stdout.isatty()
        wait = QUIET_SECONDS
        while not self._over.wait(wait):
            wait = REDRAW_SECONDS if live else LINE_SECONDS
            line = f"  … {self.words}  {time.monotonic() - self._began:.0f} s  {self._note}"
            width = shutil.get_terminal_size().columns - 1
            _write(line[:width] if live else f"{line}\n")


@contextlib.contextmanager
def step(words):
    """Show a step from its begin to its end, whichever end it is."""
    now = Step(words)
    try:
        yield now
    except BaseException:
        now.end("✗")
        raise
    now.end("✓")


def say(text=""):
    """Print a line of its own."""
    _write(f"{text}\n")


def _write(text):
    """A terminal's half-written line is wiped first; a closed terminal stops nothing."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"\r\033[K{text}" if sys.stdout.isatty() else text)
        sys.stdout.flush()
