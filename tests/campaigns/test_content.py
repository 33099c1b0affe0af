"""Words are checked, laid out and frozen; Liquid survives every parser on the way."""

import pytest

from campaigns import content, layout, merge_fields, rendering
from campaigns.models import Content
from campaigns.tokens import MisplacedTag, Tokens
from tests.make import NOON, make_content, make_rule

LOOP = "{% for item in order.items %}<tr><td>{{ item.name }}</td></tr>{% endfor %}"


def column(inner):
    return f"<mj-section><mj-column>{inner}</mj-column></mj-section>"


def words(**fields):
    fields = {"subject": "Hello", "body": column("<mj-text>Hello</mj-text>"), "text": "Hello"} | fields
    return Content(**fields)


def samples_with(*items):
    return merge_fields.samples() | {"order": {"items": list(items)}}


def body_of(inner):
    return content.compile_html(column(inner), subject="s", preheader="")


def test_what_is_compiled_has_lines_that_any_mail_server_takes():
    html = body_of("<mj-text>Hello {{ first_name }}</mj-text>" * 30)

    assert len(html) > 10_000
    assert max(map(len, html.split("\n"))) <= 998


def test_tags_become_comments_in_text_and_words_in_attributes():
    tokens = Tokens()

    taken = tokens.take('<a href="{{ a }}x" title="{% if b > 1 %}y{% endif %}">{{ c }}</a>')

    assert taken == '<a href="LQ0xx" title="LQ1xyLQ2x"><!--LQ3x--></a>'
    assert tokens.put_back(taken) == '<a href="{{ a }}x" title="{% if b > 1 %}y{% endif %}">{{ c }}</a>'


def test_a_text_that_looks_like_a_token_stays_as_it_is():
    source = "LQ0x {{ a }}"
    tokens = Tokens(source)

    assert tokens.put_back(tokens.take(source)) == source


def test_a_tag_between_attributes_is_refused():
    with pytest.raises(MisplacedTag):
        Tokens().take("<td {% if a %}class='x'{% endif %}>")


def test_a_comment_is_left_away_with_the_tags_in_it():
    assert Tokens().take("a<!-- {% if x %} -->b") == "ab"


@pytest.mark.parametrize(
    "table",
    [f"<mj-table>{LOOP}</mj-table>", f"<mj-text><table>{LOOP}</table></mj-text>"],
)
def test_a_loop_over_products_stays_in_its_table(table, db):
    version = words(body=column(table))

    _subject, _preheader, html, _text = rendering.show(
        content.compiled(version),
        samples_with({"name": "Blue Train"}, {"name": "A <Love> Supreme"}),
    )

    rows = html.split("Blue Train")[1].split("</table>")[0]
    assert "</td></tr><tr><td" in rows
    assert "A &lt;Love&gt; Supreme" in rows


def test_a_condition_keeps_its_signs(db):
    html = body_of("<mj-text>{% if order.items.size > 1 and first_name != '' %}many{% endif %}</mj-text>")

    assert "{% if order.items.size > 1 and first_name != '' %}many{% endif %}" in html


def test_a_loop_may_stand_around_sections(db):
    source = "{% for item in order.items %}" + column("<mj-text>{{ item.name }}</mj-text>") + "{% endfor %}"

    version = content.compiled(words(body=source))

    html = rendering.show(version, samples_with({"name": "One"}, {"name": "Two"}))[2]
    assert html.count("mj-column-per-100") - html.count(".mj-column-per-100") >= 2
    assert "One" in html
    assert "Two" in html


