"""The local mailbox as a page."""

import pytest
from django.urls import reverse

from demo.mailbox import framed, local_path, newest

LETTER = """From: Ines at Northside <ines@example.com>
To: mara@example.com
Subject: {subject}
Date: Wed, 10 Jun 2026 12:00:00 +0000
List-Unsubscribe: <http://testserver/u/abc/>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Hello Mara, see http://testserver/shop/
--b
Content-Type: text/html; charset=utf-8

<html><head><title>x</title></head><body><script>alert(1)</script>
<a href="http://testserver/shop/" style="color:red">Shop</a></body></html>
--b--
"""


@pytest.fixture
def letter(maildir):
    return maildir.add(LETTER.format(subject="Welcome").encode())


def test_an_empty_mailbox_says_what_will_come(client, maildir):
    page = client.get(reverse("demo:mailbox"))

    assert "No mail yet" in page.content.decode()


def test_a_mailbox_that_was_never_used_is_empty_too(settings, tmp_path):
    assert newest(tmp_path / "none") == []


def test_messages_stand_newest_first(maildir):
    for subject in ("First", "Second", "Third"):
        maildir.add(LETTER.format(subject=subject).encode())

    assert [line.subject for line in newest(maildir._path)] == ["Third", "Second", "First"]


def test_only_the_list_is_sent_when_it_is_asked_for_again(client, letter):
    answer = client.get(reverse("demo:mailbox"), headers={"HX-Request": "true"}).content.decode()

    assert answer.lstrip().startswith('<div id="mail-list"')
    assert "Welcome" in answer


def test_a_message_shows_who_wrote_and_a_frame_for_its_body(client, letter):
    page = client.get(reverse("demo:mailbox-message", args=[letter])).content.decode()

    assert "Ines at Northside" in page
    assert reverse("demo:mailbox-frame", args=[letter]) in page
    assert "alert(1)" not in page


def test_the_text_part_has_its_links(client, letter):
    page = client.get(reverse("demo:mailbox-message", args=[letter]), {"part": "text"}).content.decode()

    assert '<a href="http://testserver/shop/"' in page


def test_the_headers_can_be_read(client, letter):
    page = client.get(reverse("demo:mailbox-message", args=[letter]), {"part": "headers"}).content.decode()

    assert "List-Unsubscribe-Post" in page


def test_one_click_posts_what_a_mail_program_posts(client, letter):
    page = client.get(reverse("demo:mailbox-message", args=[letter])).content.decode()

    assert '<form class="post-stop" method="post" action="/u/abc/">' in page
    assert '<input type="hidden" name="List-Unsubscribe" value="One-Click">' in page


def test_without_one_click_there_is_no_such_button(client, maildir):
    key = maildir.add(b"From: a@example.com\r\nSubject: Plain\r\n\r\nHello")

    page = client.get(reverse("demo:mailbox-message", args=[key])).content.decode()

    assert ("One-click" in page, "Hello" in page) == (False, True)


def test_the_frame_runs_nothing_and_may_only_be_framed_here(client, letter):
    answer = client.get(reverse("demo:mailbox-frame", args=[letter]))

    policy = answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "style-src 'unsafe-inline'" in policy


def test_links_open_a_tab_of_their_own():
    assert framed("<html><head></head></html>") == '<html><head><base target="_blank"></head></html>'
    assert framed("<p>Bare</p>") == '<base target="_blank"><p>Bare</p>'


def test_an_unknown_message_is_not_found(client, db, maildir):
    assert client.get(reverse("demo:mailbox-message", args=["..%2Fenv"])).status_code == 404


def test_addresses_of_ours_are_opened_where_the_reader_is():
    assert local_path("http://testserver/u/a/?b=1", "http://testserver") == "/u/a/?b=1"
    assert local_path("https://example.com/u/a/", "http://testserver") == "https://example.com/u/a/"
