"""`/ivp/meters` and `/ivp/meters/readings`: the current transformers (CT), set-up and measurements.

Two lists of different length and order belong together by `eid`, and the legs of a meter by those
of its channels. The number of legs is in the set-up, which is read less often than the readings:
if the readings show more legs, they are right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from exporter.gateway.endpoints.base import (
    Endpoint,
    Model,
    Notes,
    Parsed,
    as_list,
    by_identity,
    entries,
)
from exporter.gateway.endpoints.context import Context
from exporter.gateway.endpoints.fields import (
    Amperes,
    Code,
    Epoch,
    Hertz,
    Number,
    Text,
    Volts,
    Word,
    Words,
)

PHASES = ("L1", "L2", "L3")
#: a leg carries more than this; what an unconnected channel picks up stays below
_LEG_VOLTS = 50.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value)


#: in whole W and Wh: the CTs are not better than that
_Watts = Annotated[float | None, Field(ge=-1e7, le=1e7), AfterValidator(_rounded)]
_WattHours = Annotated[float | None, Field(ge=-1e12, le=1e12), AfterValidator(_rounded)]


class MeterSetup(Model):
    """How a CT is set up, enabled or not."""

    required: ClassVar[frozenset[str]] = frozenset(
        {"eid", "state", "measurementType", "phaseMode", "phaseCount", "meteringStatus"}
    )

    eid: Code = None
    state: Text = None
    measurement_type: Word = Field(None, alias="measurementType")
    phase_mode: Text = Field(None, alias="phaseMode")
    phase_count: Annotated[int | None, Field(ge=1, le=3)] = Field(None, alias="phaseCount")
    metering_status: Text = Field(None, alias="meteringStatus")
    status_flags: Words = Field(None, alias="statusFlags")

    @property
    def enabled(self) -> bool | None:
        """Whether the meter is enabled; None where its state is a word not known."""
        return {"enabled": True, "disabled": False}.get((self.state or "").lower())


class MeterReading(Model):
    """What a CT or one channel of it measures; positive is delivered."""

    required: ClassVar[frozenset[str]] = frozenset(
        {
            "eid",
            "timestamp",
            "actEnergyDlvd",
            "actEnergyRcvd",
            "activePower",
            "pwrFactor",
            "voltage",
            "current",
            "freq",
        }
    )

    eid: Code = None
    timestamp: Epoch = None
    energy_delivered: _WattHours = Field(None, alias="actEnergyDlvd")
    energy_received: _WattHours = Field(None, alias="actEnergyRcvd")
    active_power: _Watts = Field(None, alias="activePower")
    #: some firmware has the sum of the legs
    power_factor: Annotated[float | None, Field(ge=-3, le=3)] = Field(None, alias="pwrFactor")
    voltage: Volts = None
    current: Amperes = None
    frequency: Hertz = Field(None, alias="freq")
    apparent_power: Number = Field(None, alias="apparentPower")
    reactive_power: Number = Field(None, alias="reactivePower")
    apparent_energy: Number = Field(None, alias="apparentEnergy")
    reactive_energy_lagging: Number = Field(None, alias="reactEnergyLagg")
    reactive_energy_leading: Number = Field(None, alias="reactEnergyLead")


@dataclass(frozen=True, slots=True)
class MeterReadings:
    """The reading of a meter and those of its channels, by phase."""

    total: MeterReading
    phases: Mapping[str, MeterReading]


def read_setup(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the set-up of each meter by its eid."""
    listed = entries(as_list(document), notes, "meters")
    return {
        "meters": {
            eid: meter
            for eid, entry in by_identity(listed, "eid", notes, "meters", digits=True).items()
            if (meter := MeterSetup.read(entry, notes, "meters"))
        }
    }


