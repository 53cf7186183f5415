"""The state of each device behind a gateway at one moment, as `/api/v1/status` shows it.

See `models` for what all of them have in common.
"""

from dataclasses import dataclass, field
from typing import Literal

BatteryKind = Literal["encharge", "acb"]
BatteryState = Literal[
    "charging",
    "discharging",
    "idle",
    "asleep",
    "not ready",
    "switched off",
    "not communicating",
    "missing",
    "not known",
]
#: states of a battery that does not do its part
FAULTY_STATES: frozenset[BatteryState] = frozenset(
    {"not ready", "switched off", "not communicating", "missing"}
)
PanelState = Literal["reporting", "dark", "silent", "missing", "not known"]


@dataclass(frozen=True, slots=True)
class BatteryStatus:
    """One battery. Values of one that does not communicate are None."""

    serial: str
    kind: BatteryKind
    state: BatteryState
    soc_ratio: float | None = None
    #: positive discharges
    watts: float | None = None
    temperature_celsius: float | None = None
    led: str | None = None
    communicating: bool | None = None
    dc_switch_off: bool | None = None
    part_number: str | None = None
    firmware: str | None = None
    #: whether it, or a module in it, runs other firmware than it should
    firmware_outdated: bool | None = None
    last_report_timestamp_seconds: float | None = None
    name: str = ""
    capacity_joules: float | None = None
    #: whether an AC Battery may sleep because somebody wants it to
    sleep_enabled: bool | None = None
    #: charge when it was last known, where it is not known now
    last_known_soc_ratio: float | None = None
    last_known_timestamp_seconds: float | None = None

    @property
    def label(self) -> str:
        """The configured name, or else the serial number."""
        return self.name or self.serial


@dataclass(frozen=True, slots=True)
class PanelStatus:
    """One inverter; `watts` only where its report is recent."""

    serial: str
    state: PanelState
    name: str = ""
    array: str = ""
    #: configured position, to the right and upwards, in the owner's unit; both or none
    x: float | None = None
    y: float | None = None
    watts: float | None = None
    #: the most it has ever reported
    max_watts: float | None = None
    last_report_timestamp_seconds: float | None = None
    #: quality of the link over the power line, 0 to 5, where the owner lets it be measured
    plc_level: float | None = None

    @property
    def label(self) -> str:
        """The configured name, or else the serial number."""
        return self.name or self.serial


@dataclass(frozen=True, slots=True)
class GridSwitchStatus:
    """The device between house and grid: a system controller or a meter collar."""

    kind: Literal["enpower", "collar"]
    serial: str
    communicating: bool | None = None
    temperature_celsius: float | None = None
    control_error: float | None = None
    firmware: str | None = None
    #: None for a collar, whose reports stand still by nature
    last_report_timestamp_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class GeneratorStatus:
    """The standby generator, where there is one."""

    running: bool | None = None
    start_soc_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class MeterStatus:
    """One CT; of a disabled one nothing more is known."""

    #: what it measures
    name: str
    enabled: bool
    metering_status: str | None = None
    flags: tuple[str, ...] = ()
    #: the configured name
    title: str = ""
    #: when its values were measured
    last_report_timestamp_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """One IQ Relay; open, the panels behind it cannot feed in."""

    serial: str
    name: str = ""
    closed: bool | None = None
    #: why it is in its state, in the gateway's words
    reason: str = ""
    communicating: bool | None = None
    hertz: float | None = None
    temperature_celsius: float | None = None
    #: voltage by line, on the side of the grid
    legs_volts: dict[str, float] = field(default_factory=dict)
    last_report_timestamp_seconds: float | None = None

    @property
    def label(self) -> str:
        """The configured name, or else the serial number."""
        return self.name or self.serial


@dataclass(frozen=True, slots=True)
class LoadRelayStatus:
    """One dry contact of the system controller: it sheds a load, or panels of another make."""

    #: as the gateway names it, such as `NC1`
    id: str
    #: the configured name, or else that of the load
    name: str = ""
    closed: bool | None = None
    #: what it switches, in the gateway's words
    kind: str = ""
    #: what decides, in the gateway's words: `soc`, `manual`, a schedule
    mode: str = ""
    #: charge below which it sheds its load, and above which it connects it again
    shed_soc_ratio: float | None = None
    connect_soc_ratio: float | None = None

    @property
    def label(self) -> str:
        """The name, or else the identity."""
        return self.name or self.id


@dataclass(frozen=True, slots=True)
class ProductionLimits:
    """What holds production or export back on purpose; None is not known."""

    forced_off: bool | None = None
    production_limited: bool | None = None
    #: share of the rated power that may be produced
    production_ratio: float | None = None
    export_limited: bool | None = None
    #: what may be exported, as a power or as a share of the rated power
    export_watts: float | None = None
    export_ratio: float | None = None
    dynamic_limited: bool | None = None
    dynamic_watts: float | None = None
    #: whether the dynamic limit is one of export, not of production
    dynamic_exports: bool | None = None
    grid_profile: str = ""


@dataclass(frozen=True, slots=True)
class DeviceCondition:
    """A fault or limit that a device reports."""

    kind: str
    serial: str
    condition: str
    #: `danger`, `broken`, `grid`, `silent`, `limited` or `other`
    category: str
    name: str = ""

    @property
    def label(self) -> str:
        """The configured name of the device, or else its serial number."""
        return self.name or self.serial


@dataclass(frozen=True, slots=True)
class FirmwareUpdateStatus:
    """The update of the storage devices."""

    running: bool | None = None
    failed: bool | None = None
    kind: str = ""
    progress_ratio: float | None = None
    remaining_seconds: float | None = None
    failure_reason: str = ""
