"""The edits that the tests must notice: each still finds its text, and a tree that lacks it says so."""

import pytest

from chaos.edits import EDITS, Edit
from chaos.mutations import ROOT, CannotEdit, apply


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_every_edit_finds_its_text_once_and_its_tests(edit):
    assert (ROOT / edit.path).read_text().count(edit.old) == 1
    assert all((ROOT / test).exists() for test in edit.tests)
    assert edit.old != edit.new


@pytest.mark.parametrize("text", ["nothing of the kind", "a guard, and a guard"])
def test_an_edit_without_its_text_is_refused(tmp_path, text):
    (tmp_path / "code.py").write_text(text)

    with pytest.raises(CannotEdit):
        apply(Edit("no guard", "code.py", "a guard", "none", ()), tmp_path)


def test_an_edit_replaces_its_text(tmp_path):
    (tmp_path / "code.py").write_text("a guard, and more")

    apply(Edit("no guard", "code.py", "a guard", "none", ()), tmp_path)

    assert (tmp_path / "code.py").read_text() == "none, and more"
