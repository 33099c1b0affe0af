"""What comes back is read for what it is: real mails, and mails that never were."""

import os
import random
import time
from email.message import EmailMessage

import pytest

from campaigns.bounces import mapping, parsing, reading, reasons
from tests.campaigns import bounce_samples

SHARE = 0.97
MUTATIONS = int(os.environ.get("BOUNCE_MUTATIONS", "1000"))
SECONDS = 15 * max(1, MUTATIONS / 1000)


def kinds_of(raw):
    return [str(mapping.one_of_six(each.kind)) for each in parsing.parse(raw).returned]


def is_right(got, wanted):
    """Each recipient's kind; several of one kind may be told together."""
    return sorted(got) == sorted(wanted) or len(set(wanted)) == 1 == len(set(got)) and got[0] == wanted[0]


def test_at_least_97_of_100_real_mails_are_of_the_kind_they_should_be():
    mails, expected = bounce_samples.mails(), bounce_samples.expected()

    wrong = [name for name, raw in mails.items() if not is_right(kinds_of(raw), expected[name])]

    assert len(mails) == 337
    assert set(mails) == set(expected)
    assert 1 - len(wrong) / len(mails) >= SHARE, wrong


def test_every_kind_is_told_apart_and_not_only_the_most_frequent():
    found = {}
    for name, wanted in bounce_samples.expected().items():
        right = is_right(kinds_of(bounce_samples.mails()[name]), wanted)
        found.setdefault(wanted[0], []).append(right)

    shares = {kind: sum(right) / len(right) for kind, right in found.items()}

    assert set(shares) == {"hard", "soft", "policy", "complaint", "vacation", "other"}
    assert min(shares.values()) >= 0.9, shares


def test_hardly_a_mail_that_is_not_hard_is_taken_for_hard():
    """The costly mistake: it silences somebody at once."""
    soft = {name: kinds for name, kinds in bounce_samples.expected().items() if "hard" not in kinds}

    taken = [name for name in soft if "hard" in kinds_of(bounce_samples.mails()[name])]

    assert len(soft) > 150
    assert len(taken) / len(soft) <= 0.025, taken


@pytest.mark.parametrize(
    ("words", "status", "kind"),
    [
        # None of these stands in the sample mails.
        ("550 5.1.1 The email account that you tried to reach does not exist.", "", "hard"),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", "5.1.10", "hard"),
        ("550 #5.1.0 Address rejected.", "", "hard"),
        ("Host or domain name not found. Name service error for name=no.example", "5.4.4", "hard"),
        ("556 5.1.10 Recipient address has null MX", "", "hard"),
        ("552 5.2.2 The email account that you tried to reach is over quota.", "", "soft"),
        ("452 4.2.2 mailbox full", "", "soft"),
        ("450 4.2.0 Greylisted, please try again in 300 seconds", "4.2.0", "soft"),
        ("connect to mx.example.com[192.0.2.1]:25: Connection timed out", "4.4.1", "soft"),
        ("554 5.4.6 Too many hops", "5.4.6", "soft"),
        ("552 5.3.4 Message size exceeds fixed limit", "", "soft"),
        ("451 4.3.0 Error: queue file write error", "4.3.0", "soft"),
        ("550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus", "", "policy"),
        (
            "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints",
            "",
            "policy",
        ),
        ("550 5.7.515 Access denied, sending domain does not meet the required level", "", "policy"),
        ("554 5.7.1 Relay access denied", "", "policy"),
        ("550 5.7.25 The IP address sending this message does not have a PTR record", "", "policy"),
        ("554 IP=192.0.2.1 - A problem occurred. reputation", "", "policy"),
        ("550-5.7.26 This mail has been blocked because the sender is unauthenticated.", "", "policy"),
        ("", "5.1.1", "hard"),
        ("", "5.2.2", "soft"),
        ("", "5.7.1", "policy"),
        ("", "4.4.7", "soft"),
    ],
)
def test_servers_say_it_in_many_words(words, status, kind):
    assert str(mapping.kind_of(reasons.reason_of(words, status=status))) == kind


def test_what_is_refused_before_the_recipient_was_named_is_not_the_recipients_fault():
    words = "host mx.example.com said: 550 Domain not found (in reply to MAIL FROM command)"

    assert mapping.kind_of(reasons.reason_of(words)) == "policy"


def test_no_such_user_after_the_whole_message_is_not_believed():
    assert reasons.reason_of("550 Unknown user (in reply to RCPT TO command)") == "no_user"
    assert reasons.reason_of("550 Unknown user (in reply to end of DATA command)") == "doubtful"


def test_an_address_is_no_word_of_the_server():
    words = "<spam.user-unknown@example.com>: 452 4.2.2 try later"

    assert mapping.kind_of(reasons.reason_of(words)) == "soft"


