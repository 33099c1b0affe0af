"""How often somebody may knock. Counts live in the cache: when it is gone, everybody may."""

import logging

from django.core.cache import cache
from redis.exceptions import RedisError

from contacts.evidence import client_ip

logger = logging.getLogger(__name__)


def within(bucket, who, *, at, limit, seconds=60, cost=1):
    """Count this knock; False once `who` has knocked more than `limit` times in this span of seconds."""
    span = int(at.timestamp()) // seconds
    key = f"limit:{bucket}:{who}:{span}"
    try:
        cache.add(key, 0, seconds * 2)
        return cache.incr(key, cost) <= limit
    except ValueError:  # the count ran out between the two
        return True
    except RedisError:
        logger.warning("The cache does not answer; nobody is held back.")
        return True


def status_of_unknown(bucket, request, *, at, limit):
    """How a link that is none of ours is answered: 404, or 429 to who tries too many. Ours always work."""
    return 404 if within(bucket, client_ip(request), at=at, limit=limit) else 429
