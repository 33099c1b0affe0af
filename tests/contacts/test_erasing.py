"""Forgetting a person: nothing of them is left, nothing more is sent, and their address stays known."""

import time
from datetime import date

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction

from campaigns.claiming import claim
from campaigns.gate import pass_gate
from campaigns.models import Anomaly, Delivery, Notice, RawNotice, Response, SendingSwitch
from contacts.digests import DIGEST
from contacts.erasing import erase, erase_echoes
from contacts.identifying import get_or_create_contact, set_primary_email
from contacts.locking import lock_contacts
from contacts.models import Consent, Contact, ContactDate, Identity, Suppression
from contacts.suppressing import is_suppressed, lift, suppress
from tests.campaigns.racing import beside, wait_until_somebody_waits
from tests.make import (
    DAY,
    HOUR,
    NOON,
    make_consent,
    make_contact,
    make_delivery,
    make_order,
    make_rule,
    make_touchpoint,
)
from tests.tables import everywhere, tables_with
from touchpoints.models import Order, Touchpoint, Visitor
from touchpoints.totals import recompute

CANARY = "kanarienvogel"
ADDRESS = f"{CANARY}@example.com"


@pytest.fixture
def bird(topic, sender, admin):
    """A person whose every field holds the same rare word."""
    source = {"referrer": f"https://{CANARY}.example.org", "page": CANARY}
    bird = make_contact(
        ADDRESS, first_name=CANARY, last_name=CANARY, origin=CANARY, first_source=source, last_source=source
    )
    for kind, value in (
        ("email", f"old-{ADDRESS}"),
        ("phone", CANARY),
        ("shop_id", CANARY),
        ("card", CANARY),
    ):
        Identity.objects.create(contact=bird, kind=kind, source="", value=value, created_at=NOON)
    make_consent(bird, topic, at=NOON - DAY, evidence={"ip": CANARY, "user_agent": CANARY})
    suppress(
        f"old-{ADDRESS}", reason="bounced", at=NOON, source="test", detail=f"550 <old-{ADDRESS}> unknown"
    )
    browser = Visitor.objects.create(contact=bird, created_at=NOON, first_source=source)
    make_touchpoint(bird, external_id=CANARY, data={"url": CANARY}, visitor=browser)
    make_touchpoint(bird, "note", data={"text": f"{CANARY} called"})
    make_touchpoint(bird, "ordered", data={"product": CANARY})
    make_order(bird, amount="20.00")
    recompute([bird.pk])
    LogEntry.objects.create(
        user=admin, content_type=ContentType.objects.get_for_model(Contact), object_id=bird.pk,
        object_repr=CANARY, change_message=CANARY, action_flag=CHANGE,
    )  # fmt: skip
    return bird


@pytest.fixture
def letters(bird):
    """One delivery to them in each state, with all that may have come back."""
    rule = make_rule()
    found = {}
    for status in ("planned", "claimed", "sending", "sent", "unknown", "parked", "skipped"):
        found[status] = make_delivery(
            rule, bird, status=status, address=ADDRESS, merge_values={"first_name": CANARY},
            evidence={"words": CANARY}, reply=f"250 {CANARY}", detail=CANARY,
        )  # fmt: skip
    sent = found["sent"]
    clicked = make_touchpoint(bird, "clicked", data={"url": CANARY})
    Response.objects.create(delivery=sent, kind="clicked", at=NOON, touchpoint=clicked, data={"url": CANARY})
    Anomaly.objects.create(delivery=sent, at=NOON, words=f"late: {CANARY}")
    for number, about in enumerate(({"delivery": sent}, {"address": ADDRESS}, {"address": f"old-{ADDRESS}"})):
        raw = RawNotice.objects.create(
            source="test", digest=str(number), headers={"to": CANARY}, body=CANARY.encode(), received_at=NOON,
            read_at=NOON, problem=CANARY,
        )  # fmt: skip
        Notice.objects.create(
            source="test", external_id=str(number), kind="hard", raw=raw, at=NOON, received_at=NOON,
            detail=CANARY, data={"who": CANARY}, **about,
        )  # fmt: skip
    switch = SendingSwitch.objects.create(id=1)
    switch.pilot_group.add(bird)
    return found


def test_nothing_of_an_erased_person_is_left_in_any_table(bird, letters, admin):
    expected = {
        "contacts_contact", "contacts_identity", "contacts_consent", "contacts_suppression",
        "touchpoints_touchpoint", "touchpoints_visitor", "campaigns_delivery", "campaigns_response",
        "campaigns_anomaly", "campaigns_notice", "campaigns_rawnotice", "django_admin_log",
    }  # fmt: skip
    assert tables_with(CANARY) == expected

    assert erase(bird, at=NOON + HOUR, by=admin)

    assert tables_with(CANARY) == set()
    assert not SendingSwitch.load().pilot_group.exists()


