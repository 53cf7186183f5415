"""How much power a site can have: what no register and no power reading can exceed.

The limits follow from the hardware that is known: the number of inverters and batteries, and the
rating of the main breaker where the owner configured it. They are generous, since they only have to
tell energy from nonsense such as a step of 2^32 J.
"""

from dataclasses import dataclass
from enum import Enum, auto

#: W; the largest microinverters give 640 W
_PER_INVERTER = 750.0
#: W; an IQ Battery 10C gives 7 kW for hours, and more for seconds
_PER_BATTERY = 15_000.0
#: V between the legs of a main breaker: three phases of the highest service, for any rating
_SERVICE_VOLTS = 3 * 277.0
#: W; a site whose size is not known: beyond the largest meters that a gateway takes
_UNKNOWN = 250_000.0
#: Wh; no site of unknown size is believed a larger step, however long nothing was read
_UNKNOWN_STEP = 1e6


class Side(Enum):
    """What a register or a power is about."""

    SOLAR = auto()
    GRID = auto()
    BATTERY = auto()
    HOUSE = auto()
    INVERTER = auto()

    # Every reading of a register looks something up by it, and Enum's own hash is a slow one.
    __hash__ = object.__hash__


@dataclass(slots=True)
class SiteLimits:
    """The limits of one site; a count of 0 is not known."""

    inverters: int = 0
    batteries: int = 0
    main_breaker_amperes: float | None = None

    def watts(self, side: Side) -> float:
        """Return the most power there can be, in either direction."""
        solar = self.inverters * _PER_INVERTER or _UNKNOWN
        battery = self.batteries * _PER_BATTERY or _UNKNOWN
        amperes = self.main_breaker_amperes
        grid = _UNKNOWN if amperes is None else amperes * _SERVICE_VOLTS
        return {
            Side.SOLAR: solar,
            Side.GRID: grid,
            Side.BATTERY: battery,
            Side.HOUSE: solar + battery + grid,
            Side.INVERTER: 2 * _PER_INVERTER,
        }[side]

    def watt_hours(self, side: Side, seconds: float) -> float:
        """Return the most energy there can be in so many seconds."""
        energy = self.watts(side) * max(0.0, seconds) / 3600
        has_size = {
            Side.SOLAR: bool(self.inverters),
            Side.BATTERY: bool(self.batteries),
            Side.GRID: self.main_breaker_amperes is not None,
            Side.INVERTER: True,
        }.get(side, False)
        return energy if has_size else min(energy, _UNKNOWN_STEP)
