"""Flags of the commands that run scenarios, and how their values are parsed."""

# ruff: noqa: PLC0415 - heavy imports wait until the options are valid

import math
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.cli.simulation import require_simulator
from exporter.errors import ConfigError

if TYPE_CHECKING:
    from exporter.simulator.scenario import Scenario


def _complete_scenario(incomplete: str) -> list[str]:
    """Return the names that begin like this, for the shell; none where the simulator is missing."""
    try:
        require_simulator()
    except ConfigError:
        return []
    from exporter.simulator.scenario import scenario_names

    return [name for name in scenario_names() if name.startswith(incomplete)]


ScenarioName = Annotated[
    str,
    typer.Option(
        "--scenario",
        metavar="NAME|FILE",
        help="Scenario to run; `simulate --list` shows the names.",
        autocompletion=_complete_scenario,
    ),
]
Seed = Annotated[
    str | None,
    typer.Option("--seed", metavar="N", help="Seed of weather and household habits."),
]


def parse_scenario(name: str) -> "Scenario":
    """Return the scenario of that name or in that file; raise `ConfigError`."""
    require_simulator()
    from exporter.simulator.scenario import find_scenario

    return find_scenario(name)


def parse_seed(text: str | None) -> int | None:
    """Return the value of `--seed`; raise `ConfigError` for anything but a whole number."""
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise ConfigError(f"--seed: '{text}' is not a whole number, such as 7") from None


def parse_speed(text: str) -> float:
    """Return the value of `--speed`; raise `ConfigError` for anything but a number above 0."""
    try:
        number = float(text.lower().removesuffix("x"))
    except ValueError:
        number = math.nan
    if not 0 < number <= 1e6:
        raise ConfigError(
            f"--speed: '{text}' is not a speed: write how many times as fast as the wall clock,"
            " such as 60, up to 1000000"
        )
    return number
