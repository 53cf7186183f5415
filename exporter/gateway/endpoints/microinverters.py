"""Inverters and AC Batteries from the answers that list, detail and count them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from exporter.gateway.endpoints import device_data, devstatus, inventory, inverters
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.context import Context, is_stale
from exporter.gateway.endpoints.device_data import DeviceCount, InverterChannel, InverterDetail
from exporter.gateway.endpoints.devstatus import AcbStatus, InverterStatus
from exporter.gateway.endpoints.inventory import AcbDevice
from exporter.gateway.endpoints.inverters import DeviceReport
from exporter.gateway.endpoints.joining import member, milli, most

#: inverters report every 5 to 60 minutes; older values are not current
_AGE = 7200.0
_INTERVALS = 3
#: the longest night of those who live where panels are worth it
_NIGHT = 86400.0
#: a time stamp so far in the future is none; a gateway that sets its clock needs a while
_AHEAD = 86400.0
#: seconds by which stamps may be ahead of the gateway's clock, such as an hour of summer time
_SLACK = 4000.0


# Not frozen: to make one costs half as much, and there are hundreds of them.
@dataclass(slots=True)
class Inverter:
    """An inverter as it last reported, in W, Wh, V, A, Hz and degrees Celsius.

    `energy_produced` is the mean power of its last interval, in mWh per second.
    """

    serial_number: str
    last_report_date: int | None = None
    last_report_watts: float | None = None
    max_report_watts: float | None = None
    dc_voltage: float | None = None
    dc_current: float | None = None
    ac_voltage: float | None = None
    ac_current: float | None = None
    ac_frequency: float | None = None
    temperature: float | None = None
    lifetime_energy: float | None = None
    energy_produced: float | None = None
    energy_today: float | None = None
    energy_yesterday: float | None = None
    energy_week: float | None = None
    last_report_duration: float | None = None
    gone: bool | None = None
    flags: int | None = None
    watts_used: float | None = None
    joules_used: float | None = None
    ac_voltage_l1: float | None = None
    ac_voltage_l2: float | None = None
    ac_voltage_l3: float | None = None
    conversion_error_seconds: float | None = None
    conversion_error_cycles: int | None = None
    leading_vars: float | None = None
    lagging_vars: float | None = None
    rssi: float | None = None
    issi: float | None = None
    created_date: int | None = None


_MOMENTARY: dict[str, Any] = dict.fromkeys(
    (
        "last_report_watts",
        "dc_voltage",
        "dc_current",
        "ac_voltage",
        "ac_current",
        "ac_frequency",
        "ac_voltage_l1",
        "ac_voltage_l2",
        "ac_voltage_l3",
        "temperature",
        "energy_produced",
        "watts_used",
        "joules_used",
        "leading_vars",
        "lagging_vars",
        "rssi",
        "issi",
    )
)


@dataclass(frozen=True, slots=True)
class PanelInput:
    """One channel of an inverter with several, in W, Wh, V, A."""

    watts: float | None
    dc_voltage: float | None
    dc_current: float | None
    lifetime_energy: float | None
    energy_today: float | None


def combine_inverters(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    """Return the inverters by serial: in detail where there is any, else as the list has them."""
    details: Mapping[str, InverterDetail] = member(
        parsed, device_data.ENDPOINT.path, "inverter_details"
    )
    reports: Mapping[str, DeviceReport] = member(
        parsed, inverters.ENDPOINT.path, "inverter_reports"
    )
    states: Mapping[str, InverterStatus] = member(
        parsed, devstatus.ENDPOINT.path, "inverter_status"
    )
    by_serial: dict[str, Inverter] = {}
    channels: dict[str, dict[str, PanelInput]] = {}
    for serial in [*details, *(serial for serial in reports if serial not in details)]:
        report, detail = reports.get(serial), details.get(serial)
        if detail is not None:
            inverter = _detailed(serial, detail)
            by_serial[serial] = inverter if report is None else _reported(inverter, report)
        elif report is not None:
            by_serial[serial] = Inverter(
                serial,
                report.last_report_date,
                report.last_report_watts,
                report.max_report_watts,
            )
        if serial in states and serial in by_serial:
            by_serial[serial] = _with_status(by_serial[serial], states[serial])
        if detail is not None and len(detail.channels) > 1:
            channels[serial] = {
                number: _input(channel) for number, channel in detail.channels.items()
            }
    _make_current(by_serial, context)
    return {"inverters": by_serial, "inverter_channels": channels}


def _make_current(by_serial: dict[str, Inverter], context: Context) -> None:
    """Take from inverters what is too old, or of days to come."""
    dates = [each.last_report_date for each in by_serial.values() if each.last_report_date]
    # One whose time stamp is in the future must not make old ones of all the others.
    newest = max((date for date in dates if date <= context.gateway_time + _SLACK), default=0)
    fresh = max(newest - _AGE, context.gateway_time - _NIGHT)
    latest, oldest = context.gateway_time + _AHEAD, math.inf
    for serial, inverter in by_serial.items():
        date = inverter.last_report_date
        if date is None:
            continue
        if date < fresh:
            by_serial[serial] = _of_now(inverter, newest, context)
        elif date > latest:
            by_serial[serial] = replace(inverter, last_report_date=None)
            context.dropped["lastReportDate"] += 1
        else:
            oldest = min(oldest, date)
    context.changes_at(oldest + _NIGHT)
    if any(date > context.gateway_time + _SLACK for date in dates):
        # it comes to be of now
        context.changes_at(-math.inf)


def _watt_hours(joules: float | None) -> float | None:
    return None if joules is None else round(joules / 3600)


def _mean(channel: InverterChannel) -> float | None:
    if channel.joules_produced is None or not channel.duration:
        return None
    return round(channel.joules_produced / channel.duration / 3.6, 3)


def _detailed(serial: str, detail: InverterDetail) -> Inverter:
    """Return an inverter: what its channels produce in sum, what they share once.

    The voltage of a panel belongs to its channel, and is that of the inverter only where there
    is one.
    """
    channels = list(detail.channels.values())
    if not channels:
        return Inverter(serial, gone=detail.gone)
    channel = channels[0] if len(channels) == 1 else _added_up(channels)
    return Inverter(
        serial_number=serial,
        last_report_date=channel.end_date,
        last_report_watts=channel.watts_now,
        max_report_watts=channel.watts_max,
        dc_voltage=milli(channel.dc_millivolts),
        dc_current=milli(channel.dc_milliamperes),
        ac_voltage=milli(channel.ac_millivolts),
        ac_current=milli(channel.ac_milliamperes),
        ac_frequency=milli(channel.ac_millihertz),
        temperature=channel.temperature,
        lifetime_energy=_watt_hours(channel.lifetime_joules),
        energy_produced=_mean(channel),
        energy_today=channel.watt_hours_today,
        energy_yesterday=channel.watt_hours_yesterday,
        energy_week=channel.watt_hours_week,
        last_report_duration=channel.duration,
        gone=detail.gone,
        flags=channel.flags,
        watts_used=channel.watts_used,
        joules_used=channel.joules_used,
        ac_voltage_l1=milli(channel.ac_millivolts_l1),
        ac_voltage_l2=milli(channel.ac_millivolts_l2),
        ac_voltage_l3=milli(channel.ac_millivolts_l3),
        conversion_error_seconds=channel.conversion_error_seconds,
        conversion_error_cycles=channel.conversion_error_cycles,
        leading_vars=channel.leading_vars,
        lagging_vars=channel.lagging_vars,
        rssi=channel.rssi,
        issi=channel.issi,
        created_date=channel.created_time,
    )


def _sum(values: list[Any]) -> Any:
    """Return the sum, or None where a part of it is not known."""
    return None if None in values else sum(values)


#: what the channels of an inverter make together; of all else the highest value counts
_ADDED = frozenset(
    {
        "watts_now",
        "watts_used",
        "watts_max",
        "watt_hours_today",
        "watt_hours_yesterday",
        "watt_hours_week",
        "joules_produced",
        "joules_used",
        "ac_milliamperes",
        "conversion_error_seconds",
        "leading_vars",
        "lagging_vars",
        "lifetime_joules",
    }
)
_APART = frozenset({"eid", "dc_millivolts", "dc_milliamperes"})


def _added_up(channels: list[InverterChannel]) -> InverterChannel:
    """Return several channels as one."""
    columns = {
        name: [getattr(channel, name) for channel in channels]
        for name in InverterChannel.model_fields
        if name not in _APART
    }
    return InverterChannel.model_construct(
        **{
            name: _sum(column) if name in _ADDED else most(column)
            for name, column in columns.items()
        }
    )


def _reported(inverter: Inverter, report: DeviceReport) -> Inverter:
    """Return an inverter with what only the list says of it."""
    if None not in (
        inverter.last_report_date,
        inverter.last_report_watts,
        inverter.max_report_watts,
    ):
        return inverter
    missing = {
        name: value
        for name in ("last_report_date", "last_report_watts", "max_report_watts")
        if getattr(inverter, name) is None and (value := getattr(report, name)) is not None
    }
    return replace(inverter, **missing)


def _with_status(inverter: Inverter, status: InverterStatus) -> Inverter:
    """Return an inverter with what only the installer's answer says of it."""
    known = {
        "last_report_date": status.report_date,
        "last_report_watts": milli(status.ac_milliwatts),
        "dc_voltage": milli(status.dc_millivolts),
        "dc_current": milli(status.dc_milliamperes),
        "ac_voltage": milli(status.ac_millivolts),
        "temperature": status.temperature,
    }
    missing: dict[str, Any] = {
        name: value
        for name, value in known.items()
        if value is not None and getattr(inverter, name) is None
    }
    return replace(inverter, **missing) if missing else inverter


