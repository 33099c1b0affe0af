"""A message that comes back acts on the delivery it proves to be about, and on nothing else."""

import io
import random
import sys
import uuid

import pytest
from django.core.management import call_command
from django.db import OperationalError

from campaigns import intake, links, noticing, return_paths, tasks
from campaigns.bounces import mailbox as bounce_mailbox
from campaigns.bounces import reading
from campaigns.models import Notice, RawNotice, Response, Tick
from contacts.erasing import erase
from contacts.models import Consent, Suppression
from tests.campaigns import bounce_samples
from tests.campaigns.imap import ScriptedMailbox
from tests.make import DAY, HOUR, NOON, make_contact, make_delivery, make_rule, make_sender
from touchpoints.models import Touchpoint


@pytest.fixture
def delivery(ada):
    return sent_to(ada)


def sent_to(contact):
    rule = make_rule(sender=make_sender(return_domain="back.example.com"))
    sent = {"status": "sent", "address": contact.email, "sending_at": NOON, "finished_at": NOON}
    return make_delivery(rule, contact, **sent)


def report(to, address="ada@example.com", status="5.1.1", words="550 5.1.1 user unknown", **original):
    """A delivery report to `to` that names `address`; `original` are headers of what it brings back."""
    original = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in original.items())
    action = "failed" if status[0] == "5" else "delayed"
    return (
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: {to}\nMessage-ID: <{uuid.uuid4()}@mx>\n"
        "Subject: Undelivered Mail Returned to Sender\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="X"\n\n'
        "--X\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {words}\n\n"
        f"--X\nContent-Type: text/rfc822-headers\n\nSubject: Hello\n{original}\n--X--\n"
    ).encode()


def complaint(to="fbl@example.org", address="ada@example.com", **original):
    """A complaint as providers of mailboxes send it."""
    original = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in original.items())
    return (
        f"From: staff@example.net\nTo: {to}\nSubject: FW: Hello\nMessage-ID: <{uuid.uuid4()}@fbl>\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="X"\n\n'
        "--X\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
        f"Original-Rcpt-To: {address}\n\n"
        f"--X\nContent-Type: message/rfc822\n\nSubject: Hello\n{original}\nHi\n--X--\n"
    ).encode()


def letter(to, sender="ada@example.com", subject="Re: Hello", **headers):
    headers = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    head = f"From: {sender}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{uuid.uuid4()}@a>\n"
    return f"{head}{headers}\nHi\n".encode()


def suppressions():
    return sorted(Suppression.objects.active().values_list("address", "scope", "reason"))


def test_a_bounce_that_comes_to_its_own_address_stops_the_address(delivery):
    raw = intake.take_message(report(return_paths.return_path(delivery)), at=NOON)

    assert raw.problem == ""
    assert suppressions() == [("ada@example.com", "all", "bounced")]
    notice = Notice.objects.get()
    assert (notice.kind, notice.delivery, notice.address) == ("hard", delivery, "ada@example.com")
    assert (notice.status_code, notice.detail) == ("5.1.1", "550 5.1.1 user unknown")
    assert Response.objects.get().kind == Response.Kind.BOUNCED
    assert Touchpoint.objects.filter(kind=Touchpoint.Kind.BOUNCED).count() == 1


@pytest.mark.parametrize("written", [str.upper, str.lower])
def test_the_mail_server_may_say_where_it_was_delivered(delivery, written):
    address = written(return_paths.return_path(delivery))

    intake.take_message(report("postmaster@example.com"), at=NOON, envelope_to=address)

    assert suppressions() == [("ada@example.com", "all", "bounced")]


def test_a_bounce_may_bring_back_the_return_path_itself(delivery):
    path = f"<{return_paths.return_path(delivery)}>"

    intake.take_message(report("ines@example.com", Return_Path=path), at=NOON)

    assert suppressions() == [("ada@example.com", "all", "bounced")]


