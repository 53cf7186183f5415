"""Turns the samples of a table into the lines of an exposition.

This runs whenever a reading changes, and in most of its objects nothing did: an inverter reports
every five minutes at the most, a battery's state is looked at every fifteen seconds. So lines are
kept with the object that they show, and made anew for another.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from exporter.metrics.table import EnergyCounter, Row, Table
from exporter.snapshot import Reading

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})


class _Rendered(NamedTuple):
    """The lines of one object, by row, and what they were made of."""

    item: Any
    counters: tuple[float | None, ...]
    #: name and labels of the device, with which the lines of a row begin
    beginnings: list[str]
    lines: list[str]


class TableLines:
    """The lines of one table for one gateway."""

    def __init__(self, table: Table, gateway: str) -> None:
        self._table = table
        self._own = f'gateway="{_escaped(gateway)}"'
        self._counted = [row.field for row in table.rows if isinstance(row, EnergyCounter)]
        self._rendered: dict[tuple[str, ...], _Rendered] = {}
        self._found: dict[str, bytes] = {}

    def render(self, reading: Reading) -> dict[str, bytes]:
        """Return the rendered samples by metric name; metrics without any are left out."""
        rendered: dict[tuple[str, ...], _Rendered] = {}
        changed = False
        for labels, path, item in self._table.objects(reading.data):
            counters = tuple([reading.counters.get((*path, field)) for field in self._counted])
            known = self._rendered.get(labels)
            same = known is not None and (known.item is item or known.item == item)
            if known is None or not same or known.counters != counters:
                beginnings = known.beginnings if known else self._begin(labels)
                lines = self._lines(beginnings, item, reading, path)
                known = _Rendered(item, counters, beginnings, lines)
                changed = True
            rendered[labels] = known
        if changed or rendered.keys() != self._rendered.keys():
            self._rendered = rendered
            self._found = self._joined()
        return self._found

    def _joined(self) -> dict[str, bytes]:
        """Return the lines of all objects by metric name, without metrics that have none."""
        found = {}
        for index, row in enumerate(self._table.rows):
            text = "".join([known.lines[index] for known in self._rendered.values()])
            if text:
                found[row.name] = text.encode()
        return found

    def _lines(
        self, beginnings: list[str], item: Any, reading: Reading, path: tuple[str, ...]
    ) -> list[str]:
        """Return the lines of one object by row, empty where its value is unknown."""
        return [
            "".join(
                [
                    f"{beginning}{_more(extra) if extra else ''}}} {value!r}\n"
                    for extra, value in row.samples(item, reading, path)
                ]
            )
            for row, beginning in zip(self._table.rows, beginnings, strict=True)
        ]

    def _begin(self, labels: tuple[str, ...]) -> list[str]:
        device = "".join(
            f',{name}="{_escaped(value)}"'
            for name, value in zip(self._table.keys, labels, strict=True)
        )
        return [f"{row.name}{{{self._own}{device}" for row in self._table.rows]


def header(row: Row, *, openmetrics: bool) -> bytes:
    """Return HELP and TYPE; OpenMetrics names a family without the suffix of its samples."""
    name, kind = row.name, str(row.kind)
    if openmetrics:
        name = name.removesuffix({"counter": "_total", "info": "_info"}.get(kind, ""))
        about = _escaped(row.help)
    else:
        kind = "gauge" if kind == "info" else kind
        about = row.help.translate(_HELP_ESCAPES)
    return f"# HELP {name} {about}\n# TYPE {name} {kind}\n".encode()


@lru_cache(4096)
def _more(labels: tuple[tuple[str, str], ...]) -> str:
    """Return the labels that a row adds, most of them the states of a StateSet."""
    return "".join(f',{name}="{_escaped(value)}"' for name, value in labels)


def _escaped(value: str) -> str:
    return value.translate(_ESCAPES)