def _of_now(inverter: Inverter, newest: int, context: Context) -> Inverter:
    """Return an inverter without what it measured when it has been silent since.

    In the dark all of them are silent, and their last values stay valid. An inverter that is
    silent while others report has no current values.
    """
    limit = max(_AGE, _INTERVALS * (inverter.last_report_duration or 0))
    date = inverter.last_report_date
    if not is_stale(date, newest, limit) and not context.is_stale(date, _NIGHT):
        return inverter
    # One that ended its day with 0 W still makes nothing.
    watts = 0.0 if inverter.last_report_watts == 0 else None
    return replace(inverter, **{**_MOMENTARY, "last_report_watts": watts})


def _input(channel: InverterChannel) -> PanelInput:
    return PanelInput(
        watts=channel.watts_now,
        dc_voltage=milli(channel.dc_millivolts),
        dc_current=milli(channel.dc_milliamperes),
        lifetime_energy=_watt_hours(channel.lifetime_joules),
        energy_today=channel.watt_hours_today,
    )


@dataclass(frozen=True, slots=True)
class Acb:
    """An AC Battery: what the inventory says of it, and its last report."""

    serial_num: str
    part_num: str | None
    sleep_enabled: bool | None
    sleep_state: str | None
    charge_status: str | None
    device_status: list[str] | None
    percent_full: float | None
    max_cell_temp: float | None
    min_cell_temp: float | None
    communicating: bool | None
    operating: bool | None
    producing: bool | None
    sleep_min_soc: float | None
    sleep_max_soc: float | None
    last_report_date: int | None
    last_report_watts: float | None
    max_report_watts: float | None
    state_of_health: float | None
    pack_voltage: float | None
    joules_discharged: float | None
    joules_charged: float | None


