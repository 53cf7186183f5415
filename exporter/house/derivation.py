"""Derives the powers of a house and their flows from the sources that are fresh."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import is_
from typing import Any

from exporter.gateway.flow_energy import Flow
from exporter.gateway.site_limits import Side
from exporter.house.grid import disconnect_commanded, grid_connected, switch
from exporter.house.models import (
    BALANCE,
    METER,
    NO_GRID,
    SECTION,
    DerivedHouse,
    House,
    LegFlows,
    Power,
    PowerSource,
)
from exporter.house.sources import (
    BATTERY_SOURCES,
    GRID_SOURCES,
    SOLAR_SOURCES,
    best,
    ct,
    live_grid,
    live_load,
    metering,
    watts_of,
)
from exporter.house.view import NET, PRODUCTION, STORAGE, TOTAL, HouseView
from exporter.snapshot import HOUSE, Reading, Snapshot

#: collectors that have a power, or hardware that powers depend on
_POWER_COLLECTORS = (
    "ensemble",
    "meters",
    "production",
    "inverters",
    "battery_power",
    "generator",
    "livedata",
)
#: how uneven powers of nearly the same time may be, in W and as a share of all of them
_UNEVEN_WATTS, _UNEVEN = 150.0, 0.05
_QUANTITIES = ("solar", "battery", "grid", "house")


@dataclass(frozen=True, slots=True)
class _Powers:
    """The powers of a house, and for how long they hold."""

    watts: Mapping[str, float]
    sources: Mapping[str, PowerSource]
    legs: Mapping[str, LegFlows]
    flows: Mapping[tuple[str, ...], Flow]
    expires: float
    newest: float


class HouseDeriver:
    """Derives the house of one gateway; does the work only when an answer behind it is new.

    The grid state is polled every few seconds, while powers change every half minute.
    """

    def __init__(self) -> None:
        self._powers: _Powers | None = None
        #: what the powers were derived from
        self._readings: list[Reading | None] = []
        self._conditions: tuple[int | None, bool] = (None, False)
        #: the sources of the energies so far
        self._sources: Mapping[str, PowerSource] = {}

    def __call__(self, snapshot: Snapshot, now: float) -> DerivedHouse:
        """Return what follows from a snapshot at `now` (monotonic seconds)."""
        view = HouseView(snapshot, now)
        connected, commanded = grid_connected(view), disconnect_commanded(view)
        grid_expires, grid_newest = view.expires, view.newest
        readings = [snapshot.readings.get(collector) for collector in _POWER_COLLECTORS]
        conditions = connected, view.has_batteries
        powers = self._powers
        if (
            powers is None
            or now >= powers.expires
            or conditions != self._conditions
            or not all(map(is_, readings, self._readings))
        ):
            powers = self._powers = _derive_powers(view, connected)
            self._readings, self._conditions = readings, conditions
            known = {**self._sources, **powers.sources}
            self._sources = {name: known[name] for name in _QUANTITIES if name in known}
        data: dict[str, Any] = {}
        if powers.flows or connected is not None or commanded is not None:
            data = {
                "house": House(connected, commanded, **powers.watts),
                "house_legs": powers.legs,
                "power_sources": self._sources,
            }
        return DerivedHouse(
            data,
            powers.flows,
            min(grid_expires, powers.expires),
            max(grid_newest, powers.newest),
        )


def derive(snapshot: Snapshot, now: float) -> DerivedHouse:
    """Return what follows from a single snapshot at `now` (monotonic seconds)."""
    return HouseDeriver()(snapshot, now)


def _derive_powers(view: HouseView, connected: int | None) -> _Powers:
    """Return the powers, and their energies' registers, from the best source of each."""
    view.expires, view.newest = float("inf"), 0.0
    powers = {
        "solar": best(view, SOLAR_SOURCES),
        "battery": best(view, BATTERY_SOURCES) if _has_batteries(view) else None,
    }
    powers["grid"] = _grid(view, powers, connected)
    powers["house"] = _house(view, powers)
    flows = _flows(powers)
    legs = _legs(view)
    return _Powers(
        {f"{name}_watts": flow.watts for (_, name), flow in flows.items()},
        {name: PowerSource(power.source) for name, power in powers.items() if power is not None},
        legs,
        flows | _leg_flows(view, legs),
        view.expires,
        view.newest,
    )


def _has_batteries(view: HouseView) -> bool:
    if view.has_batteries or any(
        view.get(name) for name in ("encharge_inventory", "encharge_power", "storage_power")
    ):
        return True
    return STORAGE in (view.get("ctmeters") or {}) or bool(view.get("acb_power"))


def _generator_runs(view: HouseView) -> bool:
    generator = view.get("generator")
    return switch(getattr(generator, "oper_state", None)) == 1


