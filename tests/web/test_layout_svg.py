"""The layout of the roof: whatever the unit of the configuration, panels lie side by side."""

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.status.device_models import PanelStatus
from exporter.web.layout_svg import Position, layout, normalise

BRICKS = ((0, 1), (1, 1), (2, 1), (0.5, 0), (1.5, 0))


def rounded(places: list[Position]) -> list[Position]:
    """Return places without what a computer makes of them at the end."""
    return [(round(x, 6), round(y, 6)) for x, y in places]


@pytest.mark.parametrize("unit", [1, 1.05, 1050, 0.001])
def test_the_unit_does_not_matter(unit: float) -> None:
    """Counted in panels or measured in millimetres, the picture is one; a row shifted stays so."""
    drawn = normalise([(unit * x, unit * y) for x, y in BRICKS])
    assert rounded(drawn) == [(0, 0), (1, 0), (2, 0), (0.5, 1), (1.5, 1)]


def test_left_of_nothing_and_below_it() -> None:
    """Places may be negative, and zero is wherever the owner likes; up is up."""
    assert rounded(normalise([(-4, -2), (-3, -1)])) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("places", [[(3, 3)], [(3, 3), (3, 3)]])
def test_a_place_that_is_all_there_is(places: list[Position]) -> None:
    """One panel, or two at the same place by mistake, are drawn all the same."""
    assert normalise(places) == [(0, 0)] * len(places)


_GRID = st.lists(
    st.tuples(st.integers(-30, 30), st.integers(-30, 30)), min_size=2, max_size=40, unique=True
)


@given(places=_GRID, unit=st.floats(1e-3, 1e4))
def test_no_panel_covers_another(places: list[tuple[int, int]], unit: float) -> None:
    """Of any two, one lies a column or a row from the other, and the closest just so."""
    drawn = normalise([(unit * x, unit * y) for x, y in places])
    apart = [max(abs(a - c), abs(b - d)) for (a, b), (c, d) in combinations(drawn, 2)]
    assert min(apart) >= min(1, 60 / max(max(place) for place in drawn)) - 1e-6
    assert all(x >= 0 <= y for x, y in drawn)


_WILD = st.floats(-1e6, 1e6)


@given(places=st.lists(st.tuples(_WILD, _WILD), min_size=1, max_size=30))
def test_no_place_makes_a_picture_without_end(places: list[Position]) -> None:
    """Places that are all but the same do not blow the others up."""
    drawn = normalise(places)
    assert len(drawn) == len(places)
    assert all(0 <= value <= 60 + 1e-6 for place in drawn for value in place)
    panels = [PanelStatus(str(n), "dark", x=x, y=y) for n, (x, y) in enumerate(places)]
    drawing = layout("Roof", panels)
    width, height = map(int, re.findall(r'viewBox="0 0 (\d+) (\d+)"', drawing)[0])
    assert 0 < width <= 61 * 60
    assert 0 < height <= 61 * 60
    assert "nan" not in drawing


def test_the_text_of_a_panel() -> None:
    """Power or state, the name as far as there is room, all of it where one points."""
    drawing = layout(
        "Roof",
        [
            PanelStatus("482200001001", "reporting", name="A name too long", x=0, y=0, watts=180),
            PanelStatus("482200001002", "silent", x=1, y=0),
        ],
    )
    assert 'aria-label="Roof seen from above: 1 of 2 report"' in drawing
    assert "<title>A name too long, serial 482200001001: 180\N{NO-BREAK SPACE}W</title>" in drawing
    assert ">A name t…<" in drawing
    assert '<g transform="translate(62 2)" class="silent">' in drawing
    assert ">…1002<" in drawing
