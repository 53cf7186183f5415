"""What there is to say of a gateway and the house behind it, at one moment.

Field names carry their unit and are those of the JSON on `/api/v1/status`; docs/status.md explains
them. Time stamps are epoch seconds by the exporter's clock: where the gateway stamps by its own,
they are corrected by how far that one is off. None means not known.
"""

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["critical", "warning", "info"]
#: worst first
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
#: reasons of failure that mean: nobody there; none is a gateway whose every collector fails
_NOBODY = frozenset({"", "unreachable", "tls", "timeout", "connection_lost"})
Contact = Literal["answers", "silent", "refused", "waiting"]
BatteryKind = Literal["encharge", "acb"]
BatteryState = Literal[
    "charging",
    "discharging",
    "idle",
    "asleep",
    "not ready",
    "switched off",
    "not heard",
    "missing",
    "not known",
]
PanelState = Literal["reporting", "dark", "silent", "missing", "not known"]


@dataclass(frozen=True, slots=True)
class GatewayIdentity:
    """What the gateway is."""

    serial: str
    part_number: str
    firmware: str


@dataclass(frozen=True, slots=True)
class GridStatus:
    """Whether the house is on the grid."""

    connected: bool | None = None
    #: whether somebody told the system controller to leave the grid
    disconnect_commanded: bool | None = None
    #: off the grid, but told to come back within the last minutes
    reconnecting: bool = False
    #: when the exporter saw the last change; None where it has seen none
    since_timestamp_seconds: float | None = None
    #: whether there is a system controller or a meter collar, which alone can know
    has_switch: bool | None = None


@dataclass(frozen=True, slots=True)
class PowerFlow:
    """What flows where now."""

    solar_watts: float | None = None
    #: positive is drawn from the grid
    grid_watts: float | None = None
    #: positive discharges
    storage_watts: float | None = None
    house_watts: float | None = None


@dataclass(frozen=True, slots=True)
class EnergyToday:
    """Energy since midnight, as the gateway tells it."""

    produced_joules: float | None = None
    #: batteries that charge count as consumers, those that discharge as consumption saved
    consumed_joules: float | None = None
    #: drawn from the grid less fed into it: what was consumed less what was produced
    net_consumption_joules: float | None = None


@dataclass(frozen=True, slots=True)
class StorageStatus:
    """All batteries together."""

    soc_ratio: float | None = None
    available_joules: float | None = None
    capacity_joules: float | None = None
    #: charge of the batteries that work off the grid, which AC Batteries do not
    backup_soc_ratio: float | None = None
    reserve_soc_ratio: float | None = None
    #: where discharging ends off the grid
    shutdown_soc_ratio: float | None = None
    #: until the shutdown limit at the power of now; None while they do not discharge
    runtime_seconds: float | None = None
    mode: str | None = None
    wanted_mode: str | None = None


@dataclass(frozen=True, slots=True)
class BatteryStatus:
    """One battery. Of one that is not heard, what it was is not what it is: that is None."""

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
    last_report_timestamp_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class PanelStatus:
    """One inverter; `watts` only where its report is not too old."""

    serial: str
    state: PanelState
    name: str = ""
    array: str = ""
    #: place as configured, to the right and upwards, in the owner's unit; both or none
    x: float | None = None
    y: float | None = None
    watts: float | None = None
    #: the most it has ever reported
    max_watts: float | None = None
    last_report_timestamp_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class GridSwitch:
    """The device between house and grid: system controller or meter collar."""

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

    name: str
    enabled: bool
    metering_status: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CloudStatus:
    """Whether Enphase is being told."""

    connected: bool | None = None
    last_report_timestamp_seconds: float | None = None
    #: whether the way there is a modem, which reports four times a day
    cellular: bool = False


@dataclass(frozen=True, slots=True)
class CollectorStatus:
    """How the exporter fares with one group of endpoints."""

    name: str
    up: bool
    last_success_timestamp_seconds: float | None = None
    duration_seconds: float | None = None
    failures: int = 0
    #: the failure that goes on, as in the label `reason` and as a sentence; empty where none does
    reason: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, what to do about it first, and where the rest is written."""

    alert: str
    severity: Severity
    text: str
    first: str
    runbook_url: str
    #: when all was last well, as far as that is known
    since_timestamp_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """Everything about one gateway."""

    gateway: str
    host: str
    timestamp_seconds: float
    contact: Contact
    #: the state in a few sentences
    summary: str = ""
    #: worst first
    problems: tuple[Problem, ...] = ()
    last_heard_timestamp_seconds: float | None = None
    identity: GatewayIdentity | None = None
    grid: GridStatus = GridStatus()
    power: PowerFlow = PowerFlow()
    today: EnergyToday = EnergyToday()
    #: None where there are no batteries
    storage: StorageStatus | None = None
    batteries: tuple[BatteryStatus, ...] = ()
    panels: tuple[PanelStatus, ...] = ()
    switch: GridSwitch | None = None
    generator: GeneratorStatus | None = None
    meters: tuple[MeterStatus, ...] = ()
    #: voltage by leg
    legs_volts: dict[str, float] = field(default_factory=dict)
    cloud: CloudStatus = CloudStatus()
    clock_skew_seconds: float | None = None
    token_expiry_timestamp_seconds: float | None = None
    collectors: tuple[CollectorStatus, ...] = ()

    @property
    def unreadable(self) -> bool:
        """Whether the gateway is there, but gives nothing that can be read."""
        reason = next((c.reason for c in self.collectors if c.name == "gateway"), "")
        return self.contact == "silent" and reason not in _NOBODY

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst problem, None where all is well."""
        return self.problems[0].severity if self.problems else None
