"""What happened, told on a contact's timeline: an icon, a sentence and what belongs to it, for each kind."""

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.models import Topic
from contacts.timeline import Entry
from crm.ui.kinds import KINDS
from crm.ui.shapes import money
from touchpoints.models import Touchpoint

# Pages seen within half an hour of each other are one visit.
SESSION = timedelta(minutes=30)
MOST_NAMES = 4
LONGEST = 300

Kind = Touchpoint.Kind
# Which kind of entry each kind of touchpoint looks like.
LOOKS = {
    Kind.SIGNED_UP: "signup",
    Kind.CONFIRMED: "confirmed",
    Kind.VISITED: "visit",
    Kind.ORDERED: "order",
    Kind.ORDER_CHANGED: "return",
    Kind.BASKET: "basket",
    Kind.FEEDBACK: "feedback",
    Kind.JOINED: "joined",
    Kind.POSTED: "posted",
    Kind.CALLED: "call_in",
    Kind.REPLIED: "reply",
    Kind.CHOSEN: "chosen",
    Kind.OPENED: "open",
    Kind.CLICKED: "click",
    Kind.BOUNCED: "bounce",
    Kind.COMPLAINED: "complaint",
    Kind.UNSUBSCRIBED: "withdrawn",
    Kind.CHANGED_PREFERENCES: "consent",
    Kind.NOTE: "note",
    Kind.OTHER: "other",
}


def entries(contact, *, before, limit):
    """The newest of a contact's touchpoints as entries; an outcome is told by the message that reached it."""
    happened = Touchpoint.objects.of(contact).filter(at__lte=before).exclude(kind=Kind.OUTCOME)
    size, groups = limit + 1, []
    while True:
        newest = [*happened.newest_first()[:size]]
        groups = _sessions(newest, _shown_already(contact, newest, before))
        if len(groups) > limit or len(newest) < size:
            break
        # Many pages made few visits: look further back.
        size *= 4
    topics = _topic_names(newest)
    return [_entry(group, topics) for group in groups[:limit]]


def tell(touchpoints):
    """Each of these touchpoints as an entry of its own, in their order."""
    topics = _topic_names(touchpoints)
    return [_entry([touchpoint], topics) for touchpoint in touchpoints]


def _topic_names(touchpoints):
    """{key: name} of the topics they speak of."""
    keys = {key for touchpoint in touchpoints for key in touchpoint.data.get("topics") or ()}
    return dict(Topic.objects.filter(key__in=keys).values_list("key", "name")) if keys else {}


def _shown_already(contact, newest, before):
    """The first visit after `before` if it may belong with the newest one here; it has told that session."""
    if not any(touchpoint.kind == Kind.VISITED for touchpoint in newest):
        return None
    later = Touchpoint.objects.of(contact).filter(kind=Kind.VISITED, at__gt=before, at__lte=before + SESSION)
    return later.order_by("at").first()


def _sessions(newest, earlier_page):
    """The touchpoints one by one, but visits of one session together; what a page before told is left out."""
    groups, session, last = [], None, earlier_page
    for touchpoint in newest:
        if touchpoint.kind != Kind.VISITED:
            groups.append([touchpoint])
            continue
        if last is None or last.at - touchpoint.at > SESSION:
            session = []
            groups.append(session)
        if session is not None:
            session.append(touchpoint)
        last = touchpoint
    return groups


def _entry(group, topics):
    touchpoint = group[0]
    look = KINDS[LOOKS.get(touchpoint.kind, "other")]
    words = {"title": str(touchpoint.get_kind_display())}
    if tell := TELLERS.get(touchpoint.kind):
        words |= tell(group, topics)
    return Entry(at=touchpoint.at, key=f"t{touchpoint.pk:020}", voice=look.voice, icon=look.icon, **words)


# A sentence for each kind ----------------------------------------------------------------------------


def _ordered(group, topics):
    data = group[0].data
    items, amount = data.get("items") or 0, money_of(data)
    title = ngettext("Ordered %(items)s item, %(amount)s", "Ordered %(items)s items, %(amount)s", items)
    title = title if items else _("Ordered for %(amount)s")
    return {"title": title % {"items": items, "amount": amount}, "detail": listed(data.get("names"))}


def _order_changed(group, topics):
    data = group[0].data
    words = {
        "refunded": _("Order %(order)s was refunded"),
        "cancelled": _("Order %(order)s was cancelled"),
        "shipped": _("Order %(order)s was shipped"),
    }
    told = data.get("status") != data.get("status_before") and words.get(data.get("status"))
    title = (told or _("Order %(order)s was changed")) % {"order": text(data.get("order"))}
    return {"title": title, "detail": money_of(data)}


def _visited(group, topics):
    pages = [*dict.fromkeys(text(visit.data.get("title") or visit.data.get("path")) for visit in group)]
    if len(group) == 1:
        return {"title": _("Looked at “%(page)s”") % {"page": pages[0]}, "detail": _came_by(group[0])}
    title = _("Visited %(pages)s pages") % {"pages": len(group)}
    return {"title": title, "detail": listed(pages[::-1])}


