"""Turns the samples of a gateway into the lines of an exposition.

This runs whenever a reading is replaced, and most of what it says is what the one before said: an
inverter reports every five minutes at the most, a battery's state is looked at every fifteen
seconds. So a row is rendered anew only when what its objects say is something else.
"""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

from exporter.metrics.catalogue import FAMILIES, TABLES
from exporter.metrics.table import Row, Table
from exporter.snapshot import Reading, Snapshot

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})

#: the lines of a gateway lie by family, and in there by table: where those of each family begin
#: and, as the next one's beginning, end
_STARTS = [0, *accumulate(len(family.tables) for family in FAMILIES.values())]
_SPANS = tuple(pairwise(_STARTS))
_FAMILY = {name: index for index, name in enumerate(FAMILIES)}
#: where the lines of each row of each table lie
_PLACES = [
    [_STARTS[_FAMILY[row.name]] + FAMILIES[row.name].tables.index(table) for row in table.rows]
    for table in TABLES
]


class TableLines:
    """The lines of one table for one gateway, by row."""

    def __init__(self, table: Table, gateway: str) -> None:
        self._table = table
        self._gateway = gateway
        self._data: Any = None
        self._counters: Any = None
        self._labels: list[tuple[str, ...]] = []
        #: what the lines of each row were made of
        self._facts: list[list[Any]] = [[]] * len(table.rows)
        self._devices: list[str] = []

    def render(self, reading: Reading | None) -> list[tuple[int, bytes]]:
        """Take what a reading says, or that there is none; return the rows that it changes."""
        if reading and reading.data is self._data and reading.counters == self._counters:
            return []
        self._data, self._counters = (reading.data, reading.counters) if reading else (None, None)
        found = self._table.objects(reading.data) if reading else []
        labels = [own for own, _, _ in found]
        others = labels != self._labels
        if others:
            self._labels, self._devices = labels, [self._device(own) for own in labels]
        changed: list[tuple[int, bytes]] = []
        for index, row in enumerate(self._table.rows):
            facts = row.facts(found, reading) if reading else []
            if others or facts != self._facts[index]:
                self._facts[index] = facts
                changed.append((index, _lines(row, self._devices, facts)))
        return changed

    def _device(self, labels: tuple[str, ...]) -> str:
        """Return the labels of an object, with the brace before them."""
        own = f'{{gateway="{_escaped(self._gateway)}"'
        return own + "".join(
            f',{name}="{_escaped(value)}"'
            for name, value in zip(self._table.keys, labels, strict=True)
        )


def _lines(row: Row, devices: Sequence[str], facts: Sequence[Any]) -> bytes:
    name = row.name
    return "".join(
        [
            f"{name}{device}{_more(extra) if extra else ''}}} {value!r}\n"
            for device, fact in zip(devices, facts, strict=True)
            if fact is not None
            for extra, value in row.samples(fact)
        ]
    ).encode()


class GatewayLines:
    """The lines of one gateway, made when somebody wants them and not before."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.forget()

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot from now on."""
        self._snapshot = snapshot
        self._valid_until = float("-inf")

    def forget(self) -> None:
        """Let go of all lines; `bring_up_to_date` renders them anew."""
        self._tables: list[TableLines] = []
        self._shown: list[Reading | None] = []
        self._lines: list[bytes] = []
        #: all lines in one piece, and where those of each family begin and end
        self._packed: tuple[bytes, array[int]] | None = None
        #: monotonic time from which on the lines are not those of the snapshot any more
        self._valid_until = float("-inf")

    def pack(self) -> None:
        """Keep the lines as they are, without what it takes to bring them up to date.

        There can be thousands of gateways, and whatever is made of many objects costs memory, and
        time whenever Python looks which of them are still in use.
        """
        if self._lines:
            packed = b"".join(self._lines), self._bounds()
            until = self._valid_until
            self.forget()
            self._packed, self._valid_until = packed, until

    def bring_up_to_date(self, now: float) -> bool:
        """Render what is newer than its lines, drop what has expired; return whether there was any.

        `now` is in monotonic seconds.
        """
        if now < self._valid_until:
            return False
        if not self._lines:
            self.forget()
            self._tables = [TableLines(table, self._snapshot.gateway) for table in TABLES]
            self._shown = [None] * len(TABLES)
            self._lines = [b""] * _STARTS[-1]
        self._valid_until = self._snapshot.next_expiry(now)
        changed = False
        for index, table in enumerate(TABLES):
            reading = self._snapshot.fresh(table.collector, now)
            if reading is not self._shown[index]:
                self._shown[index] = reading
                for row, lines in self._tables[index].render(reading):
                    self._lines[_PLACES[index][row]] = lines
                    changed = True
        return changed

    def of_family(self, name: str) -> bytes:
        """Return the lines of one family; there may be none."""
        index = _FAMILY[name]
        if self._packed:
            lines, bounds = self._packed
            return lines[bounds[index] : bounds[index + 1]]
        return b"".join(self._lines[_STARTS[index] : _STARTS[index + 1]])

    def by_family(self) -> list[bytes]:
        """Return the lines of every family, in the order of the catalogue."""
        if self._packed or not self._lines:
            return [self.of_family(name) for name in FAMILIES]
        lines = self._lines
        return [
            lines[start] if end == start + 1 else b"".join(lines[start:end])
            for start, end in _SPANS
        ]

    def whole(self) -> bytes:
        """Return all lines."""
        return self._packed[0] if self._packed else b"".join(self._lines)

    def _bounds(self) -> "array[int]":  # not subscriptable before Python 3.12
        ends = [0, *accumulate(map(len, self._lines))]
        return array("I", [ends[start] for start in _STARTS])


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
