"""What flows in the house, and whether it is connected to the grid: derived from all answers.

No single answer has the power of the panels, of the house, to and from the grid and the batteries
at every site. Each comes from the best source that is fresh: current transformers (CT), then the
sections of the production report, then the sum of the inverters, then live data. A sum is only made
of parts that are all known: half of a power is not shown as the whole.

Used by the metrics and by the status page.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import is_
from typing import Any

from exporter.gateway.flow_energy import Flow
from exporter.gateway.site_limits import Side
from exporter.snapshot import HOUSE, SELF, Reading, Snapshot

#: names of the sources, in the label `source`
METER, SECTION, INVERTERS, BATTERIES, LIVE = (
    "ct",
    "production",
    "inverters",
    "batteries",
    "livedata",
)
BALANCE, NO_GRID = "balance", "off_grid"

_PRODUCTION, _NET, _TOTAL, _STORAGE = (
    "production",
    "net-consumption",
    "total-consumption",
    "storage",
)
#: CT around panels of another make
_OTHER_PANELS = "pv3p"
_LIVE_SOLAR, _LIVE_GRID, _LIVE_STORAGE, _LIVE_LOAD = "pv", "grid", "storage", "load"
#: what firmwares call the states of a switch
_SWITCH_STATES = {"closed": 1, "close": 1, "open": 0}
_COLLAR_STATES = {"encmn_mde_on_grid": 1, "encmn_mde_off_grid": 0}
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
#: the largest commercial sites
_MAX_WATTS = 1e8
#: kinds of expected hardware that charge and discharge
_BATTERY_KINDS = frozenset({"battery", "acb"})
#: kinds of expected hardware that sit between the house and the grid
_CONTROLLER_KINDS = frozenset({"controller", "collar", "combiner"})


@dataclass(frozen=True, slots=True)
class Power:
    """A power in W with its source; `incoming` and `outgoing` are registers of its two directions.

    Registers are guarded energies in joules by name.
    """

    watts: float
    source: str
    incoming: Mapping[str, float] = field(default_factory=dict)
    outgoing: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LegFlows:
    """What flows on one leg, in W."""

    solar_watts: float | None = None
    house_watts: float | None = None
    grid_import_watts: float | None = None
    grid_export_watts: float | None = None


@dataclass(frozen=True, slots=True)
class PowerSource:
    """Where a power comes from."""

    source: str


@dataclass(frozen=True, slots=True)
class House:
    """The grid state and the powers in W; None is unknown."""

    grid_connected: int | None = None
    grid_disconnect_commanded: int | None = None
    solar_watts: float | None = None
    house_watts: float | None = None
    grid_import_watts: float | None = None
    grid_export_watts: float | None = None
    battery_charge_watts: float | None = None
    battery_discharge_watts: float | None = None


@dataclass(frozen=True, slots=True)
class DerivedHouse:
    """What was derived from a snapshot: members of a reading, flows to count, and its times."""

    data: Mapping[str, Any]
    flows: Mapping[tuple[str, ...], Flow]
    expires: float
    #: when the newest of the values behind it was read, in epoch seconds
    read_at: float


def measures_grid(expected: Iterable[tuple[str, str]]) -> bool:
    """Return whether something at a site measures what grid and house draw, by what it has."""
    return any(
        kind in _CONTROLLER_KINDS or (kind == "meter" and role not in (_PRODUCTION, _STORAGE))
        for kind, role in expected
    )


class _View:
    """All fresh members of a snapshot, with the reading of each."""

    def __init__(self, snapshot: Snapshot, now: float) -> None:
        self._members: dict[str, tuple[Any, Reading]] = {}
        self.expires = float("inf")
        #: when the newest member that was used was read
        self.newest = 0.0
        #: whether this site has batteries, though nothing of them may be known now
        self.has_batteries = False
        #: whether anything of this site measures what the grid and the house draw
        self.measures_grid = True
        own = snapshot.readings.get(SELF)
        if own is not None and "expected" in own.data:
            expected = own.data["expected"]
            self.has_batteries = any(kind in _BATTERY_KINDS for kind, _ in expected)
            self.measures_grid = measures_grid(expected)
        for collector in snapshot.readings:
            if collector in (SELF, HOUSE):
                continue
            reading = snapshot.fresh(collector, now)
            if reading is not None:
                for name, value in reading.data.items():
                    self._members[name] = value, reading

    def get(self, member: str) -> Any:
        """Return a member, or None."""
        entry = self._members.get(member)
        if entry is None:
            return None
        value, reading = entry
        expires = reading.member_expires.get(member, reading.expires)
        self.expires = min(self.expires, expires)
        self.newest = max(self.newest, reading.read_at)
        return value

    def read_at(self, member: str) -> float:
        """Return when a member was read, in epoch seconds."""
        entry = self._members.get(member)
        return entry[1].read_at if entry else float("-inf")

    def joules(self, *path: str) -> float | None:
        """Return a guarded energy."""
        entry = self._members.get(path[0])
        return entry[1].counters.get(path) if entry else None

    def registers(self, *paths: tuple[str, ...]) -> dict[str, float]:
        """Return the guarded energies of these paths, those that are known, by name."""
        return {
            "/".join(path): joules for path in paths if (joules := self.joules(*path)) is not None
        }


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

    def __call__(self, snapshot: Snapshot, now: float) -> DerivedHouse:
        """Return what follows from a snapshot at `now` (monotonic seconds)."""
        view = _View(snapshot, now)
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
        data: dict[str, Any] = {}
        if powers.flows or connected is not None or commanded is not None:
            data = {
                "house": House(connected, commanded, **powers.watts),
                "house_legs": powers.legs,
                "power_sources": powers.sources,
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


def _derive_powers(view: _View, connected: int | None) -> _Powers:
    """Return the powers, and their energies' registers, from the best source of each."""
    view.expires, view.newest = float("inf"), 0.0
    powers = {
        "solar": _first(view, _SOLAR),
        "battery": _first(view, _BATTERY) if _has_batteries(view) else None,
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


# The grid


def grid_connected(view: Any) -> int | None:
    """Return 1 where the switch towards the grid is closed, 0 where it is open, None unknown.

    Only that switch knows: the system controller or the meter collar. What the gateway last knew of
    one that it cannot reach proves nothing. `grid_mode` of the controller and `grid_state` of the
    collar are not looked at: they stay wrong in the field.
    """
    enpower, relay = view.get("enpower"), view.get("relay")
    lost = enpower is not None and not _is_true(enpower.communicating)
    if not lost and (enpower is not None or relay is not None):
        state = _newest(view, enpower, relay, "mains_oper_state")
        return _live_relay(view) if state is None else state
    collar = view.get("collar")
    if collar is None or not _is_true(collar.communicating):
        return None
    state = _COLLAR_STATES.get(str(collar.admin_state_str).lower())
    state = _switch(collar.mid_state) if state is None else state
    return _live_relay(view) if state is None else state


def disconnect_commanded(view: Any) -> int | None:
    """Return 1 where somebody commanded the system controller to leave the grid, 0 where not."""
    enpower, relay = view.get("enpower"), view.get("relay")
    if enpower is not None and not _is_true(enpower.communicating):
        return None
    stay = _newest(view, enpower, relay, "mains_admin_state")
    return None if stay is None else 1 - stay


def _newest(view: Any, enpower: Any, relay: Any, name: str) -> int | None:
    """Return a state of the switch from the newer of the two answers that have it."""
    states = [
        (at, state)
        for at, device in ((_read_at(view, "enpower"), enpower), (_read_at(view, "relay"), relay))
        if device is not None and (state := _switch(getattr(device, name, None))) is not None
    ]
    return max(states, key=lambda each: each[0])[1] if states else None


def _switch(state: Any) -> int | None:
    """Return 1 for a closed switch, 0 for an open one."""
    return _SWITCH_STATES.get(state.lower()) if isinstance(state, str) else None


def _is_true(value: Any) -> bool:
    return value in (True, 1) or str(value).lower() == "true"


def _read_at(view: Any, member: str) -> float:
    read_at: Callable[[str], float] | None = getattr(view, "read_at", None)
    return 0.0 if read_at is None else read_at(member)


def _live_relay(view: Any) -> int | None:
    """Return what live data says of the switch, where it is of now."""
    live = view.get("live")
    if live is None or view.get("live_flows") is None:
        return None
    return _switch(getattr(live, "main_relay", None))


# Sources, the best first


def _watts(value: Any, divisor: float = 1) -> float | None:
    """Return a power that can be true, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    watts = value if divisor == 1 else value / divisor
    return watts if abs(watts) <= _MAX_WATTS else None


def _ct_watts(view: _View, kind: str) -> float | None:
    meter = (view.get("ctmeters") or {}).get(kind)
    if meter is None or getattr(meter, "metering_status", None) == "not-metering":
        return None
    return _watts(meter.active_power)


def _ct(view: _View, kind: str) -> Power | None:
    watts = _ct_watts(view, kind)
    if watts is None:
        return None
    return Power(
        watts,
        METER,
        view.registers(("ctmeters", kind, "energy_delivered")),
        view.registers(("ctmeters", kind, "energy_received")),
    )


def _solar_ct(view: _View) -> Power | None:
    own = _ct(view, _PRODUCTION)
    return None if own is None else _with_other_panels(view, own)


def _with_other_panels(view: _View, own: Power) -> Power | None:
    """Add panels of another make that have a CT of their own."""
    if _OTHER_PANELS not in (view.get("ctmeters") or {}):
        return own
    other = _ct(view, _OTHER_PANELS)
    if other is None:
        return None
    return Power(own.watts + other.watts, own.source, {**own.incoming, **other.incoming})


def _solar_section(view: _View) -> Power | None:
    section = view.get("system_production")
    watts = _watts(getattr(section, "watts_now", None))
    if watts is None:
        return None
    registers = view.registers(("system_production", "watt_hours_lifetime"))
    return _with_other_panels(view, Power(watts, SECTION, registers))


def _solar_inverters(view: _View) -> Power | None:
    inverters = view.get("inverters")
    presence = view.get("inverter_presence") or {}
    if not inverters or any(not _is_true(each.present) for each in presence.values()):
        return None
    watts = [
        value
        for inverter in inverters.values()
        if (value := _watts(inverter.last_report_watts)) is not None
    ]
    if len(watts) < len(inverters):
        return None
    paths = [("inverters", serial, "lifetime_energy") for serial in inverters]
    registers = view.registers(*paths)
    complete = registers if len(registers) == len(paths) else {}
    return _with_other_panels(view, Power(float(sum(watts)), INVERTERS, complete))


def _live(flow: str) -> Callable[[_View], Power | None]:
    def power(view: _View) -> Power | None:
        live = (view.get("live_flows") or {}).get(flow)
        watts = _watts(getattr(live, "power_mw", None), 1000)
        return None if watts is None else Power(watts, LIVE)

    return power


def _live_grid(view: _View) -> Power | None:
    """Return what live data says of the grid, where something measures it."""
    return _live(_LIVE_GRID)(view) if view.measures_grid else None


def _live_load(view: _View) -> Power | None:
    """Return what live data says of the house, where something measures it."""
    return _live(_LIVE_LOAD)(view) if view.measures_grid else None


def _batteries(view: _View) -> Power | None:
    """Return the power of all batteries, which the exporter adds up and integrates itself."""
    watts = _watts(getattr(view.get("storage_power"), "watts", None))
    if watts is None:
        return None
    return Power(
        watts,
        BATTERIES,
        view.registers(("storage_power", "discharged")),
        view.registers(("storage_power", "charged")),
    )


def _storage_ct(view: _View) -> Power | None:
    """Return what the CT of batteries of another make measures."""
    return None if view.get("encharge_inventory") else _ct(view, _STORAGE)


def _net_section(view: _View) -> Power | None:
    watts = _watts(getattr(view.get("system_net_consumption"), "watts_now", None))
    return None if watts is None else Power(watts, SECTION)


Source = Callable[[_View], Power | None]
_SOLAR: tuple[Source, ...] = (_solar_ct, _solar_section, _solar_inverters, _live(_LIVE_SOLAR))
_BATTERY: tuple[Source, ...] = (_batteries, _storage_ct, _live(_LIVE_STORAGE))
_GRID: tuple[Source, ...] = (lambda view: _ct(view, _NET), _net_section)


def _first(view: _View, sources: Iterable[Source]) -> Power | None:
    return next((power for source in sources if (power := source(view)) is not None), None)


def _has_batteries(view: _View) -> bool:
    if view.has_batteries or any(
        view.get(name) for name in ("encharge_inventory", "encharge_power", "storage_power")
    ):
        return True
    return _STORAGE in (view.get("ctmeters") or {}) or bool(view.get("acb_power"))


def _generator_runs(view: _View) -> bool:
    generator = view.get("generator")
    return _switch(getattr(generator, "oper_state", None)) == 1


def _grid(view: _View, powers: Mapping[str, Power | None], connected: int | None) -> Power | None:
    """Return the power drawn from the grid; negative is fed into it."""
    measured = _first(view, _GRID)
    if measured is not None:
        return measured
    if connected == 0:
        return Power(0.0, NO_GRID)
    total, solar, battery = _ct(view, _TOTAL), powers["solar"], powers["battery"]
    if total is not None and solar is not None and not (battery is None and _has_batteries(view)):
        stored = 0.0 if battery is None else battery.watts
        return Power(total.watts - max(0.0, solar.watts) - stored, BALANCE)
    return _live_grid(view)


def _house(view: _View, powers: Mapping[str, Power | None]) -> Power | None:
    """Return what the house uses."""
    total = _ct(view, _TOTAL)
    if total is not None:
        return total
    solar, grid, battery = powers["solar"], powers["grid"], powers["battery"]
    unknown_battery = battery is None and _has_batteries(view)
    if _generator_runs(view):
        # Nobody measures what it gives, so no balance is true.
        return _live_load(view)
    if solar is not None and grid is not None and not unknown_battery:
        stored = 0.0 if battery is None else battery.watts
        return Power(max(0.0, max(0.0, solar.watts) + grid.watts + stored), BALANCE)
    section = view.get("system_consumption")
    watts = _watts(getattr(section, "watts_now", None))
    if watts is not None and not _has_batteries(view):
        registers = view.registers(("system_consumption", "watt_hours_lifetime"))
        return Power(max(0.0, watts), SECTION, registers)
    return _live_load(view)


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


def _leg_watts(view: _View, kind: str) -> dict[str, float]:
    if _ct_watts(view, kind) is None:
        return {}
    phases = (view.get("ctmeters_phases") or {}).get(kind) or {}
    legs = {
        phase: watts
        for phase, leg in phases.items()
        if leg is not None and (watts := _watts(leg.active_power)) is not None
    }
    # Where one leg is not known, the others are no picture of the house.
    return legs if len(legs) == len(phases) else {}


def _legs(view: _View) -> dict[str, LegFlows]:
    solar, net, total = (_leg_watts(view, kind) for kind in (_PRODUCTION, _NET, _TOTAL))
    alone = not _has_batteries(view) and not _generator_runs(view)
    legs = {}
    for phase in sorted(solar.keys() | net.keys() | total.keys()):
        sun, grid, used = solar.get(phase), net.get(phase), total.get(phase)
        if used is None and sun is not None and grid is not None and alone:
            used = max(0.0, max(0.0, sun) + grid)
        legs[phase] = LegFlows(
            None if sun is None else max(0.0, sun),
            used,
            None if grid is None else max(0.0, grid),
            None if grid is None else max(0.0, -grid),
        )
    return legs


def _leg_flows(view: _View, legs: Mapping[str, LegFlows]) -> dict[tuple[str, ...], Flow]:
    flows: dict[tuple[str, ...], Flow] = {}
    for phase, leg in legs.items():
        for name, kind, register, side in (
            ("solar", _PRODUCTION, "energy_delivered", Side.SOLAR),
            ("house", _TOTAL, "energy_delivered", Side.HOUSE),
            ("grid_import", _NET, "energy_delivered", Side.GRID),
            ("grid_export", _NET, "energy_received", Side.GRID),
        ):
            watts: float | None = getattr(leg, f"{name}_watts")
            if watts is not None:
                registers = view.registers(("ctmeters_phases", kind, phase, register))
                source = METER if registers else BALANCE
                flows["house_legs", phase, name] = Flow(watts, source, side, registers)
    return flows
