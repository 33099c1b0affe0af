"""Figures over many people are worked out once in a while and kept: they change no faster than spans end."""

from django.core.cache import cache

# In seconds.
KEPT_FOR = 600
# Raise it when what is kept has other fields than before: what the release before has kept is not read then.
SHAPE = 2


def kept(name, program, at, work_out, *, seconds=KEPT_FOR):
    """What `work_out()` found for this row or campaign, or for None, at most ten minutes or `seconds` ago."""
    whose = f"{program._meta.model_name}:{program.pk}" if program else "all"
    return cache.get_or_set(f"kept{SHAPE}:{name}:{whose}:{int(at.timestamp()) // seconds}", work_out, seconds)
