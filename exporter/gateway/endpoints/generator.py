"""A standby generator: its state, configuration, mode and schedule, an endpoint each.

A gateway without a generator answers all four of them, the configuration with an empty object.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, as_object
from exporter.gateway.endpoints.fields import (
    Amperes,
    Code,
    Flag,
    FlagText,
    Number,
    Percent,
    Text,
    Watts,
)


class Generator(Model):
    """State of the generator and its relay."""

    required: ClassVar[frozenset[str]] = frozenset({"admin_state", "oper_state", "present"})

    admin_state: Text = None
    oper_state: Text = None
    admin_mode: Code = None
    schedule: Code = None
    start_soc: Number = None
    #: -1 without a generator
    stop_soc: Number = None
    exc_on: Code = None
    present: FlagText = None
    type: Code = None


class GeneratorConfig(Model):
    """What the generator can do and how it is started."""

    max_cont_gen_amps: Amperes = None
    min_gen_loading_perc: Percent = None
    max_gen_efficiency_perc: Percent = None
    name_plate_rating_wat: Watts = None
    start_method: Text = None
    warm_up_mins: Number = None
    cool_down_mins: Number = None
    gen_type: Text = None
    model: Text = None
    manufacturer: Text = None
    last_updated_by: Text = None
    generator_id: Text = None
    charge_from_generator: Flag = None


class GeneratorMode(Model):
    """What the generator was asked to do: off, on or auto."""

    required: ClassVar[frozenset[str]] = frozenset({"gen_cmd"})

    gen_cmd: Text = None
    last_updated_by: Text = None


class GeneratorSchedule(Model):
    """When the generator is exercised, in weeks and minutes, and at which charge it runs."""

    exercise_freq_in_weeks: Number = Field(None, alias="exercise_config.freq_in_weeks")
    exercise_start: Number = Field(None, alias="exercise_config.start")
    exercise_duration: Number = Field(None, alias="exercise_config.duration")
    exercise_day: Text = Field(None, alias="exercise_config.day")
    default_start_soc: Number = Field(None, alias="default_soc.start_soc")
    default_stop_soc: Number = Field(None, alias="default_soc.stop_soc")
    last_updated_by: Text = None


def read_state(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the state of the generator, also of one that is not present."""
    return {"generator": Generator.read(as_object(document), notes)}


def read_config(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the configuration; nothing for the empty one of a site without generator."""
    raw = as_object(document)
    return {"generator_config": GeneratorConfig.read(raw, notes)} if raw else {}


def read_mode(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the mode."""
    raw = as_object(document)
    return {"generator_mode": GeneratorMode.read(raw, notes)} if raw else {}


def read_schedule(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the schedule; nothing where no exercise was ever set up."""
    raw = as_object(document)
    flat: dict[str, Any] = {"last_updated_by": raw.get("last_updated_by")}
    for part in ("exercise_config", "default_soc"):
        values = raw.get(part)
        if isinstance(values, dict):
            flat |= {f"{part}.{key}": value for key, value in values.items()}
        elif part in raw:
            notes.unreadable(part)
    if len(flat) == 1:
        return {}
    return {"generator_schedule": GeneratorSchedule.read(flat, notes)}


_SETTINGS_AGE = 300.0

STATE = Endpoint("/ivp/ensemble/generator", "generator", read_state, deadline=30, optional=True)
CONFIG = Endpoint(
    "/ivp/ss/gen_config",
    "generator",
    read_config,
    max_age=_SETTINGS_AGE,
    deadline=30,
    optional=True,
)
MODE = Endpoint(
    "/ivp/ss/gen_mode",
    "generator",
    read_mode,
    max_age=_SETTINGS_AGE,
    deadline=30,
    optional=True,
)
SCHEDULE = Endpoint(
    "/ivp/ss/gen_schedule",
    "generator",
    read_schedule,
    max_age=_SETTINGS_AGE,
    deadline=30,
    optional=True,
)


def combine(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a generator that exists: one that is configured, or has a relay.

    Some gateways without a generator report one as present, with its relay `unknown`.
    """
    generator: Generator | None = data.get("generator")
    if data.get("generator_config") is None and (
        generator is None
        or generator.present is False
        or generator.admin_state in (None, "unknown")
    ):
        return {}
    return {name: value for name, value in data.items() if value is not None}
