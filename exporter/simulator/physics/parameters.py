"""Everything about a simulated house that a scenario or a command can set, as one table.

A lever is addressed as `part.name`, or `part.which.name` where there are several: `grid.up`,
`battery.3.stuck`, `contact.NC1.command`, `meter.production.status`. Devices count from 1, like
their serial numbers; `*` is all of them: `inverter.*.interval`.

Some levers change what happens, others only override what the gateway reports (`shows`): None ends
the override.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from exporter.errors import ExporterError
from exporter.simulator.homes.device_states import MeteringStatus, StorageMode
from exporter.simulator.physics.generator import WEEKDAYS
from exporter.simulator.physics.parameter_types import (
    BooleanType,
    ChoiceType,
    ConditionsType,
    ListType,
    NumberType,
    ParameterType,
    TextType,
    VersionType,
)
from exporter.simulator.physics.system import HomeSystem
from exporter.simulator.physics.weather import SKIES

_ANY = 1e9
_FLAG, _TEXT = BooleanType(), TextType()
_SHARE = NumberType(0, 1)
_PERCENT = NumberType(0, 100, "%", whole=True)
_SWITCHED = ChoiceType(("closed", "open"))
_ACTION = ChoiceType(("apply", "shed", "schedule", "none"))
_CONDITIONS = ConditionsType()
_WATTS = NumberType(0, 1e6, "W")
_CELSIUS = NumberType(-100, 200, "°C")
_METER_FLAGS = (
    *("production-imbalance", "negative-production"),
    *("power-on-unused-phase", "negative-total-consumption"),
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the table."""

    part: str
    name: str
    kind: ParameterType
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
    **dict.fromkeys(("leg", "inverter", "battery", "acb", "relay"), ".N"),
    **dict.fromkeys(("contact", "meter", "counter"), ".ID"),
}


