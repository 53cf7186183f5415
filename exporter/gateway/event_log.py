"""The gateway's own log of events, followed: each event is counted and logged once.

The gateway keeps the most recent events, each with a number, so events that occurred while the
exporter was down are caught up, if necessary by one request for the whole log. The last number is
kept in the state.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

from exporter.gateway.endpoints.events import ENDPOINT, PAGE, WHOLE_LOG, GatewayEvent
from exporter.gateway.state_model import GatewayState
from exporter.text import printable

log = logging.getLogger(__name__)

#: more kinds of events than a gateway has; what comes beyond them is counted as `other`
_MAX_KINDS = 100
_OTHER = "other"
#: serial numbers and the like, which would make a label of each device
_NUMBER = re.compile(r"\d{3,}")
_LONGEST = 80
_SEPARATOR = "\t"
#: events that are remembered, to tell a log that started again from one with spoilt rows
_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class EventCount:
    """How often an event began or ended."""

    count: int


class EventLog:
    """Follows the log of one gateway."""

    def __init__(self, gateway: str, state: GatewayState) -> None:
        self._gateway = gateway
        self._state = state
        #: whether more has happened than a usual response has, so that the whole log is needed
        self.behind = False
        self._asked_for_all = False

    def follow(self, events: Mapping[int, GatewayEvent]) -> dict[tuple[str, str], EventCount]:
        """Log and count what is new among events; return all counts by event and action.

        Of the first answer ever nothing is new. Numbers that are lower than before are those of a
        gateway that was reset or replaced: all of them are new.
        """
        if events:
            self._take(events)
        return {
            self._parts(key): EventCount(count) for key, count in self._state.event_counts.items()
        }

    def path(self, path: str) -> str:
        """Return what to ask for a path: of events the whole log, once, where it is behind."""
        if not self.behind or path != ENDPOINT.path:
            return path
        self.behind, self._asked_for_all = False, True
        return WHOLE_LOG

    def _take(self, events: Mapping[int, GatewayEvent]) -> None:
        last = self._state.last_event
        if last is not None:
            after = -1 if self._started_again(events, last) else last
            missed = min(events) - after - 1
            more = missed > 0 and len(events) >= PAGE
            if more and not self._asked_for_all:
                self.behind = True
                return
            if more and after >= 0:
                extra = {"gateway": self._gateway, "count": missed}
                log.warning("gateway events are lost: its log no longer has them", extra=extra)
            for number in sorted(events):
                if number > after:
                    self._count(events[number])
            # One that is spoilt now was counted all the same.
            self._state.last_event = max(*events, after)
        else:
            self._state.last_event = max(events)
        self.behind = self._asked_for_all = False
        newest = sorted(events)[-_REMEMBERED:]
        self._state.recent_events = [_fingerprint(events[number]) for number in newest]

    def _started_again(self, events: Mapping[int, GatewayEvent], last: int) -> bool:
        """Return whether the numbers start again, as those of another log."""
        newest = max(events)
        return newest < last and _fingerprint(events[newest]) not in self._state.recent_events

    def _count(self, event: GatewayEvent) -> None:
        log.info(
            "gateway event",
            extra={
                "gateway": self._gateway,
                "event": event.event,
                "action": event.action,
                "device": event.device,
                "serial": event.serial,
                "event_time": event.time,
                "event_id": event.id,
            },
        )
        name = _NUMBER.sub("#", printable(event.event))[:_LONGEST]
        counts = self._state.event_counts
        key = f"{name}{_SEPARATOR}{event.action}"
        if key not in counts and len(counts) >= _MAX_KINDS:
            key = f"{_OTHER}{_SEPARATOR}{event.action if event.action == 'set' else ''}"
        counts[key] = counts.get(key, 0) + 1

    @staticmethod
    def _parts(key: str) -> tuple[str, str]:
        name, _, action = key.rpartition(_SEPARATOR)
        return name, action


def _fingerprint(event: GatewayEvent) -> str:
    # Without its time, which is written in another way when the clock changes to summer time.
    text = f"{event.event}\n{event.action}\n{event.serial}"
    return f"{event.id}:{crc32(text.encode()):08x}"
