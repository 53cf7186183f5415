"""What metric tables are made of: rows that say name, help, where a value stands, how it converts.

A table belongs to one collector and walks one member of its data. `source` is a path in that data:
each `*` is a level keyed by serial, phase or the like, and `keys` names the labels of those levels.
Adding a metric is adding a row; nothing here branches on a device.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from exporter.metrics.units import Conversion, count, epoch, number
from exporter.snapshot import Reading

Kind = Literal["gauge", "counter", "info"]
#: label names and values a row adds to those of its table, and the value
Sample = tuple[tuple[tuple[str, str], ...], float]
#: label values, path in the data, object
Found = tuple[tuple[str, ...], tuple[str, ...], Any]


@dataclass(frozen=True)
class Row:
    """One metric: a gauge with one sample for each object of the table.

    `field` is an attribute of the object, and an empty one is the object itself; `value` computes
    from the whole object instead and `reads` then lists the fields it reads, for the documentation.
    """

    name: str
    help: str
    field: str = ""
    convert: Conversion = number
    value: Callable[[Any], Any] | None = None
    reads: tuple[str, ...] = ()
    kind: Kind = "gauge"

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels that this row adds to those of its table."""
        return ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of the object that this row reads."""
        return self.reads or (self.field,)

    def told(self, item: Any) -> Any:
        """Return what the gateway says, before conversion."""
        if self.value is not None:
            return self.value(item)
        return getattr(item, self.field, None) if self.field else item

    def samples(self, item: Any, reading: Reading, path: tuple[str, ...]) -> Iterable[Sample]:
        """Return the samples of this row for one object; none when its value is unknown."""
        converted = self.convert(self.told(item))
        return () if converted is None else (((), converted),)


def gauge(name: str, meaning: str, field: str, convert: Conversion) -> Row:
    """Return a gauge that converts one field."""
    return Row(name, meaning, field, convert)


def timestamp(name: str, meaning: str, field: str) -> Row:
    """Return a gauge of epoch seconds."""
    return Row(name, meaning, field, epoch)


def derived(
    name: str,
    meaning: str,
    value: Callable[[Any], Any],
    reads: tuple[str, ...],
    convert: Conversion,
) -> Row:
    """Return a gauge computed from several fields of the object."""
    return Row(name, meaning, convert=convert, value=value, reads=reads)


@dataclass(frozen=True)
class EnergyCounter(Row):
    """A counter in joules whose value went through the guard when it was read.

    One that the exporter integrates itself names in `reads` the power it comes from.
    """

    kind: Kind = "counter"

    def samples(self, item: Any, reading: Reading, path: tuple[str, ...]) -> Iterable[Sample]:
        """Return the guarded value of the field, if the guard let one pass."""
        guarded = reading.counters.get((*path, self.field))
        return () if guarded is None else (((), guarded),)


@dataclass(frozen=True)
class PlainCounter(Row):
    """A counter that the exporter itself keeps, such as a number of requests."""

    convert: Conversion = count
    kind: Kind = "counter"


@dataclass(frozen=True)
class Info(Row):
    """A constant 1 whose labels describe the object; `describes` maps each label to a field."""

    kind: Kind = "info"
    describes: tuple[tuple[str, str], ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels that this row adds to those of its table."""
        return tuple(label for label, _ in self.describes)

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of the object that this row reads."""
        return tuple(field for _, field in self.describes)

    def samples(self, item: Any, reading: Reading, path: tuple[str, ...]) -> Iterable[Sample]:
        """Yield 1 with the description; a part that is unknown is an empty label."""
        yield tuple((label, text(getattr(item, field, None))) for label, field in self.describes), 1


@dataclass(frozen=True)
class States(Row):
    """A StateSet: one sample for each known state plus `unknown`, exactly one of them 1."""

    label: str = "state"
    known: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels that this row adds to those of its table."""
        return (self.label,)

    def samples(self, item: Any, reading: Reading, path: tuple[str, ...]) -> Iterable[Sample]:
        """Yield one sample for each state; none when the gateway does not tell the field."""
        raw = self.told(item)
        if raw is None:
            return
        told = text(raw)
        for state in self.known:
            yield ((self.label, state),), int(state == told)
        yield ((self.label, "unknown"),), int(told not in self.known)