def _grid(
    view: HouseView, powers: Mapping[str, Power | None], connected: int | None
) -> Power | None:
    """Return the power drawn from the grid; negative is fed into it."""
    measured = best(view, GRID_SOURCES)
    if measured is not None:
        return measured
    if connected == 0:
        return Power(0.0, NO_GRID)
    total, solar, battery = ct(view, TOTAL), powers["solar"], powers["battery"]
    if total is not None and solar is not None and not (battery is None and _has_batteries(view)):
        stored = 0.0 if battery is None else battery.watts
        return Power(total.watts - max(0.0, solar.watts) - stored, BALANCE)
    return live_grid(view)


def _house(view: HouseView, powers: Mapping[str, Power | None]) -> Power | None:
    """Return what the house uses."""
    total = ct(view, TOTAL)
    if total is not None:
        return total
    solar, grid, battery = powers["solar"], powers["grid"], powers["battery"]
    unknown_battery = battery is None and _has_batteries(view)
    if _generator_runs(view):
        # Nobody measures what it gives, so no balance is true.
        return live_load(view)
    if solar is not None and grid is not None and not unknown_battery:
        stored = 0.0 if battery is None else battery.watts
        balance = _balance(max(0.0, solar.watts), grid.watts, stored)
        if balance is not None:
            return balance
    section = view.get("system_consumption")
    watts = watts_of(getattr(section, "watts_now", None))
    if watts is not None and not _has_batteries(view):
        registers = view.registers(("system_consumption", "watt_hours_lifetime"))
        return Power(max(0.0, watts), SECTION, registers)
    return live_load(view)


def _balance(*watts: float) -> Power | None:
    """Return what is left of powers; none where they cannot belong together.

    They are not of the same second, so a little less than nothing is nothing. Much less than that
    is no house without a load: one of them is wrong, or of before something was switched.
    """
    left = sum(watts)
    if left < -max(_UNEVEN_WATTS, _UNEVEN * sum(map(abs, watts))):
        return None
    return Power(max(0.0, left), BALANCE)


def _flows(powers: Mapping[str, Power | None]) -> dict[tuple[str, ...], Flow]:
    """Return the flows in one direction that the powers are made of."""
    flows: dict[tuple[str, ...], Flow] = {}
    for name, forward, backward, side in (
        ("solar", "solar", None, Side.SOLAR),
        ("house", "house", None, Side.HOUSE),
        ("grid", "grid_import", "grid_export", Side.GRID),
        ("battery", "battery_discharge", "battery_charge", Side.BATTERY),
    ):
        power = powers[name]
        if power is None:
            continue
        flows[HOUSE, forward] = Flow(max(0.0, power.watts), power.source, side, power.incoming)
        if backward is not None:
            watts = max(0.0, -power.watts)
            flows[HOUSE, backward] = Flow(watts, power.source, side, power.outgoing)
    return flows


# Legs


def _leg_watts(view: HouseView, kind: str) -> dict[str, float]:
    """Return the power on each leg that is known: each of them is a value of its own."""
    if metering(view, kind) is None:
        return {}
    phases = (view.get("ctmeters_phases") or {}).get(kind) or {}
    return {
        phase: watts
        for phase, leg in phases.items()
        if leg is not None and (watts := watts_of(leg.active_power)) is not None
    }


def _legs(view: HouseView) -> dict[str, LegFlows]:
    solar, net, total = (_leg_watts(view, kind) for kind in (PRODUCTION, NET, TOTAL))
    alone = not _has_batteries(view) and not _generator_runs(view)
    legs = {}
    for phase in sorted(solar.keys() | net.keys() | total.keys()):
        sun, grid, used = solar.get(phase), net.get(phase), total.get(phase)
        if used is None and sun is not None and grid is not None and alone:
            balance = _balance(max(0.0, sun), grid)
            used = None if balance is None else balance.watts
        legs[phase] = LegFlows(
            None if sun is None else max(0.0, sun),
            used,
            None if grid is None else max(0.0, grid),
            None if grid is None else max(0.0, -grid),
        )
    return legs


def _leg_flows(view: HouseView, legs: Mapping[str, LegFlows]) -> dict[tuple[str, ...], Flow]:
    flows: dict[tuple[str, ...], Flow] = {}
    for phase, leg in legs.items():
        for name, kind, register, side in (
            ("solar", PRODUCTION, "energy_delivered", Side.SOLAR),
            ("house", TOTAL, "energy_delivered", Side.HOUSE),
            ("grid_import", NET, "energy_delivered", Side.GRID),
            ("grid_export", NET, "energy_received", Side.GRID),
        ):
            watts: float | None = getattr(leg, f"{name}_watts")
            if watts is not None:
                registers = view.registers(("ctmeters_phases", kind, phase, register))
                source = METER if registers else BALANCE
                flows["house_legs", phase, name] = Flow(watts, source, side, registers)
    return flows
