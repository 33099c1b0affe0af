"""The pages of the senders: what each role sees, and what an administrator changes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns import authenticating, channels, dkim, queueing, tasks
from campaigns.channels import Provider
from campaigns.models import Delivery
from campaigns.sending import send_due
from contacts.models import Sender, SettlesBy
from tests.campaigns.zone import Silence, Zone
from tests.make import DAY, HOUR, NOON, make_consent, make_delivery, make_rule, make_sender

FORM = {
    "name": "Northside Records",
    "from_name": "Ines",
    "address": "ines@example.com",
    "postal_address": "1 Quay Street, Porto",
    "time_zone": "Europe/Lisbon",
    "colour": "#892862",
    "cap_days": "7",
    "provider": "smtp",
    "settles_by": "person",
    "window": "",
}


@pytest.fixture(autouse=True)
def key_folder(settings, tmp_path):
    settings.DKIM_DIR = str(tmp_path / "dkim")


@pytest.fixture
def as_admin(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def keyed(monkeypatch):
    """A provider that remembers keys."""
    monkeypatch.setattr(channels, "_providers", dict(channels._providers))
    return channels.register(Provider("keyed", "Keyed", open=None, settles_by=SettlesBy.KEY))


def page(client, sender, part=""):
    return client.get(f"/senders/{sender.pk}/{part}").content.decode()


def test_a_marketer_reads_and_an_administrator_changes(client, marketer, admin, sender):
    client.force_login(marketer)
    assert "Check now" not in page(client, sender)
    assert sender.address in page(client, sender)

    client.force_login(admin)
    assert "Check now" in page(client, sender)


def queries(client, address):
    with CaptureQueriesContext(connection) as asked:
        client.get(address)
    return len(asked)


def test_the_list_asks_the_same_for_one_and_for_three(as_admin, sender):
    queries(as_admin, "/senders/")
    one = queries(as_admin, "/senders/")
    make_sender(name="Two", address="a@example.org")
    make_sender(name="Three", address="a@example.net")

    assert queries(as_admin, "/senders/") == one


def test_before_the_first_look_every_check_says_so(as_admin, sender):
    shown = page(as_admin, sender)

    assert shown.count("Not looked at yet") == len(authenticating.LOOKS)
    assert "have never been checked" in shown


def test_the_record_to_publish_is_shown_in_parts_and_as_a_line(as_admin, sender):
    key = dkim.make_key(sender.domain, "june")
    sender.dkim_selector = "june"
    authenticating.check(sender, NOON, records=Zone())

    shown = page(as_admin, sender)

    assert "june._domainkey.example.com" in shown
    assert dkim.record(key) in shown
    assert f"june._domainkey.example.com. IN TXT &quot;{dkim.record(key)[:255]}&quot; &quot;" in shown


def test_checking_without_a_name_server_ends_in_words(as_admin, sender, monkeypatch):
    monkeypatch.setattr(authenticating, "Records", Silence)

    shown = as_admin.post(f"/senders/{sender.pk}/check/", follow=True).content.decode()

    assert "Some of it could not be looked up" in shown
    assert "did not answer in time" in shown
    assert Sender.objects.get().checked_at is not None


def test_a_key_is_made_from_the_page(as_admin, sender):
    shown = as_admin.post(f"/senders/{sender.pk}/key/", follow=True).content.decode()

    selector = Sender.objects.get().dkim_selector
    assert dkim.private_key("example.com", selector) is not None
    assert dkim.record(dkim.private_key("example.com", selector)) in shown
    assert "PRIVATE" not in shown


@pytest.mark.parametrize(("url", "notes"), [("https://crm.example.com", 2), ("http://crm.example.com", 1)])
def test_a_key_made_after_the_last_look_is_not_called_missing(as_admin, sender, settings, url, notes):
    settings.PUBLIC_URL = url
    authenticating.check(sender, NOON, records=Zone())
    assert "Mail leaves unsigned" in page(as_admin, sender)

    as_admin.post(f"/senders/{sender.pk}/key/")
    shown = page(as_admin, sender)

    assert "Mail leaves unsigned" not in shown
    assert "every message is signed with it" in shown
    assert shown.count("A key was made since") == notes
    keys_panel = shown[shown.index("Keys that sign") :]
    record = keys_panel.index('class="dns-record"')
    assert "<details" not in keys_panel[:record]


def test_the_record_of_a_key_that_is_seen_is_folded_away(as_admin, sender):
    key = dkim.make_key(sender.domain, "june")
    sender.dkim_selector = "june"
    sender.save()
    name = dkim.record_name(sender.domain, "june")
    authenticating.check(sender, NOON, records=Zone({(name, "TXT"): [dkim.record(key)]}))

    shown = page(as_admin, sender)

    assert "every message is signed with it" not in shown
    assert "Its record makes that believed" in shown


def test_another_key_is_refused_in_words_until_it_is_published(as_admin, sender, monkeypatch):
    as_admin.post(f"/senders/{sender.pk}/key/")
    first = Sender.objects.get().dkim_selector
    as_admin.post(f"/senders/{sender.pk}/key/")
    monkeypatch.setattr("campaigns.senders.Records", Zone)

    shown = as_admin.post(
        f"/senders/{sender.pk}/sign-with/", {"selector": f"{first}-2"}, follow=True
    ).content.decode()

    assert "not published yet" in shown
    assert Sender.objects.get().dkim_selector == first


def test_a_folder_that_cannot_be_written_is_told(as_admin, sender, settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.DKIM_DIR = str(tmp_path / "file" / "dkim")

    shown = as_admin.post(f"/senders/{sender.pk}/key/", follow=True).content.decode()

    assert "No key could be made" in shown
    assert Sender.objects.get().dkim_selector == ""


def save(client, sender, **change):
    return client.post(f"/senders/{sender.pk}/edit/", FORM | change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"postal_address": "Porto"}, "Give the whole postal address"),
        ({"colour": "#ffcc00"}, "White words on it have a contrast of"),
        ({"quiet_from": "21:00"}, "Quiet hours need a beginning and an end"),
        ({"return_domain": "bounces@example.com"}, "Give a domain alone"),
        ({"provider": "nowhere"}, "There is no such way out"),
        ({"settles_by": "key"}, "does not allow this"),
        ({"settles_by": "evidence"}, "A mail server tells nothing by itself"),
    ],
)
def test_a_sender_that_may_not_write_is_refused_in_words(as_admin, sender, change, words):
    assert words in save(as_admin, sender, **change).content.decode()
    assert save(as_admin, sender).status_code == 302


def test_the_window_follows_what_can_be_found_out(as_admin, sender):
    evidence = {"settles_by": "evidence", "return_domain": "Bounces.example.com."}

    save(as_admin, sender, **evidence)
    sender.refresh_from_db()
    assert (sender.window, sender.return_domain) == (20, "bounces.example.com")

    save(as_admin, sender, **evidence, window="5")
    assert Sender.objects.get().window == 5

    save(as_admin, sender, settles_by="person", window="5")
    assert Sender.objects.get().window == 1


def test_only_what_a_way_out_allows_is_offered(as_admin, sender, keyed):
    assert "is sent again under the same key" not in page(as_admin, sender, "edit/")

    save(as_admin, sender, provider="keyed", settles_by="key")

    sender.refresh_from_db()
    assert (sender.provider, sender.settles_by, sender.window) == ("keyed", "key", 20)
    assert "is sent again under the same key" in page(as_admin, sender, "edit/")


def test_a_way_out_that_is_gone_stays_named(as_admin, sender):
    Sender.objects.update(provider="gone")

    assert "gone (not set up)" in page(as_admin, sender)
    assert '<option value="gone" selected>' in page(as_admin, sender, "edit/")


def test_a_changed_sender_asks_to_be_checked_again(as_admin, sender):
    authenticating.check(sender, NOON, records=Zone())
    assert "has changed since" not in page(as_admin, sender)

    save(as_admin, sender, address="ines@example.org")

    assert "has changed since" in page(as_admin, sender)


def put_off(sender):
    """Messages that wait until tomorrow, each for its own reason; {reason: row}."""
    rule, later = make_rule(sender=sender), timezone.now() + DAY
    reasons = ("quiet", "cap", "pace", "rule_paused")
    return {reason: make_delivery(rule, reason=reason, due_at=later) for reason in reasons}


def asked_again(rows):
    """The reasons of those that are due now."""
    now = timezone.now()
    return {reason for reason, row in rows.items() if Delivery.objects.filter(pk=row.pk, due_at__lte=now)}


@pytest.mark.parametrize(
    "change", [{"quiet_from": "20:00", "quiet_until": "07:00"}, {"cap": "3"}, {"time_zone": "Asia/Tokyo"}]
)
def test_whoever_waits_for_what_is_changed_is_asked_about_again(as_admin, sender, change):
    rows, others = put_off(sender), put_off(make_sender(name="Other", address="o@example.org"))
    save(as_admin, sender)
    save(as_admin, sender, name="Renamed")
    Delivery.objects.update(due_at=timezone.now() + DAY)

    save(as_admin, sender, name="Renamed again")
    assert asked_again(rows) == set()

    answer = save(as_admin, sender, **change)

    assert (asked_again(rows), asked_again(others)) == ({"quiet", "cap"}, set())
    shown = as_admin.get(answer["Location"]).content.decode()
    assert "2 messages that waited for quiet hours or the cap are asked about again." in shown


def test_without_quiet_hours_nobody_waits_for_their_end(as_admin, ada, topic, mailbox):
    now = timezone.now()
    quiet = {"quiet_from": (now - 2 * HOUR).time(), "quiet_until": (now + 2 * HOUR).time()}
    sender = make_sender(time_zone="UTC", **quiet)
    make_consent(ada, topic)
    waiting = make_delivery(make_rule(sender=sender), ada, due_at=now, expires_at=now + 5 * DAY)
    assert send_due(now, "worker") == {}
    waiting.refresh_from_db()
    assert waiting.reason == "quiet"

    save(as_admin, sender, cap="")

    assert send_due(timezone.now(), "worker") == {"sent": 1}


def test_where_very_many_wait_a_worker_goes_on(monkeypatch, as_admin, sender):
    monkeypatch.setattr(queueing, "CHUNK", 1)
    monkeypatch.setattr(queueing, "CHUNKS_AT_ONCE", 1)
    told = []
    monkeypatch.setattr(tasks.ask_again, "apply_async", lambda args, **_options: told.append(args))
    rows = put_off(sender)
    save(as_admin, sender, cap="3")
    assert (told, len(asked_again(rows))) == ([[sender.pk]], 1)

    tasks.ask_again(sender.pk)

    assert asked_again(rows) == {"quiet", "cap"}


def test_a_sender_is_added(as_admin):
    answer = as_admin.post("/senders/new/", FORM | {"name": "Second Spin", "address": "ada@example.org"})

    added = Sender.objects.get(name="Second Spin")
    assert answer["Location"] == f"/senders/{added.pk}/"


def test_what_a_name_server_says_is_shown_as_text_only(as_admin, sender):
    rows = {("example.com", "TXT"): ['v=spf1 <script>alert("1")</script> -all']}
    authenticating.check(sender, NOON, records=Zone(rows))

    shown = page(as_admin, sender)

    assert "&lt;script&gt;alert" in shown
    assert "<script>alert" not in shown
