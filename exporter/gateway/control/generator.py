"""The standby generator: mode, schedule, and whether it may charge the batteries."""

from typing import Any

from pyenphase import Envoy
from pyenphase.models.envoy import EnvoyData

from exporter.errors import ControlError, InvalidDataError
from exporter.gateway.control.models import Args, Values
from exporter.gateway.paths import GENERATOR_CONFIG, GENERATOR_MODE, GENERATOR_SCHEDULE

MODE_READS, SCHEDULE_READS = (GENERATOR_MODE,), (GENERATOR_SCHEDULE,)
CONFIG_READS = (GENERATOR_CONFIG,)
#: the settings of the schedule, by their names in pyenphase
SETTINGS = (
    "exercise_freq_in_weeks",
    "exercise_day",
    "exercise_start",
    "exercise_duration",
    "default_start_soc",
    "default_stop_soc",
)
_EFFECT = {
    "off": "it does not start, even when the batteries are low",
    "on": "it starts now, and runs until its mode is changed",
    "auto": "off grid, it starts and stops with the charge of the batteries",
}


def mode(data: EnvoyData, args: Args) -> Values:
    """Return the mode of the generator."""
    if data.generator_mode is None:
        raise InvalidDataError("the gateway does not report the mode of the generator")
    return {"mode": data.generator_mode.gen_cmd}


def mode_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Return what the mode does."""
    return [_EFFECT[args["mode"]]]


def schedule(data: EnvoyData, args: Args) -> Values:
    """Return when it starts, stops and exercises."""
    values = data.generator_schedule
    if values is None:
        raise ControlError("the generator has no schedule: set one up in the app first")
    return {name: getattr(values, name) for name in SETTINGS}


def desired_schedule(args: Args, before: Values) -> Values:
    """Return the settings that were given."""
    return {name: args[name] for name in SETTINGS if args.get(name) is not None}


def check_schedule(args: Args, before: Values) -> None:
    """Refuse limits that leave no range."""
    after = {**before, **desired_schedule(args, before)}
    start, stop = after["default_start_soc"], after["default_stop_soc"]
    if start >= stop:
        raise ControlError(
            f"start soc {start} % is not below stop soc {stop} %: the generator starts at the first"
            " and stops at the second"
        )


def charging(data: EnvoyData, args: Args) -> Values:
    """Return whether it may charge the batteries."""
    if data.generator_config is None:
        raise InvalidDataError("the gateway does not report the configuration of the generator")
    return {"charge_from_generator": data.generator_config.charge_from_generator}


def charging_hint(desired: Values, after: Values) -> str:
    """Return why it may not have been applied."""
    return "a gateway without Enphase batteries accepts it, but leaves it on"


async def write_schedule(envoy: Envoy, args: Args, desired: Values) -> Any:
    """Send the whole schedule with these changes."""
    return await envoy.update_generator_schedule(desired)
