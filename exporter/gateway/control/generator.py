"""The standby generator: its mode, when it starts, stops and exercises, and what it may charge."""

from typing import Any

from pyenphase import Envoy
from pyenphase.models.envoy import EnvoyData

from exporter.errors import ControlError, InvalidDataError
from exporter.gateway.control.models import Args, Values
from exporter.gateway.policy import GENERATOR_CONFIG, GENERATOR_MODE, GENERATOR_SCHEDULE

MODE_READS, SCHEDULE_READS = (GENERATOR_MODE,), (GENERATOR_SCHEDULE,)
CONFIG_READS = (GENERATOR_CONFIG,)
#: the settings of the schedule, by the name pyenphase has for them
SETTINGS = (
    "exercise_freq_in_weeks",
    "exercise_day",
    "exercise_start",
    "exercise_duration",
    "default_start_soc",
    "default_stop_soc",
)
_EFFECT = {
    "off": "it will not start, however low the batteries are",
    "on": "it starts now, and runs until it is told otherwise",
    "auto": "it starts and stops with the charge of the batteries, off grid",
}


def mode(data: EnvoyData, args: Args) -> Values:
    """Return what was asked of the generator."""
    if data.generator_mode is None:
        raise InvalidDataError("the gateway does not say in which mode the generator is")
    return {"mode": data.generator_mode.gen_cmd}


def mode_notes(args: Args, before: Values, data: EnvoyData) -> list[str]:
    """Say what the mode does."""
    return [_EFFECT[args["mode"]]]


def schedule(data: EnvoyData, args: Args) -> Values:
    """Return when it starts, stops and exercises."""
    found = data.generator_schedule
    if found is None:
        raise ControlError(
            "the gateway has no schedule for the generator: set one up in the app first"
        )
    return {name: getattr(found, name) for name in SETTINGS}


def wanted_schedule(args: Args, before: Values) -> Values:
    """Return the settings that were given."""
    return {name: args[name] for name in SETTINGS if args.get(name) is not None}


def check_schedule(args: Args, before: Values) -> None:
    """Refuse charges that leave no room."""
    after = {**before, **wanted_schedule(args, before)}
    start, stop = after["default_start_soc"], after["default_stop_soc"]
    if start >= stop:
        raise ControlError(
            f"start soc {start} % is not below stop soc {stop} %: the generator starts at the one"
            " and stops at the other"
        )


def charging(data: EnvoyData, args: Args) -> Values:
    """Tell whether it may charge the batteries."""
    if data.generator_config is None:
        raise InvalidDataError("the gateway does not say how the generator is configured")
    return {"charge_from_generator": data.generator_config.charge_from_generator}


def why_charging(wanted: Values, after: Values) -> str:
    """Say why it may not have been taken over."""
    return "a gateway without Enphase batteries takes it, and leaves it on"


async def write_schedule(envoy: Envoy, args: Args, wanted: Values) -> Any:
    """Send the whole schedule with these changes."""
    return await envoy.update_generator_schedule(wanted)
