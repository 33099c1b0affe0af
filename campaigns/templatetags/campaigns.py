"""Shapes what campaigns know for the eye."""

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from campaigns import channels, previewing
from campaigns.telling import message_name
from crm.ui.states import STATES

register = template.Library()
ENTRY_KINDS = {
    "opened": "open",
    "clicked": "click",
    "replied": "reply",
    "bounced": "bounce",
    "complained": "complaint",
    "unsubscribed": "withdrawn",
}
HEARD_KINDS = {
    "accepted": "email",
    "deferred": "planned",
    "delivered": "email",
    "soft": "bounce",
    "hard": "bounce",
    "policy": "bounce",
    "complaint": "complaint",
    "unsubscribed": "withdrawn",
    "opened": "open",
    "clicked": "click",
    "replied": "reply",
}
CAMPAIGN_STATES = {
    "draft": "off",
    "waiting": "parked",
    "scheduled": "planned",
    "planning": "sending",
    "sending": "sending",
    "paused": "paused",
    "finished": "sent",
    "cancelled": "cancelled",
}
RULE_STATES = {"active": "on", "paused": "paused", "draft": "off", "closed": "off"}


@register.filter
def span(delta):
    """A span in the largest unit that tells it whole: 5 days, 90 minutes; at once for none."""
    if not delta:
        return _("at once")
    minutes = round(delta.total_seconds() / 60)
    if minutes % (24 * 60) == 0:
        days = minutes // (24 * 60)
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    if minutes % 60 == 0:
        return ngettext("%(count)s hour", "%(count)s hours", minutes // 60) % {"count": minutes // 60}
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


STEP_ICONS = {"email": "mail", "phone": "phone", "letter": "file-text", "panel": "layout-panel-top"}
# The places of panels that the textbook names, as one reads them.
PLACES = {
    "after-action": (_lazy("Page shown after the action"), "panel-top"),
    "home": (_lazy("Home page"), "house"),
    "side": (_lazy("Side panels deep in the site"), "panel-right"),
}


@register.filter
def step_icon(step):
    """The icon of a step: its medium; of mail that follows, that it comes again."""
    if step.slot in PLACES:
        return PLACES[step.slot][1]
    return "repeat-2" if step.follows_id and step.channel == "email" else STEP_ICONS[step.channel]


@register.filter
def step_words(step):
    """A step in one line: its medium, how long after what, and on what condition."""
    if step.follows_id and step.condition == step.Condition.UNANSWERED and step.channel == "email":
        return _("One reminder after %(span)s of silence") % {"span": span(step.delay)}
    medium = f"{step.get_channel_display()} “{step.slot}”" if step.slot else step.get_channel_display()
    medium = PLACES[step.slot][0] if step.slot in PLACES else medium
    after = _("after %(span)s") % {"span": span(step.delay)} if step.delay else _("at once")
    if step.follows_id:
        values = {"span": span(step.delay) if step.delay else _("at once"), "step": step.follows.label}
        after = _("%(span)s after “%(step)s”") % values
    parts = [medium, after, step.get_condition_display() if step.condition else ""]
    parts += [_("to those who prefer it")] if step.by_preference else []
    return ", ".join(str(part) for part in parts if part)


@register.filter
def rule_state(rule):
    """The badge a rule's status wears."""
    return RULE_STATES[rule.status]


@register.filter
def campaign_state(campaign):
    """The badge a campaign's status wears."""
    return CAMPAIGN_STATES[campaign.status]


@register.filter
def pause_words(campaign):
    """Why it is paused: by whom, or by itself and at which figures."""
    return " – ".join(str(part) for part in (campaign.get_pause_display(), campaign.pause_detail) if part)


@register.filter
def act_url(campaign, act):
    """Where an act with a campaign is posted to."""
    return reverse(f"campaigns:campaign-{act}", args=[campaign.pk])


@register.filter
def maker(response):
    """Who followed a link or fetched a picture, and how a machine was told; empty for other answers."""
    if response.kind not in ("clicked", "opened"):
        return ""
    return ". ".join(filter(None, [response.get_made_by_display(), response.why and _(response.why)]))


@register.filter
def message(delivery):
    """What a marketer calls this message."""
    return message_name(delivery)


@register.filter
def subject(words):
    """The subject as an imagined person would read it."""
    return previewing.sample_subject(words)


@register.filter
def entry_kind(response):
    """The kind of timeline entry a response is shown as."""
    return ENTRY_KINDS.get(response.kind, "other")


@register.filter
def heard_kind(notice):
    """The kind of timeline entry a notice is shown as."""
    return HEARD_KINDS.get(notice.kind, "other")


@register.filter
def heard_words(notice):
    """Who said it, and in what words."""
    try:
        who = str(channels.get(notice.source).label)
    except channels.UnknownProvider:
        who = notice.source.replace("_", " ").capitalize()
    return ": ".join(filter(None, [who, notice.detail or notice.status_code or notice.data.get("url", "")]))


@register.filter
def voice(delivery):
    """How a reminder stands on the road: planned, sent, or called off."""
    if delivery.status == "planned":
        return "next"
    return "us" if delivery.sending_at else "not"


@register.filter
def legend(balance):
    """(state, "1,284 sent") for each part of a balance bar."""
    return [
        (state, f"{intcomma(count)} {str(STATES[state].label).lower()}") for state, count in balance.parts
    ]


@register.filter
def as_checks(lines):
    """Lines of an explanation for the checks component, which takes a note before the address."""
    return [(tone, words, "", href) for tone, words, href in lines]


@register.filter
def is_past(moment):
    """Whether a moment lies behind us."""
    return moment <= timezone.now()


@register.filter
def lines(text):
    """A text of the strategy that names several things, thing by thing: they are parted by semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]
