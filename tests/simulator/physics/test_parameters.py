"""Everything that can be set is in one table, and nothing else can be set."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import ExporterError
from exporter.simulator.homes import SAMPLE_HOME_NAMES
from exporter.simulator.physics.parameter_types import (
    BooleanType,
    ChoiceType,
    ConditionsType,
    ListType,
    NumberType,
    ParameterType,
    VersionType,
)
from exporter.simulator.physics.parameters import PARAMETERS
from tests.simulator.physics.sample_simulations import HOUR, house


def _value(kind: ParameterType, firmware: str) -> Any:
    """Return a value that a lever of this kind takes, in a house with this firmware."""
    match kind:
        case BooleanType():
            return True
        case NumberType(low=low, high=high, whole=whole):
            middle = (low + high) / 2
            return int(middle) if whole else middle
        case ChoiceType(among=among):
            return among[-1]
        case ListType(among=among):
            return list(among)
        case ConditionsType():
            return ["pcu_chan.gfitripped", "obs_strs.failure"]
        case VersionType():
            return f"{firmware}.1"
        case _:
            return "something"


@pytest.mark.parametrize("name", SAMPLE_HOME_NAMES)
def test_every_lever_of_every_home_moves(name: str) -> None:
    """Each takes a value of its kind, says what it is set to, and the house lives on."""
    it = house(name, past_days=0)
    for address, lever in it.parameters().items():
        value = _value(lever.kind, it.site.firmware)
        it.set(address, value)
        assert it.get(address) == (tuple(value) if isinstance(value, list) else value)
        if lever.optional:
            it.set(address, None)
            assert it.get(address) is None
    it.advance(it.now + HOUR)
    it.state()


def test_every_row_of_the_table_is_used() -> None:
    """Among the sample homes there is a device for every lever, and no row is there twice."""
    used = {
        lever
        for name in SAMPLE_HOME_NAMES
        for lever in house(name, past_days=0).parameters().values()
    }
    assert used == set(PARAMETERS)
    patterns = [lever.pattern for lever in PARAMETERS]
    assert len(set(patterns)) == len(patterns)
    assert all(lever.meaning and lever.words for lever in PARAMETERS)


@pytest.mark.parametrize(
    ("address", "value", "message"),
    [
        ("battery.9.soc", 0.5, r"no 'battery\.9\.soc'; did you mean battery\."),
        ("grid.upp", True, "did you mean grid.up"),
        ("", True, "this house has no ''"),
        ("grid..up", True, "this house has no 'grid..up'"),
        ("acb.*.soc", 0.5, r"this house has no 'acb\.\*\.soc'"),
        ("grid.up", "yes", "grid.up takes true or false, not 'yes'"),
        ("grid.up", None, "grid.up takes true or false, not None"),
        ("battery.1.soc", 1.5, "takes a number from 0 to 1, not 1.5"),
        ("battery.1.soc", True, "takes a number"),
        ("battery.1.soc", float("nan"), "takes a number"),
        ("battery.1.led", 12.5, "takes a whole number from 0 to 255, or null"),
        ("storage.mode", "saving", "takes one of self-consumption, backup, economy, savings-mode"),
        ("meter.production.flags", ["odd"], "takes a list of any of production-imbalance"),
        ("battery.1.firmware", "", "takes a text, or null"),
    ],
)
def test_what_there_is_not_is_refused(address: str, value: Any, message: str) -> None:
    """The error names the address and what would be right."""
    it = house(past_days=0)
    with pytest.raises(ExporterError, match=message):
        it.set(address, value)


def test_several_levers_move_together_or_not_at_all() -> None:
    """One wrong value keeps the right ones from being set."""
    it = house(past_days=0)
    before = it.state()
    with pytest.raises(ExporterError):
        it.set_all({"grid.up": False, "storage.reserve": 7})
    assert it.get("grid.up") is True
    assert it.state() is before


@given(st.text(), st.one_of(st.none(), st.booleans(), st.floats(), st.text(), st.lists(st.text())))
def test_no_address_breaks_it(address: str, value: Any) -> None:
    """Whatever a scenario says, it is done or refused in one line."""
    it = _PLAIN
    with pytest.raises(ExporterError):
        it.set(address, value)


@given(st.sampled_from(PARAMETERS), st.one_of(st.none(), st.integers(), st.floats(), st.text()))
def test_no_value_breaks_it(lever: Any, value: Any) -> None:
    """A value is either taken or refused."""
    address = lever.pattern.replace(".N", ".1").replace(".ID", ".produced")
    with suppress(ExporterError):
        _PLAIN.set(address, value)


_PLAIN = house("solar-only", past_days=0)
