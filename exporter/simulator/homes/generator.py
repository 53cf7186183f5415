"""The standby generator: its state, settings and schedule."""

from typing import Any

from exporter.simulator.homes.models import HomeHardware, HomeState
from exporter.simulator.homes.time_of_use import WEEKDAYS, WEEKEND

#: modes of the generator, in the order of the numbers they have
_MODES = ("off", "on", "auto")
#: rated power in kW, and minutes it warms up and cools down
RATED_KW, WARM_UP, COOL_DOWN = 11.0, 3, 4


def generator(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ensemble/generator`: whether it runs."""
    unit = state.unit
    return {
        "admin_state": unit.commanded if site.generator else "unknown",
        "oper_state": "close" if unit.running or not site.generator else "open",
        "admin_mode": _MODES.index(unit.mode) if site.generator else 0,
        "schedule": int(site.generator),
        "start_soc": unit.start_soc if site.generator else 0,
        "stop_soc": unit.stop_soc if site.generator else 0,
        "exc_on": int(unit.exercising),
        "present": int(site.generator),
        "type": int(site.generator),
    }


def generator_config(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ss/gen_config`: what it is; empty without one."""
    if not site.generator:
        return {}
    return {
        "max_cont_gen_amps": 45.0,
        "min_gen_loading_perc": 10,
        "max_gen_efficiency_perc": 90,
        "name_plate_rating_wat": RATED_KW,
        "start_method": "auto",
        "warm_up_mins": WARM_UP,
        "cool_down_mins": COOL_DOWN,
        "gen_type": "Standby",
        "model": "Sample 11 kW",
        "manufacturer": "Nobody",
        "last_updated_by": "ITK",
        "generator_id": "4999000001",
        "charge_from_generator": state.unit.charges,
    }


def generator_mode(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ss/gen_mode`: the commanded mode."""
    return {"gen_cmd": state.unit.mode, "last_updated_by": "ITK"}


def generator_schedule(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/ss/gen_schedule`: its exercise, and the states of charge that start and stop it."""
    if not site.generator:
        return {}
    exercise = state.unit.exercise
    period = {
        "id": "quiet_1",
        "start": 0.0,
        "duration": 1440.0,
        "start_soc": float(state.unit.start_soc),
        "stop_soc": float(state.unit.stop_soc),
        "setting": "SOC",
    }
    days = {"id": "all_days", "week_days": f"{WEEKDAYS},{WEEKEND}", "periods": [period]}
    return {
        "exercise_config": {
            "freq_in_weeks": exercise.weeks,
            "start": exercise.start,
            "duration": exercise.minutes,
            "day": exercise.day,
        },
        "default_soc": {"start_soc": state.unit.start_soc, "stop_soc": state.unit.stop_soc},
        "schedule": {
            "default": [{"id": "all_year", "start": "1/1", "end": "12/31", "days": [days]}]
        },
        "last_updated_by": "ITK",
    }
