"""The cells of a strategy's file: what each column says of a row, and what it makes of words."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from campaigns import audience, outcomes, sequence_words, starter, textbook, triggers
from campaigns.models import Content, LifecycleRule
from campaigns.rows import FIELDS, Row
from campaigns.sequence_words import Unreadable, read_span, span_words
from contacts.models import Sender, Topic


@dataclass(frozen=True)
class Column:
    """One machine column: the field it stands for, its words, and how they are read."""

    field: str
    write: Callable
    read: Callable


def as_json(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


def json_of(example):
    """A reader of what has the shape of the example, which a refusal shows."""
    kind = type(json.loads(example))

    def read(words):
        if not words:
            return kind()
        try:
            value = json.loads(words)
        except ValueError:
            value = None
        if isinstance(value, kind):
            return value
        told = {"words": words[:60], "example": example}
        if kind is list:
            raise Unreadable(_("“%(words)s” is no list in square brackets, as in %(example)s.") % told)
        raise Unreadable(_("“%(words)s” is not names and values in braces, as in %(example)s.") % told)

    return read


def choice_of(choices):
    """One of the choices of a field, written as its name in lower case."""

    def write(value):
        return choices(value).name.lower() if value is not None else ""

    def read(words):
        known = {choice.name.lower(): choice.value for choice in choices}
        if words.lower() not in known:
            told = {"words": words[:60], "known": ", ".join(known)}
            raise Unreadable(_("“%(words)s” is none of: %(known)s.") % told)
        return known[words.lower()]

    return write, read


def read_number(words):
    if not words:
        return None
    if not (words.isascii() and words.isdigit() and len(words) < 5):
        raise Unreadable(
            _("“%(words)s” is no number of up to four digits, as in 14.") % {"words": words[:60]}
        )
    return int(words)


def read_yes(words):
    if words.lower() not in ("yes", "no", ""):
        raise Unreadable(_("“%(words)s” is neither yes nor no.") % {"words": words[:60]})
    return words.lower() == "yes"


def read_trigger(words):
    if words not in dict(triggers.choices()):
        told = {"words": words[:60], "known": ", ".join(dict(triggers.choices()))}
        raise Unreadable(_("No trigger is called “%(words)s”. Known are: %(known)s.") % told)
    return words


def read_outcome(words):
    if words and outcomes.get(words) is None:
        told = {"words": words[:60], "known": ", ".join(dict(outcomes.choices()))}
        raise Unreadable(_("No outcome is called “%(words)s”. Known are: %(known)s.") % told)
    return words


def read_weekdays(words):
    days = [WEEKDAYS.index(day) if day in WEEKDAYS else None for day in words.lower().split()]
    if None in days:
        raise Unreadable(_("“%(words)s” are no days; they are called mon tue wed.") % {"words": words[:60]})
    return days


def topic_of(words):
    if not words:
        return None
    if found := Topic.objects.filter(key=words).values_list("pk", flat=True).first():
        return found
    told = {
        "words": words[:60],
        "known": ", ".join(Topic.objects.order_by("key").values_list("key", flat=True)),
    }
    raise Unreadable(_("No topic has the key “%(words)s”. Known are: %(known)s.") % told)


def sender_of(words):
    if found := Sender.objects.filter(name=words).values_list("pk", flat=True).first():
        return found
    raise Unreadable(_("No sender is called “%(words)s”.") % {"words": words[:60]})


WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Rule = LifecycleRule
MACHINE = {
    "purpose": Column("purpose", *choice_of(Rule.Purpose)),
    "rank": Column("rank", *choice_of(Rule.Rank)),
    "trigger": Column("trigger", str, read_trigger),
    "trigger settings": Column("parameters", as_json, json_of('{"hours": 48}')),
    "for": Column("audience", as_json, json_of('{"filters": {"level": "guest"}}')),
    "outcome": Column("outcome", str, read_outcome),
    "outcome settings": Column("outcome_parameters", as_json, json_of('{"pages": ["/sale/*"]}')),
    "within": Column("outcome_within", span_words, read_span),
    "also counted": Column("more_outcomes", as_json, json_of('[{"outcome": "feedback"}]')),
    "no later than": Column("freshness", span_words, read_span),
    "to one person": Column("re_entry", *choice_of(Rule.ReEntry)),
    "days between": Column("re_entry_days", lambda days: str(days or ""), read_number),
    "topic": Column("topic_id", lambda pk: pk and Topic.objects.get(pk=pk).key or "", topic_of),
    "sender": Column("sender_id", lambda pk: pk and Sender.objects.get(pk=pk).name or "", sender_of),
    "answers at once": Column("answers_at_once", lambda yes: "yes" if yes else "no", read_yes),
    "leaves": Column("leaves", *choice_of(Rule.Leaves)),
    "hour": Column("leaves_hour", lambda hour: "" if hour is None else str(hour), read_number),
    "weekdays": Column("weekdays", lambda days: " ".join(WEEKDAYS[day] for day in days), read_weekdays),
    "held out, per cent": Column("control_share", str, lambda words: read_number(words) or 0),
    "messages": None,
}
PLAIN = {"message type": "name", "interval / trigger condition": "condition", "outcomes required": "outcomes"}


# Writing ---------------------------------------------------------------------------------------------------


def cells_of(row):
    """{column: words} of a row."""
    cells = {head: row.fields[name] for head, name in PLAIN.items()}
    cells["medium"] = sequence_words.medium_words(row.plans)
    cells["sequence"] = sequence_words.sequence_words(row.plans)
    cells |= {head: column.write(row.fields[column.field]) for head, column in MACHINE.items() if column}
    names = [names_of(plan) for plan in row.plans]
    return cells | {"messages": as_json(names) if any(names) else ""}


def names_of(plan):
    """What the words of a step are called; a pair where two are tried."""
    first = plan.content.name if plan.content else ""
    return [first, plan.content_b.name] if plan.content_b else first


# Reading ---------------------------------------------------------------------------------------------------


def row_from(cells, rule, before):
    """(row, problems): what these cells make of a rule or of a new one; absent columns say nothing."""
    problems, fields = [], dict(before.fields) if before else defaults_of(cells)
    for head, name in PLAIN.items():
        fields[name] = cells[head]
        if not cells[head].strip() or len(cells[head]) > LONGEST[name] or "\n" in cells[head]:
            words = _("“%(head)s” takes one line of 1 to %(most)s letters.")
            problems.append(words % {"head": head, "most": LONGEST[name]})
    for head, column in MACHINE.items():
        if column and head in cells and (cells[head].strip() or before):
            try:
                fields[column.field] = column.read(cells[head].strip())
            except Unreadable as error:
                problems.append(f"{head}: {error}")
    try:
        fields = textbook.follow_words(before.fields, fields) if before and not problems else fields
    except ValueError as error:
        problems.append(str(error))
    problems += [] if problems else problems_of(fields)
    plans, of_steps = plans_from(cells, before)
    return Row({name: fields[name] for name in FIELDS}, plans), problems + of_steps


LONGEST = {"name": 100, "condition": 200, "outcomes": 200}


def defaults_of(cells):
    """What a new row is where nothing is said: by the textbook's words, else as a row begins."""
    empty = LifecycleRule()
    fields = {name: getattr(empty, name) for name in FIELDS}
    fields |= {"purpose": Rule.Purpose.RETENTION, "trigger": ""}
    meaning = textbook.meaning_of(cells["interval / trigger condition"])
    fields |= meaning.values if meaning else {}
    topic = fields.pop("topic", "")
    fields |= {"topic_id": Topic.objects.filter(key=topic).values_list("pk", flat=True).first()}
    fields |= {"sender_id": Sender.objects.order_by("pk").values_list("pk", flat=True).first()}
    return fields | textbook.outcome_values(cells["outcomes required"])


