"""Amounts and times as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.status import formatting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3600, "60 min"),
        (5400, "2 h"),
        (86400, "24 h"),
        (172_800, "2 d"),
        (365 * 86400, "365 d"),
    ],
)
def test_a_time_has_one_unit(seconds: float, text: str) -> None:
    """An hour has no seconds."""
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("watts", "text"),
    [
        (None, "not known"),
        (0, "0 W"),
        (-640.4, "640 W"),
        (999.4, "999 W"),
        (999.6, "1.0 kW"),
        (12_345, "12.3 kW"),
        (123_456, "123 kW"),
    ],
)
def test_a_power_has_three_digits_or_so(watts: float | None, text: str) -> None:
    """Watts below a kilowatt, kilowatts above; the direction is part of the text."""
    assert formatting.power(watts) == text


@pytest.mark.parametrize(
    ("watts", "text"),
    [(None, "not known"), (4.9, "idle"), (-4.9, "idle"), (5, "discharging"), (-5, "charging")],
)
def test_batteries_that_only_hum_are_idle(watts: float | None, text: str) -> None:
    """Positive discharges; a few watts are nothing."""
    assert formatting.storage_activity(watts) == text


@pytest.mark.parametrize(
    ("watts", "text"), [(1500, "1.5 kW from the grid"), (-80, "80 W to the grid")]
)
def test_the_grid_gives_or_takes(watts: float, text: str) -> None:
    """Positive is drawn."""
    assert formatting.grid_flow(watts) == text


def test_unknown_values_are_named_as_such() -> None:
    """An unknown value is never a zero."""
    texts = (
        formatting.ago(None, 0),
        formatting.percent(None),
        formatting.power(None),
        formatting.energy(None),
        formatting.celsius(None),
        formatting.storage_activity(None),
    )
    assert set(texts) == {"not known"}


@given(st.floats(-1e9, 1e9))
def test_any_amount_is_short(value: float) -> None:
    """Any value of the gateway fits into its place on the page."""
    for say in (
        formatting.duration,
        formatting.power,
        formatting.percent,
        formatting.energy,
        formatting.celsius,
    ):
        assert 3 <= len(say(value)) <= 18
