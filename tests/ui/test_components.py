"""The components: each is shown in the style guide, speaks in words, and keeps what people typed as text."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template import Context, Template
from django.test import RequestFactory

from campaigns.models import Delivery
from crm.ui import charts, kinds, shapes, specimens, states, views

TEMPLATES = Path("templates")
NAMES = sorted(path.stem for path in (TEMPLATES / "components").glob("*.html"))


def drawn(source, **values):
    return re.sub(r"\s+", " ", Template(source).render(Context(values))).strip()


@pytest.mark.django_db
def test_every_component_is_shown_in_the_style_guide(as_marketer):
    answer = as_marketer.get("/styleguide/")

    shown = {template.name for template in answer.templates}
    assert [name for name in NAMES if f"components/{name}.html" not in shown] == []


def test_every_component_has_a_tag_and_every_tag_is_in_the_list():
    from crm.ui.templatetags import ui

    assert [name for name in NAMES if name not in ui.register.tags] == []
    assert [name for name in ui.register.tags if f"{{% {name} " not in ui.__doc__] == []


@pytest.mark.parametrize("status", Delivery.Status.values)
def test_every_state_of_a_delivery_has_an_icon_and_a_word(status):
    badge = drawn("{% status state %}", state=status)

    assert 'aria-hidden="true"' in badge
    assert str(states.DELIVERY_STATES[status].label) in badge
    assert f"st-{status}" in Path("static/ui/status.css").read_text()


def test_no_template_of_a_page_carries_inline_style_or_script():
    inline = re.compile(r"""\sstyle=|\son\w+=["']|<style|<script(?![^>]*\ssrc=)[^>]*>|javascript:""")
    # A panel carries its own style into the client's page; what shows one alone is a page of its own.
    mail = re.compile(r"(^|/)e?mails?/|\.mjml|/panel_frame\.html$")

    guilty = [
        str(path)
        for path in TEMPLATES.rglob("*.html")
        if not mail.search(str(path)) and inline.search(path.read_text())
    ]

    assert guilty == []


def test_no_template_fetches_anything_from_elsewhere():
    abroad = re.compile(r"""(?:src|href)=["'](?:https?:)?//""")

    assert [str(path) for path in TEMPLATES.rglob("*.html") if abroad.search(path.read_text())] == []


def test_what_people_typed_stays_text():
    name = "<script>alert(1)</script>"

    page = drawn(
        "{% person name name '/x/' 3 %}{% panel name %}{% endpanel %}{% chip name %}"
        "{% entry 'note' name quote=name %}{% endentry %}{% note 'warn' name %}{% endnote %}"
        "{% page_header name sentence=name %}{% endpage_header %}",
        name=name,
    )

    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 9


def test_an_avatar_takes_the_first_and_the_last_name():
    names = ["Mara Lindqvist", "Sofía Álvarez de la Torre", "ada@example.com", "Łukasz", "", "(unknown) –"]

    assert [shapes.initials(name) for name in names] == ["ML", "ST", "AE", "Ł", "–", "–"]


def test_rfm_digits_are_read_out_in_words():
    digits = drawn("{% rfm 5 4 1 'Champions' %}")

    assert 'aria-label="Recency 5, frequency 4, monetary 1 of 5"' in digits
    assert 'class="w6"' in digits


def test_a_balance_shows_even_one_of_a_thousand():
    bars = [*shapes.bars_of([("sent", 1999), ("failed", 1), ("parked", 0)])]

    assert [bar["tone"] for bar in bars] == ["sent", "fail"]
    assert bars[1]["width"] >= 4


def test_nothing_yet_is_drawn_as_a_line_alone():
    assert shapes.rhythm([], [], 84, 26)["marks"] == []
    assert shapes.spark([5, 5])["last"] == (92.0, 24.0)


def test_an_interval_lies_beside_nought_in_the_middle():
    told, not_told = shapes.interval(8, 31, 54), shapes.interval(-10, 5, 20)

    assert (told["is_apart"], not_told["is_apart"]) == (True, False)
    assert (told["middle"], told["high"]) == (160, 314)
    assert told["low"] > 160 > not_told["low"]
    assert shapes.interval(0, 0, 0)["wide"] == 2


def test_numbers_inside_a_drawing_ignore_the_language(settings):
    settings.USE_THOUSAND_SEPARATOR = True

    assert 'viewBox="0 0 1200 40"' in drawn("{% rhythm them us width=1200 height=40 %}", them=[1], us=[2])


def test_a_message_with_an_undo_becomes_a_toast_that_posts_there():
    said = Message(constants.SUCCESS, "Paused.", extra_tags="undo:/rules/1/resume/")

    page = drawn("{% toasts %}", messages=[said], csrf_token="token")

    assert '<form method="post" action="/rules/1/resume/">' in page
    assert 'role="status"' in page


def test_a_trend_says_its_direction_aloud():
    assert "up</span>3" in drawn("{% trend '3' 'up' 'bad' %}")


def test_an_unknown_kind_of_touchpoint_still_has_an_icon():
    assert "<svg" in drawn("{% entry 'moon_landing' 'Landed' %}{% endentry %}")
    assert {kind.voice for kind in kinds.KINDS.values()} == {"them", "us", "next", "not"}


def test_a_chart_is_in_the_colours_of_both_themes_and_breaks_no_policy():
    picture = charts.draw({**specimens.chart(), "width": 326, "height": 120})

    assert "var(--voice-them)" in picture
    assert "style=" not in picture
    assert "<style" not in picture
    assert not re.search(r"\d\.\d{3,}", picture)


def test_names_that_would_collide_on_a_narrow_screen_stand_on_their_side():
    def told(*names):
        x = {"field": "band", "type": "ordinal", "axis": {"labelAngle": 0}}
        values = [{"band": name, "share": 1} for name in names]
        return {"data": {"values": values}, "layer": [{"mark": "line", "encoding": {"x": x}}]}

    long, short = told(*(f"to {days} days · 1200" for days in (7, 30, 90, 180, 365))), told("1", "2", "3")

    turned = charts.narrowed(long)
    assert turned["layer"][0]["encoding"]["x"]["axis"]["labelAngle"] == -50
    assert turned["height"] > charts.HEIGHT
    assert long["layer"][0]["encoding"]["x"]["axis"]["labelAngle"] == 0
    assert charts.narrowed(short) is short
    assert charts.narrowed({"mark": "bar"}) == {"mark": "bar"}


def test_a_chart_takes_amounts_as_numbers(monkeypatch):
    monkeypatch.setattr(charts, "draw", lambda spec: str(spec["data"]))

    assert charts.svg({"data": [Decimal("12.50")]}) == "[12.5]"


def test_a_chart_is_drawn_once(monkeypatch):
    drawings = []
    monkeypatch.setattr(charts, "draw", lambda spec: drawings.append(spec) or "<svg></svg>")

    for width in (740, 740, 326):
        charts.svg({"mark": "bar"}, width=width)

    assert [drawing["width"] for drawing in drawings] == [740, 326]


def test_the_frame_of_a_page_asks_the_database_once_for_the_name_of_the_workspace(
    rf: RequestFactory, marketer, django_assert_max_num_queries
):
    request = rf.get("/styleguide/")
    request.user, request.resolver_match, request._messages = marketer, None, []

    # ... and once for the calls that wait.
    with django_assert_max_num_queries(2):
        views.styleguide(request)
