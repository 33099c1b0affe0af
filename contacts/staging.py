"""The road of every import: a CSV file, read as it comes, checked row by row, copied into a staging table.

What follows is the importer's own SQL over `Stage.chunks()`, each chunk in a transaction of its own. Killed
half-way and run again, nothing is doubled: finished chunks are found unchanged.
"""

import csv
import gzip
import io
import itertools
import re
import sys
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.utils.translation import gettext as _

CHUNK = 5_000
DELIMITERS = ",;\t|"
HASTE = 0.0002
# How a file of refused rows begins, and the cells that a spreadsheet would take for a formula.
REFUSED = ["line", "reason"]
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
SAMPLE_LINES, SAMPLE_WIDTH = 20, 20_000


class RowRefused(ValueError):
    """This row cannot be taken; its words say why."""


class FileRefused(ValueError):
    """Nothing of this file can be taken; its words say why."""


# Reading ---------------------------------------------------------------------------------------------


class CsvTable:
    """A CSV file as other tools write it: header and rows, whatever its encoding and delimiter.

    `known` are the header names the importer understands; they decide between delimiters.
    """

    def __init__(self, path, known=()):
        self.path = Path(path)
        self._raw = self._text = None
        self.encoding = sniff_encoding(self.path)
        self.delimiter, self._skipped = sniff_delimiter(self.sample(), {tidy(name) for name in known})
        self.size = self.path.stat().st_size or 1
        self.header = next(self._lines(), (0, []))[1]
        if isinstance(self.header, RowRefused):
            raise FileRefused(str(self.header))
        self._is_ours = self.header[:2] == REFUSED
        if not any(self.header):
            raise FileRefused(_("The file is empty; nothing was changed."))

    def sample(self):
        with open_text(self.path, self.encoding)[1] as text:
            return [line[:SAMPLE_WIDTH] for line in itertools.islice(text, SAMPLE_LINES)]

    def rows(self):
        """(line, values) of every row that is not blank; values are as many as the header has names.

        A row that cannot be read comes as (line, RowRefused).
        """
        wide = len(self.header)
        for line, values in itertools.islice(self._lines(), 1, None):
            if self._is_ours and not isinstance(values, RowRefused):
                values = [as_it_was(cell) for cell in values]
            if isinstance(values, RowRefused) or len(values) == wide:
                yield line, values
            elif any(values):
                yield line, fitted(values, wide)

    def position(self):
        """How many bytes of the file have been read."""
        return min(self._raw.tell(), self.size) if self._raw and not self._raw.closed else self.size

    def _lines(self):
        """(line on which it starts, values) of every row, header included."""
        self._raw, text = open_text(self.path, self.encoding)
        with self._raw, text:
            for _skip in range(self._skipped):
                next(text, None)
            reader = csv.reader((line.replace("\0", "") for line in text), delimiter=self.delimiter)
            before = 0
            while True:
                try:
                    values = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    values = RowRefused(_("The line cannot be read (%(error)s).") % {"error": error})
                yield self._skipped + before + 1, values
                before = reader.line_num


def fitted(values, wide):
    """A short row filled up, one with empty cells too many cut; a longer one is refused."""
    if any(values[wide:]):
        return RowRefused(
            _("The row has %(cells)d cells, the header has %(names)d.")
            % {"cells": len(values), "names": wide}
        )
    return (values + [""] * wide)[:wide]


def open_text(path, encoding):
    """(the file as it lies on disk, its text); a name that ends in .gz is unpacked on the way."""
    raw = open(path, "rb")
    plain = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
    return raw, io.TextIOWrapper(plain, encoding=encoding, errors="replace", newline="")


def sniff_encoding(path):
    """UTF-8 and UTF-16 are known by their mark or their bytes; what is neither is taken for Windows-1252."""
    with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
        start = file.read(1 << 20)
        if start.startswith(BOM_UTF8):
            return "utf-8-sig"
        if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return "utf-16"
        if start[1:100:2].count(0) > 20:
            return "utf-16-le"
        if start[0:100:2].count(0) > 20:
            return "utf-16-be"
        decoder = getincrementaldecoder("utf-8")()
        try:
            for block in itertools.chain([start], iter(lambda: file.read(1 << 20), b"")):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
        return "utf-8"


def sniff_delimiter(lines, known):
    """(delimiter, lines to skip): the one that makes sense of the header, then of most rows."""
    if lines and (said := re.match(r"\ufeff?\"?sep=([^\"\r\n])", lines[0], re.IGNORECASE)):
        return said[1], 1

    def sense(delimiter):
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:  # a quotation that never ends
            return (0, 0)
        if not rows:
            return (0, 0)
        understood = sum(tidy(name) in known for name in rows[0])
        alike = sum(len(row) == len(rows[0]) for row in rows) if len(rows[0]) > 1 else 0
        return understood, alike

    return max(DELIMITERS, key=sense), 0


def tidy(name):
    """A header's name without what tools write differently: case, blanks, dashes, underscores, dots."""
    return re.sub(r"[\W_]+", " ", name.lower()).strip()


def match_header(header, known):
    """{field: its place in the row}, by the names that other tools give it: {field: [name, ...]}.

    A field's names are tried in their order; each column serves one field.
    """
    places = {}
    tidied = [tidy(name) for name in header]
    for field, names in known.items():
        for name in map(tidy, names):
            if name in tidied and tidied.index(name) not in places.values():
                places[field] = tidied.index(name)
                break
    return places


# Staging ---------------------------------------------------------------------------------------------


