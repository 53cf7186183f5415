"""Everything about a simulated house that a scenario or a command can set, as one table.

A lever is addressed as `part.name`, or `part.which.name` where there are several: `grid.up`,
`battery.3.stuck`, `contact.NC1.command`, `meter.production.status`. Devices count from 1, like
their serial numbers; `*` is all of them: `inverter.*.interval`.

Some levers change what happens, others only what the gateway tells (`shows`): None gives those
back to the truth.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from exporter.errors import ExporterError
from exporter.simulator.homes.devices import Metering, StorageMode
from exporter.simulator.physics.generator import WEEKDAYS
from exporter.simulator.physics.kinds import Choice, Flag, Kind, Number, Several, Text, Version
from exporter.simulator.physics.plant import Plant
from exporter.simulator.physics.weather import SKIES

_ANY = 1e9
_FLAG, _TEXT = Flag(), Text()
_SHARE = Number(0, 1)
_PERCENT = Number(0, 100, "%", whole=True)
_SWITCHED = Choice(("closed", "open"))
_ACTION = Choice(("apply", "shed", "schedule", "none"))
_CELSIUS = Number(-100, 200, "°C")
_METER_FLAGS = (
    *("production-imbalance", "negative-production"),
    *("power-on-unused-phase", "negative-total-consumption"),
)


@dataclass(frozen=True, slots=True)
class Lever:
    """One row of the table."""

    part: str
    name: str
    kind: Kind
    meaning: str
    #: whether None is a value as well
    optional: bool = False
    #: field of the device's record in the state that it replaces; empty changes what happens
    shows: str = ""

    @property
    def pattern(self) -> str:
        """Its address, with `N` for a device and `ID` for a name."""
        return f"{self.part}{_WHICH.get(self.part, '')}.{self.name}"

    @property
    def words(self) -> str:
        """What it takes, in words."""
        return self.kind.words + (", or null" if self.optional or self.shows else "")


_WHICH = {
    **dict.fromkeys(("leg", "inverter", "battery", "acb"), ".N"),
    **dict.fromkeys(("contact", "meter", "counter"), ".ID"),
}


def _shown(part: str, name: str, kind: Kind, meaning: str, field: str = "") -> Lever:
    return Lever(part, name, kind, meaning, optional=True, shows=field or name)


LEVERS: tuple[Lever, ...] = (
    Lever("grid", "up", _FLAG, "whether the utility supplies power"),
    Lever("grid", "hertz_offset", Number(-10, 10, "Hz"), "its frequency above nominal"),
    Lever("leg", "volts_offset", Number(-1000, 1000, "V"), "voltage of a leg above nominal"),
    Lever("switch", "commanded", _SWITCHED, "what the switch to the grid is told to be"),
    Lever("switch", "stuck", _SWITCHED, "the state it cannot leave", optional=True),
    Lever("switch", "flap_seconds", Number(0, 86400, "s"), "changes again and again; 0 does not"),
    Lever("switch", "reconnect_seconds", Number(0, 86400, "s"), "how long the grid must be good"),
    Lever("switch", "communicating", _FLAG, "whether the gateway hears controller or collar"),
    Lever("switch", "frozen", _FLAG, "whether its telemetry stands still"),
    _shown("switch", "grid_mode", _TEXT, "the grid mode it claims"),
    _shown("switch", "collar_grid_state", Choice(("on_grid", "off_grid")), "what the collar says"),
    _shown("switch", "control_error", Number(0, 255, whole=True), "error of the collar's control"),
    _shown("switch", "combiner_communicating", _FLAG, "whether the C6 combiner is heard"),
    _shown("switch", "fahrenheit", Number(-100, 400, "°F", whole=True), "controller's temperature"),
    _shown("switch", "celsius", Number(-100, 200, "°C", whole=True), "collar's temperature"),
    Lever("storage", "mode", Choice(get_args(StorageMode)), "storage mode"),
    Lever("storage", "reserve", _SHARE, "charge kept for outages"),
    Lever("storage", "very_low", _SHARE, "charge at which batteries switch off"),
    Lever("storage", "charge_from_grid", _FLAG, "whether cheap power may charge them"),
    Lever("storage", "opt_schedules", _FLAG, "whether the vendor's optimisation is on"),
    Lever("battery", "soc", _SHARE, "charge"),
    Lever("battery", "capacity", Number(0.01, 1), "usable share of what it was made for"),
    Lever("battery", "health", Number(0.01, 1), "state of health"),
    Lever("battery", "stuck", _SHARE, "claims this charge, draws a few watts for ever", True),
    Lever("battery", "communicating", _FLAG, "whether it is heard; unheard it does nothing"),
    Lever("battery", "listed", _FLAG, "whether it is in the gateway's lists"),
    Lever("battery", "frozen", _FLAG, "whether its telemetry stands still"),
    Lever("battery", "charges", _FLAG, "whether it takes charge when it could"),
    Lever("battery", "dc_switch_off", _FLAG, "whether its DC switch is off"),
    Lever("battery", "exhausted", _FLAG, "whether it needs a technician; false is his visit"),
    Lever("battery", "temperature_offset", Number(-100, 150, "K"), "warmer than it would be"),
    _shown("battery", "soc_shown", _SHARE, "charge it tells with its power", "soc"),
    _shown("battery", "soc_reported", _SHARE, "charge it tells in the inventory"),
    _shown("battery", "temperature_shown", _CELSIUS, "temperature it tells", "temperature"),
    _shown("battery", "cell_temperature", _CELSIUS, "temperature of its hottest cell"),
    _shown("battery", "firmware", _TEXT, "its firmware"),
    _shown("battery", "bmu_firmware", _TEXT, "firmware of its management unit"),
    _shown("battery", "admin", Number(0, 255, whole=True), "its admin state; 6 is ready"),
    _shown("battery", "admin_name", _TEXT, "name of its admin state"),
    _shown("battery", "led", Number(0, 255, whole=True), "its LED pattern"),
    Lever("acb", "soc", _SHARE, "charge"),
    Lever("acb", "asleep_wanted", _FLAG, "whether it is told to sleep"),
    Lever("acb", "sleep_min", _PERCENT, "least charge it sleeps with"),
    Lever("acb", "sleep_max", _PERCENT, "most charge it sleeps with"),
    Lever("acb", "communicating", _FLAG, "whether it is heard"),
    Lever("acb", "listed", _FLAG, "whether it is in the gateway's lists"),
    Lever("acb", "frozen", _FLAG, "whether its telemetry stands still"),
    Lever("inverter", "output", Number(0, 1.2), "share of what it could make; 0 is dead"),
    Lever("inverter", "silent", _FLAG, "whether it keeps quiet, though it works"),
    Lever("inverter", "listed", _FLAG, "whether it is in the gateway's lists"),
    Lever("inverter", "interval", Number(60, 86400, "s", whole=True), "how often it reports"),
    Lever("solar", "connected", _FLAG, "whether the breaker of the panels is closed"),
    Lever("weather", "sky", Choice(SKIES), "the sky, whatever the plan says", optional=True),
    Lever("load", "factor", Number(0, 100), "times what the house would use"),
    Lever("load", "extra", Number(0, 1e6, "W"), "on top of what it would use"),
    Lever("generator", "mode", Choice(("off", "on", "auto")), "its mode"),
    Lever("generator", "start_soc", _PERCENT, "charge at which it starts"),
    Lever("generator", "stop_soc", _PERCENT, "charge at which it stops"),
    Lever("generator", "charges", _FLAG, "whether it may charge the batteries"),
    Lever("generator", "exercise_weeks", Number(1, 4, whole=True), "weeks between two exercises"),
    Lever("generator", "exercise_start", Number(0, 1439, whole=True), "minute of day they begin"),
    Lever("generator", "exercise_minutes", Number(1, 1439, whole=True), "how long they last"),
    Lever("generator", "exercise_day", Choice(WEEKDAYS), "the day they are on"),
    Lever("generator", "broken", _FLAG, "whether it does not start"),
    Lever("contact", "command", _SWITCHED, "what it is told to be; none: its settings", True),
    _shown("contact", "mode", Choice(("manual", "soc")), "by source or by charge"),
    _shown("contact", "soc_low", Number(0, 100, "%"), "charge at which it opens"),
    _shown("contact", "soc_high", Number(0, 100, "%"), "charge at which it closes"),
    _shown("contact", "grid_action", _ACTION, "what it does on grid"),
    _shown("contact", "micro_grid_action", _ACTION, "what it does on batteries"),
    _shown("contact", "gen_action", _ACTION, "what it does on the generator"),
    _shown("contact", "name", _TEXT, "name of its load"),
    _shown("contact", "priority", Number(0, 100), "which goes first"),
    _shown("contact", "essential_start", Number(0, 86400, "s"), "when its schedule begins"),
    _shown("contact", "essential_end", Number(0, 86400, "s"), "when its schedule ends"),
    _shown("contact", "black_start", Number(0, 86400, "s"), "its delay after a black start"),
    _shown("contact", "override", _FLAG, "whether its settings are overridden"),
    _shown("contact", "manual_override", _FLAG, "whether somebody overrides it by hand"),
    Lever("meter", "enabled", _FLAG, "whether the CT is enabled"),
    Lever("meter", "status", Choice(get_args(Metering)), "how the CT does; not metering: counts 0"),
    Lever("meter", "flags", Several(_METER_FLAGS), "what the CT warns of"),
    Lever("counter", "offset", Number(-_ANY, _ANY, "Wh"), "how far the counter is off"),
    Lever("counter", "zero", _FLAG, "whether the counter says 0"),
    Lever("gateway", "clock_offset", Number(-_ANY, _ANY, "s"), "how far its clock is ahead"),
    Lever("gateway", "zeros", _FLAG, "whether it answers as after a restart"),
    Lever("gateway", "total_is_net", _FLAG, "whether total consumption shows net consumption"),
    Lever("gateway", "today_reset_delay", Number(0, 80000, "s"), "midnight of today's counters"),
    Lever("gateway", "reading_lag", Number(0, _ANY, "s"), "age of what `/production.json` says"),
    Lever("gateway", "serial", _TEXT, "another serial number", optional=True),
    Lever("gateway", "firmware", Version(), "another firmware, after an update", optional=True),
    Lever("cloud", "reporting", _FLAG, "whether it reports to the cloud"),
    Lever("cloud", "connected", _FLAG, "whether it says that it reaches the cloud"),
    Lever("cloud", "overwrites", _FLAG, "whether it puts back what was set at the gateway"),
    Lever("cloud", "cellular", _FLAG, "whether it reports by cellular modem, every six hours"),
)

#: what levers act on, by part and by device
Parts = Mapping[str, Mapping[str, Any]]

_BY_NAME = {(lever.part, lever.name): lever for lever in LEVERS}


def parts(plant: Plant) -> Parts:
    """Return what there is in this house to act on."""
    return {
        "grid": {"": plant.utility},
        "leg": _counted(plant.utility.legs),
        "switch": {"": plant.switch},
        "storage": {"": plant.policy},
        "battery": _counted(plant.bank.units),
        "acb": _counted(plant.acbs.units),
        "inverter": _counted(plant.roof.inverters),
        "solar": {"": plant.roof},
        "weather": {"": plant.sky},
        "load": {"": plant.household},
        "generator": {"": plant.generator},
        "contact": plant.contacts,
        "meter": {str(kind): meter for kind, meter in plant.meters.items()},
        "counter": plant.counters,
        "gateway": {"": plant.gateway},
        "cloud": {"": plant.cloud},
    }


def addresses(there: Parts) -> Iterator[tuple[str, Lever]]:
    """Yield the address of every lever of a house, with its row of the table."""
    for lever in LEVERS:
        for which in there[lever.part]:
            yield ".".join(filter(None, (lever.part, which, lever.name))), lever


def find(there: Parts, address: str) -> tuple[Lever, list[Any]]:
    """Return the row of an address, and what it acts on.

    Raises `ExporterError` for an address that this house does not have.
    """
    part, _, rest = address.partition(".")
    which, dot, name = rest.rpartition(".")
    lever = _BY_NAME.get((part, name))
    # `grid..up` is not `grid.up`
    known = there.get(part, {}) if bool(dot) == bool(which) else {}
    found = list(known.values()) if which == "*" else [known[which]] if which in known else []
    if lever is None or not found:
        close = get_close_matches(address, [known for known, _ in addresses(there)], n=3)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise ExporterError(f"this house has no {address!r}{hint}")
    return lever, found


def check(lever: Lever, address: str, value: Any) -> None:
    """Raise `ExporterError` unless the lever takes this value."""
    if value is None and (lever.optional or lever.shows):
        return
    if not lever.kind.takes(value):
        raise ExporterError(f"{address} takes {lever.words}, not {value!r}")


def put(lever: Lever, targets: Iterable[Any], value: Any) -> None:
    """Set a checked value."""
    for target in targets:
        if not lever.shows:
            setattr(target, lever.name, tuple(value) if isinstance(value, list) else value)
        elif value is None:
            target.shown.pop(lever.shows, None)
        else:
            target.shown[lever.shows] = value


def read(lever: Lever, target: Any) -> Any:
    """Return what was set; for what is only shown, None where it shows the truth."""
    return target.shown.get(lever.shows) if lever.shows else getattr(target, lever.name)


def _counted(devices: Iterable[Any]) -> dict[str, Any]:
    return {str(number): device for number, device in enumerate(devices, start=1)}
