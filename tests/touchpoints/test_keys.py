"""A key is shown once, kept as a hash, and holds until it expires or is revoked."""

from tests.make import DAY, MINUTE, NOON
from touchpoints.keys import create_key, read_key, revoke_key
from touchpoints.models import ApiKey


def test_a_key_opens_and_is_not_kept(marketer):
    key, secret = create_key("Shop", by=marketer)

    assert read_key(secret, at=NOON) == key
    assert secret.startswith(f"{key.prefix}.")
    assert secret not in str(ApiKey.objects.values())
    assert key.scopes == ["touchpoints:write"]


def test_a_wrong_secret_does_not_open(db):
    _, secret = create_key("Shop")

    for wrong in ("", None, "x", secret[:-1], secret + "x", secret.partition(".")[0], "é\ud800"):
        assert read_key(wrong, at=NOON) is None


def test_a_key_holds_until_it_expires(db):
    _, secret = create_key("Shop", expires_at=NOON)

    assert read_key(secret, at=NOON - MINUTE)
    assert read_key(secret, at=NOON) is None


def test_a_revoked_key_is_shut_out_and_keeps_its_moment(db):
    key, secret = create_key("Shop")

    revoke_key(key, at=NOON)
    revoke_key(key, at=NOON + DAY)

    assert read_key(secret, at=NOON - MINUTE) is None
    assert key.revoked_at == NOON


def test_use_is_noted_once_a_minute(db, django_assert_num_queries):
    key, secret = create_key("Shop")
    read_key(secret, at=NOON)

    with django_assert_num_queries(1):
        read_key(secret, at=NOON + MINUTE / 2)

    key.refresh_from_db()
    assert key.last_used_at == NOON
