"""The time-of-use tariff of the sample homes: what it costs when.

One table for two users: the tariff endpoint reports it, and batteries in savings mode follow it.
"""

from typing import Literal, NamedTuple

PriceLevel = Literal["low", "middle", "high"]

#: price per kWh without time of use, bought and sold
FLAT, SELL = 0.28, 0.06
WEEKDAYS, WEEKEND = "Mon,Tue,Wed,Thu,Fri", "Sat,Sun"
_SATURDAY = 5


class TariffSeason(NamedTuple):
    """Prices from a day of the year on; `start` as month/day."""

    name: str
    start: str
    low: float
    middle: float
    high: float

    def price(self, level: PriceLevel) -> float:
        """Return the price per kWh."""
        return {"low": self.low, "middle": self.middle, "high": self.high}[level]


SEASONS = (
    TariffSeason("summer", "6/1", 0.24, 0.38, 0.56),
    TariffSeason("winter", "10/1", 0.24, 0.31, 0.42),
)

#: from which minute of the day on which price holds
_ON_WEEKDAYS: tuple[tuple[int, PriceLevel], ...] = (
    (0, "low"),
    (840, "middle"),
    (960, "high"),
    (1260, "middle"),
)
_ON_WEEKENDS: tuple[tuple[int, PriceLevel], ...] = ((0, "low"), (960, "middle"), (1260, "low"))
#: periods by the days they hold on
PERIODS = (("weekdays", WEEKDAYS, _ON_WEEKDAYS), ("weekend", WEEKEND, _ON_WEEKENDS))


def price_level(weekday: int, minute: float) -> PriceLevel:
    """Return the price level for buying; weekday counts from Monday as 0, minute from midnight."""
    periods = _ON_WEEKENDS if weekday >= _SATURDAY else _ON_WEEKDAYS
    return next(level for start, level in reversed(periods) if minute >= start)
