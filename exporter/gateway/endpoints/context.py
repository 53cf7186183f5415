"""What joining several answers depends on besides the answers themselves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from awesomeversion import AwesomeVersion

from exporter.gateway.endpoints.base import Parsed

#: a metered value older than this is not what flows now
METERED_AGE = 900.0


@dataclass(frozen=True, slots=True)
class Context:
    """The gateway and its clock, and what was known before.

    `previous` has for each path the last reliable answer. `register`
    returns the last accepted value of a lifetime energy by its path in the data, such as
    `("ctmeters_phases", "production", "L2", "energy_delivered")`, or None.
    """

    gateway_time: float
    firmware: AwesomeVersion | None = None
    metered: bool = False
    local_time: datetime | None = None
    previous: Mapping[str, Parsed] = field(default_factory=dict)
    register: Callable[[tuple[str, ...]], float | None] = lambda _: None


def is_stale(stamp: float | None, now: float, limit: float = METERED_AGE) -> bool:
    """Return whether a time stamp of the gateway is too old by its own clock.

    A missing stamp and 0, which stands for never, say nothing about age.
    """
    return bool(stamp) and stamp is not None and now - stamp > limit