def _reported(
    part: str, name: str, kind: ParameterType, meaning: str, field: str = ""
) -> Parameter:
    return Parameter(part, name, kind, meaning, optional=True, shows=field or name)


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("grid", "up", _FLAG, "whether the utility supplies power"),
    Parameter("grid", "hertz_offset", NumberType(-10, 10, "Hz"), "its frequency above nominal"),
    Parameter(
        "leg", "volts_offset", NumberType(-1000, 1000, "V"), "voltage of a leg above nominal"
    ),
    Parameter("switch", "commanded", _SWITCHED, "the commanded state of the switch to the grid"),
    Parameter("switch", "stuck", _SWITCHED, "the state it cannot leave", optional=True),
    Parameter(
        "switch", "flap_seconds", NumberType(0, 86400, "s"), "changes again and again; 0 does not"
    ),
    Parameter(
        "switch", "reconnect_seconds", NumberType(0, 86400, "s"), "how long the grid must be good"
    ),
    Parameter("switch", "communicating", _FLAG, "whether controller or collar communicates"),
    Parameter("switch", "frozen", _FLAG, "whether its telemetry stands still"),
    _reported("switch", "grid_mode", _TEXT, "the grid mode that it reports"),
    _reported("switch", "position", _TEXT, "the position that it reports", "actual"),
    _reported(
        "switch",
        "collar_grid_state",
        ChoiceType(("on_grid", "off_grid")),
        "the position that the collar reports",
    ),
    _reported(
        "switch", "control_error", NumberType(0, 255, whole=True), "error of the collar's control"
    ),
    _reported("switch", "combiner_communicating", _FLAG, "whether the C6 combiner communicates"),
    _reported(
        "switch", "fahrenheit", NumberType(-100, 400, "°F", whole=True), "controller's temperature"
    ),
    _reported("switch", "celsius", NumberType(-100, 200, "°C", whole=True), "collar's temperature"),
    Parameter("storage", "mode", ChoiceType(get_args(StorageMode)), "storage mode"),
    Parameter("storage", "reserve", _SHARE, "charge kept for outages"),
    Parameter("storage", "very_low", _SHARE, "charge at which batteries switch off"),
    Parameter("storage", "charge_from_grid", _FLAG, "whether cheap power may charge them"),
    Parameter("storage", "full_hysteresis", _SHARE, "how far below full backup mode rests"),
    Parameter("storage", "sub_type", _TEXT, "why the mode is what it is", optional=True),
    Parameter("storage", "opt_schedules", _FLAG, "whether the vendor's optimisation is on"),
    Parameter("battery", "soc", _SHARE, "charge"),
    Parameter("battery", "capacity", NumberType(0.01, 1), "usable share of what it was made for"),
    Parameter("battery", "health", NumberType(0.01, 1), "state of health"),
    Parameter("battery", "stuck", _SHARE, "reports this charge, draws a few watts forever", True),
    Parameter(
        "battery", "communicating", _FLAG, "whether it communicates; otherwise it does nothing"
    ),
    Parameter("battery", "listed", _FLAG, "whether it is in the gateway's lists"),
    Parameter("battery", "frozen", _FLAG, "whether its telemetry stands still"),
    Parameter("battery", "charges", _FLAG, "whether it takes charge when it could"),
    Parameter("battery", "dc_switch_off", _FLAG, "whether its DC switch is off"),
    Parameter(
        "battery", "exhausted", _FLAG, "whether it needs a technician; false after the visit"
    ),
    Parameter(
        "battery", "temperature_offset", NumberType(-100, 150, "K"), "warmer than it would be"
    ),
    _reported("battery", "reported_soc", _SHARE, "charge in the power list", "soc"),
    _reported("battery", "inventory_soc", _SHARE, "charge in the inventory", "soc_reported"),
    _reported("battery", "reported_temperature", _CELSIUS, "reported temperature", "temperature"),
    _reported("battery", "cell_temperature", _CELSIUS, "temperature of its hottest cell"),
    _reported("battery", "firmware", _TEXT, "its firmware"),
    _reported("battery", "bmu_firmware", _TEXT, "firmware of its management unit"),
    _reported("battery", "admin", NumberType(0, 255, whole=True), "its admin state; 6 is ready"),
    _reported("battery", "admin_name", _TEXT, "name of its admin state"),
    _reported("battery", "led", NumberType(0, 255, whole=True), "its LED pattern"),
    _reported("battery", "conditions", _CONDITIONS, "conditions that it reports"),
    _reported("battery", "expected_firmware", _TEXT, "firmware that it should run"),
    _reported("switch", "conditions", _CONDITIONS, "conditions that the controller reports"),
    _reported("switch", "error_flags", NumberType(0, 2**31, whole=True), "its error bits"),
    Parameter("acb", "soc", _SHARE, "charge"),
    Parameter("acb", "sleep_requested", _FLAG, "whether it is commanded to sleep"),
    Parameter("acb", "sleep_min", _PERCENT, "least charge it sleeps with"),
    Parameter("acb", "sleep_max", _PERCENT, "most charge it sleeps with"),
    Parameter("acb", "communicating", _FLAG, "whether it communicates"),
    Parameter("acb", "listed", _FLAG, "whether it is in the gateway's lists"),
    Parameter("acb", "frozen", _FLAG, "whether its telemetry stands still"),
    _reported("acb", "conditions", _CONDITIONS, "conditions that it reports"),
    Parameter("relay", "held_open", _FLAG, "whether an IQ Relay stays open"),
    Parameter("relay", "forced", _FLAG, "whether an IQ Relay is forced open"),
    Parameter("relay", "communicating", _FLAG, "whether an IQ Relay communicates"),
    _reported("relay", "reason", _TEXT, "why an IQ Relay is open"),
    _reported("relay", "conditions", _CONDITIONS, "conditions that it reports"),
    _reported("inverter", "conditions", _CONDITIONS, "conditions that it reports"),
    _reported("inverter", "rssi", NumberType(0, 255, whole=True), "strength of its signal"),
    _reported("inverter", "issi", NumberType(0, 255, whole=True), "strength of ours at it"),
    _reported("inverter", "plc_level", NumberType(0, 5, whole=True), "its power-line level"),
    _reported("inverter", "error_seconds", NumberType(0, 1e6, whole=True), "conversion errors"),
    _reported("inverter", "volts", NumberType(0, 1000, "V"), "voltage that it reports"),
    Parameter("inverter", "output", NumberType(0, 1.2), "share of what it could make; 0 is dead"),
    Parameter("inverter", "silent", _FLAG, "whether it does not report, though it works"),
    Parameter("inverter", "listed", _FLAG, "whether it is in the gateway's lists"),
    Parameter(
        "inverter", "interval", NumberType(60, 86400, "s", whole=True), "how often it reports"
    ),
    Parameter("solar", "connected", _FLAG, "whether the breaker of the panels is closed"),
    Parameter("weather", "sky", ChoiceType(SKIES), "the sky, instead of the plan's", optional=True),
    Parameter("load", "factor", NumberType(0, 100), "times what the house would use"),
    Parameter("load", "extra", NumberType(0, 1e6, "W"), "on top of what it would use"),
    Parameter("generator", "mode", ChoiceType(("off", "on", "auto")), "its mode"),
    Parameter("generator", "start_soc", _PERCENT, "charge at which it starts"),
    Parameter("generator", "stop_soc", _PERCENT, "charge at which it stops"),
    Parameter("generator", "charges", _FLAG, "whether it may charge the batteries"),
    Parameter(
        "generator", "exercise_weeks", NumberType(1, 4, whole=True), "weeks between two exercises"
    ),
    Parameter(
        "generator", "exercise_start", NumberType(0, 1439, whole=True), "minute of day they begin"
    ),
    Parameter(
        "generator", "exercise_minutes", NumberType(1, 1439, whole=True), "how long they last"
    ),
    Parameter("generator", "exercise_day", ChoiceType(WEEKDAYS), "the day they are on"),
    Parameter("generator", "broken", _FLAG, "whether it does not start"),
    Parameter("contact", "command", _SWITCHED, "its commanded state; none: its settings", True),
    _reported("contact", "mode", ChoiceType(("manual", "soc")), "by source or by charge"),
    _reported("contact", "soc_low", NumberType(0, 100, "%"), "charge at which it opens"),
    _reported("contact", "soc_high", NumberType(0, 100, "%"), "charge at which it closes"),
    _reported("contact", "grid_action", _ACTION, "what it does on grid"),
    _reported("contact", "micro_grid_action", _ACTION, "what it does on batteries"),
    _reported("contact", "gen_action", _ACTION, "what it does on the generator"),
    _reported("contact", "name", _TEXT, "name of its load"),
    _reported("contact", "priority", NumberType(0, 100), "which goes first"),
    _reported("contact", "essential_start", NumberType(0, 86400, "s"), "when its schedule begins"),
    _reported("contact", "essential_end", NumberType(0, 86400, "s"), "when its schedule ends"),
    _reported("contact", "black_start", NumberType(0, 86400, "s"), "its delay after a black start"),
    _reported("contact", "override", _FLAG, "whether its settings are overridden"),
    _reported("contact", "manual_override", _FLAG, "whether it is overridden by hand"),
    Parameter("meter", "enabled", _FLAG, "whether the CT is enabled"),
    Parameter(
        "meter",
        "status",
        ChoiceType(get_args(MeteringStatus)),
        "metering status of the CT; not metering: counts 0",
    ),
    Parameter("meter", "flags", ListType(_METER_FLAGS), "what the CT warns of"),
    Parameter("counter", "offset", NumberType(-_ANY, _ANY, "Wh"), "how far the counter is off"),
    Parameter("counter", "zero", _FLAG, "whether the counter reads 0"),
    Parameter(
        "gateway", "clock_offset", NumberType(-_ANY, _ANY, "s"), "how far its clock is ahead"
    ),
    Parameter("gateway", "zeros", _FLAG, "whether it answers as after a restart"),
    Parameter("gateway", "total_is_net", _FLAG, "whether total consumption shows net consumption"),
    Parameter(
        "gateway", "today_reset_delay", NumberType(0, 80000, "s"), "midnight of today's counters"
    ),
    Parameter("gateway", "meters_frozen", _FLAG, "whether the readings of its CTs stand still"),
    Parameter(
        "gateway", "reading_lag", NumberType(0, _ANY, "s"), "age of the data in `/production.json`"
    ),
    Parameter("gateway", "serial", _TEXT, "another serial number", optional=True),
    Parameter(
        "gateway", "firmware", VersionType(), "another firmware, after an update", optional=True
    ),
    Parameter("cloud", "reporting", _FLAG, "whether it reports to the cloud"),
    Parameter("cloud", "channel", _FLAG, "whether its live channel stands"),
    Parameter("cloud", "ever_reported", _FLAG, "whether it has ever reported to the cloud"),
    Parameter("update", "running", _FLAG, "whether batteries are being updated"),
    Parameter("update", "last_result", ChoiceType(("success", "failed")), "of the last update"),
    Parameter("update", "failure_reason", _TEXT, "why the last update failed"),
    Parameter("update", "battery", NumberType(1, 1000, whole=True), "which is updated"),
    Parameter("limit", "export_watts", _WATTS, "most that is exported", optional=True),
    Parameter("limit", "dynamic_export_watts", _WATTS, "the same, set at run time", optional=True),
    Parameter(
        "limit", "battery_amperes", NumberType(0, 1000, "A"), "of the batteries", optional=True
    ),
    Parameter("limit", "production_ratio", _SHARE, "share of rated power that is produced"),
    Parameter("limit", "production_off", _FLAG, "whether production is switched off"),
    Parameter("limit", "grid_profile", _TEXT, "another grid profile", optional=True),
    Parameter("live", "on", _FLAG, "whether the live stream is on"),
    Parameter("cloud", "connected", _FLAG, "whether it reports that it reaches the cloud"),
    Parameter("cloud", "overwrites", _FLAG, "whether it puts back what was set at the gateway"),
    Parameter("cloud", "cellular", _FLAG, "whether it reports by cellular modem, every six hours"),
)