def problems_of(fields):
    """What is wrong with a row as a whole."""
    if not fields["trigger"]:
        yield _("The condition is not understood; say in the column “trigger” what starts it: %(known)s.") % {
            "known": ", ".join(key for key, _label in triggers.choices())
        }
        return
    yield from settings_problems("trigger settings", triggers.get(fields["trigger"]), fields["parameters"])
    stopping = [{"outcome": fields["outcome"], "parameters": fields["outcome_parameters"]}]
    for asked in (stopping if fields["outcome"] else []) + fields["more_outcomes"]:
        found = outcomes.get(asked.get("outcome", "")) if isinstance(asked, dict) else None
        if found is None:
            yield _("also counted: that is no outcome.")
        else:
            yield from settings_problems("outcome settings", found, asked.get("parameters") or {})
    yield from limits_problems(fields)


def settings_problems(head, chosen, given):
    """What is wrong with the settings of a trigger or an outcome."""
    if unknown := sorted(set(given) - set(chosen.form_class.base_fields)):
        yield _("%(head)s: there is no “%(name)s”.") % {"head": head, "name": unknown[0][:50]}
        return
    form = chosen.form_class(chosen.values_of(given))
    for name, errors in form.errors.items():
        yield f"{head}, {name}: {' '.join(errors)}"