def report(action="failed", status="5.1.1", address="ada@example.com", words="550 5.1.1 user unknown"):
    """A delivery report as Postfix writes it."""
    return (
        "From: MAILER-DAEMON@mx.example.net\nTo: b-1@back.example.com\nSubject: Undelivered Mail\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="X"\n\n'
        "--X\nContent-Type: text/plain\n\nSorry.\n\n"
        "--X\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {words}\n\n"
        "--X\nContent-Type: text/rfc822-headers\n\nMessage-ID: <7@example.com>\nSubject: Hello\n\n--X--\n"
    ).encode()


def test_a_report_names_the_recipient_the_code_the_words_and_the_message():
    letter = parsing.parse(report())

    told = letter.returned[0]
    assert (told.kind, told.address, told.status_code) == ("hard", "ada@example.com", "5.1.1")
    assert told.detail == "550 5.1.1 user unknown"
    assert letter.original.get("message-id") == "<7@example.com>"


def test_a_report_of_a_delay_or_an_arrival_is_none_of_a_failure():
    delayed = parsing.parse(report("delayed", "4.4.1", words="Connection timed out")).returned[0]
    arrived = parsing.parse(report("delivered", "2.0.0", words="250 2.0.0 Ok")).returned[0]

    assert (delayed.action, delayed.kind) == ("delayed", "soft")
    assert arrived.kind == "delivered"


def written(subject="Re: New records", body="Thank you!", **headers):
    """What a person, or a program for one, writes back."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ada <ada@example.com>", "shop@example.com", subject
    for name, value in ({"In-Reply-To": "<7@example.com>"} | headers).items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message.as_bytes()


def test_what_a_person_answers_is_a_reply():
    letter = parsing.parse(written())

    assert (letter.kind, letter.writer) == ("replied", "ada@example.com")


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-replied; vacation"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"subject": "Automatic reply: New records"},
        {"subject": "AW: Abwesenheitsnotiz: Neue Platten"},
        {"subject": "Réponse automatique : Nouveautés"},
        {"subject": "Respuesta automática: novedades"},
        {"subject": "Resposta automática: novidades"},
        {"subject": "Risposta automatica: novità"},
        {"subject": "Automatisch antwoord: nieuw"},
        {"subject": "Автоматический ответ: новинки"},
        {"subject": "自動返信: 新着"},
        {"subject": "Out of Office Re: New records"},
    ],
)
def test_who_is_away_is_told_from_who_answers(headers):
    assert parsing.parse(written(**headers)).kind == "vacation"


@pytest.mark.parametrize("subject", ["Re: semester tickets?", "Re: away game", "Re: absolutely"])
def test_who_answers_is_not_taken_for_away(subject):
    assert parsing.parse(written("Re: " + subject)).kind == "replied"


def test_a_person_who_quotes_a_server_is_a_person():
    body = "My server wrote:\n550 5.1.1 user unknown\nCan you help?"

    assert parsing.parse(written(body=body)).kind == "replied"


def test_no_mail_however_damaged_breaks_the_reading_or_holds_it_up():
    others, chance = list(bounce_samples.mails().values()), random.Random(337)
    began, slowest = time.monotonic(), 0
    for _time in range(MUTATIONS):
        raw, start = bounce_samples.mutated(chance.choice(others), others, chance), time.monotonic()
        letter = parsing.parse(raw)
        slowest = max(slowest, time.monotonic() - start)
        assert letter.returned
        assert all(mapping.one_of_six(each.kind) in [*mapping.SIX, "other"] for each in letter.returned)

    assert time.monotonic() - began < SECONDS
    assert slowest < 5


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n\n",
        b"\0" * 100_000,
        b"\xff" * 100_000,
        b": : :\n" * 50_000,
        b"Subject: " + b"=?utf-8?b?" * 20_000,
        b"Content-Type: text/html\n\n" + b"<style" * 60_000,
        b"Content-Type: text/html\n\n" + b"<a <" * 80_000,
        b"From: mailer-daemon\n\n" + b"@" * 200_000,
        b"From: mailer-daemon\n\n" + b"a@b." * 60_000,
        b"From: mailer-daemon\n\n" + b" " * 250_000,
        b"From: mailer-daemon\n\n" + (b"Received: x\n" + b" \t" * 20_000 + b"\n") * 6,
        b"From: mailer-daemon\n\n" + b"account " * 30_000 + b"rate limi",
        b"From: a@example.com\n\n" + b'{"Message":' * 60_000,
        b'Content-Type: multipart/mixed; boundary=""\n\n' + b"--\n" * 80_000,
        b'Content-Type: multipart/mixed; boundary="a"\n\n' + b"--a\n\nx\n" * 50_000,
    ],
)
def test_what_was_made_to_hold_up_the_reading_does_not(raw):
    start = time.monotonic()

    assert parsing.parse(raw).returned

    assert time.monotonic() - start < 2


def test_of_a_huge_message_only_the_head_is_read():
    letter = parsing.parse(b"Subject: Big\nFrom: ada@example.com\n\n" + b"x" * reading.LONGEST)

    assert letter.subject == "Big"
    assert (
        max(len(part.text) for part in reading.read(report() + b"x" * reading.LONGEST)) < reading.LONGEST_HEAD
    )