def test_what_is_left_is_counts_moments_and_amounts(bird, letters):
    erase(bird, at=NOON + HOUR)

    bird.refresh_from_db()
    assert (bird.erased_at, bird.name, bird.email) == (NOON + HOUR, "", "")
    assert str(Order.objects.get(contact=bird).amount) == "20.00"
    assert str(bird.totals.revenue) == "20.00"
    assert Touchpoint.objects.filter(contact=bird).count() == 4
    assert [*bird.consents.values_list("action", "evidence")] == [("given", {})]
    assert not Contact.objects.present().filter(pk=bird.pk).exists()


def test_what_waits_ends_and_what_is_on_its_way_is_left_to_its_worker(bird, letters):
    erase(bird, at=NOON + HOUR)

    states = {before: Delivery.objects.get(pk=delivery.pk) for before, delivery in letters.items()}
    assert {before: delivery.status for before, delivery in states.items()} == {
        before: "erased" if before in ("planned", "claimed") else before for before in letters
    }
    assert (states["planned"].reason, states["planned"].finished_at) == ("erased", NOON + HOUR)


def test_erasing_twice_changes_nothing(bird, letters):
    erase(bird, at=NOON + HOUR)
    before = everywhere()

    assert not erase(bird, at=NOON + 2 * HOUR)

    assert everywhere() == before


def test_nobody_else_is_touched(bird, letters, ada):
    other = make_delivery(letters["planned"].rule, ada, evidence={"words": "Ada"})
    make_touchpoint(ada, "note", data={"text": "called"})

    erase(bird, at=NOON)

    other.refresh_from_db()
    assert (other.status, other.evidence) == ("planned", {"words": "Ada"})
    assert (Contact.objects.get(pk=ada.pk).name, ada.identities.count()) == ("Ada Byron", 1)
    assert Touchpoint.objects.get(contact=ada).data == {"text": "called"}


def test_whoever_was_merged_into_them_is_forgotten_too(bird, ben):
    Contact.objects.filter(pk=ben.pk).update(merged_into=bird)
    ben.refresh_from_db()

    erase(ben, at=NOON)

    assert Contact.objects.filter(erased_at=NOON).count() == 2
    assert tables_with("okri") == tables_with(CANARY) == set()


def test_what_comes_in_late_is_forgotten_by_the_next_sweep(bird, letters):
    erase(bird, at=NOON)
    Delivery.objects.filter(pk=letters["sending"].pk).update(status="sent", reply=f"250 {CANARY}")
    Delivery.objects.filter(pk=letters["unknown"].pk).update(status="planned", address=ADDRESS)
    Notice.objects.create(
        source="test", external_id="late", kind="hard", delivery=letters["sent"], address=ADDRESS, at=NOON,
        received_at=NOON + HOUR,
    )  # fmt: skip
    suppress(ADDRESS, reason="bounced", at=NOON + HOUR, source="test")
    Contact.objects.filter(pk=bird.pk).update(last_source={"page": CANARY})
    Identity.objects.create(contact=bird, kind="card", value=CANARY, created_at=NOON)
    assert tables_with(CANARY) == {
        "campaigns_delivery", "campaigns_notice", "contacts_suppression", "contacts_contact",
        "contacts_identity",
    }  # fmt: skip

    assert erase_echoes(NOON + DAY) == 1

    assert tables_with(CANARY) == set()
    assert Delivery.objects.get(pk=letters["unknown"].pk).status == "erased"


def test_long_after_nobody_is_asked_for_again(bird):
    erase(bird, at=NOON)

    assert (erase_echoes(NOON + 6 * DAY), erase_echoes(NOON + 8 * DAY)) == (1, 0)


# The rules that the database holds -------------------------------------------------------------------


def test_an_erased_person_cannot_be_given_a_name_again(bird):
    Contact.objects.filter(pk=bird.pk).update(first_name="Once more")
    erase(bird, at=NOON)

    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.filter(pk=bird.pk).update(first_name="Once more")


def test_proof_goes_only_with_an_erased_person(bird, ada):
    entry = Consent.objects.get(contact=ada)

    with pytest.raises(Exception, match="proof goes only with an erased person"), transaction.atomic():
        Consent.objects.filter(pk=entry.pk).update(evidence={"ip": "192.0.2.1"})
    erase(ada, at=NOON)
    with pytest.raises(Exception, match="proof goes only with an erased person"), transaction.atomic():
        Consent.objects.filter(pk=entry.pk).update(evidence={"ip": "192.0.2.1"})
    with pytest.raises(Exception, match="entries are never changed"), transaction.atomic():
        Consent.objects.filter(pk=entry.pk).update(action="withdrawn")