def test_a_message_taken_twice_is_taken_once(delivery):
    raw = report(return_paths.return_path(delivery))

    for _time in range(2):
        intake.take_message(raw, at=NOON)
    intake.take_message(b"Received: by another way\n" + raw, at=NOON)

    assert (Notice.objects.count(), Response.objects.count(), Suppression.objects.count()) == (1, 1, 1)


def test_a_report_speaks_of_its_own_delivery_and_of_no_other_address(delivery, cleo):
    """Whoever holds one address of ours cannot silence another."""
    victim = make_contact("victim@example.com")

    intake.take_message(report(return_paths.return_path(delivery), address=victim.email), at=NOON)

    assert ("victim@example.com", "all", "bounced") not in suppressions()
    assert Notice.objects.get().address == "ada@example.com"


def test_500_forged_reports_silence_nobody(delivery):
    """They name the victim, its message and its address; none shows a mark that only we can make."""
    chance, honest = random.Random(500), return_paths.return_path(delivery)
    token = links.stop_url(delivery)
    for number in range(500):
        fake = list(honest)
        place = chance.randrange(2, 41)
        fake[place] = chance.choice([letter for letter in "abcdefgh234567" if letter != fake[place]])
        claims = {
            "X_CRM_Delivery": str(delivery.uuid),
            "Message_ID": f"<{delivery.uuid}@example.com>",
            "Return_Path": f"<{''.join(fake)}>",
            "List_Unsubscribe": f"<{token[:-6]}{number:05}/>",
        }
        forged = complaint if number % 2 else report
        intake.take_message(forged("".join(fake), **claims), at=NOON)

    assert suppressions() == []
    assert Notice.objects.filter(is_trusted=False, address="ada@example.com").count() == 500
    assert not Response.objects.exists()

    intake.take_message(report(honest), at=NOON)
    assert suppressions() == [("ada@example.com", "all", "bounced")]


def test_a_forged_report_cannot_stand_in_the_way_of_a_true_one(delivery):
    true = report(return_paths.return_path(delivery))
    forged = true.replace(return_paths.return_path(delivery).encode(), b"ines@example.com")

    intake.take_message(forged, at=NOON)
    intake.take_message(true, at=NOON)

    assert suppressions() == [("ada@example.com", "all", "bounced")]


@pytest.mark.parametrize("shown", ["address", "return path", "link", "stop address"])
def test_a_complaint_that_shows_something_of_ours_stops_marketing(delivery, shown):
    raw = {
        "address": lambda: complaint(to=return_paths.return_path(delivery)),
        "return path": lambda: complaint(Return_Path=f"<{return_paths.return_path(delivery)}>"),
        "link": lambda: complaint(List_Unsubscribe=f"<{links.stop_url(delivery)}>"),
        "stop address": lambda: complaint(
            List_Unsubscribe=f"<mailto:{return_paths.stop_address(delivery)}?subject=stop>"
        ),
    }[shown]()

    intake.take_message(raw, at=NOON)

    assert suppressions() == [("ada@example.com", "marketing", "complained")]


def test_a_link_to_stop_proves_no_bounce(delivery):
    raw = report("ines@example.com", List_Unsubscribe=f"<{links.stop_url(delivery)}>")

    intake.take_message(raw, at=NOON)

    assert suppressions() == []


def test_a_delay_is_no_bounce(delivery):
    raw = report(return_paths.return_path(delivery), status="4.4.1", words="Connection timed out")

    intake.take_message(raw, at=NOON)

    assert Notice.objects.get().kind == Notice.Kind.DEFERRED
    assert not Response.objects.exists()


def test_who_is_away_changes_nothing(delivery):
    raw = letter(return_paths.return_path(delivery), Auto_Submitted="auto-replied")

    intake.take_message(raw, at=NOON)

    assert Notice.objects.get().kind == Notice.Kind.VACATION
    assert (suppressions(), Response.objects.count()) == ([], 0)


def test_who_answers_has_answered(delivery):
    raw = letter("ines@example.com", In_Reply_To=f"<{delivery.uuid}@example.com>")

    intake.take_message(raw, at=NOON)

    assert Response.objects.get().kind == Response.Kind.REPLIED
    assert Notice.objects.get().detail == ""


