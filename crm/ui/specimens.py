"""What the style guide shows: invented people and numbers, enough for every component in every state.

Specimens are not words of the product, so they are not translated.
"""

from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message

from crm.ui.paging import KeysetPage
from crm.ui.states import DELIVERY_STATES, OTHER_STATES

COLOURS = [
    "canvas",
    "sheet",
    "sunken",
    "hover",
    "line",
    "line-strong",
    "control",
    "ink",
    "ink-2",
    "ink-3",
    "accent",
    "accent-hover",
    "accent-ink",
    "accent-soft",
    "accent-line",
    "apricot",
    "apricot-soft",
    "good",
    "good-soft",
    "info",
    "info-soft",
    "warn",
    "warn-soft",
    "bad",
    "bad-soft",
    "warm-1",
    "warm-2",
    "warm-3",
    "warm-4",
    "warm-5",
    "warm-6",
    "series-1",
    "series-2",
    "series-3",
    "series-4",
    "series-5",
    "series-6",
    "voice-them",
    "voice-us",
    "quiet",
]

REASONS = {
    "planned": "goes at 08:00 her time",
    "claimed": "in hand",
    "sending": "handed to the mail server",
    "sent": "accepted in 0.4 seconds, first try",
    "unknown": "the connection broke; asking the mail service",
    "parked": "nobody can say whether it arrived. Decide",
    "skipped": "left “New arrivals” on Sunday",
    "held_out": "in the control group, to see what silence does",
    "failed": "the mailbox does not exist; address now suppressed",
    "cancelled": "she ordered before it went",
    "expired": "could not go within 72 hours",
    "merged": "now under Katherine Morgan",
    "erased": "they asked to be forgotten",
}

ENTRIES = [
    [
        ("order", "Order"),
        ("return", "Return"),
        ("visit", "Visit"),
        ("click", "Click"),
        ("reply", "Reply"),
        ("call_in", "Call in"),
        ("feedback", "Feedback"),
        ("signup", "Sign-up"),
        ("confirmed", "Sign-up confirmed"),
        ("consent", "Consent given"),
    ],
    [
        ("withdrawn", "Consent withdrawn"),
        ("complaint", "Complaint"),
        ("email", "E-mail sent"),
        ("call_out", "Call out"),
        ("letter", "Letter"),
        ("panel", "On-site panel shown"),
        ("note", "Note"),
        ("reminder", "Reminder"),
        ("bounce", "Bounced"),
        ("cell", "RFM cell changed"),
        ("merge", "Merged with another record"),
    ],
]

LIVELY, STARTING, QUIET = (
    [2, 0, 3, 1, 2, 0, 1, 0, 4, 3, 2, 4],
    [0, 1, 0, 2, 0, 1, 0, 0, 1, 3, 2, 3],
    [1, 2] + 10 * [0],
)
LONG_NAME = "Bartholomew Featherstonehaugh-Cholmondeley"
# name, e-mail, warmth, RFM, orders, revenue, the last twelve months
PEOPLE = [
    ("Mara Lindqvist", "mara@example.com", 6, (5, 5, 5, "Champions"), 16, "$924.53", LIVELY),
    ("Tobias Brandt", "tobias@example.com", 4, (5, 4, 4, "Champions"), 7, "$311.90", STARTING),
    (LONG_NAME, "bartholomew@example.com", 3, (3, 2, 1, "Needs attention"), 2, "$37.94", QUIET),
    ("Hugo Mensah", "hugo.mensah@example.com", 0, None, None, None, []),
]
PARTS = {"sent": 1284, "skipped": 212, "cancelled": 36, "failed": 9, "parked": 3, "planned": 318}
WHY = [
    ("ok", "She looked at “Bach: Cello Suites” twice and did not order it within two days."),
    ("wait", "Waits for 08:00 in Porto.", "her quiet hours end then"),
]
WHY_NOT = [
    ("ok", "The row is on and its trigger held."),
    ("stop", "He left “New arrivals” on Sunday at 22:31.", "", "#why", "his words"),
]
# warmth, share of revenue, people, name
CELLS = [
    (1, "0.4", 9, "At risk"),
    (2, "1.8", 60, "Promising"),
    (3, "5.1", 190, "Promising"),
    (4, "7.1", 150, "Loyal"),
    (5, "11.2", 129, "Champions"),
]