def _came_by(visit):
    """How a visit came about, as far as it is known."""
    if visit.data.get("delivery"):
        return _("by a link in a message")
    if campaign := visit.data.get("utm_source"):
        return _("from %(where)s") % {"where": text(campaign)}
    host = host_of(visit.data.get("referrer"))
    return _("from %(where)s") % {"where": host} if host and host != host_of(visit.data.get("url")) else ""


def _topics(group, topics):
    names = [topics.get(key, key) for key in group[0].data.get("topics") or ()]
    return {"detail": listed(names)}


def _clicked(group, topics):
    data = group[0].data
    rule = text(data.get("rule"))
    title = _("Followed a link in “%(rule)s”") % {"rule": rule} if rule else _("Followed a link")
    return {"title": title, "detail": text(data.get("url"))}


def _opened(group, topics):
    rule = text(group[0].data.get("rule"))
    return {"title": _("Opened “%(rule)s”") % {"rule": rule}} if rule else {}


def _bounced(group, topics):
    data = group[0].data
    return {"detail": text(data.get("reply") or data.get("detail"))}


def _unsubscribed(group, topics):
    topic = text(group[0].data.get("topic"))
    return {"title": _("Left “%(topic)s”") % {"topic": topic}} if topic else {}


def _basket(group, topics):
    data = group[0].data
    if data.get("items") == 0:
        return {"title": _("Emptied the basket")}
    detail = listed(data.get("names")) or (money_of(data) if data.get("amount") else "")
    return {"detail": detail}


def _feedback(group, topics):
    data = group[0].data
    question, answer = text(data.get("question")), text(data.get("answer"))
    title = _("Asked “%(question)s”, answered “%(answer)s”") % {"question": question, "answer": answer}
    words = {"title": title} if question and answer else {"detail": answer}
    return words | ({"quote": text(data.get("text"))} if data.get("text") else {})


def _posted(group, topics):
    data = group[0].data
    title = text(data.get("title"))
    return (
        {"title": _("Wrote “%(title)s”") % {"title": title}} if title else {"detail": text(data.get("url"))}
    )


def _called(group, topics):
    data = group[0].data
    result = text(data.get("result"))
    words = {"title": _("Phone call: %(result)s") % {"result": result}} if result else {}
    return words | ({"quote": text(data.get("text"))} if data.get("text") else {})


def _replied(group, topics):
    data = group[0].data
    rule = text(data.get("rule"))
    title = {"title": _("Answered “%(rule)s”") % {"rule": rule}} if rule else {}
    return title | {"detail": text(data.get("reply"))}


def _chosen(group, topics):
    data = group[0].data
    values = {"name": text(data.get("by")), "rule": text(data.get("name"))}
    return {"title": _("Chosen by %(name)s for “%(rule)s”") % values}


def _note(group, topics):
    data = group[0].data
    by = text(data.get("by"))
    title = _("Note by %(name)s") % {"name": by} if by else _("Note")
    return {"title": title, "quote": str(data.get("text") or "")}


def _other(group, topics):
    data = group[0].data
    told = text(data.get("title"))
    return {"detail": text(data.get("text")), **({"title": told} if told else {})}


TELLERS = {
    Kind.SIGNED_UP: _topics,
    Kind.CONFIRMED: _topics,
    Kind.VISITED: _visited,
    Kind.ORDERED: _ordered,
    Kind.ORDER_CHANGED: _order_changed,
    Kind.OPENED: _opened,
    Kind.CLICKED: _clicked,
    Kind.BASKET: _basket,
    Kind.FEEDBACK: _feedback,
    Kind.POSTED: _posted,
    Kind.CALLED: _called,
    Kind.REPLIED: _replied,
    Kind.CHOSEN: _chosen,
    Kind.BOUNCED: _bounced,
    Kind.UNSUBSCRIBED: _unsubscribed,
    Kind.NOTE: _note,
    Kind.OTHER: _other,
}


# What data holds is told by others: it may be anything ----------------------------------------------


def text(value):
    """A word or sentence to show, whatever was stored."""
    return str(value)[:LONGEST] if isinstance(value, str | int | float) else ""


def listed(names):
    """The first few of several names, and how many more."""
    names = [text(name) for name in names if text(name)] if isinstance(names, list) else []
    more = len(names) - MOST_NAMES
    if more > 0:
        names = [*names[:MOST_NAMES], ngettext("%(count)s more", "%(count)s more", more) % {"count": more}]
    return " · ".join(names)


def money_of(data):
    """The amount of an order as people read it."""
    try:
        return money(Decimal(text(data.get("amount"))), text(data.get("currency"))[:3])
    except InvalidOperation:
        return "–"


def host_of(address):
    try:
        return urlsplit(text(address)).hostname or ""
    except ValueError:
        return ""