def test_somebody_else_cannot_answer_for_them(delivery):
    raw = letter("ines@example.com", "eve@example.com", In_Reply_To=f"<{delivery.uuid}@example.com>")

    intake.take_message(raw, at=NOON)

    assert not Response.objects.exists()


def current(contact):
    return [entry.action for entry in Consent.objects.filter(contact=contact).current()]


def test_a_message_to_the_address_for_stopping_stops(ada, delivery):
    assert current(ada) == ["given"]

    intake.take_message(letter(return_paths.stop_address(delivery), subject="stop"), at=NOON)

    assert current(ada) == ["withdrawn"]
    assert Consent.objects.latest("pk").source == "mail"
    assert Response.objects.get().kind == Response.Kind.UNSUBSCRIBED


def test_a_mail_program_may_stop_by_itself(ada, delivery):
    raw = letter(return_paths.stop_address(delivery), subject="unsubscribe", Auto_Submitted="auto-replied")

    intake.take_message(raw, at=NOON)

    assert current(ada) == ["withdrawn"]


def test_a_word_from_their_own_address_stops_where_there_is_no_address_for_it(ada, delivery):
    intake.take_message(letter("ines@example.com", subject=f"stop {delivery.uuid}"), at=NOON)

    assert current(ada) == ["withdrawn"]


def test_nobody_else_can_stop_for_them(ada, delivery):
    forged = "s" + return_paths.return_path(delivery)[1:]

    intake.take_message(letter(forged, subject="stop"), at=NOON)
    intake.take_message(letter("ines@example.com", "eve@example.com", f"stop {delivery.uuid}"), at=NOON)

    assert current(ada) == ["given"]


def test_of_a_person_who_was_erased_nothing_is_written_down_again(ada, delivery):
    path = return_paths.return_path(delivery)
    erase(ada, at=NOON)

    intake.take_message(report(path), at=NOON + HOUR)

    notice = Notice.objects.get()
    assert (notice.kind, notice.address, notice.detail) == ("hard", "", "")
    assert bytes(RawNotice.objects.get().body) == b""


def test_of_a_huge_message_only_the_head_is_kept(delivery):
    intake.take_message(report(return_paths.return_path(delivery)) + b"x" * reading.LONGEST, at=NOON)

    assert len(RawNotice.objects.get().body) == reading.LONGEST_HEAD
    assert suppressions() == [("ada@example.com", "all", "bounced")]


def test_what_a_crash_left_unread_is_read_by_the_sweep(delivery):
    noticing.keep_raw(intake.SOURCE, report(return_paths.return_path(delivery)), {}, NOON)
    assert suppressions() == []

    noticing.read_unread(NOON + HOUR)

    assert suppressions() == [("ada@example.com", "all", "bounced")]


def test_the_moment_of_a_bounce_is_the_servers_if_its_clock_can_be_right(delivery):
    path = return_paths.return_path(delivery)
    dates = ["Tue, 09 Jun 2026 12:00:00 +0000", "Tue, 09 Jun 1998 12:00:00 +0000", "soon"]
    for date in dates:
        intake.take_message(f"Date: {date}\n".encode() + report(path), at=NOON)

    assert list(Notice.objects.order_by("pk").values_list("at", flat=True)) == [NOON - DAY, NOON, NOON]


def test_no_sample_is_lost_or_believed(db):
    different = set(bounce_samples.mails().values())
    for raw in different:
        intake.take_message(raw, at=NOON)

    assert RawNotice.objects.filter(read_at=NOON, problem="").count() == len(different)
    assert set(RawNotice.objects.values_list("pk", flat=True)) == set(
        Notice.objects.values_list("raw", flat=True)
    )
    assert not Notice.objects.filter(is_trusted=True).exists()
    assert suppressions() == []


