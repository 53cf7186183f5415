"""Settings of a sample home: tariff, export limit and standby generator."""

from typing import Any

from exporter.simulator.homes.ensemble import RESERVE, VERY_LOW
from exporter.simulator.homes.site import Site, State

#: prices per kWh; a fixed reading of the clock in minutes after midnight for each
_FLAT, _SELL = 0.28, 0.06
_WEEKDAYS, _WEEKEND = "Mon,Tue,Wed,Thu,Fri", "Sat,Sun"
#: seasons: name, first day, price off peak, before and after the peak, and at the peak
_SEASONS = (("summer", "6/1", 0.24, 0.38, 0.56), ("winter", "10/1", 0.24, 0.31, 0.42))


def tariff(site: Site, state: State) -> Any:
    """`/admin/lib/tariff`: prices, and how the batteries are used."""
    answer: dict[str, Any] = {
        "tariff": {
            "currency": {"code": site.currency},
            "logger": "mylogger",
            "date": str(state.now - 3 * 86400),
            "single_rate": {"rate": _FLAT, "sell": _SELL},
            "seasons": _seasons() if site.time_of_use else [],
            "seasons_sell": _seasons_sell() if site.time_of_use else [],
        }
    }
    if site.batteries or site.acbs:
        storage: dict[str, Any] = {
            "mode": "self-consumption",
            "operation_mode_sub_type": "",
            "reserved_soc": float(RESERVE),
            "very_low_soc": VERY_LOW,
            "charge_from_grid": False,
            "date": str(state.now - 20 * 86400),
            "opt_schedules": False,
        }
        answer["tariff"]["storage_settings"] = storage
        answer["schedule"] = {
            "filename": "Tariff",
            "source": "Tariff",
            "version": "00.00.02",
            "reserved_soc": storage["reserved_soc"],
            "very_low_soc": storage["very_low_soc"],
            "charge_from_grid": storage["charge_from_grid"],
            "battery_mode": storage["mode"],
            "opt_schedules": storage["opt_schedules"],
        }
    return answer


def export_limit(site: Site, state: State) -> Any:
    """`/ivp/ss/pel_settings`: no limit on what is exported."""
    return {
        "PEL": False,
        "Hard_PEL": False,
        "Soft_PEL": False,
        "Export_Limit_Type": "Aggregate",
        "percent": False,
        "apparent": False,
        "PEL_Limit": 0.0,
    }


def generator(site: Site, state: State) -> Any:
    """`/ivp/ensemble/generator`: whether it runs."""
    running = "closed" if state.generator > 0 else "open"
    return {
        "admin_state": running if site.generator else "unknown",
        "oper_state": running if site.generator else "close",
        "admin_mode": 2 if site.generator else 0,
        "schedule": int(site.generator),
        "start_soc": 25 if site.generator else 0,
        "stop_soc": 65 if site.generator else 0,
        "exc_on": 0,
        "present": int(site.generator),
        "type": int(site.generator),
    }


def generator_config(site: Site, state: State) -> Any:
    """`/ivp/ss/gen_config`: what it is; empty without one."""
    if not site.generator:
        return {}
    return {
        "max_cont_gen_amps": 45.0,
        "min_gen_loading_perc": 10,
        "max_gen_efficiency_perc": 90,
        "name_plate_rating_wat": 11.0,
        "start_method": "auto",
        "warm_up_mins": 3,
        "cool_down_mins": 4,
        "gen_type": "Standby",
        "model": "Sample 11 kW",
        "manufacturer": "Nobody",
        "last_updated_by": "ITK",
        "generator_id": "4999000001",
        "charge_from_generator": True,
    }


def generator_mode(site: Site, state: State) -> Any:
    """`/ivp/ss/gen_mode`: what was asked of it."""
    return {"gen_cmd": "auto", "last_updated_by": "ITK"}


def generator_schedule(site: Site, state: State) -> Any:
    """`/ivp/ss/gen_schedule`: its exercise, and the states of charge that start and stop it."""
    if not site.generator:
        return {}
    period = {
        "id": "quiet_1",
        "start": 0.0,
        "duration": 1440.0,
        "start_soc": 25.0,
        "stop_soc": 65.0,
        "setting": "SOC",
    }
    days = {"id": "all_days", "week_days": f"{_WEEKDAYS},{_WEEKEND}", "periods": [period]}
    return {
        "exercise_config": {"freq_in_weeks": 2, "start": 660, "duration": 15, "day": "Wed"},
        "default_soc": {"start_soc": 25, "stop_soc": 65},
        "schedule": {
            "default": [{"id": "all_year", "start": "1/1", "end": "12/31", "days": [days]}]
        },
        "last_updated_by": "ITK",
    }


def _seasons() -> list[Any]:
    return [
        {
            "id": name,
            "start": start,
            "days": [
                _days(
                    "weekdays", _WEEKDAYS, [(0, low), (840, middle), (960, high), (1260, middle)]
                ),
                _days("weekend", _WEEKEND, [(0, low), (960, middle), (1260, low)]),
            ],
        }
        for name, start, low, middle, high in _SEASONS
    ]


def _seasons_sell() -> list[Any]:
    return [
        {
            "id": name,
            "start": start,
            "days": [_days("all", f"{_WEEKDAYS},{_WEEKEND}", [(0, _SELL), (960, high / 4)])],
        }
        for name, start, _low, _middle, high in _SEASONS
    ]


def _days(name: str, days: str, steps: list[tuple[int, float]]) -> dict[str, Any]:
    """Return the prices of some weekdays, each from a minute of the day on."""
    return {
        "id": name,
        "days": days,
        "must_charge_start": 0,
        "must_charge_duration": 0,
        "must_charge_mode": "CP",
        "peak_rule": "US",
        "enable_discharge_to_grid": False,
        "periods": [
            {"id": "filler" if not start else f"period_{index}", "start": start, "rate": rate}
            for index, (start, rate) in enumerate(steps)
        ],
    }