# Kept back without being kept ------------------------------------------------------------------------


def test_the_address_is_kept_by_a_keyed_digest(bird, admin, settings):
    erase(bird, at=NOON, by=admin)

    kept = Suppression.objects.active().filter(channel="email")
    assert {(k.reason, k.scope, k.source, k.address.startswith(DIGEST)) for k in kept} == {
        ("erased", "all", f"user:{admin.pk}", True)
    }
    assert kept.count() == 2


def test_who_comes_back_by_an_import_is_kept_back_by_name(bird, settings):
    stranger, _created = get_or_create_contact("somebody@example.com", at=NOON, origin="test")
    erase(bird, at=NOON)
    settings.SIGNING_KEY_FALLBACKS, settings.SIGNING_KEY = [settings.SIGNING_KEY], "a newer key"

    again, created = get_or_create_contact(ADDRESS.upper(), at=NOON + DAY, origin="test")

    assert created
    assert again.pk != bird.pk
    assert is_suppressed(ADDRESS, service=True)
    assert not is_suppressed(stranger.email, service=True)


def test_another_address_of_somebody_is_looked_at_too(bird, ada):
    erase(bird, at=NOON)

    set_primary_email(ada, f"old-{ADDRESS}", at=NOON)

    assert is_suppressed(f"old-{ADDRESS}", service=True)


def test_an_administrator_may_lift_it_for_good(bird, admin):
    erase(bird, at=NOON)
    again, _created = get_or_create_contact(ADDRESS, at=NOON + DAY, origin="test")

    lift(Suppression.objects.active().get(address=ADDRESS), by=admin, at=NOON + DAY)
    again.identities.all().delete()
    get_or_create_contact(ADDRESS, at=NOON + 2 * DAY, origin="test")

    assert not is_suppressed(ADDRESS, service=True)


# Beside the gate --------------------------------------------------------------------------------------


def test_the_gate_waits_for_an_erasure_and_lets_nothing_through(ada, transactional_db):
    rule = make_rule()
    make_delivery(rule, ada), make_delivery(rule, ada)
    first, waiting = (claimed.id for claimed in claim("w", NOON, 2))
    assert [*pass_gate([first], NOON, owner="w")] == [first]

    with transaction.atomic():
        lock_contacts([ada.pk])
        result = beside(lambda: pass_gate([waiting], NOON, owner="w"))
        wait_until_somebody_waits()
        erase(ada, at=NOON)

    assert result() == {}
    assert Delivery.objects.get(pk=waiting).status == "erased"


def test_an_erasure_waits_for_the_gate(ada, transactional_db):
    rule = make_rule()
    delivery = make_delivery(rule, ada)
    assert [claimed.id for claimed in claim("w", NOON, 1)] == [delivery.pk]

    with transaction.atomic():
        lock_contacts([ada.pk])
        result = beside(lambda: erase(ada, at=NOON))
        wait_until_somebody_waits()
        Delivery.objects.filter(pk=delivery.pk).update(status="sending", sending_at=NOON, address=ada.email)

    assert result() is True
    delivery.refresh_from_db()
    assert (delivery.status, delivery.address) == ("sending", "")


def test_forty_erasures_racing_the_gate_let_nothing_through_after_their_commit(
    topic, sender, transactional_db
):
    rule, people, erased = make_rule(), [make_contact() for _ in range(40)], {}
    for person in people:
        make_consent(person, topic, at=NOON - DAY)
        make_delivery(rule, person)

    def erase_all():
        for person in people[::-1]:
            erase(person, at=NOON)
            erased[person.pk] = time.monotonic()

    done, passed = beside(erase_all), []
    while not erased:
        time.sleep(0.001)
    while batch := claim("w", NOON, 4):
        whose, started = {claimed.id: claimed.contact_id for claimed in batch}, time.monotonic()
        passed += [(whose[pk], started) for pk in pass_gate([*whose], NOON, owner="w")]
    done()

    late = [person for person, started in passed if person in erased and started > erased[person]]
    states = set(Delivery.objects.values_list("status", flat=True))
    assert (late, len(passed) > 0, states) == ([], True, {"sending", "erased"})
    assert not Delivery.objects.exclude(address="").exists()


def test_the_dates_of_an_erased_person_are_forgotten(ada):
    ContactDate.objects.create(contact=ada, kind="birthday", date=date(1980, 2, 29))

    erase(ada, at=NOON)

    assert not ContactDate.objects.exists()
