"""The price of a kWh in force now, from the tariff's seasons, days and periods.

A season starts on a day of the year and lasts until the next one starts; within a day the period
that started last holds, and before the first one that of the evening before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Prices:
    """Price of a kWh bought and sold, in the tariff's currency; None is unknown."""

    buy: float | None
    sell: float | None


def prices(tariff: Any, local: datetime | None) -> Prices:
    """Return the prices at a local time; a price that depends on an unknown time is unknown.

    `tariff` is pyenphase's EnvoyTariff. A tariff never set up has no seasons and a rate of 0.
    """
    single = tariff.single_rate if isinstance(tariff.single_rate, dict) else {}
    flat = _rate(single, "rate")
    buy = _in_season(tariff.seasons, local, flat or None)
    set_up = bool(flat) or bool(tariff.seasons)
    sell = _in_season(tariff.seasons_sell, local, _rate(single, "sell")) if set_up else None
    return Prices(buy, sell)


def _in_season(seasons: Any, local: datetime | None, flat: float | None) -> float | None:
    usable = [season for season in _dicts(seasons) if _start_of_season(season) is not None]
    if not any(_dicts(season.get("days")) for season in usable):
        # Tiers depend on what was used so far; their first rate is the tariff's single rate.
        return flat
    if local is None:
        return None
    season = _latest(usable, _start_of_season, (local.month, local.day))
    weekday = _DAYS[local.weekday()]
    for day in _dicts(season.get("days")):
        if weekday in str(day.get("days", "")).split(","):
            periods = [p for p in _dicts(day.get("periods")) if _start_of_period(p) is not None]
            if periods:
                now = local.hour * 60 + local.minute
                return _rate(_latest(periods, _start_of_period, now), "rate")
    return flat


def _latest(items: list[dict[str, Any]], start: Any, now: Any) -> dict[str, Any]:
    """Return the item that started last at `now`, going round to the end of the round before."""
    ordered = sorted(items, key=start)
    return next((item for item in reversed(ordered) if start(item) <= now), ordered[-1])


def _start_of_season(season: dict[str, Any]) -> tuple[int, int] | None:
    try:
        month, day = str(season.get("start")).split("/")
        return int(month), int(day)
    except ValueError:
        return None


def _start_of_period(period: dict[str, Any]) -> float | None:
    start = period.get("start")
    return start if isinstance(start, (int, float)) else None


def _rate(told: dict[str, Any], key: str) -> float | None:
    rate = told.get(key)
    if isinstance(rate, bool) or not isinstance(rate, (int, float)):
        return None
    # Rates travel as 32-bit floats: 0.20000000298 is a price of 0.2.
    return round(float(rate), 6)


def _dicts(value: Any) -> list[dict[str, Any]]:
    items: Iterable[Any] = value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict)]