#: what levers act on, by part and by device
Targets = Mapping[str, Mapping[str, Any]]

_BY_NAME = {(lever.part, lever.name): lever for lever in PARAMETERS}


def build_targets(plant: HomeSystem) -> Targets:
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
        "relay": _counted(plant.relays),
        "update": {"": plant.updater},
        "limit": {"": plant.limits},
        "live": {"": plant.live_stream},
    }


def addresses(there: Targets) -> Iterator[tuple[str, Parameter]]:
    """Yield the address of every lever of a house, with its row of the table."""
    for lever in PARAMETERS:
        for which in there[lever.part]:
            yield ".".join(filter(None, (lever.part, which, lever.name))), lever


def find_parameter(there: Targets, address: str) -> tuple[Parameter, list[Any]]:
    """Return the row of an address, and what it acts on.

    Raises `ExporterError` for an address that this house does not have.
    """
    part, _, rest = address.partition(".")
    which, dot, name = rest.rpartition(".")
    lever = _BY_NAME.get((part, name))
    # `grid..up` is not `grid.up`
    instances = there.get(part, {}) if bool(dot) == bool(which) else {}
    matches = (
        list(instances.values())
        if which == "*"
        else [instances[which]]
        if which in instances
        else []
    )
    if lever is None or not matches:
        close = get_close_matches(address, [each for each, _ in addresses(there)], n=3)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise ExporterError(f"this house has no {address!r}{hint}")
    return lever, matches


def check_value(lever: Parameter, address: str, value: Any) -> None:
    """Raise `ExporterError` unless the lever takes this value."""
    if value is None and (lever.optional or lever.shows):
        return
    if not lever.kind.takes(value):
        raise ExporterError(f"{address} takes {lever.words}, not {value!r}")


def set_value(lever: Parameter, targets: Iterable[Any], value: Any) -> None:
    """Set a checked value."""
    for target in targets:
        if isinstance(value, list):
            value = tuple(value)
        if not lever.shows:
            setattr(target, lever.name, value)
        elif value is None:
            target.overrides.pop(lever.shows, None)
        else:
            target.overrides[lever.shows] = value


def get_value(lever: Parameter, target: Any) -> Any:
    """Return what was set; for an override, None where there is none."""
    return target.overrides.get(lever.shows) if lever.shows else getattr(target, lever.name)


def _counted(devices: Iterable[Any]) -> dict[str, Any]:
    return {str(number): device for number, device in enumerate(devices, start=1)}
