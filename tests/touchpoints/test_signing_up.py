"""Nothing is agreed to until the person answers the mail, once, within seven days."""

import random

import pytest

from contacts.consenting import withdraw_consent
from contacts.models import Consent, Contact, Identity
from contacts.signing import sign
from tests.make import DAY, MINUTE, NOON, make_topic, make_wording
from tests.touchpoints.test_recording import in_threads
from touchpoints.models import Touchpoint
from touchpoints.signing_up import asked_with, confirm, confirm_url, sign_up


@pytest.fixture
def wording(topic):
    return make_wording()


def ask(wording, email="Dana@Example.com ", at=NOON, **fields):
    asked = {"email": email, "name": "Dana Wu", "topics": ["news"], "wording": wording} | fields
    return sign_up(asked, at=at, evidence={"ip": "127.0.0.1"})


def token_of(touchpoint):
    return confirm_url(touchpoint).rstrip("/").rpartition("/")[2]


def test_signing_up_agrees_to_nothing_yet(wording):
    touchpoint = ask(wording)

    contact = Contact.objects.get(email="dana@example.com")
    assert (touchpoint.kind, touchpoint.contact, touchpoint.source) == ("signed_up", contact, "sign-up")
    assert touchpoint.data["topics"] == ["news"]
    assert not Consent.objects.exists()
    assert contact.name == ""


def test_pressing_twice_asks_once(wording):
    assert ask(wording) == ask(wording)
    assert Touchpoint.objects.count() == 1


def test_three_mails_a_day_to_one_address(wording):
    made = [ask(wording, at=NOON + n * MINUTE) for n in range(4)]
    tomorrow = ask(wording, at=NOON + DAY + 3 * MINUTE)

    assert [touchpoint is not None for touchpoint in made] == [True, True, True, False]
    assert tomorrow is not None


def test_a_stranger_who_types_a_known_address_changes_nothing(ada, wording):
    ask(wording, email=ada.email, name="Somebody Else")

    ada.refresh_from_db()
    assert ada.name == "Ada Byron"


def test_confirming_gives_the_consent_asked_for_with_its_proof(wording):
    make_topic("offers", "Offers")
    touchpoint = ask(wording)

    confirmed, created = confirm(token_of(touchpoint), at=NOON + MINUTE, evidence={"ip": "127.0.0.2"})

    consent = Consent.objects.get()
    contact = touchpoint.contact
    assert created
    assert (confirmed.kind, confirmed.external_id) == ("confirmed", f"confirmed:{touchpoint.pk}")
    assert (consent.contact, consent.topic.key, consent.action) == (contact, "news", "given")
    assert (consent.wording, consent.at, consent.source) == (wording, NOON + MINUTE, "form:sign-up")
    assert consent.evidence == {
        "asked": {"at": NOON.isoformat(), "touchpoint": touchpoint.pk, "ip": "127.0.0.1"},
        "confirmed": {"at": (NOON + MINUTE).isoformat(), "ip": "127.0.0.2"},
        "wording_sha256": wording.digest,
    }
    assert Identity.objects.get(contact=contact).verified_at == NOON + MINUTE
    assert Contact.objects.get(pk=contact.pk).name == "Dana Wu"


def test_confirming_twice_confirms_once(wording):
    token = token_of(ask(wording))
    first, _ = confirm(token, at=NOON)

    again, created = confirm(token, at=NOON + DAY)

    assert (again, created) == (first, False)
    assert Consent.objects.count() == 1


def test_an_old_confirmation_does_not_undo_a_later_no(wording, topic):
    token = token_of(ask(wording))
    confirmed, _ = confirm(token, at=NOON)
    withdraw_consent(confirmed.contact, [topic], at=NOON + DAY, source="preferences")

    confirm(token, at=NOON + 2 * DAY)

    assert [*Consent.objects.order_by("id").values_list("action", flat=True)] == ["given", "withdrawn"]


def test_a_sign_up_is_confirmed_within_seven_days(wording):
    token = token_of(ask(wording))

    assert confirm(token, at=NOON + 7 * DAY) == (None, False)
    assert confirm(token, at=NOON + 7 * DAY - MINUTE)[1]


def test_a_thousand_altered_tokens_confirm_nothing(wording):
    token = token_of(ask(wording))
    dice = random.Random(7)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    def mutate():
        place = dice.randrange(len(token))
        kinds = [
            token[:place] + dice.choice(letters.replace(token[place], "")) + token[place + 1 :],
            token[:place] + token[place + 1 :],
            token[:place] + dice.choice(letters) + token[place:],
        ]
        return dice.choice(kinds)

    altered = {mutate() for _ in range(3000)} - {token}

    assert len(altered) >= 1000
    assert [confirm(each, at=NOON) for each in altered] == [(None, False)] * len(altered)
    assert asked_with(token, NOON)


def test_a_token_for_something_else_confirms_nothing(wording):
    touchpoint = ask(wording)
    confirmed, _ = confirm(token_of(touchpoint), at=NOON)

    for payload in (b"", bytes(8), touchpoint.pk.to_bytes(9, "big"), confirmed.pk.to_bytes(8, "big")):
        assert asked_with(sign("confirm", payload), NOON) is None
    assert asked_with(sign("arrival", touchpoint.pk.to_bytes(8, "big")), NOON) is None
    assert asked_with(sign("confirm", b"\xff" * 8), NOON) is None


@pytest.mark.django_db(transaction=True)
def test_eight_confirmations_at_once_confirm_once():
    make_topic()
    token = token_of(ask(make_wording()))

    answers = in_threads(8, lambda n: confirm(token, at=NOON)[1])

    assert sorted(answers) == [False] * 7 + [True]
    assert Consent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_sign_ups_at_once_stay_within_three_mails():
    make_topic()
    wording = make_wording()

    answers = in_threads(8, lambda n: ask(wording, at=NOON + n * MINUTE))

    assert sum(touchpoint is not None for touchpoint in answers) == 3
    assert Contact.objects.count() == 1
