"""A change of the grid state is believed when a second answer says the same.

Gateways have been seen to report an open relay once and a closed one before and after. The second
answer is asked for at once, so an outage is reported a second later and a slip is not at all.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

from exporter.clock import Clock
from exporter.gateway.endpoints import ensemble_inventory, ensemble_relay
from exporter.gateway.endpoints.base import Parsed

#: a doubt that lasts longer ends: what switches all the time is reported as it comes
_LONGEST_DOUBT = 15.0


def _of_inventory(data: Mapping[str, Any]) -> Hashable:
    enpower, collar = data.get("enpower"), data.get("collar")
    return (
        enpower and (enpower.mains_oper_state, enpower.mains_admin_state),
        collar and (collar.admin_state_str, collar.mid_state),
    )


def _of_relay(data: Mapping[str, Any]) -> Hashable:
    relay = data.get("relay")
    return relay and (relay.mains_oper_state, relay.mains_admin_state)


#: what firmwares call a switch that is open, in any of these states
_OPEN = frozenset({"open", "encmn_mde_off_grid"})
#: what an answer says of the grid, by path
_STATES: Mapping[str, Callable[[Mapping[str, Any]], Hashable]] = {
    ensemble_relay.ENDPOINT.path: _of_relay,
    ensemble_inventory.ENDPOINT.path: _of_inventory,
}


def _words(state: Hashable) -> Iterator[str]:
    if isinstance(state, tuple):
        for part in state:
            yield from _words(part)
    elif isinstance(state, str):
        yield state


class GridConfirmation:
    """Holds back the first answer with another grid state than before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._believed: dict[str, Hashable] = {}
        self._doubtful: dict[str, tuple[Hashable, float]] = {}
        #: whether another state was believed since somebody looked last
        self.changed = False
        #: whether a switch between house and grid was last seen open
        self.islanded = False

    def confirmed(self, path: str, parsed: Parsed) -> bool:
        """Return whether the grid state of an answer is that of the one before."""
        state_of = _STATES.get(path)
        if state_of is None:
            return True
        state, now = state_of(parsed.data), self._clock.monotonic()
        doubt = self._doubtful.get(path)
        if (
            path not in self._believed
            or state == self._believed[path]
            or (doubt is not None and (doubt[0] == state or now - doubt[1] > _LONGEST_DOUBT))
        ):
            if path not in self._believed or state != self._believed[path]:
                self.changed = self.changed or path in self._believed
                self._believed[path] = state
                self.islanded = any(
                    word.lower() in _OPEN
                    for believed in self._believed.values()
                    for word in _words(believed)
                )
            self._doubtful.pop(path, None)
            return True
        self._doubtful[path] = state, doubt[1] if doubt else now
        return False
