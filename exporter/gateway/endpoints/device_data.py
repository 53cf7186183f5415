"""`/ivp/pdm/device_data`: details of inverters, AC Batteries and IQ Relays.

An inverter can have several channels, each with a panel. They are added up, and kept apart too.
The response lists a limited number of devices; the rest are missing from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from exporter.gateway.endpoints.base import (
    LARGE_BODY,
    Endpoint,
    Model,
    Notes,
    as_object,
    by_identity,
    entries,
    stamp,
)
from exporter.gateway.endpoints.fields import (
    Celsius,
    Code,
    Count,
    DeviceWattHours,
    Epoch,
    InverterWatts,
    Joules,
    Milliamperes,
    Millihertz,
    Millivolts,
    Number,
    Percent,
    Seconds,
)


class InverterChannel(Model):
    """One panel input of an inverter, as it last reported."""

    eid: Code = Field(None, alias="chanEid")
    watts_now: InverterWatts = Field(None, alias="watts.now")
    watts_used: InverterWatts = Field(None, alias="watts.nowUsed")
    watts_max: InverterWatts = Field(None, alias="watts.max")
    watt_hours_today: DeviceWattHours = Field(None, alias="wattHours.today")
    watt_hours_yesterday: DeviceWattHours = Field(None, alias="wattHours.yesterday")
    watt_hours_week: DeviceWattHours = Field(None, alias="wattHours.week")
    end_date: Epoch = Field(None, alias="endDate")
    duration: Seconds = None
    flags: Code = None
    joules_produced: Joules = Field(None, alias="joulesProduced")
    joules_used: Joules = Field(None, alias="joulesUsed")
    ac_millivolts: Millivolts = Field(None, alias="acVoltageINmV")
    ac_millivolts_l1: Millivolts = Field(None, alias="l1NAcVoltageInmV")
    ac_millivolts_l2: Millivolts = Field(None, alias="l2NAcVoltageInmV")
    ac_millivolts_l3: Millivolts = Field(None, alias="l3NAcVoltageInmV")
    ac_milliamperes: Milliamperes = Field(None, alias="acCurrentInmA")
    ac_millihertz: Millihertz = Field(None, alias="acFrequencyINmHz")
    dc_millivolts: Millivolts = Field(None, alias="dcVoltageINmV")
    dc_milliamperes: Milliamperes = Field(None, alias="dcCurrentINmA")
    temperature: Celsius = Field(None, alias="channelTemp")
    conversion_error_seconds: Seconds = Field(None, alias="pwrConvErrSecs")
    conversion_error_cycles: Count = Field(None, alias="pwrConvMaxErrCycles")
    leading_vars: Number = Field(None, alias="leadingVArs")
    lagging_vars: Number = Field(None, alias="laggingVArs")
    rssi: Number = None
    issi: Number = None
    created_time: Epoch = Field(None, alias="lifetime.createdTime")
    lifetime_duration: Seconds = Field(None, alias="lifetime.duration")
    lifetime_joules: Joules = Field(None, alias="lifetime.joulesProduced")


class AcbChannel(Model):
    """An AC Battery, as it last reported."""

    end_date: Epoch = Field(None, alias="endDate")
    state_of_charge: Percent = Field(None, alias="SOC")
    state_of_health: Percent = Field(None, alias="SOH")
    min_cell_temp: Celsius = Field(None, alias="minCellTemp")
    max_cell_temp: Celsius = Field(None, alias="maxCellTemp")
    pack_millivolts: Millivolts = Field(None, alias="totVoltage")
    ac_millivolts: Millivolts = Field(None, alias="acVoltageINmV")
    ac_millihertz: Millihertz = Field(None, alias="acFrequencyINmHz")
    dc_millivolts: Millivolts = Field(None, alias="dcVoltageINmV")
    dc_milliamperes: Milliamperes = Field(None, alias="dcCurrentINmA")
    temperature: Celsius = Field(None, alias="channelTemp")
    lifetime_joules_produced: Joules = Field(None, alias="lifetime.joulesProduced")
    lifetime_joules_used: Joules = Field(None, alias="lifetime.joulesUsed")


class RelayChannel(Model):
    """An IQ Relay (NSRB), as it last reported; firmwares differ in the names of voltages."""

    end_date: Epoch = Field(None, alias="endDate")
    duration: Seconds = None
    temperature: Celsius = None
    millihertz: Millihertz = Field(None, alias="freqInmHz")
    state_changes: Count = Field(None, alias="stateChngCnt")
    current_offset: Number = Field(None, alias="acCurrOffset")
    millivolts_l1: Millivolts = Field(None, alias="VrmsL1N")
    millivolts_l2: Millivolts = Field(None, alias="VrmsL2N")
    millivolts_l3: Millivolts = Field(None, alias="VrmsL3N")


#: names of the same fields in other firmware
_SYNONYMS = {"voltRmsL1": "VrmsL1N", "voltRmsL2": "VrmsL2N", "voltRmsL3": "VrmsL3N"}


@dataclass(frozen=True, slots=True)
class InverterDetail:
    """An inverter: whether it is reachable, and its channels by number."""

    gone: bool | None
    channels: dict[str, InverterChannel]


@dataclass(frozen=True, slots=True)
class DeviceCount:
    """How many devices there are, and how many of them fit into the answer."""

    count: int | None
    limit: int | None

    @property
    def complete(self) -> bool:
        """Whether all devices are in the answer."""
        return self.count is not None and self.limit is not None and self.count < self.limit


class _Count(Model):
    """The counts beside the devices."""

    count: Count = Field(None, alias="deviceCount")
    limit: Count = Field(None, alias="deviceDataLimit")


_COUNTS = frozenset({"deviceCount", "deviceDataLimit"})
#: the CTs, which have answers of their own
_METER = "eim"


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return details of inverters, AC Batteries and relays, each by serial."""
    raw = as_object(document)
    data: dict[str, Any] = {member: {} for member, _ in _KINDS.values()}
    devices = [value for key, value in raw.items() if key not in _COUNTS]
    listed: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _KINDS}
    for entry in entries(devices, notes, "devices"):
        kind = entry.get("devName")
        kind = kind.lower() if isinstance(kind, str) else None
        if entry.get("active") is False or kind == _METER:
            continue
        if kind not in listed:
            notes.unreadable("devices.devName")
            kind = _kind(entry)
        if kind in listed:
            listed[kind].append(entry)
    for kind, (member, make) in _KINDS.items():
        for serial, entry in by_identity(
            listed[kind], "sn", notes, kind, rank=_last_report
        ).items():
            detail = make(entry, notes)
            if detail is not None:
                data[member][serial] = detail
    count = _Count.read(raw, notes)
    if count is not None:
        data["device_count"] = DeviceCount(count.count, count.limit)
    return data


