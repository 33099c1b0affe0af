import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts import about
from contacts.consenting import current_consents, give_consent
from contacts.models import Consent, Contact, Suppression
from contacts.phones import set_phone
from contacts.preferences import stop_everything
from contacts.suppressing import suppress
from tests.make import (
    DAY,
    NOON,
    make_consent,
    make_contact,
    make_topic,
    make_touchpoint,
    make_user,
    make_wording,
)

NEW = reverse("contacts:contact-create")
FIELDS = {"email": "", "first_name": "", "last_name": "", "level": "guest", "language": "", "country": ""}


def page(client, contact, **query):
    return client.get(contact.get_absolute_url(), query)


def body(response):
    return response.content.decode()


def test_the_page_says_who_it_is_and_what_we_may(as_marketer, ada, topic):
    give_consent(
        ada,
        [make_topic("offers", "Offers")],
        at=NOON,
        source="form:sign-up",
        wording=make_wording(text="Yes, write to me about offers."),
        evidence={"ip": "127.0.0.1"},
    )

    text = body(page(as_marketer, ada))

    assert "<h1>Ada Byron</h1>" in text
    for words in ("New arrivals, by e-mail", "Offers, by e-mail", "since 10 Jun 2026", "on the sign-up form"):
        assert words in text
    assert "Yes, write to me about offers." in text
    assert "ip: 127.0.0.1" in text


def test_what_was_taken_back_and_what_is_suppressed_is_said(as_marketer, ben, cleo):
    assert "taken back on 5 Jun 2026" in body(page(as_marketer, ben))
    assert "This address is not used" in body(page(as_marketer, cleo))


def test_someone_merged_erased_or_unknown_is_not_found(as_marketer, ada, ben):
    ben.merged_into = ada
    ben.save()

    assert page(as_marketer, ben).status_code == 404
    assert as_marketer.get(reverse("contacts:contact-detail", args=[0])).status_code == 404


def test_the_timeline_tells_what_they_answered(as_marketer, ben):
    text = body(page(as_marketer, ben))

    assert text.index("Said no to “New arrivals” by e-mail") < text.index(
        "Said yes to “New arrivals” by e-mail"
    )


def test_the_timeline_goes_on_where_its_page_ended(as_marketer, ada):
    for number in range(80):
        make_touchpoint(ada, "note", at=NOON - number * DAY, data={"text": f"note {number:02}."})
    seen, url = [], ada.get_absolute_url()
    while url:
        thread = as_marketer.get(url).context["thread"]
        seen += [entry for kind, entry, _time in thread["past"] if kind == "entry"]
        url = thread["older"] and f"{ada.get_absolute_url()}?before={thread['older'].replace('+', '%2B')}"

    assert len(seen) == len({entry.key for entry in seen}) == 81
    assert seen == sorted(seen, key=lambda entry: entry.place, reverse=True)


def test_things_of_one_moment_are_told_once_across_pages(as_marketer, ada):
    for _number in range(100):
        make_touchpoint(ada, "note", at=NOON, data={"text": "at once"})

    first = page(as_marketer, ada).context["thread"]
    second = page(as_marketer, ada, before=first["older"]).context["thread"]

    keys = [entry.key for part in (first, second) for kind, entry, _time in part["past"] if kind == "entry"]
    assert len(keys) == len(set(keys)) == 40


def test_earlier_answers_htmx_with_that_piece_alone(as_marketer, ada):
    for number in range(40):
        make_touchpoint(ada, "note", at=NOON - number * DAY, data={"text": "x"})
    older = page(as_marketer, ada).context["thread"]["older"]

    piece = as_marketer.get(ada.get_absolute_url(), {"before": older}, headers={"HX-Request": "true"})

    assert "<html" not in body(piece)
    assert '<ol class="thread"' in body(piece)


@pytest.mark.parametrize(
    "cursor", ["x", "2026-06-10~a", "2026-13-10T00:00:00+00:00~a", "~", "2026-06-10T12:00:00~x"]
)
def test_a_cursor_typed_over_starts_from_the_newest(as_marketer, ada, cursor):
    assert page(as_marketer, ada, before=cursor).status_code == 200


def test_a_colleague_may_take_back_what_someone_asked_them_to(as_marketer, marketer, ada, topic):
    url = reverse("contacts:contact-withdraw", args=[ada.pk])

    response = as_marketer.post(url, {"permissions": [f"email:{topic.pk}"], "how": "by phone"}, follow=True)

    entry = Consent.objects.latest("id")
    assert (entry.action, entry.source) == ("withdrawn", f"user:{marketer.pk}")
    assert entry.evidence == {"asked": "by phone", "by": "Ines Duarte"}
    assert "Taken back. It counts from the next message on." in body(response)


def test_taking_back_needs_to_say_what_and_how(as_marketer, ada, topic):
    url = reverse("contacts:contact-withdraw", args=[ada.pk])

    response = as_marketer.post(url, {"permissions": [f"email:{topic.pk}"], "how": ""}, follow=True)

    assert "Nothing was changed" in body(response)
    assert current_consents(ada)[0].action == "given"


