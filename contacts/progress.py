"""A line on the terminal that says how far a long job has come; silent when nobody looks."""

import sys
import time

WIDTH = 24
SECONDS_BETWEEN = 0.1


class TerminalBar:
    """Call it with words, done and total; it draws itself at most ten times a second."""

    def __init__(self, out=None):
        self.out = out or sys.stderr
        self.on = self.out.isatty()
        self.drawn_at = 0.0
        self.words = None

    def __call__(self, words, done, total):
        now, finished = time.monotonic(), done >= total
        if not self.on or (now - self.drawn_at < SECONDS_BETWEEN and not finished and words == self.words):
            return
        self.drawn_at, self.words = now, words
        share = min(done / total, 1) if total else 1
        full = round(share * WIDTH)
        self.out.write(f"\r\033[K{words:<20} {'━' * full}{'╌' * (WIDTH - full)} {share:4.0%}")
        self.out.flush()

    def close(self):
        """Leave the line clean for what follows."""
        if self.on and self.words is not None:
            self.out.write("\r\033[K")
            self.out.flush()
