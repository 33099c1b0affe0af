"""Changes a row of the contact strategy, without waking up what lies in the past."""

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.models import Content, LifecycleRule

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


def first_words(rule):
    """Words to begin from: a greeting and a signature."""
    return Content.objects.create(
        name=rule.name,
        subject=rule.name,
        body=FIRST_BODY,
        text="{% if first_name != '' %}"
        + _("Hello")
        + " {{ first_name }},{% endif %}\n\n…\n\n{{ signed_by }}\n",
    )


def reminder_words(rule):
    """The reminder begins with the words of the first message."""
    words = rule.content
    return Content.objects.create(
        name=_("%(rule)s, reminder") % {"rule": rule.name},
        subject=words.subject,
        preheader=words.preheader,
        body=words.body,
        text=words.text,
    )


FIRST_BODY = """<mj-section>
  <mj-column>
    <mj-text mj-class="headline">{% if first_name != "" %}{{ first_name }}, {% endif %}…</mj-text>
    <mj-text>…</mj-text>
    <mj-button href="{{ shop_url }}">…</mj-button>
    <mj-text>{{ signed_by }}<br>{{ sender_name }}</mj-text>
  </mj-column>
</mj-section>
"""
