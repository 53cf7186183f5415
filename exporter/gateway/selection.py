"""Which endpoints of a gateway are asked, and which collectors it should have.

Both follow from what its answers list: no two endpoints that say the same, none that nobody can
answer, and no failure for what most gateways lack.
"""

import logging
from operator import is_
from typing import Any

from exporter.errors import (
    GatewayError,
    GatewayStartingError,
    LoginRefusedError,
    NotPermittedError,
    UnsupportedFirmwareError,
)
from exporter.gateway import topology
from exporter.gateway.cadences import CADENCES, adapted
from exporter.gateway.endpoints import DECIDING, PATHS, paths_needed
from exporter.gateway.parts import GatewayParts
from exporter.gateway.scheduler import EndpointSchedule, EndpointState

log = logging.getLogger(__name__)

#: hour of the night until which what loads the power line is asked: by day panels report over it
_NIGHT_ENDS = 5
#: seconds between two times in two nights, at least
_NIGHT_APART = 18 * 3600.0
#: seconds between two hurried looks at what belongs to hardware that has appeared
_HINT_INTERVAL = 60.0


class Selection:
    """The endpoints and collectors of one gateway that count."""

    def __init__(self, parts: GatewayParts) -> None:
        self._parts = parts
        #: when the appearance of a kind of hardware may hurry requests again
        self._next_hint: dict[str, float] = {}
        #: what the endpoints were selected by last
        self._answers: list[Any] = []
        self._conditions: tuple[Any, ...] = ()

    def update(self) -> None:
        """Set which endpoints are asked: no two that say the same, none that nobody can answer."""
        parts, scheduler, inventory = self._parts, self._parts.scheduler, self._parts.inventory
        answers = [parts.assembler.alive(path) for path in DECIDING]
        refused = [s.endpoint.path for s in scheduler if s.refused]
        relay = scheduler[topology.GRID_STATE[0]].condition is EndpointState.ANSWERING
        quiet = self._is_quiet()
        conditions = refused, relay, parts.grid.islanded, inventory.version, quiet
        if conditions == self._conditions and all(map(is_, answers, self._answers)):
            return
        self._conditions, self._answers = conditions, answers
        current = parts.assembler.current()
        meters = bool(inventory.remembered("meter"))
        intervals_now = adapted(
            parts.cadences, relay=relay, meters=meters, islanded=parts.grid.islanded
        )
        for collector, seconds in intervals_now.items():
            for path in topology.STANDS_ON[collector]:
                scheduler[path].interval = seconds
        needed = {p for c in PATHS if c != "gateway" for p in paths_needed(c, current, refused)}
        for schedule in scheduler:
            path = schedule.endpoint.path
            kinds = topology.NEEDS.get(path)
            schedule.enabled = (
                (path in needed or path in refused)
                and (kinds is None or any(inventory.remembered(kind) for kind in kinds))
                and (
                    schedule.endpoint.collector not in topology.OPT_IN
                    or (quiet and schedule.endpoint.collector in parts.config.cadences)
                )
            )

    def asked(self, schedule: EndpointSchedule) -> bool:
        """Note that an endpoint is asked; return whether a restart must not forget it."""
        if schedule.endpoint.collector not in topology.OPT_IN:
            return False
        self._parts.memory.power_line_loaded = self._parts.clock.time()
        return True

    def _is_quiet(self) -> bool:
        """Return whether the power line may be loaded: at night, and not twice in one."""
        parts = self._parts
        local, last = parts.assembler.local_time(), parts.memory.power_line_loaded
        if local is None or local.hour >= _NIGHT_ENDS:
            return False
        return last is None or not 0 <= parts.clock.time() - last < _NIGHT_APART

    def follow_hints(self) -> None:
        """Ask at once what has something new to say of hardware that appeared or went."""
        parts = self._parts
        if parts.grid.changed:
            parts.grid.changed = False
            parts.scheduler.hint(topology.GRID_DETAILS)
        appeared, parts.inventory.appeared = parts.inventory.appeared, set()
        now = parts.clock.monotonic()
        for kind in {kind for kind, _ in appeared}:
            # What comes and goes all the time must not keep the gateway busy.
            if now >= self._next_hint.get(kind, 0.0):
                self._next_hint[kind] = now + _HINT_INTERVAL
                parts.scheduler.hint(topology.HINTS.get(kind, ()))

    def expects(self, collector: str) -> bool:
        """Return whether this gateway should have what a collector reads."""
        inventory = self._parts.inventory
        return (
            collector in topology.ESSENTIAL
            or collector in inventory.remembered("collector")
            or any(inventory.remembered(kind) for kind in topology.EVIDENCE.get(collector, ()))
        )

    def reported(self) -> list[str]:
        """Return the collectors that are reported: all that this gateway has or should have."""
        states = self._parts.states
        return [
            name
            for name in CADENCES
            if name != "gateway" and (self.expects(name) or states[name].reported)
        ]

    def endpoint_failed(
        self, schedule: EndpointSchedule, error: GatewayError, duration: float
    ) -> None:
        """Let the collectors fail that an endpoint belongs to, and that cannot do without it."""
        endpoint, states = schedule.endpoint, self._parts.states
        for collector in topology.collectors_of(endpoint.path):
            if self._does_without(schedule, collector):
                # Most gateways lack something, and most tokens may not read everything.
                told = isinstance(error, NotPermittedError) and schedule.failures == 1
                level = logging.INFO if told else logging.DEBUG
                extra = {"gateway": self._parts.config.name, "endpoint": endpoint.path}
                log.log(level, "endpoint unavailable", extra={**extra, "reason": error.reason})
                # It may have failed otherwise while the whole gateway was in trouble.
                states.clear(collector, endpoint.path)
            else:
                states.failed(collector, endpoint.path, error, duration)

    def endpoint_answered(self, schedule: EndpointSchedule, duration: float) -> None:
        """Let the collectors succeed that an endpoint belongs to, without those it replaces."""
        endpoint, states = schedule.endpoint, self._parts.states
        for collector in topology.collectors_of(endpoint.path):
            states.succeeded(collector, endpoint.path, duration)
            for path in topology.STANDS_ON[collector]:
                if path != endpoint.path and not self._parts.scheduler[path].seen:
                    states.clear(collector, path)

    def failure_of_all(self) -> GatewayError | None:
        """Return why a gateway that was asked for everything says nothing, None where it does."""
        schedules = [schedule for schedule in self._parts.scheduler if schedule.enabled]
        if any(s.error is None for s in schedules):
            return None
        errors = [s.error for s in schedules if s.error is not None]
        refused = next((e for e in errors if isinstance(e, LoginRefusedError)), None)
        if refused is not None:
            return refused
        if any(s.condition is EndpointState.FAILING for s in schedules):
            return GatewayStartingError("nothing can be read yet")
        return UnsupportedFirmwareError(
            f"firmware {self._parts.memory.firmware} offers nothing that can be read; it is too"
            " old, or this is not an Envoy"
        )

    def _does_without(self, schedule: EndpointSchedule, collector: str) -> bool:
        """Return whether it is no failure that an endpoint is absent or not permitted."""
        if schedule.seen or not schedule.lacked:
            return False
        # What the gateway lacks may be in its other answers; what is refused is worth a word.
        lacks = schedule.condition is EndpointState.ABSENT and collector not in topology.ESSENTIAL
        paths = PATHS[collector] if lacks else topology.STANDS_ON[collector]
        others = (self._parts.scheduler[path] for path in paths)
        return not self.expects(collector) or any(
            other.condition is EndpointState.ANSWERING for other in others
        )
