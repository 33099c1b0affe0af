import gzip

import pytest

from contacts.staging import CsvTable, FileRefused, Refusals, RowRefused, match_header, staged

KNOWN = ["E-mail", "Name"]


def table(tmp_path, content, name="people.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return CsvTable(path, KNOWN)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(tmp_path, encoding, delimiter):
    lines = [["E-mail", "Name"], ["zoe@example.com", "Zoë"], ["jose@example.com", "José, Núñez;"]]
    quoted = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)

    found = table(tmp_path, quoted.encode(encoding))

    assert (found.header, [*found.rows()]) == (lines[0], [(2, lines[1]), (3, lines[2])])


def test_a_first_line_that_names_the_delimiter_is_believed(tmp_path):
    found = table(tmp_path, "sep=;\nE-mail;Name\na@example.com;A, B\n")

    assert (found.header, [*found.rows()]) == (["E-mail", "Name"], [(3, ["a@example.com", "A, B"])])


def test_packed_files_are_unpacked(tmp_path):
    packed = gzip.compress(b"E-mail,Name\na@example.com,A\n")

    assert [*table(tmp_path, packed, "people.csv.gz").rows()] == [(2, ["a@example.com", "A"])]


def test_a_row_is_known_by_the_line_on_which_it_starts(tmp_path):
    found = table(tmp_path, 'E-mail,Name\na@example.com,"two\nlines"\n\nb@example.com,B\n')

    assert [line for line, _values in found.rows()] == [2, 5]


def test_short_rows_are_filled_and_long_ones_refused(tmp_path):
    found = dict(table(tmp_path, "E-mail,Name\na@example.com\nb@example.com,B,,\nc@example.com,C,x\n").rows())

    assert found[2] == ["a@example.com", ""]
    assert found[3] == ["b@example.com", "B"]
    assert str(found[4]) == "The row has 3 cells, the header has 2."


def test_a_cell_larger_than_can_be_read_costs_its_row_only(tmp_path):
    found = dict(table(tmp_path, f"E-mail,Name\na@example.com,{'x' * 200_000}\nb@example.com,B\n").rows())

    assert isinstance(found[2], RowRefused)
    assert found[3] == ["b@example.com", "B"]


def test_nul_bytes_are_dropped(tmp_path):
    assert [*table(tmp_path, b"E-mail,Name\na@example.com,A\0B\n").rows()] == [(2, ["a@example.com", "AB"])]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path, content):
    with pytest.raises(FileRefused, match="The file is empty; nothing was changed."):
        table(tmp_path, content)


def test_a_header_is_matched_whatever_its_dashes_and_case():
    known = {"email": ["e-mail 1 - value", "email"], "name": ["name"]}

    assert match_header(["NAME", "E-mail 1 — Value", "Email"], known) == {"email": 1, "name": 0}


def test_staged_rows_are_counted_and_cut_into_chunks(db, tmp_path, monkeypatch):
    monkeypatch.setattr("contacts.staging.CHUNK", 2)
    steps = []

    with staged("staged_things", {"line": "integer", "word": "text", "size": "numeric"}) as stage:
        rows = [(2, "a", "1.5"), (3, "", ""), (4, 'c"\\', "")]
        stage.fill(rows, table=table(tmp_path, "E-mail\n"), progress=lambda *step: steps.append(step))

        assert stage.ask("SELECT n, line, word, size FROM staged_things ORDER BY n") == [
            (0, 2, "a", 1.5),
            (1, 3, "", None),
            (2, 4, 'c"\\', None),
        ]
        assert [stage.count(chunk) for chunk in stage.chunks()] == [2, 1]
    assert len(steps) == 3


def test_refused_rows_are_written_with_line_and_reason(tmp_path):
    path = tmp_path / "refused.csv"

    with Refusals(path, ["E-mail"]) as refusals:
        refusals.refuse(1048, "There is no e-mail.", ["x"])

    assert path.read_text("utf-8-sig").splitlines() == [
        "line,reason,E-mail",
        "1048,There is no e-mail.,x",
    ]
    assert (refusals.count, refusals.first) == (1, ["There is no e-mail. Line 1,048."])


def test_nothing_refused_leaves_no_file(tmp_path):
    path = tmp_path / "refused.csv"
    path.write_text("from an earlier run")

    with Refusals(path, ["E-mail"]):
        pass

    assert not path.exists()


def test_a_file_of_refused_rows_that_finds_no_space_is_not_left_behind(tmp_path):
    def refuse_one():
        with Refusals(tmp_path / "refused.csv", ["E-mail"]) as refusals:
            refusals.refuse(2, "There is no e-mail.", ["x"])

    (tmp_path / "refused.csv.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        refuse_one()
    assert list(tmp_path.iterdir()) == []

    refuse_one()
    assert [path.name for path in tmp_path.iterdir()] == ["refused.csv"]


@pytest.mark.parametrize("start", ["sep=\r\n", 'sep="\n'])
def test_a_delimiter_that_can_be_none_is_not_believed(tmp_path, start):
    assert [*table(tmp_path, f"{start}E-mail,Name\na@example.com,A\n").rows()]


def test_a_quotation_that_never_ends_refuses_the_file(tmp_path):
    with pytest.raises(FileRefused):
        table(tmp_path, 'E-mail,"' + ("x" * 19_000 + "\n") * 15)


def test_a_refused_formula_does_not_run_and_comes_back_as_it_was(tmp_path):
    formulas = ["=1+1", "+a@example.com", "-1", "@SUM(A1)", "＝1", "'=1", "'n"]
    with Refusals(tmp_path / "refused.csv", ["name"]) as refusals:
        for line, formula in enumerate(formulas, 2):
            refusals.refuse(line, "No.", [formula])

    written = (tmp_path / "refused.csv").read_text(encoding="utf-8-sig")
    assert "No.,=" not in written
    assert "2,No.,'=1+1" in written
    assert [values[2] for _line, values in CsvTable(tmp_path / "refused.csv").rows()] == formulas
