"""Spoils one place of one answer of a capture, and compares what is left with what was there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from exporter.errors import GatewayError
from exporter.gateway.endpoints import ENDPOINTS, PATHS, assemble
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.context import Context
from exporter.simulator import replay as captures
from tests.blast import spoiling
from tests.blast.series import Series, series
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
    series: dict[str, dict[Series, float]] = field(init=False)

    def __post_init__(self) -> None:
        gateway = captures.load_capture(self.folder)
        self.bodies = answers(gateway)
        self.parsed = parse_all(self.bodies)
        self.context = replace(context_of(gateway, self.parsed), previous=self.parsed)
        self.series = {name: self._series(name, self.parsed) for name in PATHS}

    def _series(self, collector: str, parsed: Mapping[str, Parsed]) -> dict[Series, float]:
        try:
            return series(collector, assemble(collector, parsed, self.context))
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
        lost: set[Series] = set()
        added: set[Series] = set()
        changed: dict[Series, tuple[float, float]] = {}
        for collector, paths in PATHS.items():
            if path not in paths:
                continue
            was = self.series[collector]
            try:
                left = self._series(collector, parsed)
            except Exception as unexpected:  # noqa: BLE001 - the very thing that is looked for
                left, error = {}, repr(unexpected)
            lost |= was.keys() - left.keys()
            added |= left.keys() - was.keys()
            changed |= {
                key: (was[key], left[key])
                for key in was.keys() & left.keys()
                if was[key] != left[key]
            }
        return Damage(path, place, kind, frozenset(lost), changed, frozenset(added), counted, error)
