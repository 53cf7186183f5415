"""The building blocks of metric tables: rows with a name, help, the field to read and its unit.

A table belongs to one collector and reads one member of its data. `source` is a path in that data:
each `*` is a level keyed by serial, phase or the like, and `keys` names the labels of those levels.
Adding a metric is adding a row; nothing here branches on a device.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal

from exporter.metrics.units import Conversion, count, epoch, number
from exporter.snapshot import Reading

MetricType = Literal["gauge", "counter", "info"]
#: label names and values that a row adds to those of its table, and the value
Sample = tuple[tuple[tuple[str, str], ...], float]
#: label values, path in the data, object
Match = tuple[tuple[str, ...], tuple[str, ...], Any]


@dataclass(frozen=True)
class MetricRow:
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
    kind: MetricType = "gauge"

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels that this row adds to those of its table."""
        return ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of the object that this row reads."""
        return self.reads or (self.field,)

    def extract(self, matches: Sequence[Match], reading: Reading) -> list[Any]:
        """Return the raw value of each object, before conversion; None where there is none.

        The samples of an object depend on its raw value alone.
        """
        field, value = self.field, self.value
        if value is not None:
            return [value(item) for _, _, item in matches]
        if field:
            items = [item for _, _, item in matches]
            try:
                return list(map(attrgetter(field), items))
            except AttributeError:
                return [getattr(item, field, None) for item in items]
        return [item for _, _, item in matches]

    def samples(self, raw: Any) -> Iterable[Sample]:
        """Return the samples for a raw value; none when it is unknown or out of range."""
        converted = self.convert(raw)
        return () if converted is None else (((), converted),)


def gauge(name: str, help_text: str, field: str, convert: Conversion) -> MetricRow:
    """Return a gauge that converts one field."""
    return MetricRow(name, help_text, field, convert)


def timestamp(name: str, help_text: str, field: str) -> MetricRow:
    """Return a gauge of epoch seconds."""
    return MetricRow(name, help_text, field, epoch)


def derived(
    name: str,
    help_text: str,
    value: Callable[[Any], Any],
    reads: tuple[str, ...],
    convert: Conversion,
) -> MetricRow:
    """Return a gauge computed from several fields of the object."""
    return MetricRow(name, help_text, convert=convert, value=value, reads=reads)


@dataclass(frozen=True)
class EnergyCounter(MetricRow):
    """A counter in joules whose value went through the guard when it was read.

    One that the exporter integrates itself names in `reads` the power it comes from.
    """

    kind: MetricType = "counter"

    def extract(self, matches: Sequence[Match], reading: Reading) -> list[Any]:
        """Return the guarded value of the field for each object; None where it was rejected."""
        guarded, field = reading.counters, self.field
        return [guarded.get((*path, field)) for _, path, _ in matches]

    def samples(self, raw: Any) -> Iterable[Sample]:
        """Return a guarded value as it is."""
        return () if raw is None else (((), raw),)


@dataclass(frozen=True)
class EnergyGauge(EnergyCounter):
    """An energy of a day or a week, from guarded counters; it falls at midnight."""

    kind: MetricType = "gauge"


@dataclass(frozen=True)
class PlainCounter(MetricRow):
    """A counter that the exporter itself keeps, such as a number of requests."""

    convert: Conversion = count
    kind: MetricType = "counter"


@dataclass(frozen=True)
class InfoMetric(MetricRow):
    """A constant 1 whose labels describe the object; `describes` maps each label to a field.

    With `names`, the label `name` is added: the member of the reading that has the owner's names.
    """

    kind: MetricType = "info"
    describes: tuple[tuple[str, str], ...] = ()
    names: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels that this row adds to those of its table."""
        labels = tuple(label for label, _ in self.describes)
        return (*labels, "name") if self.names else labels

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of the object that this row reads."""
        return tuple(field for _, field in self.describes)

    def extract(self, matches: Sequence[Match], reading: Reading) -> list[Any]:
        """Return the fields that describe each object."""
        fields = _fields(matches, self.fields)
        if not self.names:
            return fields
        names = reading.data.get(self.names) or {}
        keys = (path[-1] for _, path, _ in matches)
        return [(*values, names.get(key)) for values, key in zip(fields, keys, strict=True)]

    def samples(self, raw: Any) -> Iterable[Sample]:
        """Return 1 with the description; a field that is unknown is an empty label."""
        return ((tuple(zip(self.labels, map(text, raw), strict=True)), 1),)


@dataclass(frozen=True)
class StateSet(MetricRow):
    """One sample for each of `states` plus `unknown`, exactly one of them 1."""

    label: str = "state"
    states: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels that this row adds to those of its table."""
        return (self.label,)

    def samples(self, raw: Any) -> Iterable[Sample]:
        """Yield one sample for each state; none when the gateway does not report the field."""
        if raw is None:
            return
        current = self._state(text(raw))
        for state in self.states:
            yield ((self.label, state),), int(state == current)
        yield ((self.label, "unknown"),), int(current is None)

    def _state(self, word: str) -> str | None:
        """Return the state that a word stands for, however a firmware capitalizes it."""
        if word in self.states:
            return word
        return next((state for state in self.states if state.lower() == word.lower()), None)


