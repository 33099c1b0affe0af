"""The page that asks the one question of a message. Nobody signs in here; looking changes nothing."""

from django import forms
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns import feedback, links
from contacts import limits
from contacts.signing import BadToken
from touchpoints import wakeups


class FeedbackForm(forms.Form):
    """How it was, and a sentence for whoever has one."""

    score = forms.TypedChoiceField(coerce=int, error_messages={"required": _("Choose one of these.")})
    text = forms.CharField(required=False, max_length=feedback.LONGEST)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["score"].choices = feedback.choices()


@never_cache
@csrf_exempt  # whoever holds the link may answer, and nothing else; mail programs keep no cookies
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request, token):
    """Show the question; a POST records the answer, once, and changes it for a day."""
    delivery, at = _find(token), timezone.now()
    if delivery is None:
        status = limits.status_of_unknown("links", request, at=at, limit=60)
        return render(request, "campaigns/public/unknown.html", status=status)
    with translation.override(delivery.sender.language):
        if request.method == "POST":
            return _take(request, delivery, at)
        return _show(request, delivery, at)


def _find(token):
    try:
        return feedback.delivery_of(links.read_feedback(token))
    except BadToken:
        return None


def _take(request, delivery, at):
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        return _show(request, delivery, at, form=form, status=422)
    try:
        answer, _is_new = feedback.take(
            delivery, form.cleaned_data["score"], form.cleaned_data["text"], at=at
        )
    except feedback.TooLate:
        return _show(request, delivery, at, status=409)
    wakeups.hint([answer.contact_id])
    page = {"delivery": delivery, "answer": answer, "may_change": feedback.may_change(answer, at)}
    return render(request, "campaigns/public/feedback_thanks.html", page)


def _show(request, delivery, at, form=None, status=200):
    answer = feedback.answer_to(delivery)
    may_change = feedback.may_change(answer, at)
    said = {"score": answer.data.get("score"), "text": answer.data.get("text", "")} if answer else {}
    page = {
        "delivery": delivery,
        "question": feedback.question_of(delivery),
        "answer": answer,
        "may_change": may_change,
        "choices": feedback.choices(),
        "form": form,
        "score": form.data.get("score", "") if form else str(said.get("score", "")),
        "text": form.data.get("text", "") if form else said.get("text", ""),
        "longest": feedback.LONGEST,
    }
    template = "feedback.html" if may_change else "feedback_thanks.html"
    return render(request, f"campaigns/public/{template}", page, status=status)
