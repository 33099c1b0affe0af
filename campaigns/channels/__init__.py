"""How a message leaves, one file a vendor, and what can become of it on the way.

What matters is what is *known* afterwards: refused now, refused for good, or nobody can say.
"""


class ChannelError(Exception):
    """The message was not accepted, or nobody can say. `reply` is what the other side said."""

    def __init__(self, reply=""):
        super().__init__(reply)
        self.reply = reply


class RefusedForNow(ChannelError):
    """It has certainly not been accepted; later it may be."""


class LineLost(RefusedForNow):
    """The connection broke before the message was accepted."""


class Unreachable(RefusedForNow):
    """No connection could be had at all."""


class RefusedForGood(ChannelError):
    """It has certainly not been accepted and never will be."""

    def __init__(self, reply="", *, address_is_bad=False):
        super().__init__(reply)
        self.address_is_bad = address_is_bad


class NoAnswer(ChannelError):
    """The whole message was handed over and no answer came: nobody can say whether it arrived."""
