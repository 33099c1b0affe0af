"""A cache that is away costs time, never an answer."""

from crm.cache import ForgivingRedisCache


def make_absent_cache():
    return ForgivingRedisCache("redis://127.0.0.1:1/0", {})


def test_an_absent_cache_works_values_out_again():
    cache = make_absent_cache()

    assert cache.get_or_set("key", lambda: 7) == 7
    assert cache.get("key", "nothing") == "nothing"


def test_an_absent_cache_takes_and_counts_without_complaint():
    cache = make_absent_cache()
    cache.set("key", 1)
    cache.delete("key")

    assert cache.add("key", 1) is True
    assert cache.incr("key") == 1
    assert cache.get_many(["key"]) == {}
