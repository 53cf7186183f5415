"""What keeps batteries from being emptied: the switch-off at very low charge, and the way back.

Off grid, batteries that have reached the limit switch off and the house goes dark. The system then
tries again by itself after 10, 20, 40 and 120 minutes, and goes on only if the sun gives more than
the house needs, until the charge is out of danger.
"""

from collections.abc import Iterator
from math import inf

#: seconds until the next try, by the number of tries before
RETRY_DELAYS = (600, 1200, 2400, 7200)
#: charge, 0 to 1, at which the danger is over
_SAFE = 0.1
#: share of the capacity that a try in vain costs
RETRY_COST = 0.002


class LowSocProtection:
    """Whether the batteries have switched off."""

    def __init__(self) -> None:
        self.off = False
        #: between a switch-off and a charge out of danger
        self._recovering = False
        #: how often it switched off since the charge was last out of danger
        self.tries = 0
        self._next_try = inf

    def events(self) -> Iterator[float]:
        """Yield when it does something by itself next (epoch seconds)."""
        if self.off:
            yield self._next_try

    def end(self) -> None:
        """Begin again: something else feeds the house."""
        self.off = self._recovering = False
        self.tries = 0

    def holds(self, now: float, *, soc: float, floor: float, short: bool, empty: bool) -> bool:
        """Return whether the house stays dark at `now` (epoch seconds).

        `soc` and the limit `floor` are 0 to 1; `short` says that the sun gives less than the house
        needs, `empty` that the batteries cannot make up for it.
        """
        if self._recovering and soc >= max(_SAFE, floor + 0.01):
            self.end()
        if not self.off:
            if short and (empty or self._recovering):
                self._switch_off(now)
            return self.off
        if now < self._next_try:
            return True
        if short:
            self._switch_off(now)
            return True
        self.off = False
        return False

    def _switch_off(self, now: float) -> None:
        self.off = self._recovering = True
        self._next_try = now + RETRY_DELAYS[min(self.tries, len(RETRY_DELAYS) - 1)]
        self.tries += 1
