"""Whatever happens in a house, no energy appears and none is lost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.simulator.homes.models import HomeHardware
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.physics.weather import SKIES, constant_sky
from tests.simulator.physics.sample_simulations import house

_SITES = st.builds(
    HomeHardware,
    serial=st.just("202499000077"),
    firmware=st.just("8.2.4401"),
    cts=st.just(("production", "net-consumption", "storage")),
    legs=st.sampled_from((1, 2, 3)),
    volts=st.sampled_from((120.0, 230.0)),
    inverters=st.integers(0, 30),
    inverter_watts=st.sampled_from((250, 366, 480)),
    batteries=st.integers(0, 7),
    battery_wh=st.sampled_from((3500, 5000)),
    acbs=st.integers(0, 3),
    controller=st.booleans(),
    collar=st.booleans(),
    generator=st.booleans(),
    time_of_use=st.booleans(),
)
_SHARES = st.floats(0, 1)
_EVENTS: dict[str, st.SearchStrategy[Any]] = {
    "grid.up": st.booleans(),
    "grid.hertz_offset": st.floats(-3, 3),
    "leg.1.volts_offset": st.floats(-40, 40),
    "switch.commanded": st.sampled_from(("open", "closed")),
    "switch.stuck": st.sampled_from(("open", "closed", None)),
    "switch.flap_seconds": st.sampled_from((0, 45, 400)),
    "storage.mode": st.sampled_from(("self-consumption", "backup", "economy", "savings-mode")),
    "storage.reserve": _SHARES,
    "storage.very_low": _SHARES,
    "storage.charge_from_grid": st.booleans(),
    "storage.opt_schedules": st.booleans(),
    "battery.*.soc": _SHARES,
    "battery.1.stuck": st.one_of(st.none(), _SHARES),
    "battery.1.communicating": st.booleans(),
    "battery.*.dc_switch_off": st.booleans(),
    "battery.*.exhausted": st.booleans(),
    "battery.*.charges": st.booleans(),
    "battery.*.capacity": st.floats(0.01, 1),
    "acb.1.sleep_requested": st.booleans(),
    "inverter.1.output": st.floats(0, 1.2),
    "solar.connected": st.booleans(),
    "weather.sky": st.sampled_from((*SKIES, None)),
    "load.factor": st.floats(0, 20),
    "load.extra": st.floats(0, 30_000),
    "generator.mode": st.sampled_from(("off", "on", "auto")),
    "contact.NC1.command": st.sampled_from(("open", "closed", None)),
    "contact.NO1.command": st.sampled_from(("open", "closed", None)),
}
_LEVERS = st.sampled_from(sorted(_EVENTS)).flatmap(
    lambda address: st.tuples(st.just(address), _EVENTS[address])
)
_HAPPENINGS = st.lists(st.tuples(st.floats(1, 2500), _LEVERS), max_size=14)


def _exists(it: HomeSimulation, address: str) -> bool:
    return address.replace("*", "1") in it.parameters()


def _adds_up(it: HomeSimulation) -> None:
    flows, energy, state = it.flows, it.energy, it.state()
    assert abs(flows.imbalance) < 1e-6
    assert energy.produced + energy.imported + energy.discharged + energy.generated == (
        pytest.approx(energy.used + energy.exported + energy.charged, rel=1e-9)
    )
    assert state.consumed == pytest.approx(energy.used, rel=1e-9, abs=1e-3)
    assert min(flows.sun, flows.load, flows.generator) >= 0
    assert all(0 <= battery.soc <= 1 for battery in state.batteries)
    if not flows.powered:
        assert not any((flows.sun, flows.load, flows.battery, flows.acb, flows.grid))
    if not state.on_grid:
        assert flows.grid == flows.acb == 0


_HOUSES = st.builds(
    HomeSimulation,
    _SITES,
    seed=st.integers(0, 2**32),
    latitude=st.floats(-65, 65),
    start=st.floats(1.7e9, 1.8e9),
    weather=st.sampled_from(SKIES).map(constant_sky),
    past_days=st.just(0),
)


@given(it=_HOUSES, happenings=_HAPPENINGS)
def test_energy_is_conserved(
    it: HomeSimulation, happenings: list[tuple[float, tuple[str, Any]]]
) -> None:
    """What flows in flows out at every moment of any house, and counters never go back."""
    before = it.energy
    for wait, (address, value) in [*happenings, (7200.0, ("grid.up", True))]:
        end = it.now + wait
        while it.now < end:
            it.advance(min(end, it.now + 60))
            _adds_up(it)
            assert all(new >= old for new, old in zip(it.energy, before, strict=True))
            before = it.energy
        if _exists(it, address):
            it.set(address, value)
            _adds_up(it)


@pytest.mark.parametrize("grid", [True, False])
def test_batteries_keep_what_is_put_into_them(grid: bool) -> None:
    """What is stored changes by what flows in and out, less the losses of both."""
    it = house()
    it.set_all({"battery.*.soc": 0.5, "grid.up": grid, "load.extra": 1500})
    stored, before = it.state().soc, it.energy
    it.advance(it.now + 86400 - 7200)
    charged = it.energy.charged - before.charged
    discharged = it.energy.discharged - before.discharged
    capacity = 6 * 5000 * 0.99
    assert charged > 5000
    assert discharged > 5000
    assert (it.state().soc - stored) * capacity == pytest.approx(
        charged * 0.943 - discharged / 0.943, rel=0.03, abs=50
    )


def test_the_batteries_share_the_power() -> None:
    """The powers of the batteries add up to the power of all."""
    it = house()
    it.set("battery.2.soc", 0.99)
    for _ in range(30):
        it.advance(it.now + 600)
        state = it.state()
        assert sum(battery.watts for battery in state.batteries) == pytest.approx(state.battery)


def test_the_inverters_share_the_power() -> None:
    """What the inverters made of late adds up to the production."""
    it = house()
    state = it.at(it.now + 1800)
    assert sum(inverter.watts for inverter in state.inverters) == pytest.approx(state.sun, rel=0.02)
    assert sum(inverter.lifetime for inverter in state.inverters) == pytest.approx(
        state.produced, rel=0.001
    )