def _either(value: float | None, other: float | None) -> float | None:
    return other if value is None else value


def combine_acb(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    """Return the AC Batteries of the inventory by serial, with reports where there are any."""
    devices: Mapping[str, AcbDevice] = member(parsed, inventory.ENDPOINT.path, "acb_devices")
    reports: Mapping[str, DeviceReport] = member(parsed, inverters.ENDPOINT.path, "acb_reports")
    details: Mapping[str, device_data.AcbChannel] = member(
        parsed, device_data.ENDPOINT.path, "acb_details"
    )
    states: Mapping[str, AcbStatus] = member(parsed, devstatus.ENDPOINT.path, "acb_status")
    batteries: dict[str, Acb] = {}
    for serial, device in devices.items():
        report, detail = reports.get(serial), details.get(serial)
        state = states.get(serial) or AcbStatus()
        stamp = report.last_report_date if report else None
        fresh = not context.is_stale(stamp, _AGE)
        batteries[serial] = Acb(
            serial_num=serial,
            part_num=device.part_num,
            sleep_enabled=device.sleep_enabled,
            sleep_state=device.sleep_state,
            charge_status=device.charge_status.lower() if device.charge_status else None,
            device_status=device.device_status,
            percent_full=_either(device.percent_full, state.state_of_charge),
            max_cell_temp=_either(device.max_cell_temp, state.max_cell_temp),
            min_cell_temp=(detail or state).min_cell_temp,
            communicating=device.communicating,
            operating=device.operating,
            producing=device.producing,
            sleep_min_soc=device.sleep_min_soc,
            sleep_max_soc=device.sleep_max_soc,
            last_report_date=stamp,
            last_report_watts=report.last_report_watts if report and fresh else None,
            max_report_watts=report.max_report_watts if report else None,
            state_of_health=detail.state_of_health if detail else None,
            pack_voltage=milli((detail or state).pack_millivolts),
            joules_discharged=detail.lifetime_joules_produced if detail else None,
            joules_charged=detail.lifetime_joules_used if detail else None,
        )
    return {"acb_inventory": batteries}


def paths_needed(parsed: Mapping[str, Parsed], refused: Iterable[str]) -> tuple[str, ...]:
    """Return the paths needed for inverters and AC Batteries; `refused` ones are unavailable.

    The list is only asked where the details are not of all devices, or where an AC Battery
    reports its power in there.
    """
    without = frozenset(refused)
    paths = [device_data.ENDPOINT.path]
    answer = parsed.get(device_data.ENDPOINT.path)
    count: DeviceCount | None = answer.data.get("device_count") if answer else None
    details: Mapping[str, InverterDetail] = answer.data["inverter_details"] if answer else {}
    detailed = bool(details) and all(detail.channels for detail in details.values())
    batteries = bool(member(parsed, inventory.ENDPOINT.path, "acb_devices"))
    if count is None or not count.complete or not detailed or batteries:
        paths.append(inverters.ENDPOINT.path)
    return tuple(path for path in paths if path not in without)
