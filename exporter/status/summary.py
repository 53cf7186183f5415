"""The state of a house in a word, and in a few sentences that claim no more than is known."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from exporter.status.device_models import FAULTY_STATES, DeviceCondition
from exporter.status.formatting import (
    KINDS,
    UNKNOWN,
    ago,
    cloud_report,
    duration,
    energy,
    grid_flow,
    percent,
    power,
    storage_activity,
)
from exporter.status.models import (
    HEALTHS,
    GatewayStatus,
    GridStatus,
    Health,
    Problem,
    StorageStatus,
)

VERDICTS: dict[Health, str] = {
    "act": "Act now",
    "blind": "Partly blind",
    "attention": "Needs attention",
    "note": "Note",
    "well": "All is well",
    "starting": "Starting",
}


def verdict(status: GatewayStatus) -> str:
    """Return in a word or two how a gateway is."""
    return VERDICTS[status.health]


def connection(status: GatewayStatus) -> str:
    """Return how the gateway responds to requests."""
    if status.unreadable:
        return "answers with errors"
    return {
        "answers": "answers",
        "silent": "does not answer",
        "refused": "refuses the login",
        "waiting": "not asked yet",
    }[status.contact]


def grid_state(state: GridStatus, now: float) -> str:
    """Return whether the house is on the grid, and for how long it has been off."""
    if state.connected is None:
        return f"Grid {UNKNOWN}"
    if state.connected:
        return "On grid"
    how = " by command" if state.disconnect_commanded else ""
    since = state.since_timestamp_seconds
    lasting = "" if since is None else f" for {duration(now - since)}"
    return f"Off grid{how}{lasting}" + (", about to reconnect" if state.reconnecting else "")


def summary(status: GatewayStatus) -> str:
    """Return the state of the house in a few sentences."""
    now = status.timestamp_seconds
    if status.contact == "waiting":
        return "The gateway has not answered yet: first poll in progress."
    if status.contact != "answers":
        since = ago(status.last_heard_timestamp_seconds, now)
        last = "" if status.last_heard_timestamp_seconds is None else f"; last answer {since}"
        return f"The gateway {connection(status)}{last}. {last_known(status)}"
    parts = []
    if status.grid.has_switch is not False:
        parts.append(grid_state(status.grid, now))
    if status.generator is not None and status.generator.running:
        parts.append("Generator running")
    parts.append(_solar(status) if status.storage is None else _storage(status, status.storage))
    if report := cloud_report(status.cloud, now):
        parts.append(report)
    elif any(collector.name == "home" for collector in status.collectors):
        parts.append(f"Last cloud report {UNKNOWN}")
    return ". ".join(parts) + "."


def last_known(status: GatewayStatus) -> str:
    """Return what was known last of grid, batteries and sun, with its age."""
    values = status.last_known
    stamps = [value.timestamp_seconds for value in values.values()]
    if not stamps:
        return "Grid, batteries and panels are not known."
    return f"Last known {ago(max(stamps), status.timestamp_seconds)}: {', '.join(_last(status))}."


def _last(status: GatewayStatus) -> Iterator[str]:
    values = {name: each.value for name, each in status.last_known.items()}
    if "connected" in values:
        yield "on grid" if values["connected"] else "off grid"
    if "soc_ratio" in values:
        yield f"batteries {percent(values['soc_ratio'])}"
    if "storage_watts" in values:
        yield storage_activity(values["storage_watts"])
    if "solar_watts" in values and "soc_ratio" not in values:
        yield f"solar {power(max(0.0, values['solar_watts']))}"


def _solar(status: GatewayStatus) -> str:
    watts, net = status.power.solar_watts, status.power.grid_watts
    text = f"Solar {UNKNOWN if watts is None else power(max(0.0, watts))}"
    return text if net is None else f"{text}, {grid_flow(net)}"


def _storage(status: GatewayStatus, storage: StorageStatus) -> str:
    watts = status.power.storage_watts
    parts = [f"Batteries {percent(storage.soc_ratio)}"]
    if watts is not None:
        parts.append(storage_activity(watts))
    if status.grid.connected is False and storage.runtime_seconds is not None:
        parts.append(f"{duration(storage.runtime_seconds)} left at this rate")
    lost = shortfall(status)
    return ", ".join(parts) + (f" ({lost})" if lost else "")


def shortfall(status: GatewayStatus) -> str:
    """Return how many batteries do their part where not all do, and what capacity is lost."""
    faulty = sum(battery.state in FAULTY_STATES for battery in status.batteries)
    if not faulty:
        return ""
    lost = status.storage.missing_capacity_joules if status.storage else None
    of_all = f"{len(status.batteries) - faulty} of {len(status.batteries)} batteries"
    return of_all if lost is None else f"{of_all}; {energy(lost)} missing"


_COUNTED: dict[Health, str] = {
    "act": "critical",
    "blind": "partly blind",
    "attention": "with a warning",
    "note": "with a note",
    "starting": "starting",
    "well": "well",
}


def counted(counts: Mapping[Health, int]) -> str:
    """Return in a sentence how many gateways are in which state."""
    if not counts:
        return "No gateway is configured."
    if counts.keys() == {"well"}:
        return "All is well."
    parts = (f"{counts[health]} {_COUNTED[health]}" for health in HEALTHS if counts.get(health))
    return ", ".join(parts) + "."


def by_alert(problems: Iterable[Problem]) -> list[list[Problem]]:
    """Return the problems, those of the same alert together."""
    groups = groupby(problems, key=lambda problem: (problem.alert, problem.severity))
    return [list(group) for _, group in groups]


def by_condition(
    conditions: Iterable[DeviceCondition],
) -> list[tuple[tuple[str, str, str], list[str]]]:
    """Return class, kind of device and name of each condition, with the devices that report it."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for each in conditions:
        kind = KINDS.get(each.kind, each.kind.replace("_", " "))
        groups.setdefault((each.category, kind, each.condition), []).append(each.label)
    return list(groups.items())
