"""The doors without a lock: forged keys open none, and machines that try every link change nothing."""

import random
import re
import string

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from campaigns import links
from campaigns.hearing import hear_waiting
from campaigns.models import Response
from campaigns.rendering import gather, render
from contacts.erasing import erase
from contacts.models import Consent
from contacts.preferences import preferences_path, read_token
from contacts.signing import BadToken
from tests.make import DAY, NOON, make_delivery, make_rule, make_touchpoint, make_version, make_wording
from tests.tables import everywhere
from touchpoints import signing_up, totals
from touchpoints.models import Touchpoint
from touchpoints.visiting import arrival_token, read_arrival

HOST = "http://testserver"
SHOP = f"{HOST}/shop/"
ALPHABET = string.ascii_letters + string.digits + "-_"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
BODY = """<html><body><a href="http://testserver/shop/">a</a><a href="http://testserver/shop/new/">b</a>
<a href="{{ unsubscribe_url }}">stop</a><a href="{{ preferences_url }}">choose</a></body></html>"""


@pytest.fixture
def sent(topic, sender, ada):
    version = make_version(html=BODY, text="http://testserver/shop/ {{ unsubscribe_url }}")
    rule = make_rule(content=version.content)
    totals.recompute([ada.pk])
    return make_delivery(rule, ada, status="sent", sending_at=NOON, address=ada.email)


