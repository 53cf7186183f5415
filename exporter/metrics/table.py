"""What metric tables are made of: rows that say name, help, where a value stands, how it converts.

A table belongs to one collector and walks one member of its data. `source` is a path in that data:
each `*` is a level keyed by serial, phase or the like, and `keys` names the labels of those levels.
Adding a metric is adding a row; nothing here branches on a device.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
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

    def facts(self, found: Sequence[Found], reading: Reading) -> list[Any]:
        """Return what each object says, before conversion; None where it says nothing.

        The samples of an object follow from its fact alone.
        """
        field, value = self.field, self.value
        if value is not None:
            return [value(item) for _, _, item in found]
        if field:
            return [getattr(item, field, None) for _, _, item in found]
        return [item for _, _, item in found]

    def samples(self, fact: Any) -> Iterable[Sample]:
        """Return the samples of an object that says this; none when the value is unknown."""
        converted = self.convert(fact)
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

    def facts(self, found: Sequence[Found], reading: Reading) -> list[Any]:
        """Return the guarded values of the field; None where the guard let none pass."""
        guarded, field = reading.counters, self.field
        return [guarded.get((*path, field)) for _, path, _ in found]

    def samples(self, fact: Any) -> Iterable[Sample]:
        """Return a guarded value as it is."""
        return () if fact is None else (((), fact),)


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

    def facts(self, found: Sequence[Found], reading: Reading) -> list[Any]:
        """Return the fields that describe each object."""
        return _columns(found, self.fields)

    def samples(self, fact: Any) -> Iterable[Sample]:
        """Return 1 with the description; a part that is unknown is an empty label."""
        return ((tuple(zip(self.labels, map(text, fact), strict=True)), 1),)


@dataclass(frozen=True)
class States(Row):
    """A StateSet: one sample for each known state plus `unknown`, exactly one of them 1."""

    label: str = "state"
    known: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels that this row adds to those of its table."""
        return (self.label,)

    def samples(self, fact: Any) -> Iterable[Sample]:
        """Yield one sample for each state; none when the gateway does not tell the field."""
        if fact is None:
            return
        told = text(fact)
        for state in self.known:
            yield ((self.label, state),), int(state == told)
        yield ((self.label, "unknown"),), int(told not in self.known)


@dataclass(frozen=True)
class Flags(States):
    """A set of conditions of which any number can hold at once; 1 where one does."""

    def samples(self, fact: Any) -> Iterable[Sample]:
        """Yield one sample for each condition; none when the gateway does not tell the field."""
        if not isinstance(fact, (list, tuple, set, frozenset)):
            return
        told = {text(flag) for flag in fact}
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

    def facts(self, found: Sequence[Found], reading: Reading) -> list[Any]:
        """Return the parts that each object tells."""
        return _columns(found, self.fields)

    def samples(self, fact: Any) -> Iterable[Sample]:
        """Yield one sample for each part that is known."""
        for (name, _), told in zip(self.parts, fact, strict=True):
            converted = self.convert(told)
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
        found: list[Found] = [((), (), data)]
        for step in self._steps:
            found = _below(found, step)
        if not self.described:
            return found
        return [
            ((*labels, *(text(_at(data, told, path)) for told in self.described)), path, item)
            for labels, path, item in found
        ]

    @cached_property
    def _steps(self) -> tuple[str, ...]:
        return _steps(self.source)

    def paths(self, row: Row) -> tuple[str, ...]:
        """Return the paths in the data of the collector that a row reads."""
        return tuple(".".join(filter(None, (self.source, field))) for field in row.fields)


def _columns(found: Sequence[Found], fields: tuple[str, ...]) -> list[Any]:
    return [tuple([getattr(item, field, None) for field in fields]) for _, _, item in found]


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split(".")) if path else ()


def _step(node: Any, step: str) -> Any:
    return node.get(step) if isinstance(node, Mapping) else getattr(node, step, None)


def _below(found: list[Found], step: str) -> list[Found]:
    """Return what one step further down is there, an object for each key where the step is `*`."""
    if step == "*":
        return [
            ((*labels, *_parts(key)), (*path, text(key)), child)
            if type(key) is not str
            else ((*labels, key), (*path, key), child)
            for labels, path, node in found
            for key, child in node.items()
            if child is not None
        ]
    return [
        (labels, (*path, step), child)
        for labels, path, node in found
        if (child := _step(node, step)) is not None
    ]


def _parts(key: Any) -> tuple[str, ...]:
    return tuple(map(text, key)) if isinstance(key, tuple) else (text(key),)


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
