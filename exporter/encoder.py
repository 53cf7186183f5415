"""Encodes the samples of a gateway as lines of the text format, incrementally.

This runs whenever a reading is replaced, and most values are those of the reading before: an
inverter reports every five minutes at most, the state of a battery is read every fifteen seconds.
So a row is encoded again only when the values of its objects changed.
"""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

from exporter.metrics.catalogue import FAMILIES, TABLES
from exporter.metrics.table import MetricRow, Table
from exporter.snapshot import Reading, Snapshot

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})

#: the lines of a gateway are ordered by family, and within a family by table: the first index of
#: each family, which is also the end of the family before
_STARTS = [0, *accumulate(len(family.tables) for family in FAMILIES.values())]
_SPANS = tuple(pairwise(_STARTS))
_FAMILY_INDEX = {name: index for index, name in enumerate(FAMILIES)}
#: index of the lines of each row of each table
_LINE_INDEX = [
    [
        _STARTS[_FAMILY_INDEX[row.name]] + FAMILIES[row.name].tables.index(table)
        for row in table.rows
    ]
    for table in TABLES
]


_COLLECTORS = frozenset(table.collector for table in TABLES)


class TableEncoder:
    """Encodes one table for one gateway, row by row."""

    def __init__(self, table: Table, gateway: str) -> None:
        self._table = table
        self._gateway = gateway
        self._data: Any = None
        self._counters: Any = None
        self._labels: list[tuple[str, ...]] = []
        #: the values that the lines of each row were made of
        self._values: list[list[Any]] = [[]] * len(table.rows)
        self._devices: list[str] = []

    def update(self, reading: Reading | None) -> list[tuple[int, bytes]]:
        """Take a new reading, or None for none; return the index and lines of changed rows."""
        if reading and reading.data is self._data and reading.counters == self._counters:
            return []
        self._data, self._counters = (reading.data, reading.counters) if reading else (None, None)
        matches = self._table.matches(reading.data) if reading else []
        labels = [match_labels for match_labels, _, _ in matches]
        relabelled = labels != self._labels
        if relabelled:
            self._labels, self._devices = labels, [self._device(each) for each in labels]
        changed: list[tuple[int, bytes]] = []
        for index, row in enumerate(self._table.rows):
            values = row.extract(matches, reading) if reading else []
            if relabelled or values != self._values[index]:
                self._values[index] = values
                changed.append((index, _lines(row, self._devices, values)))
        return changed

    def _device(self, labels: tuple[str, ...]) -> str:
        """Return the labels of an object, with the brace before them."""
        gateway = f'{{gateway="{_escaped(self._gateway)}"'
        return gateway + "".join(
            f',{name}="{_escaped(value)}"'
            for name, value in zip(self._table.keys, labels, strict=True)
        )


def _lines(row: MetricRow, devices: Sequence[str], values: Sequence[Any]) -> bytes:
    name = row.name
    return "".join(
        [
            f"{name}{device}{_extra_labels(labels) if labels else ''}}} {sample!r}\n"
            for device, value in zip(devices, values, strict=True)
            if value is not None
            for labels, sample in row.samples(value)
        ]
    ).encode()


class GatewayEncoder:
    """The lines of one gateway, encoded when they are first needed."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.clear()

    def update(self, snapshot: Snapshot) -> None:
        """Encode this snapshot from now on."""
        self._snapshot = snapshot
        self._valid_until = float("-inf")

    def clear(self) -> None:
        """Drop all lines; `refresh` encodes them again."""
        self._tables: list[TableEncoder] = []
        self._encoded: list[Reading | None] = []
        self._lines: list[bytes] = []
        #: all lines as one object, and where those of each family begin and end
        self._packed: tuple[bytes, array[int]] | None = None
        #: monotonic time from which on the lines no longer match the snapshot
        self._valid_until = float("-inf")

    def compact(self) -> None:
        """Keep the lines, but not the objects that are needed to update them.

        There can be thousands of gateways, and many small objects cost memory and make garbage
        collections slow.
        """
        if self._lines:
            packed = b"".join(self._lines), self._bounds()
            until = self._valid_until
            self.clear()
            self._packed, self._valid_until = packed, until

    def refresh(self, now: float) -> bool:
        """Encode new readings and drop expired ones; return whether there were any.

        `now` is in monotonic seconds.
        """
        if now < self._valid_until:
            return False
        if not self._lines:
            self.clear()
            self._tables = [TableEncoder(table, self._snapshot.gateway) for table in TABLES]
            self._encoded = [None] * len(TABLES)
            self._lines = [b""] * _STARTS[-1]
        self._valid_until = self._snapshot.next_expiry(now)
        changed = False
        fresh = {collector: self._snapshot.fresh(collector, now) for collector in _COLLECTORS}
        for index, table in enumerate(TABLES):
            reading = fresh[table.collector]
            if reading is not self._encoded[index]:
                self._encoded[index] = reading
                for row, lines in self._tables[index].update(reading):
                    self._lines[_LINE_INDEX[index][row]] = lines
                    changed = True
        return changed

    def family(self, name: str) -> bytes:
        """Return the lines of one family; there may be none."""
        index = _FAMILY_INDEX[name]
        if self._packed:
            lines, bounds = self._packed
            return lines[bounds[index] : bounds[index + 1]]
        return b"".join(self._lines[_STARTS[index] : _STARTS[index + 1]])

    def families(self) -> list[bytes]:
        """Return the lines of every family, in the order of the catalogue."""
        if self._packed or not self._lines:
            return [self.family(name) for name in FAMILIES]
        lines = self._lines
        return [
            lines[start] if end == start + 1 else b"".join(lines[start:end])
            for start, end in _SPANS
        ]

    def all_lines(self) -> bytes:
        """Return the lines of all families."""
        return self._packed[0] if self._packed else b"".join(self._lines)

    def _bounds(self) -> "array[int]":  # not subscriptable before Python 3.12
        ends = [0, *accumulate(map(len, self._lines))]
        return array("I", [ends[start] for start in _STARTS])


def header(row: MetricRow, *, openmetrics: bool) -> bytes:
    """Return HELP and TYPE; OpenMetrics names a family without the suffix of its samples."""
    name, kind = row.name, str(row.kind)
    if openmetrics:
        name = name.removesuffix({"counter": "_total", "info": "_info"}.get(kind, ""))
        text = _escaped(row.help)
    else:
        kind = "gauge" if kind == "info" else kind
        text = row.help.translate(_HELP_ESCAPES)
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n".encode()


@lru_cache(4096)
def _extra_labels(labels: tuple[tuple[str, str], ...]) -> str:
    """Return the labels that a row adds, most of them the states of a StateSet."""
    return "".join(f',{name}="{_escaped(value)}"' for name, value in labels)


def _escaped(value: str) -> str:
    return value.translate(_ESCAPES)
