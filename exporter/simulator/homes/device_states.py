"""The devices of a home at one moment, as the gateway reports them.

The parts of `HomeState`. Values are the reported ones, which a defect may have moved far from the
true ones; time stamps are epoch seconds of the gateway's clock.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

SwitchPosition = Literal["closed", "open"]
StorageMode = Literal["self-consumption", "backup", "economy", "savings-mode"]
MeteringStatus = Literal["normal", "not-metering", "check-wiring"]
DryContactUse = Literal["LOAD", "PV", "NONE"]
SleepState = Literal["awake", "going_to_sleep", "asleep", "waking"]

#: admin state of a battery that works: number and name
READY = (6, "ENCHG_STATE_READY")


class LegReading(NamedTuple):
    """One leg of the service as the meters see it, in volts and hertz."""

    volts: float
    hertz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryState:
    """One Encharge battery. Shares are 0 to 1, temperatures in °C."""

    serial: str
    part: str
    #: energy on the name plate, in Wh
    capacity_wh: int
    #: power in watts and charge, as reported every minute; positive discharges
    watts: float
    soc: float
    #: charge in the last report
    soc_reported: float
    reported: int
    temperature: float
    cell_temperature: float
    grid_state: str = "grid-tied"
    communicating: bool = True
    admin: int = READY[0]
    admin_name: str = READY[1]
    dc_switch_off: bool = False
    firmware: str = "3.0.7900_rel/31.44"
    #: firmware that it should run, where it runs another
    expected_firmware: str | None = None
    bmu_firmware: str = "3.9.20"
    #: the most power that it gives, in watts
    rated_watts: int = 3840
    #: number of the LED pattern; None follows the power
    led: int | None = None
    #: conditions that it reports, such as `obs_strs.failure`
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterState:
    """One inverter, as it last reported. Power in watts, energy in Wh."""

    serial: str
    #: place in the list of installed inverters, from 0
    index: int
    watts: int
    max_watts: int
    reported: int
    #: seconds that the last report covers, and the energy in them in joules
    interval: int
    joules: int
    today: float
    yesterday: float
    #: in the seven days before today
    week: float
    #: since installation
    lifetime: float
    #: whether it is gone from the power line, as every night
    gone: bool = False
    communicating: bool = True
    producing: bool = True
    volts: float = 240.0
    hertz: float = 60.0
    panel_volts: float = 38.0
    temperature: int = 24
    #: conditions that it reports, such as `pcu_chan.gfitripped`
    conditions: tuple[str, ...] = ()
    #: quality of its signal on the power line: raw values, and as a level from 0 to 5
    rssi: int = 100
    issi: int = 60
    plc_level: int = 5
    #: power conversion errors of the last report
    error_seconds: int = 0
    error_cycles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AcbState:
    """One AC Battery, as it last reported."""

    serial: str
    watts: int
    soc: float
    reported: int
    cell_temperature: int
    #: highest power it ever reported, in watts
    max_watts: int = 260
    sleep: SleepState = "awake"
    #: charge it goes to sleep with, in percent
    sleep_min: int = 25
    sleep_max: int = 30
    communicating: bool = True
    operating: bool = True
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IqRelayState:
    """One IQ Relay (NSRB), which connects the inverters of European homes to the grid."""

    serial: str
    reported: int
    closed: bool = True
    #: why it is open: number and text
    reason_code: int = 0
    reason: str = ""
    forced: bool = False
    volts: tuple[float, ...] = ()
    hertz: float = 50.0
    temperature: int = 21
    #: how often it has opened or closed since installation
    state_changes: int = 2
    communicating: bool = True
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSwitchState:
    """The switch between home and grid: system controller or meter collar."""

    reported: int
    #: what was commanded, and what is
    commanded: SwitchPosition = "closed"
    actual: str = "closed"
    #: the system controller's own state: number, name, number of the inner state
    admin: tuple[int, str] = (24, "ENPWR_STATE_OPER_CLOSED")
    inner_state: int = 16
    grid_mode: str = "multimode-ongrid"
    battery_grid_mode: str = "multimode-ongrid"
    communicating: bool = True
    #: °F at the system controller, °C at the collar, as reported
    fahrenheit: int = 84
    celsius: int = 38
    #: the collar's own states
    collar_admin: tuple[int, str] = (88, "ENCMN_MDE_ON_GRID")
    collar_grid_state: str = "on_grid"
    control_error: int = 0
    combiner_communicating: bool = True
    #: error bits of the system controller
    error_flags: int = 0
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DryContactState:
    """One dry contact of the system controller; charges in percent, times in seconds of the day."""

    id: str
    use: DryContactUse
    name: str
    priority: float
    status: SwitchPosition
    mode: Literal["soc", "manual"]
    soc_low: float
    soc_high: float
    grid_action: str
    micro_grid_action: str
    gen_action: str
    override: bool = False
    manual_override: bool = False
    essential_start: float = 32400.0
    essential_end: float = 57600.0
    black_start: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageState:
    """All batteries together: what was set, and what is left. Shares 0 to 1, energy in Wh."""

    mode: StorageMode = "self-consumption"
    reserve: float = 0.2
    very_low: float = 0.1
    charge_from_grid: bool = False
    opt_schedules: bool = False
    #: why the mode is what it is, such as `storm-guard`
    sub_type: str = ""
    health: float = 0.99
    #: what can be used of what was installed
    available_capacity: float
    #: whether the batteries have switched off to save what is left
    shutdown: bool = False
    #: epoch seconds of the last change of the settings
    changed: int


class ExerciseSchedule(NamedTuple):
    """Exercise schedule of a generator: every so many weeks on a day, in minutes of that day."""

    weeks: int
    start: int
    minutes: int
    day: str


DEFAULT_EXERCISE = ExerciseSchedule(2, 660, 15, "Wed")


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorState:
    """The standby generator; charges in percent."""

    running: bool = False
    commanded: SwitchPosition = "open"
    mode: Literal["off", "on", "auto"] = "auto"
    start_soc: int = 25
    stop_soc: int = 65
    exercising: bool = False
    #: whether it may charge the batteries
    charges: bool = True
    exercise: ExerciseSchedule = DEFAULT_EXERCISE


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterState:
    """The state of a CT."""

    enabled: bool = True
    status: MeteringStatus = "normal"
    flags: tuple[str, ...] = ()
    #: energy in Wh that passed while it did not count
    missed_delivered: float = 0.0
    missed_received: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudState:
    """The gateway's connection to the Enphase cloud."""

    reported: int
    connected: bool = True
    cellular: bool = False
    #: whether the live channel stands, and how often connecting it failed
    channel: bool = True
    channel_errors: int = 12
    #: whether it has ever reported to the cloud
    ever_reported: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareUpdateState:
    """The firmware update of the storage devices."""

    running: bool = False
    #: 0 to 1
    progress: float = 0.0
    #: how long it has taken, or took, and how long it will take
    seconds_running: int = 7900
    seconds_left: int = 0
    last_result: Literal["success", "failed"] = "success"
    failure_reason: str = "None"
    #: devices under update
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitState:
    """What limits export and production; None where there is no limit."""

    export_watts: float | None = None
    dynamic_export_watts: float | None = None
    #: current of all batteries, on each leg
    battery_amperes: float | None = None
    #: share of the rated power that may be produced
    production_ratio: float = 1.0
    production_off: bool = False
    #: name of the grid profile, where it is not the usual one
    grid_profile: str | None = None


