from contacts.models import Suppression
from contacts.suppressing import is_suppressed, lift, suppress
from tests.make import DAY, NOON


def test_a_suppressed_address_gets_nothing_at_all(db):
    suppress("Cleo@Example.com", reason="bounced", at=NOON, source="smtp", detail="550 no such user")

    assert is_suppressed("cleo@example.com", service=False)
    assert is_suppressed(" CLEO@example.com", service=True)


def test_one_suppressed_for_marketing_still_gets_service_messages(db):
    suppress("cleo@example.com", reason="complained", at=NOON, source="smtp", scope="marketing")

    assert is_suppressed("cleo@example.com", service=False)
    assert not is_suppressed("cleo@example.com", service=True)


def test_other_addresses_are_untouched(cleo):
    assert not is_suppressed("ada@example.com", service=False)


def test_suppressing_twice_keeps_the_first(db):
    first = suppress("cleo@example.com", reason="bounced", at=NOON, source="smtp")

    second = suppress("cleo@example.com", reason="asked", at=NOON + DAY, source="user:1")

    assert (second, second.reason) == (first, "bounced")


def test_lifting_says_who_did_it_and_allows_a_new_one(db, admin):
    suppression = suppress("cleo@example.com", reason="bounced", at=NOON, source="smtp")

    lift(suppression, by=admin, at=NOON + DAY)
    lift(suppression, by=None, at=NOON + 2 * DAY)

    assert (suppression.lifted_at, suppression.lifted_by) == (NOON + DAY, admin)
    assert not is_suppressed("cleo@example.com", service=False)
    assert suppress("cleo@example.com", reason="asked", at=NOON, source="user:1") != suppression


def test_threads_that_suppress_at_once_write_one_row(at_once):
    results = at_once(
        *[lambda: suppress("cleo@example.com", reason="bounced", at=NOON, source="smtp").pk] * 5
    )

    assert len(set(results)) == 1
    assert Suppression.objects.count() == 1
