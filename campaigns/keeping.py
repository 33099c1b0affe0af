"""Figures over many people are worked out once in a while and kept: they change no faster than spans end."""

from django.core.cache import cache

KEPT_FOR = 600


def kept(name, program, at, work_out):
    """What `work_out()` finds for this row or campaign, or for None, at most ten minutes ago."""
    whose = f"{program._meta.model_name}:{program.pk}" if program else "all"
    return cache.get_or_set(f"kept:{name}:{whose}:{int(at.timestamp()) // KEPT_FOR}", work_out, KEPT_FOR)
