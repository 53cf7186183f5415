"""The state of one gateway and the house behind it at one moment, as `/api/v1/status` shows it.

Field names carry their unit and are those of the JSON; docs/status.md explains them. Time stamps
are epoch seconds by the exporter's clock; those of the gateway's clock are corrected by its offset.
None means not known.
"""

from dataclasses import dataclass, field
from typing import Literal

from exporter.status.device_models import (
    BatteryStatus,
    DeviceCondition,
    FirmwareUpdateStatus,
    GeneratorStatus,
    GridSwitchStatus,
    LoadRelayStatus,
    MeterStatus,
    PanelStatus,
    ProductionLimits,
    RelayStatus,
)

Severity = Literal["critical", "warning", "info"]
#: worst first
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
#: the state at a glance; `blind`: nothing critical, and something expected is not known
Health = Literal["act", "blind", "attention", "note", "well", "starting"]
#: worst first
HEALTHS: tuple[Health, ...] = ("act", "blind", "attention", "note", "starting", "well")
_HEALTH_OF: dict[Severity | None, Health] = {
    "critical": "act",
    "warning": "attention",
    "info": "note",
    None: "well",
}
#: reasons of failure that mean: no answer at all
_NO_ANSWER = frozenset({"unreachable", "timeout", "connection_lost"})
Contact = Literal["answers", "silent", "refused", "waiting"]


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
    #: whether the system controller was commanded off the grid
    disconnect_commanded: bool | None = None
    #: off the grid, but commanded back within the last minutes
    reconnecting: bool = False
    #: when the exporter saw the last change; None where it has seen none
    since_timestamp_seconds: float | None = None
    #: whether there is a system controller or a meter collar, the only devices that can know
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
    #: of the standby generator, where live data has it
    generator_watts: float | None = None


@dataclass(frozen=True, slots=True)
class EnergyToday:
    """Energy since midnight."""

    produced_joules: float | None = None
    #: as the gateway counts: charging batteries are consumers, discharging ones reduce consumption
    consumed_joules: float | None = None
    #: drawn from the grid less fed into it: consumed less produced
    net_consumption_joules: float | None = None
    #: what the house used, without what went into batteries
    house_joules: float | None = None
    imported_joules: float | None = None
    exported_joules: float | None = None
    charged_joules: float | None = None
    discharged_joules: float | None = None
    #: share of the consumption that did not come from the grid
    autonomy_ratio: float | None = None


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
    #: until the shutdown limit at the present power; None while they do not discharge
    runtime_seconds: float | None = None
    mode: str | None = None
    #: whether that is the mode in force; newer firmware leaves an old one where it is read
    mode_current: bool | None = None
    wanted_mode: str | None = None
    #: capacity of the batteries that do not do their part
    missing_capacity_joules: float | None = None
    #: what those that work off the grid can hold, and what they held when commissioned
    backup_capacity_joules: float | None = None
    commissioned_capacity_joules: float | None = None
    #: state of health: 1 as new
    health_ratio: float | None = None
    #: power that the batteries can give for as long as they last
    rated_watts: float | None = None
    #: whether batteries are being commissioned now
    commissioning: bool | None = None


@dataclass(frozen=True, slots=True)
class EventStatus:
    """An event of the gateway's own log; `time` is local time in its words."""

    time: str
    event: str
    #: `set` where it began, `clear` where it ended, empty where neither
    action: str
    device: str
    #: empty where several devices say it at the same time
    serial: str
    devices: int = 1


@dataclass(frozen=True, slots=True)
class CloudStatus:
    """Whether the gateway reports to the Enphase cloud."""

    connected: bool | None = None
    last_report_timestamp_seconds: float | None = None
    #: whether it reports by modem, four times a day
    cellular: bool = False
    #: whether the live channel to the cloud is connected
    channel_connected: bool | None = None
    #: interfaces that are connected to a network and have no address in it
    interfaces_without_address: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectorStatus:
    """How polling one group of endpoints goes."""

    name: str
    up: bool
    last_success_timestamp_seconds: float | None = None
    duration_seconds: float | None = None
    failures: int = 0
    #: the current failure, as in the label `reason` and as a sentence; empty if there is none
    reason: str = ""
    trouble: str = ""
    #: when the first of the failures that go on began
    failing_since_timestamp_seconds: float | None = None
    #: whether the last answers held everything that was there before
    complete: bool = True
    #: fields of the answers, by the gateway's names, whose values cannot be read and could before
    unreadable: tuple[str, ...] = ()
    unreadable_since_timestamp_seconds: float | None = None

    @property
    def waiting(self) -> bool:
        """Whether it has not run yet."""
        never = self.last_success_timestamp_seconds is None
        return never and not self.up and not self.failures and not self.reason


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
    #: the text in two parts: what is the same for every house, and which device or value it is
    summary: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MissingData:
    """Something that is expected here and not known now."""

    kind: str
    #: serial number, role or name of what is missing; empty for the gateway itself
    id: str
    #: what it is, for people
    name: str
    #: why it is not known
    reason: str = ""
    since_timestamp_seconds: float | None = None
    #: the alert that fires when it lasts, what to do first, and where the rest is written
    alert: str = ""
    first: str = ""
    runbook_url: str = ""


