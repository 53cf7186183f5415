"""The batteries: each of them, and all together."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from exporter.metrics.units import (
    celsius,
    flag,
    milliwatts,
    ratio,
    raw_code,
    stored_joules,
)
from exporter.metrics.units import watts as plain_watts
from exporter.status.device_models import FAULTY_STATES, BatteryState, BatteryStatus
from exporter.status.formatting import IDLE_WATTS
from exporter.status.models import LastValue, StorageStatus
from exporter.status.view import SnapshotView

#: meaning of a battery's LED by code; its colour follows the charge
_LEDS = {
    12: "charging",
    13: "discharging",
    14: "idle",
    15: "idle",
    16: "idle",
    17: "idle",
}
#: charge status of AC Batteries
_CHARGE_STATES: dict[str, BatteryState] = {
    "charging": "charging",
    "discharging": "discharging",
    "idle": "idle",
}
_READY = (6, 63)
#: discharging more slowly than this lasts too long for a forecast (W)
_MIN_RUNTIME_WATTS = 50.0
_AGGREGATES = ("battery_aggregate", "encharge_aggregate")


def to_bool(value: Any) -> bool | None:
    """Return what a gateway means by a flag."""
    number = flag(value)
    return None if number is None else bool(number)


def batteries(view: SnapshotView) -> tuple[BatteryStatus, ...]:
    """Return all present batteries and those seen before."""
    return (*_encharges(view), *_acbs(view))


def storage(
    view: SnapshotView, watts: float | None, each: tuple[BatteryStatus, ...]
) -> StorageStatus | None:
    """Return all batteries together, None where there is none; `watts` is their power."""
    if not has_batteries(view):
        return None
    data = view.collector("storage")
    total = next((data[name] for name in _AGGREGATES if data.get(name) is not None), None)
    if total is None:
        # At a site with AC Batteries only, no other endpoint has the sum.
        total = view.member("production", "acb_power")
    backup = data.get("encharge_aggregate")
    secctrl = data.get("secctrl")
    available = stored_joules(getattr(backup, "available_energy", None))
    capacity = stored_joules(getattr(backup, "max_available_capacity", None))
    shutdown = ratio(getattr(secctrl, "very_low_soc", None))
    settings = getattr(view.member("tariff", "tariff"), "storage_settings", None)
    mode = getattr(settings, "mode", None)
    limit = view.thresholds["shutdown_soc_ratio"] if shutdown is None else shutdown
    # 0 means that nothing was commissioned, and that no state of health was determined
    commissioned = stored_joules(getattr(secctrl, "commissioned_capacity", None)) or None
    health = ratio(getattr(secctrl, "health", None)) or None
    return StorageStatus(
        soc_ratio=ratio(getattr(total, "state_of_charge", None)),
        available_joules=stored_joules(_first(total, "available_energy", "charge_wh")),
        capacity_joules=stored_joules(getattr(total, "max_available_capacity", None)),
        backup_soc_ratio=ratio(getattr(backup, "state_of_charge", None)) if capacity else None,
        reserve_soc_ratio=ratio(getattr(backup, "reserve_state_of_charge", None)),
        shutdown_soc_ratio=shutdown,
        runtime_seconds=_runtime(available, capacity, limit, watts),
        mode=None if mode is None else str(mode),
        wanted_mode=getattr(view.desired, "storage_mode", None),
        mode_current=getattr(view.member("tariff", "storage_settings_source"), "current", None),
        missing_capacity_joules=_missing_capacity(each),
        backup_capacity_joules=capacity or None,
        commissioned_capacity_joules=commissioned,
        health_ratio=health,
        rated_watts=_rated_watts(view, each),
        commissioning=to_bool(getattr(secctrl, "commissioning", None)),
    )


def has_batteries(view: SnapshotView) -> bool:
    """Return whether there are batteries; what was seen before counts while nothing is read."""
    return (
        view.expects("battery", "acb")
        or view.member("production", "acb_power") is not None
        or bool(view.devices("ensemble", "encharge_inventory"))
        or bool(view.devices("acb", "acb_inventory"))
    )


def with_last_known(
    now: Iterable[BatteryStatus], last: Mapping[str, LastValue]
) -> tuple[BatteryStatus, ...]:
    """Return the batteries, with their last charge, by serial, where it is not known now.

    While nothing is known of any battery, they are listed as they were.
    """
    now = tuple(now)
    if now and all(battery.soc_ratio is not None for battery in now):
        return now
    current = {battery.serial: battery for battery in now}
    if not current:
        current = {serial: BatteryStatus(serial, "encharge", "not known") for serial in last}
    return tuple(
        battery
        if battery.soc_ratio is not None or serial not in last
        else replace(
            battery,
            last_known_soc_ratio=last[serial].value,
            last_known_timestamp_seconds=last[serial].timestamp_seconds,
        )
        for serial, battery in current.items()
    )


def _first(item: Any, *fields: str) -> Any:
    return next(
        (value for field in fields if (value := getattr(item, field, None)) is not None), None
    )


def _runtime(
    available: float | None, capacity: float | None, limit: float, watts: float | None
) -> float | None:
    if available is None or capacity is None or watts is None or watts <= _MIN_RUNTIME_WATTS:
        return None
    return max(0.0, available - limit * capacity) / watts


def _missing_capacity(each: tuple[BatteryStatus, ...]) -> float | None:
    """Return what the faulty batteries could hold; one that is not listed counts as the others."""
    faulty = [battery for battery in each if battery.state in FAULTY_STATES]
    capacities = [b.capacity_joules for b in each if b.capacity_joules is not None]
    if not faulty or not capacities:
        return None
    mean = sum(capacities) / len(capacities)
    return sum(mean if b.capacity_joules is None else b.capacity_joules for b in faulty)


def _rated_watts(view: SnapshotView, each: tuple[BatteryStatus, ...]) -> float | None:
    """Return what all batteries that do their part can give together; None where one is unknown."""
    modules = view.devices("ensemble_status", "encharge_modules")
    ready = [b for b in each if b.kind == "encharge" and b.state not in FAULTY_STATES]
    rated = [
        plain_watts(getattr(modules.get(battery.serial), "encharge_rated_power", None))
        for battery in ready
    ]
    known = [watts for watts in rated if watts is not None]
    return sum(known) if known and len(known) == len(rated) else None


def _encharges(view: SnapshotView) -> Iterator[BatteryStatus]:
    inventory = view.devices("ensemble", "encharge_inventory")
    powers = view.devices("battery_power", "encharge_power")
    presence = view.devices("ensemble", "encharge_presence")
    gone = {serial for serial, entry in presence.items() if not entry.present}
    gone |= view.missing_since("battery").keys() - inventory.keys()
    for serial in sorted(presence.keys() | inventory.keys() | powers.keys() | gone):
        name = view.device_name("battery", serial)
        if serial in gone:
            yield BatteryStatus(serial, "encharge", "missing", name=name)
            continue
        device, power = inventory.get(serial), powers.get(serial)
        communicating = to_bool(getattr(device, "communicating", None))
        watts = soc = degrees = led = None
        if communicating is not False:
            watts = milliwatts(getattr(power, "real_power_mw", None))
            soc = ratio(getattr(power, "soc", None))
            degrees = celsius(getattr(device, "temperature", None))
            led = _led(getattr(device, "led_status", None))
        off = to_bool(getattr(device, "dc_switch_off", None))
        yield BatteryStatus(
            serial,
            "encharge",
            _state(communicating, off, raw_code(getattr(device, "admin_state", None)), watts),
            soc_ratio=soc,
            watts=watts,
            temperature_celsius=degrees,
            led=led,
            communicating=communicating,
            dc_switch_off=off,
            part_number=_text(getattr(device, "part_number", None)),
            firmware=_text(getattr(device, "firmware_version", None)),
            firmware_outdated=_firmware_outdated(view, serial),
            last_report_timestamp_seconds=view.to_local_time(
                getattr(device, "last_report_date", None)
            ),
            name=name,
            capacity_joules=stored_joules(getattr(device, "encharge_capacity", None)),
        )


def _firmware_outdated(view: SnapshotView, serial: str) -> bool | None:
    """Return whether a battery or a module in it runs other firmware than it should."""
    battery = view.devices("ensemble_status", "ensemble_modules").get(serial)
    modules = view.devices("ensemble_status", "ensemble_submodules").get(serial) or {}
    outdated = [each.outdated for each in (battery, *modules.values()) if each is not None]
    known = [each for each in outdated if each is not None]
    return any(known) if known else None


def _acbs(view: SnapshotView) -> Iterator[BatteryStatus]:
    inventory = view.devices("acb", "acb_inventory")
    for serial, device in sorted(inventory.items()):
        silent = to_bool(device.communicating) is False
        state: BatteryState = "not communicating"
        if not silent:
            asleep = str(device.sleep_state or "") == "asleep"
            charge = str(device.charge_status or "")
            state = "asleep" if asleep else _CHARGE_STATES.get(charge, "not known")
        yield BatteryStatus(
            serial,
            "acb",
            state,
            soc_ratio=None if silent else ratio(device.percent_full),
            watts=None if silent else plain_watts(device.last_report_watts),
            temperature_celsius=None if silent else celsius(device.max_cell_temp),
            communicating=to_bool(device.communicating),
            part_number=_text(device.part_num),
            last_report_timestamp_seconds=view.to_local_time(device.last_report_date),
            name=view.device_name("acb", serial),
            sleep_enabled=to_bool(device.sleep_enabled),
        )
    for serial in sorted(view.missing_since("acb").keys() - inventory.keys()):
        yield BatteryStatus(serial, "acb", "missing", name=view.device_name("acb", serial))
    total = view.member("production", "acb_power")
    if total is not None and not inventory and not view.expects("acb"):
        yield _acbs_together(total)


def _acbs_together(total: Any) -> BatteryStatus:
    """Return AC Batteries of a gateway that lists none of them: as one, without a serial."""
    count = raw_code(total.batteries)
    number = "" if count is None else f"{count:.0f} "
    return BatteryStatus(
        "",
        "acb",
        _CHARGE_STATES.get(str(total.state or ""), "not known"),
        soc_ratio=ratio(total.state_of_charge),
        watts=plain_watts(total.power),
        name=f"{number}AC Batteries",
    )


def _state(
    communicating: bool | None, off: bool | None, ready: float | None, watts: float | None
) -> BatteryState:
    if communicating is False:
        return "not communicating"
    if off:
        return "switched off"
    if ready is not None and ready not in _READY:
        return "not ready"
    if watts is None:
        return "not known"
    if abs(watts) < IDLE_WATTS:
        return "idle"
    return "discharging" if watts > 0 else "charging"


def _led(value: Any) -> str | None:
    number = raw_code(value)
    return None if number is None else _LEDS.get(int(number), f"code {number:g}")


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