SENT = [97, 165, 186, 196, 176, 166, 107, 112, 192, 184, 175, 181, 189, 96, 105]
ANSWERED = [14, 24, 27, 27, 25, 24, 16, 18, 26, 27, 28, 25, 28, 14, 17]


class SpecimenForm(forms.Form):
    """A form as crispy draws it."""

    name = forms.CharField(label="Name", initial="Mara Lindqvist")
    quiet_from = forms.CharField(label="Quiet hours begin", help_text="In each person's own time zone.")
    language = forms.ChoiceField(label="Language", choices=[("en", "English"), ("pt", "Portuguese")])
    control = forms.BooleanField(label="Hold back a control group", initial=True, required=False)
    number = forms.CharField(label="Customer no., disabled", initial="2261", disabled=True, required=False)


class RefusedForm(forms.Form):
    """The same with an answer that cannot be taken."""

    email = forms.EmailField(label="E-mail")
    channel = forms.ChoiceField(
        label="Best way", widget=forms.RadioSelect, choices=[("email", "E-mail"), ("phone", "Phone")]
    )
    words = forms.CharField(label="A note", widget=forms.Textarea(attrs={"rows": 3}), required=False)

    def clean_email(self):
        raise forms.ValidationError("Did you mean mara.lindqvist@example.com? Use it or keep yours.")

    def clean(self):
        self.add_error(None, "Two people already share this phone. Choose one of them first.")


def chart():
    """Bars of what went out behind bars of what came back."""
    days = [f"{day:02}" for day in range(1, len(SENT) + 1)]
    values = [{"day": d, "sent": s, "answered": a} for d, s, a in zip(days, SENT, ANSWERED, strict=True)]
    axis = {"title": None, "labelAngle": 0}
    x = {
        "field": "day",
        "type": "ordinal",
        "axis": axis,
        "scale": {"paddingInner": 0.35, "paddingOuter": 0.2},
    }

    def bars(field, **mark):
        y = {"field": field, "type": "quantitative", "axis": {"title": None}}
        return {"mark": {"type": "bar", **mark}, "encoding": {"x": x, "y": y}}

    behind = bars("sent", color="var(--canvas)", stroke="var(--quiet)")
    return {"data": {"values": values}, "layer": [behind, bars("answered", color="var(--voice-them)")]}


def toasts():
    return [
        Message(constants.SUCCESS, "Letter planned for tomorrow.", extra_tags="undo:/styleguide/"),
        Message(constants.INFO, "The preview uses Mara’s own words."),
        Message(constants.WARNING, "The test went to you only."),
        Message(constants.ERROR, "The file is empty; nothing was changed."),
    ]


def everything():
    """All that the style guide's template asks for."""
    both = zip(SENT, ANSWERED, strict=True)
    return {
        "colours": COLOURS,
        "delivery_states": [(state, REASONS[state]) for state in DELIVERY_STATES],
        "other_states": list(OTHER_STATES),
        "entries": ENTRIES,
        "people": PEOPLE,
        "page": KeysetPage(PEOPLE, older_url="#tables", about=990, order="Latest touchpoint first"),
        "toast_messages": toasts(),
        "rhythm_them": [1 if week % 3 else week % 5 for week in range(52)],
        "rhythm_us": [1 if week % 4 == 0 else 0 for week in range(52)],
        "points": [12, 18, 17, 20, 22, 8, 19],
        "parts": PARTS.items(),
        "facts": [("Welcome", 12), ("Engagement", 86), ("Thank-you", 63)],
        "steps": ["Upload", "Columns", "Preview", "Import"],
        "why": WHY,
        "why_not": WHY_NOT,
        "job_lines": ["1,476 of 2,357 lines", "9 refused", "about 4 s left"],
        "chart": chart(),
        "chart_rows": [(f"{day} Nov", *counts) for day, counts in enumerate(both, 1)],
        "chart_heads": ["Day", "Sent", "Answered"],
        "chart_keys": [("quiet", "Sent"), ("voice-them", "Answered")],
        "cells": CELLS,
        "form": SpecimenForm(),
        "refused": RefusedForm({"email": "mara.lindqvist@exampel.com", "channel": "email"}),
    }
