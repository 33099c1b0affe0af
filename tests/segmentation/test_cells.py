"""The names of the map's cells."""

from segmentation import cells


def test_every_cell_of_the_map_has_a_group_with_a_name_and_advice():
    groups = [cells.group_at(r, f) for r in cells.DIGITS for f in cells.DIGITS]

    assert all(group.name and group.advice for group in groups)
    assert {group.key for group in groups} == set(cells.GROUPS)


def test_the_best_digits_are_the_warmest():
    assert [cells.warmth(d, d) for d in cells.DIGITS] == [1, 2, 3, 5, 6]


def test_a_groups_cells_are_those_that_name_it():
    assert cells.cells_of("champions") == [(5, 4), (5, 5)]