@dataclass(frozen=True)
class FlagSet(StateSet):
    """A set of conditions of which any number can be true at once."""

    def samples(self, raw: Any) -> Iterable[Sample]:
        """Yield one sample for each condition; none when the gateway does not report the field."""
        if not isinstance(raw, (list, tuple, set, frozenset)):
            return
        current = {self._state(text(flag)) for flag in raw}
        for flag in self.states:
            yield ((self.label, flag),), int(flag in current)
        yield ((self.label, "unknown"),), int(None in current)


@dataclass(frozen=True)
class LabelledFields(MetricRow):
    """A gauge with one sample for each of several fields of an object, distinguished by a label.

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

    def extract(self, matches: Sequence[Match], reading: Reading) -> list[Any]:
        """Return the fields of each object."""
        return _fields(matches, self.fields)

    def samples(self, raw: Any) -> Iterable[Sample]:
        """Yield one sample for each field that is known."""
        for (name, _), value in zip(self.parts, raw, strict=True):
            converted = self.convert(value)
            if converted is not None:
                yield ((self.label, name),), converted


@dataclass(frozen=True)
class Table:
    """Rows about one kind of object of one collector.

    An empty `source` stands for the whole data of the collector, as a mapping. `keys` names one
    label for each part of the keys along the source, then one for each path of `label_paths`: these
    paths start at the data too, and a `*` in one of them takes the same key as in the source.
    """

    title: str
    collector: str
    source: str
    rows: tuple[MetricRow, ...]
    keys: tuple[str, ...] = ()
    label_paths: tuple[str, ...] = ()

    def matches(self, data: Mapping[str, Any]) -> list[Match]:
        """Return label values, path and object for each object of the source that exists."""
        matches: list[Match] = [((), (), data)]
        for step in self._steps:
            matches = _descend(matches, step)
        if not self.label_paths:
            return matches
        return [
            ((*labels, *(text(_at(data, each, path)) for each in self.label_paths)), path, item)
            for labels, path, item in matches
        ]

    @cached_property
    def _steps(self) -> tuple[str, ...]:
        return _steps(self.source)

    def paths(self, row: MetricRow) -> tuple[str, ...]:
        """Return the paths in the data of the collector that a row reads."""
        return tuple(".".join(filter(None, (self.source, field))) for field in row.fields)


def _fields(matches: Sequence[Match], fields: tuple[str, ...]) -> list[Any]:
    return [tuple([getattr(item, field, None) for field in fields]) for _, _, item in matches]


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split(".")) if path else ()


def _step(node: Any, step: str) -> Any:
    return node.get(step) if isinstance(node, Mapping) else getattr(node, step, None)


def _descend(matches: list[Match], step: str) -> list[Match]:
    """Return what lies one step further down, an object for each key where the step is `*`."""
    if step == "*":
        return [
            ((*labels, *_parts(key)), (*path, text(key)), child)
            if type(key) is not str
            else ((*labels, key), (*path, key), child)
            for labels, path, node in matches
            for key, child in node.items()
            if child is not None
        ]
    return [
        (labels, (*path, step), child)
        for labels, path, node in matches
        if (child := _step(node, step)) is not None
    ]


def _parts(key: Any) -> tuple[str, ...]:
    return tuple(map(text, key)) if isinstance(key, tuple) else (text(key),)


def _at(data: Mapping[str, Any], label_path: str, path: tuple[str, ...]) -> Any:
    node: Any = data
    for index, step in enumerate(_steps(label_path)):
        node = _step(node, path[index] if step == "*" else step)
    return node


def text(value: Any) -> str:
    """Return a label value: empty for None, lower-case for a bool, else its string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
