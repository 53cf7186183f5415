"""How the soak is shown: a line for each mark as it comes, a table in the end, and a few words."""

from rich.table import Table

from tools.soak.marks import Mark
from tools.soak.mishaps import MISHAPS
from tools.soak.month import HOUR, Lived
from tools.soak.neighbours import CADENCE, DAY
from tools.soak.street import Stood

_MEGA = 1e6


def line(mark: Mark, well_after: float) -> str:
    """Return a mark in a line."""
    return (
        f"{_when(mark.at)}: {mark.rss / _MEGA:.1f} MB, {mark.blocks} blocks, "
        f"{mark.objects.total()} objects, {mark.files} files, {mark.tasks} tasks, "
        f"{mark.threads} threads; all up {well_after:.0f} s after the last fault"
    )


def month_table(lived: Lived) -> Table:
    """Return the marks of a month."""
    names = ("memory", "blocks", "objects", "files", "tasks", "threads", "all up after")
    table = _table("What the process holds on to", names)
    for mark, well in zip(lived.marks, lived.well_after, strict=True):
        table.add_row(
            _when(mark.at),
            f"{mark.rss / _MEGA:.1f} MB",
            f"{mark.blocks}",
            f"{mark.objects.total()}",
            *map(str, (mark.files, mark.tasks, mark.threads)),
            f"{well:.0f} s",
        )
    return table


def month_words(lived: Lived, seed: int) -> str:
    """Return what there was."""
    pages = sum(lived.visits.values()) - lived.visits["rude"]
    return (
        f"{lived.lasted / DAY:.1f} virtual days in {lived.took / 60:.1f} min, seed {seed}; "
        f"every collector once in {CADENCE / 60:.0f} min\n"
        f"{sum(lived.mishaps.values())} mishaps of {len(MISHAPS)} kinds "
        f"({len(lived.mishaps)} of them came), {lived.reloads} reloads\n"
        f"{lived.requests} requests to the gateways, {pages} pages and scrapes, "
        f"{lived.visits['rude']} rude visitors; no error in the log"
    )


def street_table(stood: Stood) -> Table:
    """Return how the exporter stood."""
    columns = ("memory", "files", "threads", "answers", "99 % within", "errors")
    table = _table("What the exporter's process holds on to", columns)
    first, last = stood.looks[0], stood.looks[-1]
    for look in stood.looks:
        names = {id(first): "nobody came yet", id(last): "all have gone"}
        table.add_row(
            names.get(id(look), f"{look.at / 60:.0f} min"),
            f"{look.rss / _MEGA:.1f} MB",
            *map(str, (look.files, look.threads, look.answers)),
            f"{look.p99 * 1000:.1f} ms" if look.answers else "",
            str(look.errors),
        )
    return table


def street_words(stood: Stood, minutes: float, speed: float) -> str:
    """Return what there was."""
    return (
        f"{minutes:g} min at {speed:g} times: {minutes * speed / 60:.1f} h in {stood.houses} houses"
        f"; {stood.clients} clients\n"
        f"{stood.answers} answers, 99 % within {stood.p99 * 1000:.1f} ms, "
        f"half within {stood.median * 1000:.1f} ms, {stood.errors} errors\n"
        f"gateways up at the end: {stood.up} of {stood.houses}; the exporter ended with status "
        f"{stood.status}"
    )


def _when(seconds: float) -> str:
    return f"{seconds / HOUR:.1f} h" if seconds < DAY else f"{seconds / DAY:.1f} d"


def _table(title: str, names: tuple[str, ...]) -> Table:
    table = Table(title=title)
    table.add_column("after")
    for name in names:
        table.add_column(name, justify="right")
    return table
