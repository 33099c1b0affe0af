"""The contact strategy as a file: the textbook's five columns, and the machine form of each row beside them.

What is written can be read back and means the same, byte for byte. A file with the five columns alone is
understood by the textbook's words. Nothing is changed before every line of a file is in order.
"""

import csv
import io
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import rows, strategy_cells, strategy_shown, textbook
from campaigns.models import LifecycleRule

MOST_BYTES, MOST_LINES = 1_000_000, 500
TEXTBOOK = list(textbook.HEADS)
HEADS = [*TEXTBOOK, *strategy_cells.MACHINE]


def write(rules, *, is_plain=False):
    """The table of these rules; with `is_plain` as the textbook prints it, without the machine form."""
    heads, file = TEXTBOOK if is_plain else HEADS, io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(heads)
    for rule in rules:
        cells = strategy_cells.cells_of(rows.current(rule))
        writer.writerow([cells[head] for head in heads])
    return file.getvalue()


def textbook_file():
    """The four rows as the textbook prints them, to begin with."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([TEXTBOOK, *textbook.ROWS])
    return file.getvalue()


def exported(user):
    """The rules of the file: those on the table, in their order."""
    rules = LifecycleRule.objects.for_user(user).exclude(status=LifecycleRule.Status.CLOSED)
    return rules.select_related("topic", "sender").in_order()


@dataclass
class Line:
    """One row of a file: which rule it is, what it would become, and what keeps it from that."""

    number: int
    name: str
    rule: LifecycleRule | None = None
    row: rows.Row | None = None
    problems: list = field(default_factory=list)
    # (column, before, after) of each cell that differs.
    changes: list = field(default_factory=list)

    @property
    def state(self):
        """refused, new, changed or same."""
        if self.problems:
            return "refused"
        if self.rule is None:
            return "new"
        return "changed" if self.changes else "same"


@dataclass
class Reading:
    """What a file says, line by line; `problems` are those of the whole file."""

    lines: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    # The ids of the rules on the table, in their order.
    order: list = field(default_factory=list)

    @property
    def is_ok(self):
        return bool(self.lines) and not self.problems and all(not line.problems for line in self.lines)

    @property
    def counts(self):
        """How many lines are in each state."""
        states = [line.state for line in self.lines]
        return {state: states.count(state) for state in ("new", "changed", "same", "refused")}

    @property
    def changes_anything(self):
        return self.changes_order or self.changes_rows

    @property
    def changes_rows(self):
        return any(line.state in ("new", "changed") for line in self.lines)

    @property
    def changes_order(self):
        """Whether the rows that the file names stand in another order on the table."""
        named = [line.rule.pk for line in self.lines if line.rule]
        return named != [pk for pk in self.order if pk in set(named)]


def decoded(data):
    """The text of an uploaded file; raises ValueError."""
    if len(data) > MOST_BYTES:
        raise ValueError(_("The file is larger than 1 MB; a strategy is not."))
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError(_("The file is no text. Save it as CSV, in UTF-8."))


def read(text, user):
    """A Reading of this text beside the table as it is now; changes nothing."""
    text = text.removeprefix("\ufeff")
    if not text.strip() or "\0" in text:
        return Reading(problems=[_("The file is empty or no text; nothing was changed.")])
    heads, records, problem = parsed(text)
    if problem or (problem := problem_of_heads(heads)):
        return Reading(problems=[problem])
    if not records:
        return Reading(problems=[_("The file has a head and no rows; nothing was changed.")])
    if len(records) > MOST_LINES:
        return Reading(problems=[_("The file has more than 500 rows.")])
    known, rules = {}, [*exported(user)]
    for rule in rules:
        known.setdefault(rule.name, []).append(rule)
    seen = set()
    lines = [read_line(number, heads, cells, known, seen) for number, cells in records]
    return Reading(lines, order=[rule.pk for rule in rules])


def parsed(text):
    """(heads, [(line number, cells)], problem) of a text; commas, or what a spreadsheet puts instead."""
    first = text.splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        heads = [" ".join(head.lower().split()) for head in next(reader)]
        records = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        words = _("Line %(line)s cannot be read: %(error)s.")
        return [], [], words % {"line": reader.line_num, "error": error}
    return heads, records, ""


def problem_of_heads(heads):
    """What keeps a file from being a strategy; empty when nothing does."""
    if missing := [head for head in TEXTBOOK[:4] if head not in heads]:
        return _("The first line lacks the column “%(head)s”.") % {"head": missing[0]}
    if unknown := [head for head in heads if head not in HEADS]:
        return _("“%(head)s” is no column of a strategy.") % {"head": unknown[0][:50]}
    if doubled := [head for head in heads if heads.count(head) > 1]:
        return _("The column “%(head)s” stands there twice.") % {"head": doubled[0]}
    return ""


def read_line(number, heads, values, known, seen):
    """One line beside the rule of its name."""
    cells = dict(zip(heads, values, strict=False))
    name = cells["message type"].strip() if "message type" in cells else ""
    line = Line(number, name)
    if len(values) != len(heads):
        words = _("The line has %(found)s cells, the first line %(asked)s.")
        line.problems = [words % {"found": len(values), "asked": len(heads)}]
        return line
    same = known.get(name, [])
    if name in seen or len(same) > 1:
        line.problems = [_("Two rows are called so; a file knows a row by its message type.")]
        return line
    seen.add(name)
    line.rule = same[0] if same else None
    before = rows.current(line.rule) if line.rule else None
    line.row, line.problems = strategy_cells.row_from(cells, line.rule, before)
    if not line.problems:
        line.changes = strategy_shown.differences(before, line.row, HEADS)
    return line


class CannotImport(ValueError):
    """The file has refusals; nothing was changed."""


@transaction.atomic
def save(text, user, *, at):
    """Read the text once more and let the table be it; returns the Reading. Raises CannotImport.

    Rows that the file does not name stay as they are; new ones are drafts, at the end.
    """
    LifecycleRule.objects.select_for_update().count()
    reading = read(text, user)
    if not reading.is_ok:
        raise CannotImport
    order = []
    for line in reading.lines:
        if line.state == "same":
            order.append(line.rule.pk)
        else:
            order.append(rows.save_row(line.rule or LifecycleRule(), line.row, at=at).pk)
    rows.arrange(order)
    return reading
