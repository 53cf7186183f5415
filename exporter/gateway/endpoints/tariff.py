"""`/admin/lib/tariff`: what the batteries are used for, and what a kilowatt-hour costs.

A season starts on a day of the year and lasts until the next one starts; within a day the period
that started last holds, and before the first one that of the evening before. A price that hangs
on something that cannot be read is unknown: the wrong one would look as right as any other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from awesomeversion import AwesomeVersion
from pydantic import Field

from exporter.gateway.endpoints.base import (
    Endpoint,
    Model,
    Notes,
    Parsed,
    as_object,
    entries,
)
from exporter.gateway.endpoints.context import Context
from exporter.gateway.endpoints.fields import EpochText, Flag, Percent, Price, Text

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MINUTES = 24 * 60
T = TypeVar("T")


class StorageSettings(Model):
    """What the batteries are used for, and what is kept for an outage."""

    required: ClassVar[frozenset[str]] = frozenset({"reserved_soc", "charge_from_grid"})
    nullable: ClassVar[frozenset[str]] = frozenset({"mode", "date"})

    mode: Text = None
    operation_mode_sub_type: Text = None
    reserved_soc: Percent = None
    very_low_soc: Percent = None
    charge_from_grid: Flag = None
    date: EpochText = None
    opt_schedules: Flag = None


class _Currency(Model):
    code: Text = None


class _SingleRate(Model):
    rate: Price = None
    sell: Price = None


@dataclass(frozen=True, slots=True)
class Period:
    """A price from a minute of the day on; None is unknown."""

    start: int | None
    rate: float | None


@dataclass(frozen=True, slots=True)
class DayPrices:
    """Prices of some days of the week."""

    days: frozenset[str] | None
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Season:
    """Prices from a day of the year on, as month and day; None is unknown."""

    start: tuple[int, int] | None
    days: tuple[DayPrices, ...]


@dataclass(frozen=True, slots=True)
class Tariff:
    """Settings of the batteries, and prices in a currency; `date` is that of the last change."""

    date: int | None
    currency: str | None
    storage_settings: StorageSettings | None
    buy: float | None
    sell: float | None
    seasons: tuple[Season, ...]
    seasons_sell: tuple[Season, ...]


@dataclass(frozen=True, slots=True)
class CurrentPrice:
    """Price of a kilowatt-hour in force now, in the currency of the tariff."""

    value: float


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """Whether the storage settings in the tariff are those in force."""

    current: bool


class _Tariff(Model):
    date: EpochText = None


class _Period(Model):
    required: ClassVar[frozenset[str]] = frozenset({"start", "rate"})

    start: int | None = Field(None, ge=0, le=_MINUTES)
    rate: Price = None


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the tariff, each part of it on its own."""
    raw = as_object(document).get("tariff")
    tariff = _Tariff.read(raw, notes, "tariff")
    if tariff is None or not isinstance(raw, dict):
        return {}
    for key in ("currency", "seasons", "seasons_sell"):
        _expect(raw, key, notes)
    currency = _part(_Currency, raw, "currency", notes)
    single = _part(_SingleRate, raw, "single_rate", notes)
    return {
        "tariff": Tariff(
            date=tariff.date,
            currency=currency.code if currency else None,
            storage_settings=_part(StorageSettings, raw, "storage_settings", notes),
            buy=_rate(single.rate) if single else None,
            sell=_rate(single.sell) if single else None,
            seasons=_seasons(raw, "seasons", notes),
            seasons_sell=_seasons(raw, "seasons_sell", notes),
        )
    }


M = TypeVar("M", bound=Model)


def _part(model: type[M], raw: dict[str, Any], key: str, notes: Notes) -> M | None:
    value = raw.get(key)
    return model.read(value, notes, key) if value else None


def _rate(rate: float | None) -> float | None:
    # Rates travel as 32-bit floats: 0.20000000298 is a price of 0.2.
    return None if rate is None else round(rate, 6)


#: placeholders for entries that cannot be read: a price that depends on one is unknown
_UNKNOWN_PERIOD = Period(None, None)
_UNKNOWN_DAY = DayPrices(None, ())
_UNKNOWN_SEASON = Season(None, (_UNKNOWN_DAY,))


def _seasons(raw: dict[str, Any], key: str, notes: Notes) -> tuple[Season, ...]:
    value = raw.get(key)
    if value is None:
        # Where there were seasons, the flat price is not what a kilowatt-hour costs.
        return (_UNKNOWN_SEASON,) if notes.before.get(key) else ()
    return _each(value, _season, _UNKNOWN_SEASON, notes, key)


def _expect(raw: dict[str, Any], key: str, notes: Notes) -> None:
    """Note what a tariff has, and count it as unreadable when it is gone."""
    if raw.get(key):
        notes.identities[key] = (key,)
    elif raw.get(key) is None and notes.before.get(key):
        notes.unreadable(key)


