"""Finds and reads scenario files; each mistake in a file is reported in one line."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from exporter.config import strict_yaml
from exporter.config.errors import config_error, did_you_mean
from exporter.errors import ConfigError, ExporterError
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.scenario import validation
from exporter.simulator.scenario.models import Scenario, ScenarioEvent
from exporter.text import printable

_SHIPPED = Path(__file__).parent.parent / "scenarios"
_SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class _Location:
    """A section of a file."""

    source: str
    path: str

    def line(self, key: str, message: str) -> str:
        return f"{self.source}: {self.path}.{key}: {message}"


def scenario_names() -> list[str]:
    """Return the names of the scenarios that come with the program."""
    return sorted(path.stem for path in _SHIPPED.glob("*.yml"))


def find_scenario(word: str) -> Scenario:
    """Return the scenario with that name, or in that file.

    Raises `ConfigError` for an unknown name, and for everything that is wrong in the file.
    """
    if "/" in word or word.endswith(_SUFFIXES):
        return load_scenario(Path(word))
    names, name = scenario_names(), word.lower()
    if name not in names:
        raise ConfigError(
            f"there is no scenario '{printable(word)[:80]}': {did_you_mean(name, names)};"
            " a file needs a path with / or .yml in it"
        )
    return load_scenario(_SHIPPED / f"{name}.yml")


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in a file; raise `ConfigError`, with a line for each mistake."""
    return _validate(strict_yaml.read(path), printable(path))


def _validate(data: dict[object, object], source: str) -> Scenario:
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        raise config_error(error, Scenario, source) from None
    lines = [
        line
        for index, event in enumerate(scenario.events)
        for line in _mistakes(scenario, event, _Location(source, f"events[{index}]"))
    ]
    if lines:
        raise ConfigError("\n".join(lines))
    return scenario


def _mistakes(scenario: Scenario, event: ScenarioEvent, location: _Location) -> Iterator[str]:
    """Yield what is wrong with an event in this home."""
    at = scenario.epoch(event.at)
    if not scenario.begins <= at <= scenario.ends:
        yield location.line("at", "is before the start or after the end: change it or the duration")
    house = _reference_home(scenario)
    for address, message in validation.find_mistakes(
        house, event.parameters, reverts=event.lasts is not None
    ):
        yield location.line(f"set.{printable(address)}", message)


def _reference_home(scenario: Scenario) -> HomeSimulation:
    """Return a home with this hardware, whose parameters can be looked up."""
    try:
        return HomeSimulation(scenario.site, seed=1, start=scenario.begins, past_days=0)
    except (ValueError, ArithmeticError, LookupError) as error:
        raise ExporterError(f"this home cannot be simulated: {error}") from error
