"""Turns the samples of a table into the lines of an exposition.

This runs whenever a reading changes, so what seldom changes is kept: the beginning of each line,
which is the metric's name and the labels of the device.
"""

from functools import lru_cache

from exporter.metrics.table import Row, Table
from exporter.snapshot import Reading

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})


class TableLines:
    """The lines of one table for one gateway."""

    def __init__(self, table: Table, gateway: str) -> None:
        self._table = table
        self._own = f'gateway="{_escaped(gateway)}"'
        #: the beginning of the line of each row, by the label values of the object
        self._beginnings: dict[tuple[str, ...], list[str]] = {}

    def render(self, reading: Reading) -> dict[str, bytes]:
        """Return the rendered samples by metric name; metrics without any are left out."""
        rows = self._table.rows
        lines: list[list[str]] = [[] for _ in rows]
        used: dict[tuple[str, ...], list[str]] = {}
        for labels, path, item in self._table.objects(reading.data):
            beginnings = self._beginnings.get(labels) or self._begin(labels)
            used[labels] = beginnings
            for row, beginning, rendered in zip(rows, beginnings, lines, strict=True):
                for extra, value in row.samples(item, reading, path):
                    more = _more(extra) if extra else ""
                    rendered.append(f"{beginning}{more}}} {value!r}\n")
        self._beginnings = used
        return {
            row.name: "".join(rendered).encode()
            for row, rendered in zip(rows, lines, strict=True)
            if rendered
        }

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
