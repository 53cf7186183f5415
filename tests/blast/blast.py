"""Spoils one place of one answer of a capture, and compares what is left with what was there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from exporter.errors import GatewayError
from exporter.gateway.endpoints import ENDPOINTS, PATHS, assemble, ensemble_power
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.context import Context
from exporter.simulator import replay as captures
from exporter.snapshot import HOUSE
from tests.blast import spoiling
from tests.blast.series import Series, derived_series, series, with_sum
from tests.gateway.endpoints.reading import answers, context_of, parse_all


@dataclass(frozen=True)
class Damage:
    """What one spoilt place costs."""

    path: str
    place: spoiling.Path
    kind: str
    lost: frozenset[Series]
    changed: Mapping[Series, tuple[float, float]]
    added: frozenset[Series]
    counted: bool
    error: str = ""


@dataclass
class Target:
    """A capture that was read whole, and its series by collector."""

    folder: Path
    bodies: Mapping[str, bytes] = field(init=False)
    parsed: dict[str, Parsed] = field(init=False)
    context: Context = field(init=False)
    #: the members of each collector, and the series that are made of them
    members: dict[str, Mapping[str, Any]] = field(init=False)
    series: dict[str, dict[Series, float]] = field(init=False)
    batteries: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        gateway = captures.load_capture(self.folder)
        self.bodies = answers(gateway)
        self.parsed = parse_all(self.bodies)
        self.context = replace(context_of(gateway, self.parsed), previous=self.parsed)
        power = ensemble_power.ENDPOINT.path
        read = self.parsed[power].data if power in self.parsed else {}
        self.batteries = frozenset(read.get("encharge_power") or ())
        self.members = {name: self._members(name, self.parsed) for name in PATHS}
        self.series = {name: series(name, data) for name, data in self.members.items()}
        self.series[HOUSE] = derived_series(self.members)

    def _members(self, collector: str, parsed: Mapping[str, Parsed]) -> Mapping[str, Any]:
        try:
            return with_sum(assemble(collector, parsed, self.context), self.batteries)
        except GatewayError:
            return {}

    def documents(self) -> Iterator[tuple[str, Any]]:
        """Yield path and document of the JSON answers that are read."""
        for path in self.parsed:
            if path != "/info":
                yield path, orjson.loads(self.bodies[path])

    def damage(self, path: str, place: spoiling.Path, kind: str, document: Any) -> Damage:
        """Return what is lost when an answer says this instead."""
        before = self.parsed[path]
        parsed = dict(self.parsed)
        error = ""
        try:
            parsed[path] = ENDPOINTS[path].parse(orjson.dumps(document), before)
        except GatewayError:
            del parsed[path]
        except Exception as unexpected:  # noqa: BLE001 - the very thing that is looked for
            del parsed[path]
            error = repr(unexpected)
        now = parsed.get(path)
        counted = now is None or now.unreadable != before.unreadable
        members = dict(self.members)
        left: dict[str, dict[Series, float]] = {}
        for collector in (name for name, paths in PATHS.items() if path in paths):
            try:
                members[collector] = self._members(collector, parsed)
                left[collector] = series(collector, members[collector])
            except Exception as unexpected:  # noqa: BLE001 - the very thing that is looked for
                members[collector], left[collector], error = {}, {}, repr(unexpected)
        # What is derived may come from the next best source, and is none the worse for that.
        changed = {
            key: (was, left[collector][key])
            for collector in left
            for key, was in self.series[collector].items()
            if left[collector].get(key, was) != was
        }
        left[HOUSE] = derived_series(self.members, members)
        was_there = {key for collector in left for key in self.series[collector]}
        is_there = {key for each in left.values() for key in each}
        lost, added = frozenset(was_there - is_there), frozenset(is_there - was_there)
        return Damage(path, place, kind, lost, changed, added, counted, error)
