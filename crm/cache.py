"""A cache that may go away: what it held is worked out again, and no page fails for its sake."""

import logging

from django.core.cache.backends.redis import RedisCache
from redis import RedisError

logger = logging.getLogger(__name__)


def forgiving(name, fallback):
    """The cache's method `name`; `fallback(args)` is what it answers while the server is away."""
    method = getattr(RedisCache, name)

    def call(self, *args, **kwargs):
        try:
            return method(self, *args, **kwargs)
        except RedisError as error:
            logger.warning("The cache did not answer (%s).", type(error).__name__)
            return fallback(*args, **kwargs)

    return call


class ForgivingRedisCache(RedisCache):
    """Redis as a cache that forgets, rather than breaks, when the server is away."""

    get = forgiving("get", lambda key, default=None, version=None: default)
    add = forgiving("add", lambda *args, **kwargs: True)
    set = forgiving("set", lambda *args, **kwargs: None)
    touch = forgiving("touch", lambda *args, **kwargs: False)
    delete = forgiving("delete", lambda *args, **kwargs: False)
    get_many = forgiving("get_many", lambda *args, **kwargs: {})
    set_many = forgiving("set_many", lambda *args, **kwargs: [])
    delete_many = forgiving("delete_many", lambda *args, **kwargs: None)
    has_key = forgiving("has_key", lambda *args, **kwargs: False)
    incr = forgiving("incr", lambda key, delta=1, version=None: delta)
    clear = forgiving("clear", lambda: False)