def test_no_damaged_mail_is_lost_either(db):
    mails, chance = list(bounce_samples.mails().values()), random.Random(150)
    damaged = {bounce_samples.mutated(chance.choice(mails), mails, chance) for _time in range(150)}

    for raw in damaged:
        intake.take_message(raw, at=NOON, envelope_to="\udcff\0@example.com")

    assert RawNotice.objects.filter(read_at=NOON, problem="").count() == len(damaged)
    assert not Notice.objects.filter(is_trusted=True).exists()


# The doors


def piped(monkeypatch, raw, **options):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    call_command("take_mail", **options)


def test_a_mail_server_pipes_a_message_in(delivery, monkeypatch):
    piped(monkeypatch, report("postmaster@example.com"), to=return_paths.return_path(delivery))

    assert suppressions() == [("ada@example.com", "all", "bounced")]


def test_when_the_database_is_away_the_mail_server_keeps_the_message(db, monkeypatch, caplog):
    def away(*args, **kwargs):
        raise OperationalError("away: ada@example.com")

    monkeypatch.setattr(noticing, "keep_raw", away)

    with pytest.raises(SystemExit) as ended:
        piped(monkeypatch, report("ines@example.com"))

    assert ended.value.code == 75
    assert "OperationalError" in caplog.text
    assert "ada@" not in caplog.text


@pytest.fixture
def imap(settings, delivery):
    """A mailbox with three bounces of one delivery, the last of them huge."""
    path = return_paths.return_path(delivery)
    messages = [report(path), report(path, status="4.4.1"), report(path) + b"x" * reading.LONGEST]
    server = ScriptedMailbox(messages)
    settings.BOUNCE_IMAP_URL = server.url
    yield server
    server.stop()


def test_the_mailbox_is_read_and_marked(imap):
    call_command("read_bounces", stdout=io.StringIO())

    assert imap.seen == [1, 2, 3]
    assert Notice.objects.count() == 3
    assert 'LOGIN bounces@example.com "pass word"' in imap.commands
    assert bounce_mailbox.read_mailbox(NOON) == 0


@pytest.mark.parametrize(
    "at", ["LOGIN", "SELECT", "SEARCH", "FETCH 2 (RFC822", "FETCH 2 (BODY", "STORE 1", "STORE 3"]
)
def test_however_the_line_breaks_each_message_is_taken_once(imap, at):
    imap.hang_up_at = at
    bounce_mailbox.read_mailbox(NOON)
    assert imap.seen != [1, 2, 3]

    bounce_mailbox.read_mailbox(NOON)

    assert imap.seen == [1, 2, 3]
    assert Notice.objects.count() == 3


def test_what_is_not_kept_stays_unread(imap, monkeypatch):
    keep_raw = noticing.keep_raw

    def full(source, body, headers, at):
        if RawNotice.objects.exists():
            raise OperationalError("disk full")
        return keep_raw(source, body, headers, at)

    monkeypatch.setattr(noticing, "keep_raw", full)
    with pytest.raises(OperationalError):
        bounce_mailbox.read_mailbox(NOON)
    assert imap.seen == [1]

    monkeypatch.setattr(noticing, "keep_raw", keep_raw)
    bounce_mailbox.read_mailbox(NOON)
    assert imap.seen == [1, 2, 3]


@pytest.mark.parametrize("command", ["LOGIN", "SELECT", "SEARCH"])
def test_a_mailbox_that_refuses_is_told_without_the_password(imap, command, caplog):
    imap.refuses = command

    assert bounce_mailbox.read_mailbox(NOON) == 0

    assert "could not be read" in caplog.text
    assert "pass word" not in caplog.text


def test_the_clock_reads_the_mailbox(imap):
    tasks.read_bounces()

    assert imap.seen == [1, 2, 3]
    assert Tick.objects.get().result == 3


def test_without_a_mailbox_nothing_is_asked(db, settings):
    settings.BOUNCE_IMAP_URL = ""

    tasks.read_bounces()

    assert bounce_mailbox.read_mailbox(NOON) == 0
    assert not Tick.objects.exists()
