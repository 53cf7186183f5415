"""What joining several answers depends on besides the answers themselves."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from awesomeversion import AwesomeVersion

from exporter.gateway.endpoints.base import Parsed

#: a metered value older than this is not what flows now
METERED_AGE = 900.0


@dataclass(slots=True)
class Context:
    """The gateway and its clock, and what was known before.

    `previous` has for each path the last reliable answer. `register`
    returns the last accepted value of a lifetime energy by its path in the data, such as
    `("ctmeters_phases", "production", "L2", "energy_delivered")`, or None.

    `holds_until` is filled by whoever asks: until that moment of the gateway's clock, the same
    answers are joined to the same result. `dropped` counts the values that cannot be by its clock,
    by the gateway's name of their field.
    """

    gateway_time: float
    firmware: AwesomeVersion | None = None
    metered: bool = False
    local_time: datetime | None = None
    previous: Mapping[str, Parsed] = field(default_factory=dict)
    register: Callable[[tuple[str, ...]], float | None] = lambda _: None
    holds_until: float = field(default=math.inf, init=False)
    dropped: Counter[str] = field(default_factory=Counter, init=False)

    def is_stale(self, stamp: float | None, limit: float = METERED_AGE) -> bool:
        """Return whether a time stamp of the gateway is too old now, by its own clock."""
        stale = is_stale(stamp, self.gateway_time, limit)
        if stamp and not stale:
            self.changes_at(stamp + limit)
        return stale

    def changes_at(self, moment: float) -> None:
        """Note when the result may be another one without another answer."""
        self.holds_until = min(self.holds_until, moment)

    def wall_time(self) -> datetime | None:
        """Return the time of the site; the result holds for this moment only."""
        self.changes_at(-math.inf)
        return self.local_time

    def accepted(self, path: tuple[str, ...]) -> float | None:
        """Return what `register` does; the result holds for this moment only."""
        self.changes_at(-math.inf)
        return self.register(path)


def is_stale(stamp: float | None, now: float, limit: float = METERED_AGE) -> bool:
    """Return whether a time stamp of the gateway is too old by its own clock.

    A missing stamp and 0, which stands for never, say nothing about age.
    """
    return bool(stamp) and stamp is not None and now - stamp > limit