def _season(raw: dict[str, Any], notes: Notes, name: str) -> Season:
    return Season(
        _read(_start, raw.get("start"), notes, f"{name}.start"),
        _each(raw.get("days", []), _day, _UNKNOWN_DAY, notes, f"{name}.days"),
    )


def _day(raw: dict[str, Any], notes: Notes, name: str) -> DayPrices:
    return DayPrices(
        _read(_weekdays, raw.get("days"), notes, f"{name}.days"),
        _each(raw.get("periods"), _period, _UNKNOWN_PERIOD, notes, f"{name}.periods"),
    )


def _period(raw: dict[str, Any], notes: Notes, name: str) -> Period:
    period = _Period.read(raw, notes, name)
    return Period(period.start, _rate(period.rate)) if period else _UNKNOWN_PERIOD


def _each(
    raw: Any,
    make: Callable[[dict[str, Any], Notes, str], T],
    unknown: T,
    notes: Notes,
    name: str,
) -> tuple[T, ...]:
    """Return an object for each entry of a list, and one more for entries that are none."""
    read = tuple(make(entry, notes, name) for entry in entries(raw, notes, name))
    whole = isinstance(raw, list) and len(read) == len(raw)
    return read if whole else (*read, unknown)


def _read(convert: Callable[[Any], T], value: Any, notes: Notes, name: str) -> T | None:
    try:
        return convert(value)
    except (ValueError, AttributeError):
        notes.unreadable(name)
        return None


def _start(value: Any) -> tuple[int, int]:
    month, day = value.split("/")
    start = int(month), int(day)
    if not (1 <= start[0] <= 12 and 1 <= start[1] <= 31):
        raise ValueError(value)
    return start


def _weekdays(value: Any) -> frozenset[str]:
    days = frozenset(day.strip() for day in value.split(","))
    if not days <= set(_DAYS):
        raise ValueError(value)
    return days


class _UnknownError(Exception):
    """A price hangs on something that cannot be read."""


def prices(tariff: Tariff, local: datetime | None) -> tuple[float | None, float | None]:
    """Return the price of a kWh bought and that of one sold at a local time; None is unknown.

    A tariff that was never set up has no seasons and a rate of 0.
    """
    is_set_up = bool(tariff.buy) or bool(tariff.seasons)
    return (
        _price(tariff.seasons, local, tariff.buy or None),
        _price(tariff.seasons_sell, local, tariff.sell) if is_set_up else None,
    )


def _price(seasons: tuple[Season, ...], local: datetime | None, flat: float | None) -> float | None:
    if not any(season.days for season in seasons):
        # Tiers depend on what was used so far; their first rate is the tariff's single rate.
        return flat
    if local is None:
        return None
    try:
        season = _latest(seasons, lambda season: season.start, (local.month, local.day))
        weekday = _DAYS[local.weekday()]
        day = next((day for day in season.days if day.days and weekday in day.days), None)
        if day is None or not day.periods:
            if any(other.days is None for other in season.days):
                raise _UnknownError
            return flat
        now = local.hour * 60 + local.minute
        return _latest(day.periods, lambda period: period.start, now).rate
    except _UnknownError:
        return None


def _latest(items: Iterable[T], start: Callable[[T], Any], now: Any) -> T:
    """Return the item that started last at `now`, going round to the end of the round before."""
    listed = list(items)
    if any(start(item) is None for item in listed):
        raise _UnknownError
    ordered = sorted(listed, key=start)
    return next((item for item in reversed(ordered) if start(item) <= now), ordered[-1])


#: from these versions on, of one branch each, the cloud keeps the settings in force elsewhere
_SETTINGS_ELSEWHERE = (AwesomeVersion("8.2.4225"), AwesomeVersion("8.3.5289"))


def settings_are_current(firmware: AwesomeVersion | None) -> bool | None:
    """Return whether the storage settings in the tariff are those in force; None is unknown."""
    if firmware is None:
        return None
    older, newer = _SETTINGS_ELSEWHERE
    if firmware >= newer:
        return False
    return bool(firmware < older or str(firmware.minor) != str(older.minor))


def combine(parsed: Mapping[str, Parsed], context: Context) -> dict[str, Any]:
    """Return the tariff and the prices in force now."""
    answer = parsed.get(ENDPOINT.path)
    tariff: Tariff | None = answer.data.get("tariff") if answer else None
    if tariff is None:
        return {}
    data: dict[str, Any] = {"tariff": tariff}
    current = settings_are_current(context.firmware)
    if tariff.storage_settings is not None and current is not None:
        data["storage_settings_source"] = SettingsSource(current)
    buy, sell = prices(tariff, context.wall_time())
    if tariff.currency:
        for member, price in (("import_price", buy), ("export_price", sell)):
            if price is not None:
                data[member] = {tariff.currency: CurrentPrice(price)}
    return data


ENDPOINT = Endpoint("/admin/lib/tariff", "tariff", read, max_age=300, deadline=30, optional=True)