def test_a_colleague_may_suppress_an_address_and_says_why(as_marketer, marketer, ada):
    url = reverse("contacts:contact-suppress", args=[ada.pk])

    response = as_marketer.post(url, {"reason": "asked", "detail": "on the phone, angry"}, follow=True)

    found = Suppression.objects.get()
    assert (found.address, found.reason, found.detail, found.source, found.scope) == (
        "ada@example.com",
        "asked",
        "on the phone, angry",
        f"user:{marketer.pk}",
        "all",
    )
    assert "ada@example.com is not used any more." in body(response)


@pytest.mark.parametrize("name", ["contact-withdraw", "contact-suppress"])
def test_looking_changes_nothing_and_an_analyst_may_not_act(client, as_marketer, ada, name):
    url = reverse(f"contacts:{name}", args=[ada.pk])

    assert as_marketer.get(url).status_code == 405
    client.force_login(make_user("analyst"))
    assert client.post(url).status_code == 403


def test_an_analyst_sees_no_button_that_would_fail(client, analyst, ada):
    client.force_login(analyst)

    text = body(page(client, ada))

    assert "Take back" not in text
    assert "Suppress" not in text
    assert "/edit/" not in text


def test_a_person_is_added_by_hand(as_marketer, marketer):
    response = as_marketer.post(
        NEW,
        FIELDS | {"email": "Mara@Example.com", "first_name": "Mara", "country": "pt", "owner": marketer.pk},
    )

    mara = Contact.objects.get()
    assert response.headers["Location"] == mara.get_absolute_url()
    assert (mara.email, mara.country, mara.owner, mara.origin) == (
        "mara@example.com",
        "PT",
        marketer,
        f"user:{marketer.pk}",
    )
    assert mara.identities.get().is_primary


def test_a_person_without_an_address_may_be_added(as_marketer):
    as_marketer.post(NEW, FIELDS | {"first_name": "Mara"})

    assert not Contact.objects.get().identities.exists()


def test_an_address_that_someone_has_is_refused_with_their_name(as_marketer, ada):
    response = as_marketer.post(NEW, FIELDS | {"email": "ada@example.com"})

    assert "Ada Byron has this address already." in body(response)
    assert Contact.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "ada.example.com", "The e-mail has no “@”."),
        ("country", "Portugal", "has at most 2 characters"),
        ("country", "1a", "A country is written with two letters"),
        ("time_zone", "Mars/Olympus", "Select a valid choice"),
    ],
)
def test_what_cannot_be_right_is_said_beside_the_field(as_marketer, field, value, words):
    assert words in body(as_marketer.post(NEW, FIELDS | {field: value}))
    assert not Contact.objects.exists()


def test_another_address_becomes_the_primary_one(as_marketer, ada):
    url = reverse("contacts:contact-edit", args=[ada.pk])

    as_marketer.post(url, FIELDS | {"email": "ada@new.example.com", "first_name": "Augusta"})

    ada.refresh_from_db()
    assert (ada.email, ada.first_name) == ("ada@new.example.com", "Augusta")
    assert ada.identities.count() == 2


def test_a_refused_change_leaves_everything_as_it_was(as_marketer, ada, ben):
    url = reverse("contacts:contact-edit", args=[ada.pk])

    taken = as_marketer.post(url, FIELDS | {"email": "ben@example.com", "first_name": "X"})
    emptied = as_marketer.post(url, FIELDS | {"first_name": "X"})

    ada.refresh_from_db()
    assert (ada.email, ada.first_name) == ("ada@example.com", "Ada")
    assert "Ben Okri has this address already." in body(taken)
    assert "Suppress it instead" in body(emptied)


def test_the_form_shows_what_is_known(as_marketer, ada):
    text = body(as_marketer.get(reverse("contacts:contact-edit", args=[ada.pk])))

    assert 'value="ada@example.com"' in text
    assert "Ada Byron" in text


def test_the_same_number_of_queries_for_a_short_life_and_a_long_one(as_marketer, topic):
    short, long = make_contact(), make_contact()
    make_consent(short, topic)
    make_touchpoint(short, "note", data={"text": "x"})
    for number in range(3):
        make_consent(long, make_topic(f"t{number}", f"T{number}"))
        make_touchpoint(long, "note", at=NOON - number * DAY, data={"text": "x"})

    def queries(contact):
        with CaptureQueriesContext(connection) as captured:
            page(as_marketer, contact)
        return len(captured)

    queries(short)
    assert queries(short) == queries(long)


def used_for(contact, rf):
    """What the panel about them says of each address, one line after the other."""
    html = about.panel(contact, rf.get("/"), NOON)
    return [part.partition("</span>")[0] for part in html.split('tiny muted">')[1:]]


def test_an_address_says_what_it_is_used_for_as_things_stand(rf, ada, topic):
    set_phone(ada, "+351912345678", at=NOON)
    assert used_for(ada, rf) == ["written to", "not called: no yes to calls"]
    give_consent(ada, [topic], channel="phone", at=NOON, source="test")
    assert used_for(ada, rf) == ["written to", "called"]

    stop_everything(ada, at=NOON + DAY)

    assert used_for(ada, rf) == ["service messages only", "not called: no yes to calls"]


def test_an_address_that_is_kept_back_says_so(rf, ada):
    suppress(ada.email, at=NOON, source="test", reason="asked", scope="all")
    assert used_for(ada, rf) == ["kept back: nothing is sent there"]

    Suppression.objects.update(scope="marketing")

    assert used_for(ada, rf) == ["service messages only"]
