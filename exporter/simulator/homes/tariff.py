"""`/admin/lib/tariff`: prices, and how the batteries are used."""

from datetime import UTC, datetime
from typing import Any

from exporter.simulator.homes.models import HomeHardware, HomeState
from exporter.simulator.homes.time_of_use import FLAT, PERIODS, SEASONS, SELL, WEEKDAYS, WEEKEND

_DAYS_OF_WEEK = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
#: battery fields of the purchase tariff; nothing reads them
_CHARGING = {
    "must_charge_start": 0,
    "must_charge_duration": 0,
    "must_charge_mode": "CP",
    "peak_rule": "US",
    "enable_discharge_to_grid": False,
}
#: seconds since the prices were set
_PRICES_AGE = 3 * 86400


def tariff(site: HomeHardware, state: HomeState) -> Any:
    """Return prices and storage settings, which are there even without a battery."""
    prices: dict[str, Any] = {
        "currency": {"code": site.currency},
        "single_rate": {"rate": FLAT, "sell": SELL},
        "seasons": _seasons() if site.time_of_use else [],
        "seasons_sell": _seasons_sell() if site.time_of_use else [],
    }
    schedule: dict[str, Any] = {
        "source": "Tariff",
        "date": f"{datetime.fromtimestamp(state.storage.changed, UTC):%Y-%m-%d %H:%M:%S} UTC",
        "version": "00.00.02",
    }
    if site.since(7):
        storage = _storage(site, state)
        source = {"logger": "mylogger", "date": str(state.now - _PRICES_AGE)}
        prices |= source | {"storage_settings": storage}
        schedule |= _schedule(site, storage)
    return {"tariff": prices, "schedule": schedule}


def _storage(site: HomeHardware, state: HomeState) -> dict[str, Any]:
    storage = state.storage
    settings: dict[str, Any] = {
        "mode": storage.mode,
        "operation_mode_sub_type": storage.sub_type,
        "reserved_soc": round(100 * storage.reserve, 1),
        "very_low_soc": round(100 * storage.very_low),
        "charge_from_grid": storage.charge_from_grid,
        "date": str(storage.changed),
    }
    return settings | _optimised(site, storage.opt_schedules)


def _schedule(site: HomeHardware, storage: dict[str, Any]) -> dict[str, Any]:
    """Return the storage settings as the batteries follow them; nothing reads the rest."""
    newer = {"filename": "Tariff", "batt_mode": storage["mode"]} if site.since(8) else {}
    days = {day: _all_day("ZN") for day in _DAYS_OF_WEEK}
    return {
        **newer,
        "reserved_soc": storage["reserved_soc"],
        "very_low_soc": storage["very_low_soc"],
        "charge_from_grid": storage["charge_from_grid"],
        "battery_mode": storage["mode"],
        "operation_mode_sub_type": storage["operation_mode_sub_type"],
        "override": False,
        "override_backup_soc": 25.0,
        "override_chg_dischg_rate": 0.0,
        "override_tou_mode": "StorageTouMode_DEFAULT_TOU_MODE",
        "schedule": {
            "Disable": [{day: _all_day("ID")} for day in _DAYS_OF_WEEK],
            "tariff": [{"start": "1/1", "end": "1/1", **days}],
        },
        **_optimised(site, storage.get("opt_schedules")),
    }


def _optimised(site: HomeHardware, enabled: bool | None) -> dict[str, Any]:
    """Return whether the vendor's optimisation is on, where the firmware knows of it."""
    return {"opt_schedules": enabled} if site.since(8, 2, 4200) else {}


def _all_day(setting: str) -> list[dict[str, Any]]:
    return [{"start": 0, "duration": 1440, "setting": setting}]


def _seasons() -> list[Any]:
    return [
        {
            "id": season.name,
            "start": season.start,
            "days": [
                _days(name, days, [(start, season.price(level)) for start, level in steps])
                | _CHARGING
                for name, days, steps in PERIODS
            ],
            "tiers": [],
        }
        for season in SEASONS
    ]


def _seasons_sell() -> list[Any]:
    return [
        {
            "id": season.name,
            "start": season.start,
            "days": [_days("all", f"{WEEKDAYS},{WEEKEND}", [(0, SELL), (960, season.high / 4)])],
        }
        for season in SEASONS
    ]


def _days(name: str, days: str, steps: list[tuple[int, float]]) -> dict[str, Any]:
    """Return the prices of some weekdays, each from a minute of the day on."""
    return {
        "id": name,
        "days": days,
        "periods": [
            {"id": "filler" if not start else f"period_{index}", "start": start, "rate": rate}
            for index, (start, rate) in enumerate(steps)
        ],
    }