class LoggedEvent(NamedTuple):
    """An entry of the gateway's event log; `at` in epoch seconds of its clock."""

    number: int
    text: str
    set: bool
    serial: str
    kind: str
    at: int


HEALTHY_METER = MeterState()
NO_GENERATOR = GeneratorState()
NO_UPDATE = FirmwareUpdateState()
NO_LIMITS = LimitState()
_PREFIX = "envoy.cond_flags."
_OK = "envoy.global.ok"


def device_status(conditions: tuple[str, ...], *, healthy: tuple[str, ...] = (_OK,)) -> list[str]:
    """Return `device_status` of a device: its conditions, or that it is well."""
    return [f"{_PREFIX}{condition}" for condition in conditions] or list(healthy)


def iq_relay_serial(index: int) -> str:
    """Return the made-up serial number of an IQ Relay, counted from 0."""
    return f"9079{index + 1:08d}"


def battery_serial(index: int) -> str:
    """Return the made-up serial number of an Encharge battery, counted from 0."""
    return f"4929{index + 1:08d}"


def inverter_serial(index: int) -> str:
    """Return the made-up serial number of an inverter, counted from 0."""
    return f"4899{index + 1:08d}"


def acb_serial(index: int) -> str:
    """Return the made-up serial number of an AC Battery, counted from 0."""
    return f"1299{index + 1:08d}"
