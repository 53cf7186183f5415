"""Conversions: base units come out, and nothing that cannot be true."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metrics import units
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.units import Conversion

CONVERSIONS = {
    name: value
    for name, value in vars(units).items()
    if callable(value)
    and name not in ("Conversion", "Callable", "Mapping", "Any", "enum_map", "scaled", "divided")
}

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.integers()),
    st.sampled_from(["nan", "inf", "-inf", "1e999", "0x10", " 5 ", "1_000", "٣"]),
)


@pytest.mark.parametrize(
    ("convert", "value", "expected"),
    [
        (units.watts, 1234, 1234),
        (units.watts, -5, -5),
        (units.watts, 2e8, None),
        (units.milliwatts, -676000, -676),
        (units.milliwatts, 1234, 1.234),
        (units.milli_volt_amperes, -532000, -532),
        (units.watts_from_milliwatt_hours_per_second, 100, 360),
        (units.joules, -2, -7200),
        (units.stored_joules, 5000, 18_000_000),
        (units.stored_joules, -1, None),
        (units.volts, 713.3, 713.3),
        (units.volts, -1, None),
        (units.hertz, 50.0, 50),
        (units.hertz, 0.0, None),
        (units.power_factor, -1, -1),
        (units.power_factor, 1.94, None),
        (units.ratio, 92, 0.92),
        (units.ratio, "30.0", 0.3),
        (units.ratio, -1, None),
        (units.ratio, 101, None),
        (units.fraction, 0.8, 0.8),
        (units.celsius, -20, -20),
        (units.fahrenheit, 79, 26.11),
        (units.fahrenheit, 32, 0),
        (units.fahrenheit, 1e9, None),
        (units.epoch, "1688053811", 1688053811),
        (units.epoch, 0, None),
        (units.epoch, 2**32, None),
        (units.signed_seconds, -90.5, -90.5),
        (units.time_of_day, 32400.0, 32400),
        (units.time_of_day, 90000, None),
        (units.time_of_day_from_minutes, 945, 56700),
        (units.minutes, 5, 300),
        (units.weeks, 3, 1_814_400),
        (units.level, 5, 5),
        (units.level, 6, None),
        (units.raw_code, -1, -1),
        (units.nameplate_watts, 22.0, 22_000),
        (units.nameplate_watts, 22_000, 22_000),
        (units.flag, True, 1),
        (units.flag, "False", 0),
        (units.flag, 2, None),
        (units.closed, "close", 1),
        (units.closed, "closed", 1),
        (units.closed, "open", 0),
        (units.closed, "ajar", None),
        (units.closed, True, None),
        (units.on_grid, "ENCMN_MDE_ON_GRID", 1),
        (units.on_grid, "ENCMN_MDE_OFF_GRID", 0),
        (units.number, True, None),
        (units.number, 2**64, None),
        (units.number, "5.5", 5.5),
    ],
)
def test_converts_into_base_units(convert: Conversion, value: Any, expected: float | None) -> None:
    """Values become base units, and absurd ones become None."""
    assert convert(value) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("enphase_enpower_temperature_celsius", 79, 26.11),
        ("enphase_collar_temperature_celsius", 42, 42),
        ("enphase_encharge_temperature_celsius", 25, 25),
        ("enphase_encharge_capacity_joules", 5000, 18_000_000),
        ("enphase_inverter_temperature_celsius", 38, 38),
        ("enphase_inverter_report_interval_seconds", 903, 903),
        ("enphase_inverter_today_joules", 1239, 4_460_400),
        ("enphase_acb_system_available_joules", 930, 3_348_000),
        ("enphase_dry_contact_essential_start_seconds", 32400.0, 32400),
        ("enphase_generator_nameplate_watts", 22.0, 22_000),
        ("enphase_generator_warm_up_seconds", 5, 300),
        ("enphase_generator_cool_down_seconds", 5, 300),
        ("enphase_generator_exercise_start_seconds", 945, 56_700),
        ("enphase_generator_exercise_duration_seconds", 20, 1200),
        ("enphase_generator_exercise_interval_seconds", 3, 1_814_400),
        ("enphase_collector_duration_seconds", 1.5, 1.5),
    ],
)
def test_values_of_captures_become_base_units(name: str, value: float, expected: float) -> None:
    """The row of a field converts from the unit of the gateway."""
    assert expected == FAMILIES[name].row.convert(value)


@pytest.mark.parametrize("name", CONVERSIONS)
@given(value=JUNK)
def test_junk_never_becomes_a_sample_that_is_no_number(name: str, value: Any) -> None:
    """For any value a conversion neither raises nor returns NaN or infinity."""
    converted = CONVERSIONS[name](value)
    assert converted is None or math.isfinite(converted)


@pytest.mark.parametrize("name", CONVERSIONS)
@pytest.mark.parametrize(
    "value", [None, "", "unknown", "nan", "inf", [], {}, b"1", math.nan, math.inf]
)
def test_what_is_no_number_is_absent(name: str, value: Any) -> None:
    """Missing values, enum_map and broken floats give no sample."""
    assert CONVERSIONS[name](value) is None


@given(st.integers() | st.floats())
def test_a_ratio_lies_between_zero_and_one(value: float) -> None:
    """A percentage gives a share, and one beyond 0 to 100 by more than rounding gives no sample."""
    converted = units.ratio(value)
    assert converted is None or 0 <= converted <= 1
    assert converted is not None or not 0 <= value <= 100
    assert converted is None or -1e-9 < value < 100 + 1e-9


@given(st.integers(0, 100))
def test_a_ratio_keeps_its_percentage(value: int) -> None:
    """Multiplied by 100 it is the value of the gateway."""
    assert round((units.ratio(value) or 0) * 100) == value


@given(st.integers(-(10**9), 10**9))
def test_energy_survives_the_conversion(value: int) -> None:
    """Watt-hours become joules without loss."""
    assert units.joules(value) == value * 3600
