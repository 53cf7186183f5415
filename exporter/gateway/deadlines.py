"""How long to wait for each response: what the gateway took before tells more than any constant.

Honest gateways have taken 85 s for the list of inverters and 45 s for anything. Waiting that long
for each response of a gateway that hangs would leave nothing read at all. So an endpoint begins
with its own deadline; after a timeout it is given twice as long, up to the longest, as long as
others answer. A gateway that answers nothing is given the longest time only every few minutes.
"""

from collections import deque

from exporter.clock import Clock

#: seconds, and how many times an endpoint's own deadline; both above what was seen in the field
_LONGEST, _LONGEST_FACTOR = 60.0, 4.0
#: seconds between two attempts with more patience than usual, where they have been in vain
_PAUSE = 300.0
#: how much longer than usual a response may take
_FACTOR, _MARGIN = 2.0, 5.0
_REMEMBERED = 5


class Deadlines:
    """What one gateway took for each endpoint, and what it is given next, in seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: dict[str, deque[float]] = {}
        #: what the next request is given after timeouts
        self._extended: dict[str, float] = {}
        #: when the last attempt with the longest deadline was in vain, by endpoint and of all
        self._in_vain: dict[str, float] = {}
        self._last_success = self._last_extended = float("-inf")

    def usual(self, path: str) -> float:
        """Return what the slowest of the latest responses took; 0 before there is one."""
        return max(self._taken.get(path, ()), default=0.0)

    def next(self, path: str, least: float, longest: float | None = None) -> float:
        """Return the deadline of the next request.

        `least` is the endpoint's own. The `longest` is what the owner allows, by default what
        gateways have honestly taken.
        """
        longest = _longest(least, longest)
        least = min(least, longest)
        taken = _FACTOR * self.usual(path)
        usual = min(longest, taken + _MARGIN) if taken > least else least
        extended = min(longest, self._extended.get(path, 0.0))
        now = self._clock.monotonic()
        if extended <= usual or now - self._in_vain.get(path, float("-inf")) < _PAUSE:
            return usual
        if self._last_success < self._last_extended and now - self._last_extended < _PAUSE:
            return usual
        return extended

    def succeeded(self, path: str, seconds: float) -> None:
        """Note what a response took."""
        self._taken.setdefault(path, deque(maxlen=_REMEMBERED)).append(seconds)
        self._extended.pop(path, None)
        self._in_vain.pop(path, None)
        self._last_success = self._clock.monotonic()

    def timed_out(
        self, path: str, deadline: float, least: float, longest: float | None = None
    ) -> None:
        """Note that there was no response within a deadline."""
        now = self._clock.monotonic()
        if deadline < self._extended.get(path, 0.0):
            return
        if path in self._extended:
            self._last_extended = now
        if deadline >= _longest(least, longest):
            self._in_vain[path] = now
        else:
            self._extended[path] = 2 * deadline


def _longest(least: float, allowed: float | None) -> float:
    return allowed or max(_LONGEST, _LONGEST_FACTOR * least)
