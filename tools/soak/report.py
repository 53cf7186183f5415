"""Output of the soak: a line for each measurement, a table at the end, and a summary."""

from rich.table import Table

from tools.soak.faults import FAULTS
from tools.soak.measurements import Measurement
from tools.soak.month import HOUR, MonthResult
from tools.soak.realtime import RealtimeResult
from tools.soak.simulated_site import CADENCE, DAY

_MEGA = 1e6


def line(measurement: Measurement, well_after: float) -> str:
    """Return a measurement in a line."""
    return (
        f"{_when(measurement.at)}: {measurement.rss / _MEGA:.1f} MB, {measurement.blocks} blocks, "
        f"{measurement.objects.total()} objects, {measurement.files} files, "
        f"{measurement.tasks} tasks, {measurement.threads} threads; "
        f"all up {well_after:.0f} s after the last fault"
    )


def month_table(result: MonthResult) -> Table:
    """Return the measurements of a month."""
    names = ("memory", "blocks", "objects", "files", "tasks", "threads", "all up after")
    table = _table("What the process holds on to", names)
    for measurement, well in zip(result.measurements, result.well_after, strict=True):
        table.add_row(
            _when(measurement.at),
            f"{measurement.rss / _MEGA:.1f} MB",
            f"{measurement.blocks}",
            f"{measurement.objects.total()}",
            *map(str, (measurement.files, measurement.tasks, measurement.threads)),
            f"{well:.0f} s",
        )
    return table


def month_text(result: MonthResult, seed: int) -> str:
    """Return a summary."""
    pages = sum(result.visits.values()) - result.visits["rude"]
    return (
        f"{result.lasted / DAY:.1f} virtual days in {result.took / 60:.1f} min, seed {seed}; "
        f"every collector once in {CADENCE / 60:.0f} min\n"
        f"{sum(result.faults.values())} faults of {len(FAULTS)} kinds "
        f"({len(result.faults)} of them came), {result.reloads} reloads\n"
        f"{result.requests} requests to the gateways, {pages} pages and scrapes, "
        f"{result.visits['rude']} rude clients; no error in the log"
    )


def realtime_table(result: RealtimeResult) -> Table:
    """Return the measurements of the exporter."""
    columns = ("memory", "files", "threads", "answers", "99 % within", "errors")
    table = _table("What the exporter's process holds on to", columns)
    first, last = result.looks[0], result.looks[-1]
    for look in result.looks:
        names = {id(first): "nobody came yet", id(last): "all have gone"}
        table.add_row(
            names.get(id(look), f"{look.at / 60:.0f} min"),
            f"{look.rss / _MEGA:.1f} MB",
            *map(str, (look.files, look.threads, look.answers)),
            f"{look.p99 * 1000:.1f} ms" if look.answers else "",
            str(look.errors),
        )
    return table


def realtime_text(result: RealtimeResult, minutes: float, speed: float) -> str:
    """Return a summary."""
    return (
        f"{minutes:g} min at {speed:g} times: {minutes * speed / 60:.1f} h in "
        f"{result.houses} houses; {result.clients} clients\n"
        f"{result.answers} answers, 99 % within {result.p99 * 1000:.1f} ms, "
        f"half within {result.median * 1000:.1f} ms, {result.errors} errors\n"
        f"gateways up at the end: {result.up} of {result.houses}; the exporter ended with status "
        f"{result.status}"
    )


def _when(seconds: float) -> str:
    return f"{seconds / HOUR:.1f} h" if seconds < DAY else f"{seconds / DAY:.1f} d"


def _table(title: str, names: tuple[str, ...]) -> Table:
    table = Table(title=title)
    table.add_column("after")
    for name in names:
        table.add_column(name, justify="right")
    return table