@dataclass(frozen=True)
class Flags(States):
    """A set of conditions of which any number can hold at once; 1 where one does."""

    def samples(self, item: Any, reading: Reading, path: tuple[str, ...]) -> Iterable[Sample]:
        """Yield one sample for each condition; none when the gateway does not tell the field."""
        raw = self.told(item)
        if not isinstance(raw, (list, tuple, set, frozenset)):
            return
        told = {text(flag) for flag in raw}
        for flag in self.known:
            yield ((self.label, flag),), int(flag in told)
        yield ((self.label, "unknown"),), int(bool(told.difference(self.known)))


@dataclass(frozen=True)
class Split(Row):
    """A gauge whose samples are several fields of one object, told apart by a label.

    `parts` maps each label value to the field it is read from.
    """

    label: str = "band"
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels that this row adds to those of its table."""
        return (self.label,)

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of the object that this row reads."""
        return tuple(field for _, field in self.parts)

    def samples(self, item: Any, reading: Reading, path: tuple[str, ...]) -> Iterable[Sample]:
        """Yield one sample for each part that is known."""
        for name, field in self.parts:
            converted = self.convert(getattr(item, field, None))
            if converted is not None:
                yield ((self.label, name),), converted


@dataclass(frozen=True)
class Table:
    """Rows about one kind of object of one collector.

    An empty `source` stands for the whole data of the collector, as a mapping. `keys` names one
    label for each part of the keys along the source, then one for each path of `described`: these
    paths start at the data too, and a `*` in one of them takes the same key as in the source.
    """

    title: str
    collector: str
    source: str
    rows: tuple[Row, ...]
    keys: tuple[str, ...] = ()
    described: tuple[str, ...] = ()

    def objects(self, data: Mapping[str, Any]) -> list[Found]:
        """Return label values, path and object for each object of the source that is there."""
        found: list[Found] = []
        _walk(data, self._steps, (), (), found)
        if not self.described:
            return found
        return [
            ((*labels, *(text(_at(data, told, path)) for told in self.described)), path, item)
            for labels, path, item in found
        ]

    @cached_property
    def counted(self) -> tuple[str, ...]:
        """Fields of an object whose values go through the guard."""
        return tuple(row.field for row in self.rows if isinstance(row, EnergyCounter))

    @cached_property
    def _steps(self) -> tuple[str, ...]:
        return _steps(self.source)

    def paths(self, row: Row) -> tuple[str, ...]:
        """Return the paths in the data of the collector that a row reads."""
        return tuple(".".join(filter(None, (self.source, field))) for field in row.fields)


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split(".")) if path else ()


def _step(node: Any, step: str) -> Any:
    return node.get(step) if isinstance(node, Mapping) else getattr(node, step, None)


def _walk(
    node: Any,
    steps: tuple[str, ...],
    labels: tuple[str, ...],
    path: tuple[str, ...],
    found: list[Found],
) -> None:
    """Add to `found` what the steps lead to; into a list, as generators cost more than the walk."""
    for index, step in enumerate(steps):
        if node is None:
            return
        if step == "*":
            rest = steps[index + 1 :]
            for key, child in node.items():
                name = key if type(key) is str else text(key)
                parts = tuple(map(text, key)) if isinstance(key, tuple) else (name,)
                _walk(child, rest, (*labels, *parts), (*path, name), found)
            return
        node = _step(node, step)
        path = (*path, step)
    if node is not None:
        found.append((labels, path, node))


def _at(data: Mapping[str, Any], told: str, path: tuple[str, ...]) -> Any:
    node: Any = data
    for index, step in enumerate(_steps(told)):
        node = _step(node, path[index] if step == "*" else step)
    return node


def text(value: Any) -> str:
    """Return a label value: empty for None, lower-case for a bool, else its string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
