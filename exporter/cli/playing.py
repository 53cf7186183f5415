"""What the commands that play scenarios have in common: their flags, and what flags mean."""

# ruff: noqa: PLC0415 - heavy imports wait until the flags are known to be right

import math
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.errors import ConfigError

if TYPE_CHECKING:
    from exporter.simulator.scenario import Scenario

ScenarioName = Annotated[
    str,
    typer.Option(
        "--scenario", metavar="NAME|FILE", help="What happens; `simulate --list` shows the names."
    ),
]
Seed = Annotated[
    str | None,
    typer.Option("--seed", metavar="N", help="Other weather and habits than the scenario's own."),
]


def scenario(name: str) -> "Scenario":
    """Return the scenario of that name or in that file; raise `ConfigError`."""
    from exporter.simulator.scenario import find

    return find(name)


def seed(text: str | None) -> int | None:
    """Return what `--seed` says; raise `ConfigError` for anything but a whole number."""
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise ConfigError(f"--seed: '{text}' is no whole number, such as 7") from None


def speed(text: str) -> float:
    """Return what `--speed` says; raise `ConfigError` for anything but a number above 0."""
    try:
        number = float(text.lower().removesuffix("x"))
    except ValueError:
        number = math.nan
    if not 0 < number <= 1e6:
        raise ConfigError(
            f"--speed: '{text}' is no speed: write how many times as fast as the wall clock, such"
            " as 60, up to 1000000"
        )
    return number


def duration(flag: str, text: str, least: float) -> float:
    """Return what a flag says in seconds; raise `ConfigError` for less than `least` or no time."""
    from pydantic_core import PydanticCustomError

    from exporter.simulator.scenario.times import seconds

    try:
        found = seconds(text)
    except PydanticCustomError as error:
        raise ConfigError(f"{flag}: {error.message()}") from None
    if found < least:
        raise ConfigError(f"{flag}: '{text}' is too short: at least {least:g}s")
    return found
