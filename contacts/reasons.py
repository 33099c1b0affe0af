"""Why somebody hears from us, in plain words: rooms above register who can tell, the preference page asks."""

_tellers = {}


def register(name, tell):
    """`tell(contact)` gives (topic or None, sentence) pairs, the newest first; the same name replaces."""
    _tellers[name] = tell


def reasons_of(contact):
    """[(topic or None, [sentences])] of what was said to them, in the order of the topics."""
    found = {}
    for tell in _tellers.values():
        for topic, sentence in tell(contact):
            found.setdefault(topic, []).append(sentence)
    return sorted(
        found.items(), key=lambda each: (each[0] is None, each[0] and (each[0].position, each[0].pk))
    )
