"""The drawings of the last 24 hours and of the last 30 days."""

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.status.history import BUCKET_SECONDS, History
from exporter.web.history_svg import day_curve, month_strip
from tests.web.test_rendering import PageParser

NOON = 1_782_000_000.0 // 86400 * 86400 + 43200
HOUR = 3600.0


def sampled(
    hours: float, before: float = 0.0, *, blind: bool = False, **values: float | None
) -> History:
    """Return the history of hours of the same values that end `before` seconds before noon."""
    history = History(UTC)
    add(history, hours, before, blind=blind, **values)
    return history


def add(
    history: History, hours: float, before: float, *, blind: bool = False, **values: float | None
) -> None:
    """Add a sample a minute."""
    for minute in range(int(hours * 60)):
        stamp = NOON - before - hours * HOUR + 60 * minute
        history.add(stamp, values, {}, blind=blind)


def paths(svg: str) -> list[str]:
    """Return the lines of the curves."""
    return [
        dict(attributes)["d"] or ""
        for name, attributes in PageParser(svg).tags
        if name == "path" and dict(attributes).get("class") == "line"
    ]


def levels(svg: str) -> list[str]:
    """Return the words at the scale of the power."""
    texts = svg.split('text-anchor="end">')[1:]
    return [text.partition("<")[0] for text in texts]


def test_there_is_no_curve_before_there_is_something_to_see() -> None:
    """A quarter of an hour is two points, and no curve."""
    assert day_curve(sampled(0.25, solar_watts=100.0), NOON) is None
    assert day_curve(sampled(1, solar_watts=100.0), NOON) is not None
    assert day_curve(History(UTC, detailed=False), NOON) is None


def test_a_dark_night_is_a_flat_line() -> None:
    """Where every value is 0 there is a scale all the same."""
    svg = str(day_curve(sampled(8, solar_watts=0.0), NOON))
    assert len(paths(svg)) == 1
    assert levels(svg) == ["0", "50 W"]


def test_the_scale_has_the_same_steps_above_and_below_zero() -> None:
    """A charge of 7.7 kW beside a house of 1 kW."""
    svg = str(day_curve(sampled(8, house_watts=1000.0, storage_watts=-7700.0), NOON))
    assert [level.replace("\N{MINUS SIGN}", "-") for level in levels(svg)] == [
        *("-8.0 kW", "-6.0 kW", "-4.0 kW", "-2.0 kW"),
        *("0", "2.0 kW"),
    ]


def test_a_gap_stays_a_gap() -> None:
    """Two hours without a value are two lines, and nothing is drawn between them."""
    history = sampled(3, before=5 * HOUR, solar_watts=100.0)
    add(history, 3, 0.0, solar_watts=100.0)
    assert len(paths(str(day_curve(history, NOON)))) == 2


def test_a_value_that_is_unknown_for_a_while_is_a_gap_of_that_curve_alone() -> None:
    """The others go on."""
    history = sampled(2, before=2 * HOUR, solar_watts=100.0, house_watts=50.0)
    add(history, 1, HOUR, solar_watts=100.0, house_watts=None)
    add(history, 1, 0.0, solar_watts=100.0, house_watts=50.0)
    assert len(paths(str(day_curve(history, NOON)))) == 3


@given(
    st.lists(
        st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7)),
        min_size=3,
        max_size=10,
    )
)
def test_any_powers_can_be_drawn(powers: list[tuple[float, float]]) -> None:
    """Every point is inside the picture, and the scale has a readable number of lines."""
    history = History(UTC)
    for number, (solar, grid) in enumerate(powers):
        stamp = NOON - BUCKET_SECONDS * (len(powers) - number)
        history.add(stamp, {"solar_watts": solar, "grid_watts": grid}, {}, blind=False)
    svg = str(day_curve(history, NOON))
    for path in paths(svg):
        for point in path.removeprefix("M").removesuffix("h2").split("L"):
            x, y = map(float, point.split())
            assert 0 <= x <= 720
            assert -0.1 <= y <= 200.1
    assert 2 <= len(levels(svg)) <= 8


def test_an_outage_is_a_band() -> None:
    """It has a place in the legend, too."""
    svg = str(day_curve(sampled(2, solar_watts=1.0, connected=0.0), NOON))
    assert 'class="outage"' in svg
    assert "Off grid" in svg
    assert "Off grid" not in str(day_curve(sampled(2, solar_watts=1.0, connected=1.0), NOON))


@pytest.mark.parametrize("hours", [0, 5, -8])
def test_hours_are_those_of_the_house(hours: int) -> None:
    """Marks stand at round hours of its time zone."""
    history = History(timezone(timedelta(hours=hours)))
    add(history, 8, 0.0, solar_watts=100.0)
    marks = str(day_curve(history, NOON)).split('text-anchor="middle">')[1:]
    assert len(marks) == 6
    assert all(int(mark[:2]) % 4 == 0 and mark[2:5] == ":00" for mark in marks)


def test_thirty_days_have_a_bar_and_words_each() -> None:
    """Off grid, on grid and blind are told apart in words, not by colour alone."""
    history = sampled(5, before=30 * HOUR, connected=1.0)
    add(history, 2, 28 * HOUR, connected=0.0)
    add(history, 1, 27 * HOUR, blind=True)
    svg = str(month_strip(history, NOON, has_switch=True))
    titles = [text.partition("<")[0] for text in svg.split("<title>")[1:]]
    assert len(titles) == 31
    assert "on grid 5 h, off grid 2 h, blind 60 min" in titles[0]
    assert [title for title in titles[1:] if "off grid 2 h" in title]
    assert sum("not recorded" in title for title in titles) >= 27


def test_where_nothing_tells_the_grid_the_strip_does_not_either() -> None:
    """Without a switch it says how long the gateway answered."""
    svg = str(month_strip(sampled(5), NOON, has_switch=False))
    assert "Answering" in svg
    assert "Off grid" not in svg
    assert month_strip(History(UTC), NOON, has_switch=False) is None
