"""Changes rows of the contact strategy and their steps, without waking up what lies in the past.

Says also who owns which words.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from campaigns import panel_words, sequences
from campaigns.models import Campaign, Content, LifecycleRule, Step
from contacts.models import Channel

# What decides when a rule and a step hold: a row that is on begins anew when one of these changes.
DECISIVE = ("trigger", "parameters")
DECISIVE_OF_STEP = ("delay", "follows_id")
# How long after the step before it one more usually goes.
USUAL_DELAY = timedelta(days=5)


class CannotRemove(ValueError):
    """Why a step has to stay, in words."""


@transaction.atomic
def save_rule(rule, *, at, delay=timedelta(), remind_after=None):
    """Save a row as it was edited, with the delay of its first step and a reminder, or none, after silence.

    A new row gets words to begin from, and a new reminder gets its own.
    """
    write_rule(rule, LifecycleRule.objects.filter(pk=rule.pk).first(), at)
    first = rule.first_step
    save_step(first or Step(rule=rule, content=first_words(rule)), at=at, delay=delay)
    save_reminder(rule, remind_after, at=at)
    return rule


def write_rule(rule, before, at):
    """Save the row itself, `before` being what it was: None for a new one, which takes the last place."""
    if before is None:
        rule.position = LifecycleRule.objects.count()
    elif has_changed(before, rule, DECISIVE):
        begin_anew(rule, at)
    rule.save()


def has_changed(before, after, names):
    return any(getattr(before, name) != getattr(after, name) for name in names)


def begin_anew(rule, at):
    """What was due before starts nothing once a row that is on is another one."""
    if rule.status == LifecycleRule.Status.ACTIVE:
        rule.activated_at = at


def save_reminder(rule, remind_after, *, at):
    """The step that answers the silence after the first: one, so long after it, or none."""
    first, reminder = rule.first_step, reminder_of(rule)
    if remind_after and reminder:
        save_step(reminder, at=at, delay=remind_after)
    elif remind_after:
        words = copy_of(first.content, name=_("%(rule)s, reminder") % {"rule": rule.name})
        step = Step(rule=rule, follows=first, condition=Step.Condition.UNANSWERED, content=words)
        save_step(step, at=at, delay=remind_after)
    elif reminder:
        remove_step(reminder, at=at)


def reminder_of(rule):
    """The step of a row that a person calls its reminder: mail that answers the silence after the first."""
    first = rule.first_step
    if first is None:
        return None
    reminders = rule.steps.filter(follows=first, condition=Step.Condition.UNANSWERED, channel=first.channel)
    return reminders.select_related("content__live").first()


@transaction.atomic
def save_step(step, *, at, **changes):
    """Save a step as it was edited; a new one gets a key that its rule has never used, and the last place."""
    for name, value in changes.items():
        setattr(step, name, value)
    if step.pk is None:
        known = Step.everything.filter(rule=step.rule).aggregate(key=Max("key"), position=Max("position"))
        step.key = (known["key"] or 0) + 1
        step.position = 0 if known["position"] is None else known["position"] + 1
    elif has_changed(Step.everything.get(pk=step.pk), step, DECISIVE_OF_STEP):
        begin_anew(step.rule, at)
        step.rule.save(update_fields=["activated_at"])
    step.save()
    return step


@transaction.atomic
def write_step(step, *, at, delay, tries_two):
    """Save a step as it was typed; it gets words of its own, and others beside them where two are tried."""
    if step.content_id is None:
        step.content = words_to_begin_with(step)
    if tries_two and step.content_b is None:
        name = _("%(message)s, the other one") % {"message": step.content.name}
        step.content_b = copy_of(step.content, name=name)
    elif not tries_two:
        step.content_b = None
    return save_step(step, at=at, delay=delay)


def words_to_begin_with(step):
    """Those of the step before it where that speaks by the same medium, else a greeting."""
    name = f"{step.rule}, {step.label.lower()}"
    if step.follows and step.follows.channel == step.channel:
        return copy_of(step.follows.content, name=name)
    if step.channel == Channel.PANEL:
        return Content.objects.create(name=name, body=panel_words.FIRST_BODY)
    return first_words(step.rule, name=name, channel=step.channel)


@transaction.atomic
def remove_step(step, *, at):
    """Take a step out of its row: what it has planned is called off. Raises CannotRemove."""
    if step.followers.exists():
        raise CannotRemove(_("Another step follows it; take that one out first."))
    if not step.rule.steps.exclude(pk=step.pk).filter(follows=None).exists() and step.follows_id is None:
        raise CannotRemove(_("A row needs a message; write another one first."))
    step.removed_at = at
    step.save(update_fields=["removed_at"])
    return sequences.call_off_step(step, at=at)


@transaction.atomic
def move_step(step, *, up):
    """Let a step change places with the one above or below it."""
    steps = [*step.rule.steps.select_for_update()]
    place = next(number for number, each in enumerate(steps) if each.pk == step.pk)
    other = place + (-1 if up else 1)
    if 0 <= other < len(steps):
        steps[place], steps[other] = steps[other], steps[place]
    for position, each in enumerate(steps):
        each.position = position
    Step.objects.bulk_update(steps, ["position"])


def first_words(program, *, name="", channel=Channel.EMAIL):
    """Words to begin from, for a row or a campaign: a greeting and a signature.

    Its name is for colleagues, so only what they read, the purpose of a call, begins with it.
    """
    return Content.objects.create(
        name=name or program.name,
        subject=program.name if channel == Channel.PHONE else "",
        body=FIRST_BODY,
        text="{% if first_name != '' %}"
        + _("Hello")
        + " {{ first_name }},{% endif %}\n\n…\n\n{{ signed_by }}\n",
    )


def copy_of(words, *, name):
    """The same words under another name, to be written on apart."""
    return Content.objects.create(
        name=name,
        subject=words.subject,
        preheader=words.preheader,
        body=words.body,
        text=words.text,
        question=words.question,
    )


def owns_words(campaign):
    """Whether nothing else uses a campaign's words, so that writing on them changes nothing else."""
    words = campaign.content_id
    in_rules = Step.everything.filter(Q(content=words) | Q(content_b=words)).exists()
    return not in_rules and not Campaign.objects.filter(content=words).exclude(pk=campaign.pk).exists()


FIRST_BODY = """<mj-section>
  <mj-column>
    <mj-text mj-class="headline">{% if first_name != "" %}{{ first_name }}, {% endif %}…</mj-text>
    <mj-text>…</mj-text>
    <mj-button href="{{ shop_url }}">…</mj-button>
    <mj-text>{{ signed_by }}<br>{{ sender_name }}</mj-text>
  </mj-column>
</mj-section>
"""
