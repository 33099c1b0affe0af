"""Changes rows of the contact strategy, without waking up what lies in the past, and who owns which words."""

import re

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.models import Campaign, Content, LifecycleRule

# What decides when a rule holds: a row that is on begins anew when one of these changes.
DECISIVE = ("trigger", "parameters", "delay")


@transaction.atomic
def save_rule(rule, *, at):
    """Save a row as it was edited; a new one gets words to begin from, a reminder gets its own."""
    before = LifecycleRule.objects.filter(pk=rule.pk).first()
    if rule.content_id is None:
        rule.content = first_words(rule)
        rule.position = LifecycleRule.objects.count()
    if rule.remind_after and rule.reminder_content is None:
        rule.reminder_content = reminder_words(rule)
    if before and rule.status == LifecycleRule.Status.ACTIVE and has_changed(before, rule):
        rule.activated_at = at
    rule.save()
    return rule


def has_changed(before, rule):
    return any(getattr(before, name) != getattr(rule, name) for name in DECISIVE)


def first_words(program):
    """Words to begin from, for a row or a campaign: a greeting and a signature."""
    return Content.objects.create(
        name=program.name,
        subject=program.name,
        body=FIRST_BODY,
        text="{% if first_name != '' %}"
        + _("Hello")
        + " {{ first_name }},{% endif %}\n\n…\n\n{{ signed_by }}\n",
    )


def reminder_words(rule):
    """The reminder begins with the words of the first message."""
    return copy_of(rule.content, name=_("%(rule)s, reminder") % {"rule": rule.name})


def copy_of(words, *, name):
    """The same words under another name, to be written on apart."""
    return Content.objects.create(
        name=name,
        subject=words.subject,
        preheader=words.preheader,
        body=words.body,
        text=words.text,
    )


def owns_words(campaign):
    """Whether nothing else uses a campaign's words, so that writing on them changes nothing else."""
    words = campaign.content_id
    in_rules = LifecycleRule.objects.filter(Q(content=words) | Q(reminder_content=words)).exists()
    return not in_rules and not Campaign.objects.filter(content=words).exclude(pk=campaign.pk).exists()


def is_unwritten(words):
    """Whether a place that was left open for words is open still."""
    return bool(OPEN_PLACE.search(words.body) or OPEN_LINE.search(words.text))


OPEN_PLACE, OPEN_LINE = re.compile(r"[>}]\s*…\s*<"), re.compile(r"^\s*…\s*$", re.MULTILINE)
FIRST_BODY = """<mj-section>
  <mj-column>
    <mj-text mj-class="headline">{% if first_name != "" %}{{ first_name }}, {% endif %}…</mj-text>
    <mj-text>…</mj-text>
    <mj-button href="{{ shop_url }}">…</mj-button>
    <mj-text>{{ signed_by }}<br>{{ sender_name }}</mj-text>
  </mj-column>
</mj-section>
"""
