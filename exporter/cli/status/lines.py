"""The state of one house in lines: a title and a text for each line."""

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.status.device_models import FAULTY_STATES, BatteryStatus
from exporter.status.formatting import (
    IDLE_WATTS,
    UNKNOWN,
    ago,
    celsius,
    cloud_report,
    duration,
    energy,
    percent,
    power,
    storage_activity,
)
from exporter.status.models import (
    GatewayStatus,
    Health,
    MissingData,
    Problem,
    Severity,
    StorageStatus,
)
from exporter.status.summary import connection, shortfall, verdict

_BAR = 20
MARKS: dict[Health, str] = {
    "act": "✗",
    "blind": "?",
    "attention": "!",
    "note": "i",
    "well": "✓",
    "starting": "…",
}
STYLES: dict[Health, str] = {
    "act": "bold red",
    "blind": "bold magenta",
    "attention": "yellow",
    "note": "cyan",
    "well": "green",
    "starting": "dim",
}
_CONTACTS = {True: "closed", False: "open", None: UNKNOWN}
_SEVERITY_STYLES: dict[Severity, str] = {
    "critical": "bold red",
    "warning": "yellow",
    "info": "cyan",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text about `title`; without one it continues the line above.

    One without words is the heading.
    """

    title: str
    text: str
    style: str = ""


def lines(status: GatewayStatus) -> Iterator[Line]:
    """Yield the lines of a house."""
    heading = f"{MARKS[status.health]} {status.gateway}: {verdict(status)}"
    yield Line(heading, "", STYLES[status.health])
    yield Line("Now", status.summary)
    if status.system:
        yield Line("System", " ".join((f"{status.system}.", *status.limits)))
    for problem in status.problems:
        yield from _problem(problem, status.timestamp_seconds)
    for each in status.missing:
        yield from _missing(each, status.timestamp_seconds)
    if status.contact == "answers":
        yield Line("Power", _flow(status))
        yield from _today(status)
        if status.storage is not None:
            yield Line("Batteries", _storage(status, status.storage))
        for battery in status.batteries:
            yield _battery(battery, status.timestamp_seconds)
        yield from _panels(status)
        if status.generator is not None:
            running = {True: "running", False: "not running", None: UNKNOWN}
            yield Line("Generator", running[status.generator.running])
        yield from _relays(status)
    yield Line("Gateway", _gateway(status))
    if status.contact == "answers" and (
        reported := cloud_report(status.cloud, status.timestamp_seconds)
    ):
        reaches = {True: "; reached", False: "; cannot be reached", None: ""}
        yield Line("Cloud", reported + reaches[status.cloud.connected])
    yield from _collectors(status)


def _problem(problem: Problem, now: float) -> Iterator[Line]:
    since = problem.since_timestamp_seconds
    well = "" if since is None else f", last well {ago(since, now)}"
    yield Line(
        "Wrong", f"{problem.text} ({problem.severity}{well})", _SEVERITY_STYLES[problem.severity]
    )
    yield Line("", f"First: {problem.first[:1].lower()}{problem.first[1:]}")
    yield Line("", f"Runbook: {problem.runbook_url}", "dim")


def _missing(each: MissingData, now: float) -> Iterator[Line]:
    since = each.since_timestamp_seconds
    lasting = "" if since is None else f" (for {duration(now - since)})"
    yield Line("Unknown", f"{each.name}{lasting}", STYLES["blind"])
    if each.reason:
        yield Line("", f"Why: {each.reason}")


def _flow(status: GatewayStatus) -> str:
    """Return what flows from where to where, such as `Solar 4.2 kW → house 1.2 kW, grid 3.0 kW`."""
    now, off = status.power, status.grid.connected is False
    solar = None if now.solar_watts is None else max(0.0, now.solar_watts)
    ends = [("solar", solar), ("grid", 0.0 if off else now.grid_watts)]
    if status.storage is not None:
        ends.append(("batteries", now.storage_watts))
    ends.append(("house", None if now.house_watts is None else -now.house_watts))
    into = [f"{name} {power(watts)}" for name, watts in ends if watts and watts >= IDLE_WATTS]
    out = [f"{name} {power(watts)}" for name, watts in ends if watts and watts <= -IDLE_WATTS]
    unknown = [name for name, watts in ends if watts is None]
    flowing = f"{', '.join(into) or '?'} → {', '.join(out) or '?'}" if into or out else ""
    missing = f"{' and '.join(unknown)} {UNKNOWN}" if unknown else ""
    cut = "grid off" if off else ""
    text = "; ".join(filter(None, (flowing, cut, missing))) or "nothing flows"
    return text[:1].upper() + text[1:]


def _today(status: GatewayStatus) -> Iterator[Line]:
    today = status.today
    used = ("consumed", today.consumed_joules)
    if today.house_joules is not None:
        used = ("house", today.house_joules)
    parts = [
        f"{name} {energy(joules)}"
        for name, joules in (
            ("produced", today.produced_joules),
            used,
            ("imported", today.imported_joules),
            ("exported", today.exported_joules),
        )
        if joules is not None
    ]
    if today.autonomy_ratio is not None:
        parts.append(f"autonomy {percent(today.autonomy_ratio)}")
    apart = today.imported_joules is not None or today.exported_joules is not None
    net = today.net_consumption_joules
    if net is not None and not apart:
        parts.append(f"net {'from' if net >= 0 else 'to'} the grid {energy(abs(net))}")
    if parts:
        text = ", ".join(parts)
        yield Line("Today", text[:1].upper() + text[1:])


def _storage(status: GatewayStatus, storage: StorageStatus) -> str:
    watts = status.power.storage_watts
    how = storage_activity(watts)
    if watts is not None and how != "idle":
        how = f"{how} with {power(watts)}"
    parts = [f"{bar(storage.soc_ratio)} {percent(storage.soc_ratio)}, {how}"]
    if storage.capacity_joules is not None:
        parts.append(f"{energy(storage.available_joules)} of {energy(storage.capacity_joules)}")
    if storage.runtime_seconds is not None:
        parts.append(f"{duration(storage.runtime_seconds)} left at this rate")
    if storage.reserve_soc_ratio is not None:
        parts.append(f"{percent(storage.reserve_soc_ratio)} kept for an outage")
    if storage.mode is not None:
        old = " (may be old: the app shows the mode in force)"
        parts.append(f"mode {storage.mode}{old if storage.mode_current is False else ''}")
    if lost := shortfall(status):
        parts.append(lost)
    return "; ".join(parts)


def _battery(battery: BatteryStatus, now: float) -> Line:
    state: str = battery.state
    if battery.watts is not None and state in ("charging", "discharging"):
        state = f"{state} with {power(battery.watts)}"
    warm = battery.temperature_celsius
    parts = [state, *([celsius(warm)] if warm is not None else []), battery.label]
    if battery.soc_ratio is None and battery.last_known_soc_ratio is not None:
        before = ago(battery.last_known_timestamp_seconds, now)
        parts.append(f"{percent(battery.last_known_soc_ratio)} {before}")
    soc = "?" if battery.soc_ratio is None else percent(battery.soc_ratio)
    style = "bold red" if battery.state in FAULTY_STATES else ""
    return Line("", f"{bar(battery.soc_ratio)} {soc:>5}, {', '.join(parts)}", style)


def bar(share: float | None) -> str:
    """Return a share as a bar; an unknown share is an empty bar."""
    filled = 0 if share is None else round(_BAR * max(0.0, min(1.0, share)))
    return "█" * filled + "░" * (_BAR - filled)


def _panels(status: GatewayStatus) -> Iterator[Line]:
    inverters = status.panels
    if not inverters:
        return
    reporting = [panel.watts for panel in inverters if panel.watts is not None]
    together = f", {power(sum(reporting))} together" if reporting else ""
    yield Line("Panels", f"{len(reporting)} of {len(inverters)} report{together}")
    for state in ("silent", "missing"):
        names = [panel.name or panel.serial for panel in inverters if panel.state == state]
        if names:
            yield Line("", f"{state}: {', '.join(names)}", "bold red")


def _relays(status: GatewayStatus) -> Iterator[Line]:
    for title, relays in (("IQ Relays", status.relays), ("Load relays", status.load_relays)):
        states = [f"{relay.label} {_CONTACTS[relay.closed]}" for relay in relays]
        if states:
            yield Line(title, ", ".join(states))


def _gateway(status: GatewayStatus) -> str:
    parts = [f"{status.host} {connection(status)}"]
    gateway = status.identity
    if gateway is not None:
        parts.append(f"firmware {gateway.firmware or UNKNOWN}, serial {gateway.serial}")
    expiry = status.token_expiry_timestamp_seconds
    if expiry is not None:
        left = expiry - status.timestamp_seconds
        parts.append(f"token ends in {duration(left)}" if left > 0 else "token expired")
    skew = status.clock_skew_seconds
    if skew is not None and abs(skew) >= 10:
        parts.append(f"clock {duration(abs(skew))} {'ahead' if skew > 0 else 'behind'}")
    return "; ".join(parts)


def _collectors(status: GatewayStatus) -> Iterator[Line]:
    up = sum(collector.up for collector in status.collectors)
    yield Line("Collectors", f"{up} of {len(status.collectors)} work")
    for one in status.collectors:
        if not one.up:
            trouble = one.trouble or ("fails" if one.failures else "waits")
            yield Line("", f"{one.name}: {trouble}", "yellow")
