"""Amounts, times and states in words, as people read them."""

from exporter.status.models import CloudStatus

UNKNOWN = "not known"
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
#: below this nothing flows worth mentioning (W)
IDLE_WATTS = 5.0
#: what the kinds of devices are called
KINDS = {
    "inverter": "inverter",
    "battery": "battery",
    "acb": "AC Battery",
    "controller": "system controller",
    "esub": "system controller",
    "collar": "meter collar",
    "combiner": "combiner",
    "combiner_meter": "meter of the combiner",
    "iq_relay": "IQ Relay",
}


def duration(seconds: float) -> str:
    """Return a duration in the largest useful unit."""
    seconds = max(0.0, seconds)
    if seconds < 1.5 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 1.5 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} d"


def ago(stamp: float | None, now: float) -> str:
    """Return how long ago a time stamp is; both in epoch seconds."""
    return UNKNOWN if stamp is None else f"{duration(now - stamp)} ago"


def percent(ratio: float | None) -> str:
    """Return a share in percent."""
    return UNKNOWN if ratio is None else f"{100 * ratio:.0f} %"


def power(watts: float | None) -> str:
    """Return a power without its direction."""
    if watts is None:
        return UNKNOWN
    size = abs(watts)
    return f"{size:.0f} W" if size < 999.5 else f"{size / 1000:.{1 if size < 99_950 else 0}f} kW"


def energy(joules: float | None) -> str:
    """Return an energy in kWh."""
    if joules is None:
        return UNKNOWN
    kilowatt_hours = joules / 3.6e6
    return f"{kilowatt_hours:.{1 if abs(kilowatt_hours) < 99.95 else 0}f} kWh"


def celsius(degrees: float | None) -> str:
    """Return a temperature."""
    return UNKNOWN if degrees is None else f"{degrees:.0f} °C"


def storage_activity(watts: float | None) -> str:
    """Return what batteries with this power do; positive discharges."""
    if watts is None:
        return UNKNOWN
    if abs(watts) < IDLE_WATTS:
        return "idle"
    return "discharging" if watts > 0 else "charging"


def grid_flow(watts: float) -> str:
    """Return how much goes to the grid or comes from it; positive is drawn."""
    return f"{power(watts)} {'from' if watts >= 0 else 'to'} the grid"


def cloud_report(cloud: CloudStatus, now: float) -> str:
    """Return when the gateway last reported to the cloud, empty where that is not known."""
    stamp = cloud.last_report_timestamp_seconds
    return "" if stamp is None else f"Last cloud report {ago(stamp, now)}"


def listed(names: list[str], limit: int = 5) -> str:
    """Return some of these names, and how many more there are."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")
