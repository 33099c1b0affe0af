"""One question a message: what people answer becomes a touchpoint, in their own words.

An answer may be changed for a day. What happened never changes, so the changed answer is a touchpoint of its
own; whoever reads answers takes the newest of each message.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import links, merge_fields
from campaigns.models import Delivery, Response
from contacts.locking import lock_contacts
from contacts.models import Contact
from touchpoints.models import Touchpoint
from touchpoints.recording import record

SOURCE = "feedback"
CHANGEABLE = timedelta(days=1)
LONGEST = 2000


def register_field():
    """Let the words of a message lead to its question."""
    merge_fields.register(
        "feedback_url",
        gettext_lazy("The question"),
        f"{settings.PUBLIC_URL}/f/sample/",
        lambda context: links.feedback_url(context.delivery),
        group=merge_fields.LINKS,
    )


class TooLate(ValueError):
    """The answer stands."""


def choices():
    """(score, words) of what can be answered, the best first."""
    return [
        (5, _("Very good")),
        (4, _("Good")),
        (3, _("So-so")),
        (2, _("Not good")),
        (1, _("Bad")),
    ]


def question_of(delivery):
    """What the message asks; empty when it asks nothing."""
    return delivery.version.question


def answer_to(delivery):
    """The newest answer to a message; None when there is none."""
    said = Touchpoint.objects.filter(
        contact=delivery.contact.survivor, kind=Touchpoint.Kind.FEEDBACK, source=SOURCE
    )
    return said.filter(data__delivery=str(delivery.uuid)).newest_first().first()


def may_change(answer, at):
    """Whether the first answer is young enough to be changed."""
    return answer is None or at < first_at(answer) + CHANGEABLE


def first_at(answer):
    """When the question was first answered."""
    told = answer.data.get("first_at")
    return datetime.fromisoformat(told) if told else answer.at


@transaction.atomic
def take(delivery, score, words, *, at):
    """Record an answer: (touchpoint, whether it is new). The same again changes nothing; raises TooLate."""
    contact = delivery.contact.survivor
    lock_contacts([contact.pk])
    if not Contact.objects.filter(pk=contact.pk, erased_at=None).exists():
        raise TooLate
    before, words = answer_to(delivery), words.strip()[:LONGEST]
    if before and (before.data.get("score"), before.data.get("text", "")) == (score, words):
        return before, False
    if not may_change(before, at):
        raise TooLate
    data = answer_data(delivery, score, words, before)
    told = {"at": at, "source": SOURCE, "external_id": f"feedback:{delivery.uuid}:{data['number']}"}
    answer, is_new = record(Touchpoint.Kind.FEEDBACK, contact=contact, data=data, **told)
    if is_new:
        # Whoever was asked and said something has answered the message: nobody reminds them of it.
        Response.objects.create(
            delivery=delivery, kind=Response.Kind.REPLIED, at=at, touchpoint=answer, data={"score": score}
        )
    return answer, is_new


def answer_data(delivery, score, words="", before=None):
    """What is kept: the question as it was asked, the answer, their words, and what it answers."""
    data = {"question": question_of(delivery), "answer": dict(choices())[score], "score": score}
    data |= {"delivery": str(delivery.uuid), "rule": str(delivery.program)}
    data |= {"rule_id": delivery.rule_id} if delivery.rule_id else {"campaign_id": delivery.campaign_id}
    data["number"] = before.data["number"] + 1 if before else 1
    if words:
        data["text"] = words
    if before:
        data["first_at"] = first_at(before).isoformat()
    return data


def newest_answers(rule, at, limit=5):
    """The last answers to the messages of a row, one a message: touchpoints with their contacts."""
    said = Touchpoint.objects.filter(kind=Touchpoint.Kind.FEEDBACK, source=SOURCE, at__lte=at)
    newest = said.filter(data__rule_id=rule.pk, contact__isnull=False).select_related("contact")
    answers = {}
    # Whoever changed theirs has several; a few times as many are enough to find the last.
    for touchpoint in newest.newest_first()[: 4 * limit]:
        answers.setdefault(touchpoint.data["delivery"], touchpoint)
    return list(answers.values())[:limit]


def delivery_of(key):
    """The message with this key, with what its page reads; None when nobody may be asked."""
    related = Delivery.objects.select_related("contact", "version", "rule", "campaign", "sender")
    delivery = related.filter(uuid=key, contact__erased_at=None).first()
    return delivery if delivery and question_of(delivery) else None
