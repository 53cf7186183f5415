"""Amounts, times and states in words, as people read them; not known is said as such."""

from exporter.status.models import CloudStatus, GatewayStatus, GridStatus, StorageStatus

UNKNOWN = "not known"
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
#: below this a battery does nothing worth the name (W)
IDLE_WATTS = 5.0
_VERDICTS = {"critical": "Act now", "warning": "Look after it", "info": "Note", None: "All is well"}


def duration(seconds: float) -> str:
    """Return a time in the one unit that says enough."""
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
    """Return what batteries of this power do; positive discharges."""
    if watts is None:
        return UNKNOWN
    if abs(watts) < IDLE_WATTS:
        return "idle"
    return "discharging" if watts > 0 else "charging"


def grid_state(state: GridStatus, now: float) -> str:
    """Return whether the house is on the grid, and since when if that is long enough ago."""
    if state.connected is None:
        return "Grid not known"
    if state.connected:
        return "On grid"
    how = " by command" if state.disconnect_commanded else ""
    since = state.since_timestamp_seconds
    lasting = "" if since is None else f" for {duration(now - since)}"
    return f"Off grid{how}{lasting}" + (", about to reconnect" if state.reconnecting else "")


def verdict(status: GatewayStatus) -> str:
    """Return in a word or two how a gateway is."""
    return "Starting" if status.contact == "waiting" else _VERDICTS[status.worst]


def connection(status: GatewayStatus) -> str:
    """Return what the gateway does when it is asked."""
    if status.unreadable:
        return "gives nothing that can be read"
    return {
        "answers": "answers",
        "silent": "does not answer",
        "refused": "refuses the login",
        "waiting": "is being asked",
    }[status.contact]


def summary(status: GatewayStatus) -> str:
    """Return the state of the house in a few sentences."""
    now = status.timestamp_seconds
    if status.contact == "waiting":
        return "The gateway is being asked for the first time."
    if status.contact != "answers":
        heard = status.last_heard_timestamp_seconds
        last = "" if heard is None else f"; last heard {ago(heard, now)}"
        return f"The gateway {connection(status)}{last}. Grid, batteries and panels are not known."
    parts = []
    if status.grid.has_switch is not False:
        parts.append(grid_state(status.grid, now))
    if status.generator is not None and status.generator.running:
        parts.append("Generator running")
    parts.append(_solar(status) if status.storage is None else _stored(status, status.storage))
    parts.append(cloud_report(status.cloud, now) or "Last report to Enphase not known")
    return ". ".join(parts) + "."


def _solar(status: GatewayStatus) -> str:
    watts, net = status.power.solar_watts, status.power.grid_watts
    told = f"Solar {UNKNOWN if watts is None else power(max(0.0, watts))}"
    return told if net is None else f"{told}, {grid_flow(net)}"


def grid_flow(watts: float) -> str:
    """Return how much goes to the grid or comes from it; positive is drawn."""
    return f"{power(watts)} {'from' if watts >= 0 else 'to'} the grid"


def _stored(status: GatewayStatus, storage: StorageStatus) -> str:
    watts = status.power.storage_watts
    parts = [f"Batteries {percent(storage.soc_ratio)}"]
    if watts is not None:
        parts.append(storage_activity(watts))
    if status.grid.connected is False and storage.runtime_seconds is not None:
        parts.append(f"{duration(storage.runtime_seconds)} left at this rate")
    return ", ".join(parts)


def cloud_report(cloud: CloudStatus, now: float) -> str:
    """Return when Enphase was last told, empty where that is not known."""
    stamp = cloud.last_report_timestamp_seconds
    return "" if stamp is None else f"Told Enphase {ago(stamp, now)}"