@dataclass(frozen=True, slots=True)
class LastValue:
    """A value that was known before and is not known now."""

    value: float
    timestamp_seconds: float


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """Everything about one gateway."""

    gateway: str
    host: str
    timestamp_seconds: float
    contact: Contact
    #: the state in a few sentences
    summary: str = ""
    #: the state in a word
    health: Health = "starting"
    #: worst first
    problems: tuple[Problem, ...] = ()
    #: severity of the worst alert about it that Alertmanager sent and that fires
    firing: Severity | None = None
    #: what is expected and not known
    missing: tuple[MissingData, ...] = ()
    #: by field of `grid`, `power` and `storage`, those that are not known now and were before
    last_known: dict[str, LastValue] = field(default_factory=dict)
    last_heard_timestamp_seconds: float | None = None
    #: what kind of system this is, and what no device here can measure; for people
    system: str = ""
    limits: tuple[str, ...] = ()
    #: whether a meter (CT) measures what the house consumes or the grid gives
    measured: bool = True
    identity: GatewayIdentity | None = None
    grid: GridStatus = GridStatus()
    power: PowerFlow = PowerFlow()
    today: EnergyToday = EnergyToday()
    #: None where there are no batteries
    storage: StorageStatus | None = None
    batteries: tuple[BatteryStatus, ...] = ()
    panels: tuple[PanelStatus, ...] = ()
    switch: GridSwitchStatus | None = None
    generator: GeneratorStatus | None = None
    meters: tuple[MeterStatus, ...] = ()
    #: voltage by leg
    legs_volts: dict[str, float] = field(default_factory=dict)
    #: frequency of the grid, or of the house off grid
    hertz: float | None = None
    #: whether the sun is up; None where neither its height nor the panels tell
    daylight: bool | None = None
    cloud: CloudStatus = CloudStatus()
    relays: tuple[RelayStatus, ...] = ()
    load_relays: tuple[LoadRelayStatus, ...] = ()
    #: None where the gateway reports none
    production_limits: ProductionLimits | None = None
    conditions: tuple[DeviceCondition, ...] = ()
    #: None where the gateway reports none
    firmware_update: FirmwareUpdateStatus | None = None
    #: of the gateway's own log, the newest first
    events: tuple[EventStatus, ...] = ()
    #: names of what the gateway itself complains of
    gateway_alerts: tuple[str, ...] = ()
    clock_skew_seconds: float | None = None
    token_expiry_timestamp_seconds: float | None = None
    collectors: tuple[CollectorStatus, ...] = ()

    @property
    def unreadable(self) -> bool:
        """Whether the gateway answers, but nothing that can be read."""
        reasons = {c.name: c.reason for c in self.collectors if c.reason}
        if self.contact != "silent" or reasons.get("gateway") in _NO_ANSWER:
            return False
        return bool(set(reasons.values()) - _NO_ANSWER)

    @property
    def trouble(self) -> str:
        """The failure that keeps the gateway from being read, as a sentence."""
        ordered = sorted(self.collectors, key=lambda collector: collector.name != "gateway")
        return next((collector.trouble for collector in ordered if collector.trouble), "")

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst problem or firing alert, None where there is none."""
        present = {problem.severity for problem in self.problems} | {self.firing}
        return next((severity for severity in SEVERITIES if severity in present), None)

    @property
    def starting(self) -> bool:
        """Whether a part of the data was not requested yet."""
        return self.contact == "waiting" or (
            self.contact == "answers" and any(collector.waiting for collector in self.collectors)
        )


def health(status: GatewayStatus) -> Health:
    """Return the state at a glance.

    Nothing is well while something expected is not known, or while an alert fires.
    """
    if status.worst == "critical":
        return "act"
    if status.missing:
        return "blind"
    if status.worst is None and status.starting:
        return "starting"
    return _HEALTH_OF[status.worst]