def limits_problems(fields):
    """What the table itself would refuse."""
    is_service = fields["rank"] == Rule.Rank.SERVICE
    if not is_service and not fields["topic_id"]:
        yield _("topic: choose the topic people have agreed to; only service messages have none.")
    if fields["sender_id"] is None:
        yield _("sender: there is none yet.")
    if fields["re_entry"] == Rule.ReEntry.DAYS and not fields["re_entry_days"]:
        yield _("days between: say after how many days the same person may have it again.")
    if fields["control_share"] > 90:
        yield _("held out, per cent: at most 90.")
    hour = fields["leaves_hour"]
    if fields["leaves"] == Rule.Leaves.HOUR and (hour is None or hour > 23):
        yield _("hour: a number from 0 to 23.")
    try:
        if fields["audience"]:
            audience.contacts(fields["audience"])
    except (ValueError, KeyError, TypeError):
        yield _("for: nobody can be chosen by that.")


def plans_from(cells, before):
    """(steps, problems) by medium, sequence and messages."""
    try:
        plans = sequence_words.read(cells["medium"], cells.get("sequence", ""))
    except Unreadable as error:
        return (), [str(error)]
    try:
        names = json_of('["First message", "Reminder"]')(cells.get("messages", "").strip())
    except Unreadable as error:
        return (), [f"messages: {error}"]
    if names and before and names == [names_of(plan) for plan in before.plans]:
        # Said as before, of steps that may be others now: each keeps its own.
        names = []
    if names and len(names) != len(plans):
        words = _("messages: %(found)s are named for %(asked)s steps.")
        return (), [words % {"found": len(names), "asked": len(plans)}]
    if not names:
        return tuple(with_known_words(cells["message type"].strip(), plans, before)), []
    return with_words(plans, names, before)


def with_words(plans, names, before):
    """The steps with the messages that are named: the row's own before any other of that name."""
    own = {} if before is None else {
        words.name: words for plan in before.plans for words in (plan.content, plan.content_b) if words
    }  # fmt: skip
    made = []
    for plan, named in zip(plans, names, strict=True):
        pair = named if isinstance(named, list) else [named, ""]
        if len(pair) != 2 or not all(isinstance(name, str) for name in pair) or not pair[0]:
            return (), [_("messages: a name, or a pair of names, for each step.")]
        found = [own.get(name) or content_of(name) if name else None for name in pair]
        if any(name and not words for name, words in zip(pair, found, strict=True)):
            return (), [_("messages: no message is called “%(name)s”.") % {"name": " / ".join(pair)[:80]}]
        made.append(replace(plan, content=found[0], content_b=found[1]))
    return tuple(made), []


def content_of(name):
    """The message of that name: one there is, one to begin from that is not saved yet, or None."""
    return Content.objects.filter(name=name).order_by("-pk").first() or starter.draft_content(name)


def with_known_words(name, plans, before):
    """The steps with the words they have; new ones of the textbook's rows get those that come with them."""
    own = [*before.plans] if before else []
    known = {(step.get("channel", "email"), step.get("slot", "")): step for step in starter.steps_of(name)}
    for plan in plans:
        same = next((each for each in own if each.kind == plan.kind), None)
        step = known.get((plan.channel, plan.slot)) if plan.follows is None else None
        if same:
            own.remove(same)
            yield replace(plan, content=same.content, content_b=same.content_b)
        else:
            yield replace(plan, content=content_of(step["content"])) if step else plan
