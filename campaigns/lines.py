"""The lines of one worker: one to each provider, opened when it is needed and again after it broke."""

from campaigns import channels
from campaigns.channels import LineLost, NoAnswer, TooLate, Unreachable


class Lines:
    """One open line for each provider; those that could not be had are not asked again."""

    def __init__(self):
        self._lines = {}
        self._served = set()
        self.unreachable = {}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for key in list(self._lines):
            self.drop(key)

    def open(self, sender):
        """The line of this sender's provider; raises Unreachable."""
        key = sender.provider
        if key in self.unreachable:
            raise Unreachable(self.unreachable[key])
        if key not in self._lines:
            try:
                self._lines[key] = channels.get(key).open(sender)
            except channels.UnknownProvider as error:
                self._give_up(key, f"“{key}” is not set up", error)
            except Unreachable as error:
                self._give_up(key, error.reply, error)
        return self._lines[key]

    def send(self, message, delivery, *, deadline):
        """Accepted, or None when a line that has served before was found closed; raises a ChannelError.

        A line found closed has accepted nothing; a new one may do it.
        """
        key = delivery.sender.provider
        line, served = self.open(delivery.sender), key in self._served
        self._served.add(key)
        try:
            return line.send(message, delivery, deadline=deadline)
        except LineLost:
            self.drop(key)
            if served:
                return None
            raise
        except (NoAnswer, TooLate):
            self.drop(key)
            raise

    def drop(self, key):
        """Close a line; the next message opens another."""
        self._served.discard(key)
        if line := self._lines.pop(key, None):
            line.close()

    def _give_up(self, key, words, error):
        self.unreachable[key] = words
        raise Unreachable(words) from error