class Stage:
    """A temporary table of rows that passed the checks: `n` counts them, then the importer's columns.

    One of these is `line`, where the row stands in the file.
    """

    def __init__(self, name, columns):
        self.name = name
        self.columns = columns
        self.rows = 0

    def create(self):
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        self.run(f"DROP TABLE IF EXISTS {self.name}")
        self.run(f"CREATE TEMP TABLE {self.name} (n integer, {columns})")

    def fill(self, rows, *, table, progress):
        """Copy the rows in as the table is read, a batch at a time; then make the chunks easy to find."""
        for batch in batches(rows):
            self._copy(as_csv(batch, self.rows))
            self.rows += len(batch)
            progress(_("Reading"), table.position(), table.size)
        progress(_("Reading"), table.size, table.size)
        self.run(f"CREATE INDEX ON {self.name} (n)")

    def texts(self, batches):
        """Each batch as COPY wants it, with its bounds as a chunk: for those who write while they read."""
        written = 0
        for batch in batches:
            yield {"first": written, "last": written + len(batch)}, as_csv(batch, written)
            written += len(batch)

    def add(self, text, chunk):
        """Copy in one of `texts`."""
        if not self.rows:
            self.run(f"CREATE INDEX ON {self.name} (n)")
        self._copy(text)
        self.rows = chunk["last"]

    def _copy(self, text):
        kept = [name for name, kind in self.columns.items() if kind.startswith("text")]
        empty = f", FORCE_NOT_NULL ({', '.join(kept)})" if kept else ""
        with connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {self.name} FROM STDIN (FORMAT csv{empty})", text, size=1 << 24)

    def chunks(self):
        """The bounds of each chunk, as parameters: {"first": 0, "last": 5000}; last is not in it."""
        for first in range(0, self.rows, CHUNK):
            yield {"first": first, "last": first + CHUNK}

    def count(self, chunk):
        """How many rows of a chunk are left."""
        within = "n >= %(first)s AND n < %(last)s"
        return self.ask(f"SELECT count(*) FROM {self.name} WHERE {within}", chunk)[0][0]

    def drop_rows(self, lines):
        """Leave out rows that were refused after all."""
        self.run(f"DELETE FROM {self.name} WHERE line = ANY(%s)", [[*lines]])

    def run(self, sql, params=None):
        """Run one statement; returns how many rows it touched."""
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.rowcount

    def ask(self, sql, params=None):
        """Run one question; returns its rows."""
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()


@contextmanager
def staged(name, columns):
    """A stage for as long as the block lasts; what a failure leaves behind goes with the connection."""
    stage = Stage(name, columns)
    stage.create()
    yield stage
    stage.run(f"DROP TABLE {name}")


def batches(rows):
    """The rows, a chunk at a time."""
    rows = iter(rows)
    while batch := [*itertools.islice(rows, CHUNK)]:
        yield batch


def as_csv(batch, first):
    """The batch as a file for COPY; its rows are counted from `first`."""
    text = io.StringIO()
    csv.writer(text).writerows((n, *row) for n, row in enumerate(batch, first))
    text.seek(0)
    return text


def ahead(pieces):
    """The same pieces, each made in a second thread while the one before it is being written.

    Meanwhile the threads change over more often: who waits for the database must not wait for the reader too.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(HASTE)
    try:
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(next, pieces, None)
            while piece := coming.result():
                coming = reader.submit(next, pieces, None)
                yield piece
    finally:
        sys.setswitchinterval(before)


# What was refused ------------------------------------------------------------------------------------


class Refusals:
    """The rows that were not taken, in a file of their own: line, reason, and the row as it was.

    Put right, that file can be imported as it is: the apostrophes that keep formulas from running are taken
    off again. Nothing refused, no file; and none that breaks off: it has its name only once it is whole.
    """

    def __init__(self, path, header):
        self.path = Path(path)
        self._draft = self.path.with_name(f"{self.path.name}.part")
        self.header = header
        self.count = self.late = 0
        self.first = []
        self._file = None

    def __enter__(self):
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(self, kind, error, trace):
        if self._file is None:
            return
        try:
            self._file.close()
            if error is None:
                self._draft.replace(self.path)
        finally:
            self._draft.unlink(missing_ok=True)

    def refuse(self, line, reason, values):
        """Write one row down, and keep the first few for the summary."""
        if self._file is None:
            self._file = open(self._draft, "w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*REFUSED, *map(harmless, self.header)])
        self._writer.writerow([line, harmless(reason), *map(harmless, values)])
        self.count += 1
        if len(self.first) < 5:
            self.first.append(_("%(reason)s Line %(line)s.") % {"reason": reason, "line": f"{line:,}"})

    def refuse_late(self, reasons, *, table, stage):
        """Refuse staged rows that only the database could judge: {line: reason}. Reads the file once more."""
        if reasons:
            stage.drop_rows(reasons)
            self.write_late(reasons, table=table)

    def write_late(self, reasons, *, table):
        """Write down rows of which only line and reason are known by now. Reads the file once more."""
        self.late += len(reasons)
        for line, values in table.rows() if reasons else ():
            if line in reasons:
                self.refuse(line, reasons[line], values)


def harmless(cell):
    """The cell with an apostrophe before what a spreadsheet would work out."""
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA) else cell


def as_it_was(cell):
    """A cell that `harmless` made."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA) else cell


def checked(table, check, refusals):
    """What `check(line, values)` makes of each row; what it refuses goes to `refusals`."""
    for line, values in table.rows():
        try:
            if isinstance(values, RowRefused):
                raise values
            yield check(line, values)
        except RowRefused as reason:
            refusals.refuse(line, str(reason), () if reason is values else values)
