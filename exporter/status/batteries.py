"""The batteries in words and numbers: each of them, and all together."""

from collections.abc import Iterator
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
from exporter.status.formatting import IDLE_WATTS
from exporter.status.models import BatteryState, BatteryStatus, StorageStatus
from exporter.status.view import SnapshotView

#: what the light of a battery says, by code; its colour goes by charge
_LEDS = {
    12: "charging",
    13: "discharging",
    14: "idle",
    15: "idle",
    16: "idle",
    17: "idle",
}
#: what AC Batteries say
_CHARGES: dict[str, BatteryState] = {
    "charging": "charging",
    "discharging": "discharging",
    "idle": "idle",
}
_READY = (6, 63)
_SHUTDOWN = 0.10
#: discharging more slowly than this lasts for longer than anybody can tell (W)
_LEAST_WATTS = 50.0
_AGGREGATES = ("battery_aggregate", "encharge_aggregate")


def truth(value: Any) -> bool | None:
    """Return what a gateway means by a flag."""
    known = flag(value)
    return None if known is None else bool(known)


def batteries(fresh: SnapshotView) -> tuple[BatteryStatus, ...]:
    """Return all batteries that there are, or were before."""
    return (*_encharges(fresh), *_acbs(fresh))


def storage(fresh: SnapshotView, watts: float | None) -> StorageStatus | None:
    """Return all batteries together, None where there is none; `watts` is their power."""
    if not has_batteries(fresh):
        return None
    data = fresh.data("storage")
    both = next((data[name] for name in _AGGREGATES if data.get(name) is not None), None)
    if both is None and "storage" not in fresh.report.collectors:
        # A site with AC Batteries only has no other place that tells it.
        both = fresh.one("production", "acb_power")
    own = data.get("encharge_aggregate")
    secctrl = data.get("secctrl")
    available = stored_joules(getattr(own, "available_energy", None))
    capacity = stored_joules(getattr(own, "max_available_capacity", None))
    shutdown = ratio(getattr(secctrl, "very_low_soc", None))
    settings = getattr(fresh.one("tariff", "tariff"), "storage_settings", None)
    mode = getattr(settings, "mode", None)
    return StorageStatus(
        soc_ratio=ratio(getattr(both, "state_of_charge", None)),
        available_joules=stored_joules(_first(both, "available_energy", "charge_wh")),
        capacity_joules=stored_joules(getattr(both, "max_available_capacity", None)),
        backup_soc_ratio=ratio(getattr(own, "state_of_charge", None)) if capacity else None,
        reserve_soc_ratio=ratio(getattr(own, "reserve_state_of_charge", None)),
        shutdown_soc_ratio=shutdown,
        runtime_seconds=_runtime(available, capacity, shutdown, watts),
        mode=None if mode is None else str(mode),
        wanted_mode=getattr(fresh.wanted, "storage_mode", None),
    )


def has_batteries(fresh: SnapshotView) -> bool:
    """Return whether there are batteries; what is remembered counts while nothing is heard."""
    collectors = fresh.report.collectors
    if "acb" in collectors or fresh.one("production", "acb_power") is not None:
        return True
    # Gateways without any battery offer the endpoint of their power all the same.
    listed = fresh.one("ensemble", "encharge_presence")
    return "battery_power" in collectors if listed is None else bool(listed)


def _first(item: Any, *fields: str) -> Any:
    return next(
        (value for field in fields if (value := getattr(item, field, None)) is not None), None
    )


def _runtime(
    available: float | None, capacity: float | None, shutdown: float | None, watts: float | None
) -> float | None:
    if available is None or capacity is None or watts is None or watts <= _LEAST_WATTS:
        return None
    limit = (_SHUTDOWN if shutdown is None else shutdown) * capacity
    return max(0.0, available - limit) / watts


def _encharges(fresh: SnapshotView) -> Iterator[BatteryStatus]:
    inventory = fresh.all("ensemble", "encharge_inventory")
    powers = fresh.all("battery_power", "encharge_power")
    presence = fresh.all("ensemble", "encharge_presence")
    for serial in sorted(presence.keys() | inventory.keys() | powers.keys()):
        device, power = inventory.get(serial), powers.get(serial)
        if serial in presence and not presence[serial].present:
            yield BatteryStatus(serial, "encharge", "missing")
            continue
        heard = truth(getattr(device, "communicating", None))
        watts = soc = degrees = led = None
        if heard is not False:
            watts = milliwatts(getattr(power, "real_power_mw", None))
            soc = ratio(getattr(power, "soc", None))
            degrees = celsius(getattr(device, "temperature", None))
            led = _led(getattr(device, "led_status", None))
        off = truth(getattr(device, "dc_switch_off", None))
        ready = raw_code(getattr(device, "admin_state", None))
        yield BatteryStatus(
            serial,
            "encharge",
            _state(heard, off, ready, watts),
            soc_ratio=soc,
            watts=watts,
            temperature_celsius=degrees,
            led=led,
            communicating=heard,
            dc_switch_off=off,
            part_number=_text(getattr(device, "part_number", None)),
            firmware=_text(getattr(device, "firmware_version", None)),
            last_report_timestamp_seconds=fresh.stamp(getattr(device, "last_report_date", None)),
        )


def _acbs(fresh: SnapshotView) -> Iterator[BatteryStatus]:
    for serial, device in sorted(fresh.all("acb", "acb_inventory").items()):
        heard = truth(device.communicating)
        told: BatteryState = "not heard"
        if heard is not False:
            asleep = str(device.sleep_state or "") == "asleep"
            charge = str(device.charge_status or "")
            told = "asleep" if asleep else _CHARGES.get(charge, "not known")
        yield BatteryStatus(
            serial,
            "acb",
            told,
            soc_ratio=None if heard is False else ratio(device.percent_full),
            watts=None if heard is False else plain_watts(device.last_report_watts),
            temperature_celsius=None if heard is False else celsius(device.max_cell_temp),
            communicating=heard,
            part_number=_text(device.part_num),
            last_report_timestamp_seconds=fresh.stamp(device.last_report_date),
        )


def _state(
    heard: bool | None, off: bool | None, ready: float | None, watts: float | None
) -> BatteryState:
    if heard is False:
        return "not heard"
    if off:
        return "switched off"
    if ready is not None and ready not in _READY:
        return "not ready"
    if watts is None:
        return "not known"
    if abs(watts) < IDLE_WATTS:
        return "idle"
    return "discharging" if watts > 0 else "charging"


def _led(told: Any) -> str | None:
    known = raw_code(told)
    return None if known is None else _LEDS.get(int(known), f"code {known:g}")


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
