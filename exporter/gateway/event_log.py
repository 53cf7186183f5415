"""The gateway's own log of events, followed: each event is counted and logged once.

The gateway keeps the most recent events, each with a number, so events that occurred while the
exporter was down are caught up. The last number is kept in the state.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.gateway.endpoints.events import GatewayEvent
from exporter.gateway.state_model import GatewayState

log = logging.getLogger(__name__)

#: more kinds of events than a gateway has; what comes beyond them is counted as `other`
_MAX_KINDS = 100
_OTHER = "other"
#: serial numbers and the like, which would make a label of each device
_NUMBER = re.compile(r"\d{3,}")
_LONGEST = 80
_SEPARATOR = "\t"


@dataclass(frozen=True, slots=True)
class EventCount:
    """How often an event began or ended."""

    count: int


class EventLog:
    """Follows the log of one gateway."""

    def __init__(self, gateway: str, state: GatewayState) -> None:
        self._gateway = gateway
        self._state = state

    def follow(self, events: Mapping[int, GatewayEvent]) -> dict[tuple[str, str], EventCount]:
        """Log and count what is new among events; return all counts by event and action.

        Of the first answer ever nothing is new. Numbers that are lower than before are those of a
        gateway that was reset or replaced: all of them are new.
        """
        newest = max(events, default=None)
        last = self._state.last_event
        if newest is not None:
            if last is not None:
                after = last if newest >= last else -1
                for number in sorted(events):
                    if number > after:
                        self._count(events[number])
            self._state.last_event = newest
        return {
            self._parts(key): EventCount(count) for key, count in self._state.event_counts.items()
        }

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
        name = _NUMBER.sub("#", event.event)[:_LONGEST]
        counts = self._state.event_counts
        key = f"{name}{_SEPARATOR}{event.action}"
        if key not in counts and len(counts) >= _MAX_KINDS:
            key = f"{_OTHER}{_SEPARATOR}{event.action if event.action == 'set' else ''}"
        counts[key] = counts.get(key, 0) + 1

    @staticmethod
    def _parts(key: str) -> tuple[str, str]:
        name, _, action = key.rpartition(_SEPARATOR)
        return name, action
