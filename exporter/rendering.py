"""Turns the samples of a table into the lines of an exposition.

This runs whenever a reading is replaced, and most of what it says is what the one before said: an
inverter reports every five minutes at the most, a battery's state is looked at every fifteen
seconds. So a table is rendered anew only when something in it is another. Its lines are kept in one
piece, because a string for each would take more memory than all else that is known of a gateway.
"""

from array import array
from functools import lru_cache
from typing import Any, NamedTuple

from exporter.metrics.catalogue import TABLES
from exporter.metrics.table import Row, Table
from exporter.snapshot import Reading, Snapshot

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})

#: where the row of each metric stands: index of its table, index in there
_PLACES: dict[str, list[tuple[int, int]]] = {}
for _index, _table in enumerate(TABLES):
    for _at, _row in enumerate(_table.rows):
        _PLACES.setdefault(_row.name, []).append((_index, _at))


class _Shown(NamedTuple):
    """What the lines of a table were made of, for each object."""

    labels: tuple[str, ...]
    item: Any
    counters: tuple[float | None, ...]


class TableLines:
    """The lines of one table for one gateway, those of a row after those of the row before."""

    def __init__(self, table: Table, gateway: str) -> None:
        self.text = b""
        self._table = table
        self._gateway = gateway
        self._shown: list[_Shown] = []
        #: where each row begins and, as the next one's beginning, ends
        self._bounds = _nothing(len(table.rows))

    def of_row(self, index: int) -> bytes:
        """Return the lines of a row; there may be none."""
        return self.text[self._bounds[index] : self._bounds[index + 1]]

    def render(self, reading: Reading | None) -> None:
        """Take what a reading says, or that there is none."""
        objects = self._table.objects(reading.data) if reading else []
        counted = self._table.counted
        shown = [
            _Shown(labels, item, tuple([reading.counters.get((*path, field)) for field in counted]))
            for labels, path, item in objects
            if reading
        ]
        if shown == self._shown:
            return
        self._shown = shown
        devices = [self._device(labels) for labels, _, _ in objects]
        lines: list[bytes] = []
        bounds = array("I", (0,))
        end = 0
        for row in self._table.rows:
            for device, (_, path, item) in zip(devices, objects, strict=True):
                assert reading
                for extra, value in row.samples(item, reading, path):
                    more = _more(extra) if extra else ""
                    line = f"{row.name}{device}{more}}} {value!r}\n".encode()
                    lines.append(line)
                    end += len(line)
            bounds.append(end)
        self.text, self._bounds = b"".join(lines), bounds

    def _device(self, labels: tuple[str, ...]) -> str:
        """Return the labels of an object, with the brace before them."""
        own = f'{{gateway="{_escaped(self._gateway)}"'
        return own + "".join(
            f',{name}="{_escaped(value)}"'
            for name, value in zip(self._table.keys, labels, strict=True)
        )


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
        #: monotonic time from which on the lines are not those of the snapshot any more
        self._valid_until = float("-inf")

    def bring_up_to_date(self, now: float) -> bool:
        """Render what is newer than its lines, drop what has expired; return whether there was any.

        `now` is in monotonic seconds.
        """
        if now < self._valid_until:
            return False
        if not self._tables:
            self._tables = [TableLines(table, self._snapshot.gateway) for table in TABLES]
            self._shown = [None] * len(TABLES)
        self._valid_until = self._snapshot.next_expiry(now)
        changed = False
        for index, table in enumerate(TABLES):
            reading = self._snapshot.fresh(table.collector, now)
            if reading is not self._shown[index]:
                changed = True
                self._shown[index] = reading
                self._tables[index].render(reading)
        return changed

    def of_metric(self, name: str) -> bytes:
        """Return the lines of one metric; there may be none."""
        tables = self._tables
        return b"".join(
            [tables[table].of_row(row) for table, row in _PLACES[name]] if tables else ()
        )

    def whole(self) -> bytes:
        """Return all lines, by table and not by metric."""
        return b"".join([table.text for table in self._tables])


@lru_cache
def _nothing(rows: int) -> "array[int]":  # not subscriptable before Python 3.12
    """Return the bounds of so many rows without lines, shared by all who have none."""
    return array("I", [0] * (rows + 1))


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
