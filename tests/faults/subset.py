"""A part of the matrix for every day: each fault at two moments, each endpoint, each moment."""

from tests.faults.case import Cell
from tests.faults.runner import cells
from tests.faults.table import MOMENTS, ROWS, Moment

#: which faults are played for an hour, being of a kind of their own each
_FOR_AN_HOUR = frozenset({"connect stall", "header stall", "status 503", "null everywhere"})
_HOUR = MOMENTS[-1]


def selection(moment: Moment) -> list[Cell]:
    """Return the chosen cells of a moment; endpoints take turns over faults and moments."""
    place = MOMENTS.index(moment)
    return [
        _turn(cells(row, moment), 7 * index + place)
        for index, row in enumerate(ROWS)
        if (row.name in _FOR_AN_HOUR if moment is _HOUR else place in (index % 3, (index + 1) % 3))
    ]


def _turn(cells_of_row: list[Cell], number: int) -> Cell:
    return cells_of_row[number % len(cells_of_row)]
