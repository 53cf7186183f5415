"""From the answers of a gateway to the readings of its collectors.

Each answer is kept until it is too old, and a reading is made of all that a collector has at that
moment. What is not listed any more, though it was before, is noted in the inventory; what cannot be
read is counted, and logged once.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import partial
from operator import is_
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import InvalidDataError
from exporter.gateway.additions import Additions
from exporter.gateway.counters import CounterGuard
from exporter.gateway.device_names import device_names
from exporter.gateway.endpoints import ALSO_READ, ENDPOINTS, PATHS, assemble, meters
from exporter.gateway.endpoints.base import Endpoint, Parsed
from exporter.gateway.endpoints.context import Context
from exporter.gateway.event_log import EventLog
from exporter.gateway.identity import Identity
from exporter.gateway.inventory import PARTS, Inventory, without_retired
from exporter.gateway.long_work import KEPT, work_on
from exporter.gateway.state_model import GatewayState
from exporter.gateway.topology import STANDS_ON
from exporter.snapshot import Reading

log = logging.getLogger(__name__)

#: the answer that a member stands on, where that does not have it by the same name
_SOURCES: Mapping[str, str] = {
    "meter_setup": meters.SETUP.path,
    "ctmeters": meters.READINGS.path,
    "ctmeters_phases": meters.READINGS.path,
}
#: members that list what has counters of its own, by the kind of it in the inventory
_COUNTED: Mapping[str, str] = {
    "inverters": "inverter",
    "ctmeters": "meter",
    "ctmeters_phases": "meter",
}
#: answers by which others are read, for as long as there is no newer one
_SETTINGS = frozenset({meters.SETUP.path})
_MOST_NAMED = 10
_SCALARS = frozenset({bool, int, float, str})


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer of an endpoint; `expires` is monotonic, `read_at` in epoch seconds."""

    parsed: Parsed
    #: None for a large one
    body: bytes | None
    read_at: float
    expires: float


@dataclass(frozen=True, slots=True)
class _Joined:
    """What answers say together, and what it depends on: times are of the gateway's clock."""

    inputs: Sequence[Parsed | None]
    conditions: tuple[Identity | None, int]
    since: float
    until: float
    data: Mapping[str, Any]