def _last_report(entry: dict[str, Any]) -> float:
    """Return when a device last reported, by the newest of its channels."""
    channels = entry.get("channels")
    readings = [
        channel.get("lastReading")
        for channel in (channels if isinstance(channels, list) else ())
        if isinstance(channel, dict)
    ]
    return max(
        (stamp(each.get("endDate")) for each in readings if isinstance(each, dict)), default=0.0
    )


def _kind(entry: dict[str, Any]) -> str | None:
    """Return the kind of a device without a name by what it reports."""
    channels = entry.get("channels")
    for channel in channels if isinstance(channels, list) else ():
        reading = channel.get("lastReading") if isinstance(channel, dict) else None
        for key, kind in _TELLING.items():
            if isinstance(reading, dict) and key in reading:
                return kind
    return None


_TELLING = {"SOC": "acb", "VrmsL1N": "nsrb", "voltRmsL1": "nsrb", "dcVoltageINmV": "pcu"}


#: parts of a channel, and their keys that are read
_PARTS = {
    "watts": {key: f"watts.{key}" for key in ("now", "nowUsed", "max")},
    "wattHours": {key: f"wattHours.{key}" for key in ("today", "yesterday", "week")},
    "lifetime": {
        key: f"lifetime.{key}"
        for key in ("createdTime", "duration", "joulesProduced", "joulesUsed")
    },
}


def _flat(channel: dict[str, Any], notes: Notes, name: str) -> dict[str, Any]:
    """Return a channel without its levels."""
    reading = channel.get("lastReading")
    flat: dict[str, Any] = dict(reading) if isinstance(reading, dict) else {}
    if not isinstance(reading, dict):
        notes.unreadable(f"{name}.lastReading")
    for part, keys in _PARTS.items():
        values = channel.get(part)
        if isinstance(values, dict):
            for key, flat_key in keys.items():
                if key in values:
                    flat[flat_key] = values[key]
        elif part in channel:
            notes.unreadable(f"{name}.{part}")
    flat["chanEid"] = channel.get("chanEid", flat.get("eid"))
    for key, synonym in _SYNONYMS.items():
        if key in flat:
            flat.setdefault(synonym, flat[key])
    return flat


def _inverter(entry: dict[str, Any], notes: Notes) -> InverterDetail:
    name = "pcu.channels"
    gone = entry.get("modGone")
    if not isinstance(gone, bool):
        gone = None
        if "modGone" in entry:
            notes.unreadable("pcu.modGone", minor=True)
    if entry.get("channels") == []:
        notes.unreadable(name)
    channels = [
        channel
        for item in entries(entry.get("channels"), notes, name)
        if (channel := InverterChannel.read(_flat(item, notes, name), notes, name)) is not None
    ]
    if len(channels) == 1:
        return InverterDetail(gone, {"1": channels[0]})
    # By their number in the gateway, so that one listed twice is still one.
    by_eid = {channel.eid: channel for channel in channels}
    ordered = sorted(by_eid, key=lambda eid: eid or 0)
    return InverterDetail(
        gone,
        {str(index): by_eid[eid] for index, eid in enumerate(ordered, start=1)},
    )


def _single(
    model: type[AcbChannel] | type[RelayChannel], name: str
) -> Callable[[dict[str, Any], Notes], Any]:
    def make(entry: dict[str, Any], notes: Notes) -> Any:
        read = [
            channel
            for item in entries(entry.get("channels"), notes, name)
            if (channel := model.read(_flat(item, notes, name), notes, name)) is not None
        ]
        return max(read, key=lambda channel: channel.end_date or 0, default=None)

    return make


_KINDS: dict[str, tuple[str, Callable[[dict[str, Any], Notes], Any]]] = {
    "pcu": ("inverter_details", _inverter),
    "acb": ("acb_details", _single(AcbChannel, "acb.channels")),
    "nsrb": ("relay_details", _single(RelayChannel, "nsrb.channels")),
}

ENDPOINT = Endpoint(
    "/ivp/pdm/device_data", "inverters", read, deadline=60, optional=True, max_body=LARGE_BODY
)
