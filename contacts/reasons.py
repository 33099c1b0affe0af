"""Why somebody hears from us, in plain words: rooms above register who can tell, the preference page asks."""

_tellers = {}


def register(name, tell, tell_of=None):
    """Let a room above tell; the same name replaces.

    `tell(contact, message)` gives (topic or None, sentence) pairs, the newest first, of all but that message;
    `tell_of(contact, message)` says it of one message by its uuid, and nothing of what is none of theirs.
    """
    _tellers[name] = tell, tell_of


def reason_of(contact, message):
    """Why they got the message that led them here; empty where none did."""
    told = [tell_of(contact, message) for _tell, tell_of in _tellers.values() if message and tell_of]
    return next(filter(None, told), "")


def reasons_of(contact, message=None):
    """[(topic or None, [sentences])] of what else was said to them, in the order of the topics."""
    found = {}
    for tell, _tell_of in _tellers.values():
        for topic, sentence in tell(contact, message):
            found.setdefault(topic, []).append(sentence)
    return sorted(
        found.items(), key=lambda each: (each[0] is None, each[0] and (each[0].position, each[0].pk))
    )