def read_readings(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the readings of each meter by its eid, whether it is enabled or not."""
    readings: dict[str, MeterReadings] = {}
    for entry in entries(as_list(document), notes, "readings"):
        total = MeterReading.read(entry, notes, "readings")
        if total is None:
            continue
        channels = [
            channel
            for raw in entries(entry.get("channels", []), notes, "channels")
            if (channel := MeterReading.read(raw, notes, "channels")) is not None
        ]
        eid = _meter_eid(channels) if total.eid is None else total.eid
        if eid is None:
            continue
        other = readings.get(str(eid))
        if other is None or (total.timestamp or 0) >= (other.total.timestamp or 0):
            readings[str(eid)] = MeterReadings(total, _by_phase(channels, eid, notes))
    return {"meter_readings": readings}


def _meter_eid(channels: list[MeterReading]) -> int | None:
    """Return the eid of the meter that channels belong to, where theirs are made of it."""
    meters = {
        _METER_BASE | (channel.eid & 0xFF00)
        for channel in channels
        if channel.eid is not None and channel.eid & _BASE_MASK == _CHANNEL_BASE
    }
    return meters.pop() if len(meters) == 1 else None


def _by_phase(channels: list[MeterReading], meter: int, notes: Notes) -> dict[str, MeterReading]:
    """Return the channels by phase.

    The last digit of a channel's eid is its phase, on some gateways counted from the meter's own.
    There are always three: the one that has no number is the one that is left over.
    """
    by_phase: dict[str, MeterReading] = {}
    unknown: list[MeterReading] = []
    for channel in channels:
        phase = 0 if channel.eid is None else channel.eid & 0xF
        if channel.eid is not None and not 1 <= phase <= len(PHASES):
            phase = channel.eid - meter
        if 1 <= phase <= len(PHASES):
            by_phase[PHASES[phase - 1]] = channel
        else:
            unknown.append(channel)
    left = [phase for phase in PHASES if phase not in by_phase]
    if len(unknown) == len(left) == 1:
        by_phase[left[0]] = unknown.pop()
    elif unknown:
        notes.unreadable("channels.eid", len(unknown))
    return by_phase


#: eids as gateways form them: 0x2a000100 is a meter, 0x6a000111 to 0x6a000113 are its channels
_BASE_MASK = 0xFFFF0000
_METER_BASE = 0x2A000000
_CHANNEL_BASE = 0x6A000000


@dataclass(frozen=True, slots=True)
class CtMeter:
    """An enabled CT: how well it measures, and what; no values where they are too old."""

    eid: int | None
    state: str | None
    measurement_type: str
    metering_status: str | None
    status_flags: list[str] | None
    timestamp: int | None
    energy_delivered: float | None = None
    energy_received: float | None = None
    active_power: float | None = None
    power_factor: float | None = None
    voltage: float | None = None
    current: float | None = None
    frequency: float | None = None
    apparent_power: float | None = None
    reactive_power: float | None = None
    apparent_energy: float | None = None
    reactive_energy_lagging: float | None = None
    reactive_energy_leading: float | None = None


_VALUES = (
    "energy_delivered",
    "energy_received",
    "active_power",
    "power_factor",
    "voltage",
    "current",
    "frequency",
    "apparent_power",
    "reactive_power",
    "apparent_energy",
    "reactive_energy_lagging",
    "reactive_energy_leading",
)

_POWER_FACTOR = _VALUES.index("power_factor")


def set_up(parsed: Mapping[str, Parsed], context: Context) -> dict[str, MeterSetup] | None:
    """Return the set-up of each meter by eid, or None while it is not known.

    What cannot be read of a meter now is what it was when it could: a meter does not change its
    place on the wire by that.
    """
    now = parsed.get(SETUP.path)
    if now is None:
        return None
    meters: dict[str, MeterSetup] = now.data["meters"]
    before = context.previous.get(SETUP.path)
    if not now.unreadable or before is None:
        return meters
    previous: Mapping[str, MeterSetup] = before.data["meters"]
    return {
        **previous,
        **{
            eid: _completed(meter, previous[eid]) if eid in previous else meter
            for eid, meter in meters.items()
        },
    }


def _completed(meter: MeterSetup, before: MeterSetup) -> MeterSetup:
    missing = {
        name: getattr(before, name)
        for name in ("state", "measurement_type", "phase_mode", "phase_count")
        if getattr(meter, name) is None
    }
    return meter.model_copy(update=missing) if missing else meter


def enabled_kinds(meters: Mapping[str, MeterSetup] | None) -> frozenset[str] | None:
    """Return what the enabled meters measure, or None when that is not known of all of them."""
    if meters is None:
        return None
    kinds = set()
    for meter in meters.values():
        if meter.enabled is None or meter.measurement_type is None:
            return None
        if meter.enabled:
            kinds.add(meter.measurement_type)
    return frozenset(kinds)


def leg_count(meters: Iterable[MeterSetup]) -> int:
    """Return on how many legs the enabled meters measure, by their set-up."""
    return max((meter.phase_count or 1 for meter in meters if meter.enabled), default=1)


def _measured_legs(readings: MeterReadings) -> int:
    """Return the number of legs whose voltages add up to that of the meter; 0 when none do."""
    total = readings.total.voltage
    if total is None or total < _LEG_VOLTS:
        return 0
    volts = 0.0
    for count, phase in enumerate(PHASES, start=1):
        leg = readings.phases.get(phase)
        if leg is None or leg.voltage is None:
            return 0
        volts += leg.voltage
        if leg.voltage >= _LEG_VOLTS and abs(total - volts) < 0.02 * total:
            return count
    return 0


def combine(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    """Return set-up and measurements by what the meters measure.

    A leg whose registers are 0 after they were not has not been read at all, and the sum that
    the gateway made without it is not the whole.
    """
    meters = set_up(parsed, context)
    answer = parsed.get(READINGS.path)
    if meters is None:
        return {}
    data: dict[str, Any] = {"meter_setup": _by_kind(meters.values())}
    if answer is None:
        return data
    readings: Mapping[str, MeterReadings] = answer.data["meter_readings"]
    enabled: dict[str, tuple[MeterSetup, MeterReadings]] = {}
    for eid, meter in meters.items():
        kind, reading = meter.measurement_type, readings.get(eid)
        if meter.enabled and kind and reading is not None and not _is_blank(reading.total):
            enabled.setdefault(kind, (meter, reading))
    legs = max(
        leg_count(meters.values()),
        max((_measured_legs(reading) for _, reading in enabled.values()), default=0),
    )
    totals: dict[str, CtMeter] = {}
    phases: dict[str, dict[str, MeterReading]] = {}
    for kind, (meter, reading) in enabled.items():
        fresh = not context.is_stale(reading.total.timestamp)
        parts = _legs(kind, reading, legs, context) if legs > 1 else {}
        whole = fresh and None not in parts.values()
        totals[kind] = CtMeter(
            meter.eid,
            meter.state,
            kind,
            meter.metering_status,
            meter.status_flags,
            reading.total.timestamp,
            *(_values(reading.total, len(parts)) if whole else ()),
        )
        if fresh and (read := {name: leg for name, leg in parts.items() if leg is not None}):
            phases[kind] = read
    return data | {"ctmeters": totals, "ctmeters_phases": phases}


def _by_kind(meters: Iterable[MeterSetup]) -> dict[str, MeterSetup]:
    """Return the set-up of the meters by what they measure: of several the first enabled one."""
    by_kind: dict[str, MeterSetup] = {}
    for meter in meters:
        kind = meter.measurement_type
        if kind and (kind not in by_kind or (meter.enabled and not by_kind[kind].enabled)):
            by_kind[kind] = meter
    return by_kind


def _values(total: MeterReading, legs: int) -> list[float | None]:
    values = [getattr(total, name) for name in _VALUES]
    factor = total.power_factor
    if factor is not None and abs(factor) > 1:
        values[_POWER_FACTOR] = factor / legs if abs(factor) <= legs else None
    return values


def _is_blank(total: MeterReading) -> bool:
    """Return whether a meter was not read at all: there is no service of 0 V and 0 Hz."""
    return not any(
        (
            total.voltage,
            total.frequency,
            total.active_power,
            total.energy_delivered,
            total.energy_received,
        )
    )


def _legs(
    kind: str, readings: MeterReadings, count: int, context: Context
) -> dict[str, MeterReading | None]:
    """Return the readings of the legs; None for one that was not read this time."""
    return {
        phase: None if _not_read(kind, phase, leg, context) else leg
        for phase in PHASES[:count]
        if (leg := readings.phases.get(phase)) is not None
    }


def _not_read(kind: str, phase: str, leg: MeterReading, context: Context) -> bool:
    if leg.energy_delivered != 0 or leg.energy_received != 0:
        return False
    return any(
        (context.accepted(("ctmeters_phases", kind, phase, name)) or 0) > 0
        for name in ("energy_delivered", "energy_received")
    )


SETUP = Endpoint("/ivp/meters", "meters", read_setup, max_age=300, deadline=45, optional=True)
READINGS = Endpoint("/ivp/meters/readings", "meters", read_readings, deadline=45, optional=True)
