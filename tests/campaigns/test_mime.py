"""The assembler's messages are read back by the standard library's parser, for any words."""

import email
import email.policy
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import mime

NOON = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=300)
BODY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=500)
thorough = settings(max_examples=300, deadline=None)


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def message(subject="Hello", name="Ada", text="text", html="<p>html</p>"):
    headers = [
        mime.date_header(NOON),
        mime.address_header("From", "ines@example.com", name),
        mime.address_header("To", "ada@example.com"),
        mime.text_header("Subject", subject),
    ]
    return mime.assemble(headers, text=text, html=html, boundary="=_0001")


@thorough
@given(ANY_TEXT)
def test_any_subject_is_read_back_as_it_was(subject):
    raw = message(subject=subject)

    assert parse(raw)["Subject"] == subject
    assert set(parse(raw).keys()) == {"Date", "From", "To", "Subject", "MIME-Version", "Content-Type"}
    assert max(map(len, raw.split(b"\r\n"))) <= 76


@thorough
@given(ANY_TEXT)
def test_any_display_name_is_read_back_as_it_was(name):
    # The newer policy of Python 3.11 leaves a space between encoded words of a name; RFC 2047 does not.
    raw = email.message_from_bytes(message(name=name), policy=email.policy.compat32)["From"]
    shown, address = parseaddr(raw)

    assert str(make_header(decode_header(shown))) == " ".join(name.split())
    assert address == "ines@example.com"


@thorough
@given(BODY_TEXT, BODY_TEXT)
def test_any_words_are_read_back_as_they_were(text, html):
    raw = message(text=text, html=html)

    plain, rich = parse(raw).iter_parts()
    assert decoded(plain) == text
    assert decoded(rich) == html
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()


def decoded(part):
    return part.get_payload(decode=True).decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        ("plain words\n" * 300, "7bit"),
        ("x" * 998, "7bit"),
        ("x" * 999, "quoted-printable"),
        ("é", "quoted-printable"),
        ("--=_0001", "quoted-printable"),
    ],
)
def test_what_any_server_takes_leaves_as_it_stands(words, encoding):
    _plain, rich = parse(message(html=words)).iter_parts()

    assert rich["Content-Transfer-Encoding"] == encoding
    assert decoded(rich) == words


def tags_of(html):
    """What a reader of HTML sees: tags with their attributes, text, and what the comments hold."""
    seen = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attributes: seen.append((tag, attributes))
    reader.handle_endtag = lambda tag: seen.append(tag)
    reader.handle_data = lambda text: seen.append(text.split())
    reader.handle_comment = lambda text: seen.append(tags_of(text))
    reader.feed(html)
    reader.close()
    return seen


CELL = '<td class="a b" style="color: red">'
LINK = '<a href="https://example.com/?a=1&amp;b=2" title="x > y">'
TAG = st.sampled_from([CELL, "</td>", "<br>", "<p>", "</p>", "<!--[if mso]><td><![endif]-->", LINK])


@thorough
@given(st.lists(TAG | st.text("ab &;=\"'<é\n", max_size=40), max_size=60).map("".join))
def test_breaking_lines_changes_nothing_that_is_read(html):
    assert tags_of(mime.in_lines(html)) == tags_of(html)


def test_html_of_one_long_line_leaves_as_it_stands():
    html = mime.in_lines('<td class="wide" style="color: red">Hello <b>you</b></td>' * 100)

    _plain, rich = parse(message(html=html)).iter_parts()

    assert rich["Content-Transfer-Encoding"] == "7bit"
    assert decoded(rich) == html


@thorough
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_letters_as_references_are_read_as_the_letters(html):
    assert unescape(mime.in_ascii(html)) == unescape(html)


def test_a_few_letters_beyond_ascii_become_references_and_many_stay():
    assert mime.in_ascii("A café, " + "x" * 100) == "A caf&#233;, " + "x" * 100
    assert mime.in_ascii("кафе") == "кафе"


def test_the_parts_are_alternatives_with_the_text_first():
    parsed = parse(message())

    assert parsed.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert parsed.defects == []


@pytest.mark.parametrize("bad", ["a\r\nBcc: eve@example.com", "a\nb", "a\rb", "a\x00b", "a\u2028b", "a\x85b"])
def test_a_header_cannot_be_broken_into(bad):
    with pytest.raises(mime.MimeError):
        message(subject=bad)
    with pytest.raises(mime.MimeError):
        message(name=bad)


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com\r\nBcc: eve@example.com",
        "ada",
        "",
        "a da@example.com",
        "<a@example.com>",
        "å@example.com",
    ],
)
def test_only_one_plain_address_stands_in_to(address):
    with pytest.raises(mime.MimeError):
        mime.address_header("To", address)


def test_a_long_word_of_our_own_stays_whole():
    url = "<https://example.com/" + "a" * 300 + ">"

    line = mime.raw_header("List-Unsubscribe", url + ",", "<mailto:stop@example.com>")

    assert parse(line.encode() + b"\r\n")["List-Unsubscribe"].replace(" ", "").startswith(url)
    assert line == f"List-Unsubscribe: {url},\r\n <mailto:stop@example.com>\r\n"
