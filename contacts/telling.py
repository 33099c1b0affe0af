"""Consent and suppression, told in words: on the timeline and in the panel “May we?”."""

from itertools import groupby

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.models import Consent, Identity, Suppression
from contacts.timeline import Entry
from crm.ui.kinds import KINDS

# A person gives few answers; who gave more sees the newest of them.
MOST = 300
DOORS = {
    "form:sign-up": gettext_lazy("on the sign-up form"),
    "sign-up": gettext_lazy("on the sign-up form"),
    "preferences": gettext_lazy("on the preference page"),
    "one-click": gettext_lazy("with one click in a mail program"),
    "one-click:undo": gettext_lazy("taken back with “Undo”"),
    "stop": gettext_lazy("on the page behind “stop these messages”"),
    "mail": gettext_lazy("in a message to us"),
    "smtp": gettext_lazy("the mail server said so"),
}


def entries(contact, *, before, limit):
    """The newest of what they agreed to and took back, and of what became of their addresses."""
    told = [*_answers(contact), *_suppressions(contact)]
    told = [entry for entry in told if entry.at <= before]
    return sorted(told, key=lambda entry: entry.place, reverse=True)[:limit]


def _answers(contact):
    """One entry for all topics answered in one go."""
    log = Consent.objects.filter(contact=contact).select_related("topic").order_by("-at", "-id")[:MOST]
    for _same, answers in groupby(log, key=_in_one_go):
        answers = [*answers]
        newest = answers[0]
        look = KINDS["consent" if newest.action == Consent.Action.GIVEN else "withdrawn"]
        yield Entry(
            at=newest.at,
            key=f"c{newest.pk:020}",
            voice=look.voice,
            icon=look.icon,
            title=answer_words(newest, [answer.topic.name for answer in answers]),
            detail=door_words(newest.source),
        )


def _in_one_go(entry):
    return entry.at, entry.source, entry.action, entry.channel


def answer_words(entry, topics):
    """`Said yes to “New arrivals” by e-mail`."""
    words = {
        "topics": get_text_list([f"“{topic}”" for topic in topics], _("and")),
        "channel": entry.get_channel_display().lower(),
    }
    if entry.action == Consent.Action.WITHDRAWN:
        return _("Said no to %(topics)s by %(channel)s") % words
    if entry.basis == Consent.Basis.CONSENT:
        return _("Said yes to %(topics)s by %(channel)s") % words
    return _("May hear about %(topics)s by %(channel)s") % words


def channel_and_topic(entry):
    """`New arrivals, by e-mail`."""
    words = {"topic": entry.topic.name, "channel": entry.get_channel_display().lower()}
    return _("%(topic)s, by %(channel)s") % words


def _suppressions(contact):
    addresses = Identity.objects.filter(contact=contact).values("value")
    for suppression in Suppression.objects.filter(address__in=addresses).order_by("-at", "-id")[:MOST]:
        yield Entry(
            at=suppression.at,
            key=f"x{suppression.pk:020}",
            voice="not",
            icon="circle-slash",
            title=_kept_back_words(suppression),
            detail=suppression_words(suppression),
        )


def _kept_back_words(suppression):
    address = {"address": suppression.address}
    if suppression.scope == Suppression.Scope.MARKETING:
        return _("No marketing to %(address)s any more") % address
    return _("%(address)s is not used any more") % address


def suppression_words(suppression):
    """`Bounced for good: 550 no such user`."""
    return ": ".join(filter(None, [suppression.get_reason_display(), suppression.detail]))


def door_words(source):
    """Where an answer was given, in words."""
    kind, _colon, name = source.partition(":")
    if kind == "import":
        return _("from the file %(name)s") % {"name": name}
    if kind == "user":
        return _("entered by a colleague")
    return str(DOORS.get(source, source))
