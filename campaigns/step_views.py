"""Pages of the steps of a row: add, change, move, take out."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from campaigns import editing
from campaigns.models import Step
from campaigns.step_forms import StepForm
from campaigns.views import rule_of
from contacts.models import Channel


def step_of(request, pk, key):
    """The row's step of that key, if this person may see it and it was not taken out."""
    rule = rule_of(request, pk)
    return get_object_or_404(rule.steps.select_related("content", "content_b", "rule"), key=key)


@require_http_methods(["GET", "HEAD", "POST"])
def step_create(request, pk):
    """Add a step: by default it answers the silence after the last mail."""
    rule = rule_of(request, pk)
    last = rule.steps.filter(channel=Channel.EMAIL).last()
    condition = Step.Condition.UNANSWERED if last else Step.Condition.ALWAYS
    step = Step(rule=rule, follows=last, condition=condition, delay=editing.USUAL_DELAY)
    form = StepForm(request.POST or None, instance=step, cancel_url=rule.get_absolute_url())
    if form.is_valid():
        step = form.save_step(timezone.now())
        messages.success(
            request, _("“%(step)s” is added. Write its words; nothing of it goes before.") % {"step": step}
        )
        return redirect(f"{reverse('campaigns:rule-content', args=[rule.pk])}?part={step.key}")
    return render(request, "campaigns/step_form.html", {"form": form, "rule": rule})


@require_http_methods(["GET", "HEAD", "POST"])
def step_edit(request, pk, step):
    """Change a step; what was due before starts nothing."""
    step = step_of(request, pk, step)
    form = StepForm(request.POST or None, instance=step, cancel_url=step.rule.get_absolute_url())
    if form.is_valid():
        step = form.save_step(timezone.now())
        messages.success(request, _("“%(step)s” is saved.") % {"step": step})
        return redirect(step.rule)
    return render(request, "campaigns/step_form.html", {"form": form, "rule": step.rule, "step": step})


@require_POST
def step_move(request, pk, step):
    """One place up or down."""
    step = step_of(request, pk, step)
    editing.move_step(step, up="up" in request.POST)
    return redirect(step.rule)


@require_POST
def step_remove(request, pk, step):
    """Take a step out of its row; what was sent stays in the ledger."""
    step = step_of(request, pk, step)
    try:
        count = editing.remove_step(step, at=timezone.now())
    except editing.CannotRemove as error:
        messages.error(request, str(error))
    else:
        words = _("“%(step)s” is taken out; %(count)s planned messages are called off.")
        messages.success(request, words % {"step": step, "count": count})
    return redirect(step.rule)