@pytest.fixture
def asked(ada, monkeypatch):
    """A sign-up that waits for its confirmation."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON + DAY)
    data = {
        "topics": ["news"],
        "email": ada.email,
        "name": "",
        "wording_id": make_wording().pk,
        "evidence": {},
    }
    return make_touchpoint(ada, "signed_up", at=NOON, source="sign-up", data=data)


def last_part(url):
    return url.rstrip("/").rpartition("/")[2].removesuffix(".gif")


@pytest.fixture
def doors(sent, asked, ada):
    """{kind of token: (a good one, what reads it, where it is used)}."""
    confirm = last_part(signing_up.confirm_url(asked))
    return {
        "click": (last_part(links.click_url(sent, SHOP)), links.read_click, "/c/{}/"),
        "trap": (last_part(links.trap_url(sent)), links.read_trap, "/c/{}/"),
        "open": (last_part(links.open_url(sent)), links.read_open, "/o/{}.gif"),
        "stop": (last_part(links.stop_url(sent)), links.read_stop, "/u/{}/"),
        "preferences": (last_part(preferences_path(ada)), read_token, "/p/{}/"),
        "confirm": (confirm, lambda token: signing_up.asked_with(token, NOON + DAY), "/confirm/{}/"),
        "arrival": (
            arrival_token(ada, sent.uuid, NOON + DAY),
            lambda token: read_arrival(token, NOON + DAY)[0],
            "/shop/?rv={}",
        ),
    }


class Forger:
    """Alters tokens as somebody would who has one: a letter, the length, parts of another, or all of it."""

    def __init__(self, doors):
        self.chance = random.Random(3)
        self.good = [token for token, _read, _path in doors.values()]

    def alter(self, token):
        altered = token
        while altered in self.good:
            altered = self.chance.choice([self.letter, self.cut, self.longer, self.mixed, self.any])(token)
        return altered

    def letter(self, token):
        place = self.chance.randrange(len(token))
        return token[:place] + self.chance.choice(ALPHABET) + token[place + 1 :]

    def cut(self, token):
        return token[: self.chance.randrange(len(token))]

    def longer(self, token):
        return token + "".join(self.chance.choices(ALPHABET, k=self.chance.randrange(1, 9)))

    def mixed(self, token):
        other, place = self.chance.choice(self.good), self.chance.randrange(len(token))
        return token[:place] + other[place:]

    def any(self, token):
        return "".join(self.chance.choices(ALPHABET, k=self.chance.randrange(1, 120)))


def opens(read, token):
    try:
        return bool(read(token))
    except BadToken:
        return False


# Forged tokens ----------------------------------------------------------------------------------------


def test_ten_thousand_forged_tokens_of_every_kind_are_none(doors, sent):
    forger, kinds = Forger(doors), list(doors.values())
    assert all(opens(read, token) for token, read, _path in kinds)
    before = everywhere()

    taken = [
        altered
        for number in range(10_000)
        for token, read, _path in [kinds[number % len(kinds)]]
        if opens(read, altered := forger.alter(token))
    ]

    assert (taken, everywhere() == before) == ([], True)


def test_no_token_opens_another_door(doors):
    crossed = [
        (of, door)
        for of, (token, _read, _path) in doors.items()
        for door, (_token, read, _path) in doors.items()
        if of != door and opens(read, token)
    ]

    assert crossed == []


@pytest.mark.parametrize("kind", ["click", "trap", "open", "stop", "preferences", "confirm"])
def test_a_forged_link_is_answered_alike_and_does_nothing(doors, kind):
    forger, (token, _read, path) = Forger(doors), doors[kind]
    person, before, bodies = Client(headers={"user-agent": BROWSER}), everywhere(), set()

    for number in range(120):
        url = path.format(forger.alter(token) or "x")
        answer = person.post(url, {"wanted": "everything"}) if number % 3 == 2 else person.get(url)
        bodies.add((answer.content, "Location" in answer, bool(answer.cookies)))
        assert answer.status_code in ({200, 405} if kind == "open" else {404, 405, 429})

    pages = {body for body in bodies if body[0]}
    assert len(pages) == 1
    assert not any(moved or marked for _content, moved, marked in bodies)
    assert everywhere() == before


@pytest.mark.parametrize(
    ("door", "limit"), [("/u/{}/", 60), ("/c/{}/", 60), ("/p/{}/", 30), ("/confirm/{}/", 30)]
)
def test_who_tries_too_many_is_told_to_wait_on_the_same_page(db, sender, asked, door, limit):
    answers = [Client().get(door.format(f"x{number}")) for number in range(limit + 2)]

    assert {answer.status_code for answer in answers[:limit]} == {404}
    assert {answer.status_code for answer in answers[limit:]} == {429}
    assert len({answer.content for answer in answers}) == 1


def test_a_good_link_works_however_often_somebody_tried_bad_ones(doors, ada):
    for number in range(100):
        Client().get(f"/u/x{number}/")
        Client().get(f"/p/x{number}/")
        Client().get(f"/confirm/x{number}/")

    assert Client().post(f"/u/{doors['stop'][0]}/").status_code == 200
    assert Client().get(f"/p/{doors['preferences'][0]}/").status_code == 200
    assert Client().get(f"/confirm/{doors['confirm'][0]}/").status_code == 200
    assert Consent.objects.filter(contact=ada).latest("id").action == "withdrawn"


def test_without_a_cache_every_door_stays_open(doors, settings, ada):
    """What counts knocks may be gone; who has a link gets in."""
    cache.clear()
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}

    assert Client().get("/u/x/").status_code == 404
    assert Client().post(f"/u/{doors['stop'][0]}/").status_code == 200
    assert Consent.objects.filter(contact=ada, action="withdrawn").count() == 1


# Machines that try everything ----------------------------------------------------------------------------

SCANNERS = [
    "Barracuda Sentinel (EE)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/79.0 Safari/537.36 Proofpoint-URL-Defense",
    "",
    "Mozilla/5.0",
    "python-requests/2.32.3",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
]


def links_of(delivery):
    """Every address in a rendered message: in both parts and in the header lines."""
    message = render(delivery, gather([delivery])[delivery.pk])
    text = "\n".join([message.html, message.text, *message.headers])
    return sorted({found.removeprefix(HOST) for found in re.findall(HOST + r"/[^\s\"<>]+", text)})


def test_a_thousand_scans_of_every_link_of_a_message_change_nothing(sent, settings):
    paths = [path for path in links_of(sent) if not path.startswith("/shop")]
    assert {path[:3] for path in paths} == {"/c/", "/o/", "/p/", "/u/"}
    assert len(paths) == 6
    before, asked = everywhere(), 0

    while asked < 1000:
        agent = SCANNERS[asked % len(SCANNERS)]
        for path in paths:
            scanner = Client(headers={"user-agent": agent})
            answer = scanner.head(path) if asked % 2 else scanner.get(path)
            assert (answer.status_code in (200, 204, 302), answer.cookies) == (True, {})
            asked += 1
    assert hear_waiting() > 0

    after = everywhere()
    assert {table for table in after if after[table] != before[table]} == {"campaigns_response"}
    assert not Response.objects.by_people().exists()
    assert Response.objects.count() <= 200


def test_a_scanner_that_calls_itself_a_browser_leaves_no_click_either(sent):
    for path in links_of(sent):
        Client(headers={"user-agent": BROWSER, "accept-language": "en"}).get(path)
    hear_waiting()

    assert {*Response.objects.filter(kind="clicked").values_list("made_by", flat=True)} == {"scanner"}
    assert not Touchpoint.objects.filter(kind="clicked").exists()


def test_looking_at_a_confirmation_confirms_nothing_however_often(doors, ada):
    before = everywhere()

    for number in range(50):
        url = f"/confirm/{doors['confirm'][0]}/"
        answer = Client().head(url) if number % 2 else Client().get(url)
        assert answer.status_code == 200

    assert everywhere() == before
    Client().post(f"/confirm/{doors['confirm'][0]}/")
    assert Touchpoint.objects.filter(kind="confirmed").count() == 1


# The one click of a mail program ----------------------------------------------------------------------


@pytest.mark.parametrize("form", [{}, {"content_type": "application/x-www-form-urlencoded"}])
def test_two_posts_are_one_stop_without_cookies_and_without_being_sent_elsewhere(sent, ada, form):
    program = Client(enforce_csrf_checks=True)
    said = "List-Unsubscribe=One-Click" if form else {"List-Unsubscribe": "One-Click"}

    answers = [program.post(links.stop_url(sent).removeprefix(HOST), said, **form) for _ in range(2)]

    assert [(answer.status_code, answer.cookies, "Location" in answer) for answer in answers] == [
        (200, {}, False)
    ] * 2
    assert Touchpoint.objects.filter(kind="unsubscribed").count() == 1
    assert Consent.objects.filter(contact=ada, action="withdrawn").count() == 1


def test_old_links_work_under_a_new_key(sent, settings, ada):
    url = links.stop_url(sent).removeprefix(HOST)
    settings.SIGNING_KEY_FALLBACKS, settings.SIGNING_KEY = [settings.SIGNING_KEY], "a newer key"

    assert Client().post(url).status_code == 200
    assert Consent.objects.filter(contact=ada, action="withdrawn").count() == 1


def test_the_stop_of_someone_erased_is_answered_and_writes_nothing(sent, ada):
    url, arrival = links.stop_url(sent).removeprefix(HOST), links.click_url(sent, SHOP).removeprefix(HOST)
    erase(ada, at=NOON + DAY)
    before = everywhere()

    assert Client().get(url).status_code == 200
    assert Client().post(url, {"wanted": "everything"}).status_code == 200
    assert Client(headers={"user-agent": BROWSER}).get(arrival)["Location"] == SHOP
    assert everywhere() == before


def test_nobody_is_signed_up_faster_than_ten_a_minute(db, sender, topic, client):
    make_wording()
    url = reverse("touchpoints:sign-up")

    codes = [
        client.post(url, {"email": f"a{n}@example.com", "topics": ["news"]}).status_code for n in range(11)
    ]

    assert 429 not in codes[:10]
    assert codes[10] == 429
