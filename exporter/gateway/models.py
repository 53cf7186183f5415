"""Members of a reading that no answer of the gateway has: what the exporter adds of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GatewayInfo:
    """Identity of the gateway, from `/info` and the set-up of the meters."""

    serial: str
    part_number: str
    firmware: str
    metered: bool
    phase_mode: str
    phase_count: int | None
    ct_count: int | None
    #: when the gateway was replaced by another one; epoch seconds or None
    replaced_at: float | None
    #: when the exporter saw the firmware change; epoch seconds or None
    firmware_changed_at: float | None


@dataclass(frozen=True, slots=True)
class InverterLabels:
    """What the owner's configuration says of an inverter; places are in the owner's unit."""

    name: str
    array: str
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a device that was seen before is in the gateway's list now (1) or not (0)."""

    present: int


@dataclass(frozen=True, slots=True)
class StoragePower:
    """Power of all batteries together in W; positive discharges; None is unknown."""

    watts: float | None


@dataclass(frozen=True, slots=True)
class Price:
    """Price of a kWh in force now, in the currency of the tariff."""

    value: float


@dataclass(frozen=True, slots=True)
class CollectorReport:
    """How one collector fares; times in seconds, the last success in epoch seconds.

    `reason` and `trouble` describe the failure that goes on, as label and as sentence; both are
    empty while there is none, and a collector that only waits for the gateway has no sentence.
    `up` is None before the first attempt. `complete` is false while answers list less than they
    listed before: `missing` has the names.
    """

    up: bool | None
    duration: float | None
    last_success: float | None
    failures: Mapping[str, int]
    reason: str = ""
    trouble: str = ""
    cadence: float | None = None
    complete: bool = True
    missing: tuple[str, ...] = ()
    #: when the first of the errors that go on began
    failing_since: float | None = None
    #: fields whose values cannot be read, though they could be before, and since when not
    unreadable: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SelfReport:
    """How the exporter fares with one gateway.

    `requests` counts answers by (endpoint, status code or reason of failure), `rejected` the
    counter readings rejected by metric name, `unreadable` the values that could not be read by
    (endpoint, field); `clock_skew` is the gateway's clock less ours in seconds. `polled` says that
    the first look is over: what makes up a home was asked for, as far as the limit allows.
    """

    up: bool
    collectors: Mapping[str, CollectorReport]
    requests: Mapping[tuple[str, str], int]
    rejected: Mapping[str, int]
    unreadable: Mapping[tuple[str, str], int]
    token_expiry: float | None
    clock_skew: float | None
    polled: bool = True