@pytest.mark.parametrize(
    "inner, said",
    [
        ("<mj-tex>x</mj-tex>", "Did you mean <mj-text>?"),
        ("<mj-raw><b>x</b></mj-raw>", "<mj-raw>"),
        ("<mj-include path='/etc/passwd' />", "<mj-include>"),
        ("<mj-text><script>x</script></mj-text>", "<script> cannot stand"),
        ("<mj-text><iframe src='https://example.com'></iframe></mj-text>", "<iframe> cannot stand"),
        ("<mj-text><b onclick='x()'>x</b></mj-text>", "carries a script"),
        ("loose words", "outside of <mj-text>"),
        ("<mj-section></mj-section>", "<mj-section> cannot stand in <mj-column>"),
        ("<mj-text>x", "closes what is not open"),
    ],
)
def test_what_cannot_be_laid_out_is_refused_in_words(inner, said, db):
    found = content.check(words(body=column(inner)))

    assert any(said in problem for problem in found), found
    with pytest.raises(content.CannotFreeze):
        body_of(inner)


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"subject": ""}, "Subject: Write one."),
        ({"subject": "a\nb"}, "Subject: It must be one line."),
        ({"text": " "}, "Text part: Write one: some people read without pictures."),
        ({"body": ""}, "Body: Write something."),
        ({"body": "<mj-column />"}, "Body: Line 1: <mj-column> cannot stand in <mj-body>."),
        (
            {"subject": "Hello {{ firstname }}"},
            "Subject: Line 1: There is no merge field “firstname”. Did you mean “first_name”?",
        ),
        (
            {"text": "{% assign a = (1..3000000) | join: '' %}"},
            "Text part: The range (1..3000000) is too long: write two numbers at most 100 apart.",
        ),
        (
            {"body": column('<mj-button href="javascript:alert(1)">x</mj-button>')},
            "Body: A link leads nowhere a message may lead: “javascript:alert(1)”.",
        ),
    ],
)
def test_what_could_not_be_sent_is_refused_in_words(fields, said, db):
    assert content.check(words(**fields)) == [said]


def test_what_is_in_order_has_no_problems(db):
    assert content.check(words()) == []


def test_pasted_html_is_cleaned_even_where_the_check_was_passed_by():
    dirty = '<mj-text><a href="javascript:x" onclick="y">a</a><script>z</script></mj-text>'

    assert layout.cleaned(dirty) == "<mj-text><a>a</a></mj-text>"


def test_styles_are_written_into_the_tags_and_nothing_is_fetched(db):
    html = body_of("<mj-text><h1>Hello</h1></mj-text>")

    assert '<h1 style="' in html
    assert "<link" not in html
    assert "googleapis" not in html
    assert "@import" not in html
    assert "prefers-color-scheme: dark" in html


def test_the_frame_says_why_and_how_to_stop(db):
    version = content.compiled(words(preheader="Look & see {{ first_name }}"))

    for part in (version.html, version.text):
        assert "{{ why }}" in part
        assert "{{ unsubscribe_url }}" in part
        assert "{{ postal_address }}" in part
    assert "Look &amp; see {{ first_name }}" in version.html


def test_the_button_wears_the_senders_colour(sender):
    sender.colour = "#1f4d4a"
    sender.save()
    written = make_content(body=column('<mj-button href="https://example.com/">x</mj-button>'))
    make_rule(content=written, sender=sender, status="draft", activated_at=None)

    assert "background: #1f4d4a" in content.compiled(written).html


def test_freezing_makes_a_version_once_and_a_new_one_after_a_change(marketer):
    written = make_content()
    first = content.freeze(written, at=NOON, by=marketer)

    assert content.freeze(written, at=NOON) == first
    written.refresh_from_db()
    assert not content.differs(written)

    written.subject = "Hello again"
    written.save()
    assert content.differs(written)
    second = content.freeze(written, at=NOON)

    assert (first.number, second.number) == (1, 2)
    first.refresh_from_db()
    assert first.subject == "Hello {{ first_name }}"


def test_what_has_problems_is_not_frozen(db):
    written = make_content(subject="{{ nobody }}")

    with pytest.raises(content.CannotFreeze):
        content.freeze(written, at=NOON)

    assert written.versions.count() == 0
