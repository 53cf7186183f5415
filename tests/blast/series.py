"""The series that the metric tables make of the members of all collectors, without a poller."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from exporter.gateway.models import StoragePower
from exporter.house.derivation import HouseDeriver
from exporter.metrics.catalogue import TABLES
from exporter.metrics.table import Table
from exporter.snapshot import HOUSE, Reading, Snapshot

#: name and labels of a series
Series = tuple[str, tuple[tuple[str, str], ...]]


class Registers(Mapping[tuple[str, ...], float]):
    """The registers as they were read, in the place of those that a guard let pass."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def __getitem__(self, path: tuple[str, ...]) -> float:
        node: Any = self._data
        for step in path:
            node = node.get(step) if isinstance(node, Mapping) else getattr(node, step, None)
        if not isinstance(node, (int, float)):
            raise KeyError(path)
        return float(node) * 3600

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(())

    def __len__(self) -> int:
        return 0


def tables_of(collector: str) -> tuple[Table, ...]:
    """Return the tables of a collector."""
    return tuple(table for table in TABLES if table.collector == collector)


def series(collector: str, data: Mapping[str, Any]) -> dict[Series, float]:
    """Return name, labels and value of everything that a collector's members say."""
    reading = Reading(data, 0.0, counters=Registers(data))
    values: dict[Series, float] = {}
    for table in tables_of(collector):
        matches = table.matches(data)
        for row in table.rows:
            for (labels, _, _), raw in zip(matches, row.extract(matches, reading), strict=True):
                for more, value in row.samples(raw):
                    values[row.name, (*zip(table.keys, labels, strict=True), *more)] = value
    return values


def with_sum(data: Mapping[str, Any], batteries: Collection[str]) -> Mapping[str, Any]:
    """Return the members of a collector, with the power of these batteries where it is known."""
    listed = data.get("encharge_power") or {}
    powers = [battery.real_power_mw for battery in listed.values()]
    if not powers or None in powers or not listed.keys() >= set(batteries):
        return data
    return {**data, "storage_power": StoragePower(sum(powers) / 1000)}


def derived_series(*moments: Mapping[str, Mapping[str, Any]]) -> dict[Series, float]:
    """Return what is derived from the members of all collectors at the last of these moments."""
    derive = HouseDeriver()
    derived: Mapping[str, Any] = {}
    for members in moments:
        readings = {name: Reading(data, 0.0) for name, data in members.items() if data}
        derived = derive(Snapshot("home", readings), 0.0).data
    return series(HOUSE, derived)
