import time
from threading import Thread

import pytest
from django.db import connection, transaction

from contacts.consenting import current_consents, give_consent, withdraw_consent, withdraw_everything
from contacts.locking import lock_contacts
from contacts.models import Consent
from tests.make import DAY, NOON, make_contact, make_topic, make_wording


def states(contact):
    return {(entry.topic.key, entry.channel): entry.action for entry in current_consents(contact)}


def test_giving_consent_records_what_proves_it(topic):
    contact, wording = make_contact(), make_wording()

    entries = give_consent(
        contact, [topic], at=NOON, source="form:sign-up", wording=wording, evidence={"ip": "127.0.0.1"}
    )

    entry = Consent.objects.get()
    assert entries == [entry]
    assert (entry.action, entry.at, entry.wording, entry.evidence) == (
        "given",
        NOON,
        wording,
        {"ip": "127.0.0.1"},
    )


def test_giving_what_was_given_writes_nothing(ada, topic):
    assert give_consent(ada, [topic], at=NOON, source="form") == []


def test_only_topics_that_differ_get_an_entry(ada, topic):
    offers = make_topic("offers", "Offers")

    give_consent(ada, [topic, offers], at=NOON, source="preferences")

    assert [entry.topic for entry in Consent.objects.filter(contact=ada, at=NOON)] == [offers]


def test_withdrawing_leaves_the_other_topics(ada, topic):
    give_consent(ada, [make_topic("offers", "Offers")], at=NOON, source="form")

    withdraw_consent(ada, [topic], at=NOON, source="one-click")

    assert states(ada) == {("news", "email"): "withdrawn", ("offers", "email"): "given"}


def test_withdrawing_twice_is_one_entry(ada, topic):
    withdraw_consent(ada, [topic], at=NOON, source="one-click")

    assert withdraw_consent(ada, [topic], at=NOON + DAY, source="one-click") == []


def test_a_no_to_what_was_never_asked_is_kept(topic):
    contact = make_contact()

    withdraw_consent(contact, [topic], at=NOON, source="preferences")

    assert states(contact) == {("news", "email"): "withdrawn"}


def test_a_no_counts_even_if_another_clock_ran_ahead(ada, topic):
    give_consent(ada, [make_topic("offers", "Offers")], at=NOON + DAY, source="form")

    withdraw_consent(ada, [make_topic("offers", "Offers")], at=NOON, source="one-click")

    assert states(ada)["offers", "email"] == "withdrawn"


def test_a_yes_older_than_a_no_changes_nothing(ben, topic):
    assert give_consent(ben, [topic], at=NOON - 9 * DAY, source="import") == []
    assert states(ben) == {("news", "email"): "withdrawn"}


def test_a_yes_after_a_no_holds(ben, topic):
    give_consent(ben, [topic], at=NOON, source="form")

    assert states(ben) == {("news", "email"): "given"}


def test_withdrawing_everything_covers_every_topic_and_channel(ada, topic):
    make_topic("offers", "Offers")
    give_consent(ada, [topic], channel="letter", at=NOON, source="shop")

    withdraw_everything(ada, at=NOON, source="preferences")

    assert states(ada) == {
        ("news", "email"): "withdrawn",
        ("news", "letter"): "withdrawn",
        ("offers", "email"): "withdrawn",
    }


def test_the_log_cannot_be_rewritten(ada):
    with pytest.raises(Exception, match="never changed"), transaction.atomic():
        Consent.objects.update(action="withdrawn")
    with pytest.raises(Exception, match="never deleted"), transaction.atomic():
        Consent.objects.all().delete()


def test_threads_that_give_at_once_write_one_entry(at_once):
    contact, topic = make_contact(), make_topic()

    results = at_once(*[lambda: give_consent(contact, [topic], at=NOON, source="form")] * 5)

    assert sorted(map(len, results)) == [0, 0, 0, 0, 1]


def test_withdrawing_waits_for_whoever_holds_the_contact(transactional_db):
    contact, topic = make_contact(), make_topic()
    give_consent(contact, [topic], at=NOON, source="form")

    def withdraw():
        withdraw_consent(contact, [topic], at=NOON + DAY, source="one-click")
        connection.close()

    thread = Thread(target=withdraw)
    with transaction.atomic():
        lock_contacts([contact.pk])
        thread.start()
        wait_until_someone_waits()
        assert states(contact) == {("news", "email"): "given"}
    thread.join(timeout=10)

    assert states(contact) == {("news", "email"): "withdrawn"}


def test_locks_taken_in_any_order_never_wait_in_a_ring(at_once):
    ids = [make_contact().pk for _ in range(20)]

    def lock(order):
        for _ in range(40):
            with transaction.atomic():
                lock_contacts(order)

    at_once(lambda: lock(ids), lambda: lock(ids[::-1]), lambda: lock(ids[10:] + ids[:10]))


def wait_until_someone_waits():
    """Until another connection waits for this transaction."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted"
                " AND transactionid = pg_current_xact_id_if_assigned()::xid"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("Nobody came to wait.")