class Assembler:
    """The answers of one gateway, and the readings that are made of them."""

    def __init__(
        self,
        config: Gateway,
        state: GatewayState,
        inventory: Inventory,
        guard: CounterGuard,
        clock: Clock,
    ) -> None:
        #: values that could not be read, by endpoint and field
        self.unreadable: Counter[tuple[str, str]] = Counter()
        #: by endpoint, since when values of a field cannot be read that could be before
        self._lost: dict[str, Mapping[str, float]] = {}
        #: by collector, since when values of a field cannot be by the gateway's clock
        self._dropped: dict[str, dict[str, float]] = {}
        #: the gateway's clock less ours, in seconds
        self.clock_skew: float | None = None
        self.identity: Identity | None = None
        self.answers: dict[str, Answer] = {}
        self._config = config
        self._state = state
        self._inventory = inventory
        self._guard = guard
        self._clock = clock
        self.events = EventLog(config.name, state)
        self._additions = Additions(config, inventory, guard, self.events)
        #: the last answer of each endpoint of which everything could be read
        self._whole: dict[str, Parsed] = {}
        self._logged: dict[str, frozenset[str]] = {}
        self._last_joined: dict[str, _Joined] = {}

    async def parse(self, endpoint: Endpoint, body: bytes) -> Parsed:
        """Return what a body says; raise GatewayError when it cannot be understood.

        An answer that repeats the one before is not parsed again.
        """
        before = self.answers.get(endpoint.path)
        if before is not None and before.body is body:
            parsed = before.parsed
        else:
            whole = self._whole.get(endpoint.path)
            parsed = await work_on(body, partial(endpoint.parse, body, whole))
        if parsed.spoilt and says_nothing(parsed.data):
            raise InvalidDataError(f"{endpoint.path}: nothing in the response can be read")
        for name, count in parsed.unreadable.items():
            self.unreadable[endpoint.path, name] += count
        self._log_unreadable(endpoint, frozenset(parsed.unreadable))
        if not parsed.empty:
            self._note_lost(endpoint.path, parsed.unreadable)
        return parsed

    def lost(self, collector: str) -> Mapping[str, float]:
        """Return the fields that the last answers had before and not now, and since when not."""
        return {
            name: since
            for path, lost in self._lost.items()
            if ENDPOINTS[path].collector == collector and self.alive(path) is not None
            for name, since in lost.items()
        } | self._dropped.get(collector, {})

    @property
    def sum_pending(self) -> bool:
        """Whether the power of all batteries was withheld, and can be summed now."""
        return self._additions.sum_pending and self._additions.production_read

    def keep(self, endpoint: Endpoint, parsed: Parsed, body: bytes, lifetime: float) -> None:
        """Keep an answer for so many seconds."""
        expires = self._clock.monotonic() + lifetime
        kept = body if len(body) <= KEPT else None
        self.answers[endpoint.path] = Answer(parsed, kept, self._clock.time(), expires)
        if parsed.reliable:
            self._whole[endpoint.path] = parsed

    def clear(self) -> None:
        """Drop all answers: they are those of another gateway."""
        self.answers.clear()
        self._whole.clear()
        self._lost.clear()
        self._dropped.clear()
        self._state.unreadable.clear()
        self._last_joined.clear()

    def alive(self, path: str) -> Parsed | None:
        """Return the answer of a path unless there is none, or it is too old."""
        answer = self.answers.get(path)
        if answer is None:
            return None
        usable = path in _SETTINGS or self._clock.monotonic() < answer.expires
        return answer.parsed if usable else None

    def current(self) -> dict[str, Parsed]:
        """Return all answers that are not too old, by path."""
        return {path: parsed for path in self.answers if (parsed := self.alive(path)) is not None}

    def reading(
        self, collector: str, before: Reading | None
    ) -> tuple[Reading | None, Sequence[str]]:
        """Return the reading of a collector, None without data, and what is missing, by name.

        Raises GatewayError when its answers cannot be what they say.
        """
        now = self._clock.monotonic()
        own = self._answers(STANDS_ON[collector]) or self._answers(PATHS[collector])
        alive = [answer for answer in own if now < answer.expires]
        if not alive:
            return None, self.missing(collector, {})
        latest = max(answer.expires for answer in alive)
        joined = self._joined(collector)
        expires = {member: self._expiry(member, own, latest) for member in joined}
        data = {member: value for member, value in joined.items() if now < expires[member]}
        missing = self.missing(collector, data)
        counters = self._additions.add(collector, data)
        if not says_nothing(data):
            # Names alone would make a collector of what the gateway does not have.
            data |= device_names(self._config, collector)
        counters |= self._guard.judge(collector, self._remembered(data))
        if before is not None and before.data == data:
            # Whoever has rendered it need not look at it again.
            data = before.data  # type: ignore[assignment] # nobody changes it any more
        reading = Reading(
            data,
            max(answer.read_at for answer in alive),
            latest,
            counters,
            complete=not missing,
            member_expires={m: at for m, at in expires.items() if m in data and at < latest},
        )
        return reading, missing

    def _answers(self, paths: tuple[str, ...]) -> list[Answer]:
        return [answer for path in paths if (answer := self.answers.get(path))]

    def _joined(self, collector: str) -> Mapping[str, Any]:
        """Return what the answers of a collector say together; raise GatewayError.

        Most answers repeat the ones before, and are not joined again then.
        """
        paths = (*PATHS[collector], *ALSO_READ.get(collector, ()))
        inputs = [self.alive(path) for path in paths]
        inputs += [self._whole.get(path) for path in paths]
        conditions = self.identity, self._inventory.version
        context = self._context()
        last = self._last_joined.get(collector)
        if (
            last is not None
            and last.since <= context.gateway_time < last.until
            and last.conditions == conditions
            and all(map(is_, inputs, last.inputs))
        ):
            return last.data
        data = assemble(collector, self.current(), context)
        self._note_dropped(collector, context.dropped)
        if self._inventory.any_retired:
            data = without_retired(data, self._inventory.retired)
        self._last_joined[collector] = _Joined(
            inputs, conditions, context.gateway_time, context.holds_until, data
        )
        return data

    def missing(self, collector: str, data: Mapping[str, Any]) -> list[str]:
        """Take note of what a collector's data list; return what is missing, by name."""
        listed = [
            part.member
            for part in PARTS
            if part.collector == collector and self._was_answered(part.paths, collector)
        ]
        return self._inventory.observe(data, listed)

    def _remembered(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the data without what is not remembered: each has counters that outlive it."""
        for member, kind in _COUNTED.items():
            listed = data.get(member)
            if listed and not listed.keys() <= (known := self._inventory.remembered(kind)):
                data = {**data, member: {i: each for i, each in listed.items() if i in known}}
        return data

    def service(self) -> tuple[str, int | None, int | None]:
        """Return phase mode, number of legs and number of meters, by the set-up of the meters.

        The numbers are None while nobody has read the set-up of a gateway that has meters.
        """
        parsed = self.alive(meters.SETUP.path)
        if parsed is None and (self.identity is None or self.identity.metered):
            return "", None, None
        enabled = [m for m in (parsed.data["meters"].values() if parsed else ()) if m.enabled]
        mode = next((meter.phase_mode for meter in enabled if meter.phase_mode), "")
        return mode, meters.leg_count(enabled), len(enabled)

    def _was_answered(self, paths: tuple[tuple[str, ...], ...], collector: str) -> bool:
        """Return whether a member could have been read by now."""
        groups = paths or (STANDS_ON[collector],)
        return all(any(path in self.answers for path in group) for group in groups)

    def _expiry(self, member: str, own: list[Answer], latest: float) -> float:
        """Return when the answer that a member stands on is too old."""
        if member in _SOURCES:
            answer = self.answers.get(_SOURCES[member])
            return answer.expires if answer else latest
        sources = [answer.expires for answer in own if member in answer.parsed.data]
        return max(sources, default=latest)

    def _context(self) -> Context:
        identity = self.identity
        return Context(
            gateway_time=self._clock.time() + (self.clock_skew or 0.0),
            firmware=identity.firmware if identity else None,
            metered=bool(identity and identity.metered),
            local_time=self.local_time(),
            previous=self._whole,
            register=self._guard.register,
        )

    def local_time(self) -> datetime | None:
        """Return the time on the owner's wall, or None when the time zone is not known."""
        name = self._config.timezone or self._state.timezone
        try:
            return datetime.fromtimestamp(self._clock.time(), ZoneInfo(name)) if name else None
        except (KeyError, ValueError, OSError):
            return None

    def _note_lost(self, path: str, unreadable: Mapping[str, int]) -> None:
        """Note which values cannot be read that were read before; others were never expected."""
        never = self._state.unreadable.get(path, unreadable)
        self._state.unreadable[path] = {
            name: min(count, unreadable[name])
            for name, count in never.items()
            if name in unreadable
        }
        known, now = self._lost.get(path, {}), self._clock.time()
        self._lost[path] = {
            name: known.get(name, now)
            for name, count in unreadable.items()
            if count > never.get(name, 0)
        }

    def _note_dropped(self, collector: str, dropped: Mapping[str, int]) -> None:
        """Count what was dropped when answers were joined, and note since when."""
        path = next((path for path in PATHS[collector] if self.alive(path)), "")
        for name, count in dropped.items():
            self.unreadable[path, name] += count
        known, now = self._dropped.get(collector, {}), self._clock.time()
        self._dropped[collector] = {name: known.get(name, now) for name in dropped}

    def _log_unreadable(self, endpoint: Endpoint, fields: frozenset[str]) -> None:
        before = self._logged.get(endpoint.path, frozenset())
        extra = {"gateway": self._config.name, "endpoint": endpoint.path}
        if new := fields - before:
            names = ", ".join(sorted(new)[:_MOST_NAMED])
            log.warning("values cannot be read", extra={**extra, "fields": names})
        elif before and not fields:
            log.info("all values can be read again", extra=extra)
        self._logged[endpoint.path] = fields | before if fields else fields


def says_nothing(value: Any) -> bool:
    """Return whether there is no value in what was read, however deep."""
    if value is None:
        return True
    if type(value) in _SCALARS:
        return False
    if isinstance(value, Mapping):
        return all(map(says_nothing, value.values()))
    if isinstance(value, BaseModel):
        return all(says_nothing(getattr(value, name)) for name in type(value).model_fields)
    if is_dataclass(value):
        held = ((getattr(value, field.name), field.default) for field in fields(value))
        return all(item == default or says_nothing(item) for item, default in held)
    return value in ([], ())
