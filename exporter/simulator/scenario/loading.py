"""Finds scenarios, reads them, and says in one line for each mistake what is wrong with them."""

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
class _Place:
    """Where in a file something stands."""

    source: str
    path: str

    def line(self, member: str, message: str) -> str:
        return f"{self.source}: {self.path}.{member}: {message}"


def scenario_names() -> list[str]:
    """Return the names of the scenarios that come with the program; the rows of failures last."""
    found = [path.stem for path in _SHIPPED.glob("*.yml")]
    return sorted(found, key=lambda name: (_is_row(name), name))


def find_scenario(word: str) -> Scenario:
    """Return the scenario of that name or in that file; `f01` is enough of a row's name.

    Raises `ConfigError` for a name that there is not, and for all that is wrong in the file.
    """
    if "/" in word or word.endswith(_SUFFIXES):
        return load_scenario(Path(word))
    known = scenario_names()
    name = word.lower()
    if name not in known:
        rows = [row for row in known if _is_row(row) and row.partition("-")[0] == name]
        if not rows:
            raise ConfigError(
                f"there is no scenario '{printable(word)[:80]}': {did_you_mean(name, known)};"
                " a file needs a path with / or .yml in it"
            )
        name = rows[0]
    return load_scenario(_SHIPPED / f"{name}.yml")


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in a file; raise `ConfigError`, with a line for each mistake."""
    return _checked(strict_yaml.read(path), printable(path))


def _checked(data: dict[object, object], source: str) -> Scenario:
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        raise config_error(error, Scenario, source) from None
    lines = [
        line
        for index, event in enumerate(scenario.events)
        for line in _mistakes(scenario, event, _Place(source, f"events[{index}]"))
    ]
    if lines:
        raise ConfigError("\n".join(lines))
    return scenario


def _mistakes(scenario: Scenario, event: ScenarioEvent, place: _Place) -> Iterator[str]:
    """Yield what is wrong with an event in this home."""
    at = scenario.epoch(event.at)
    if not scenario.begins <= at <= scenario.ends:
        yield place.line("at", "is before the start or after the end: change it or the duration")
    house = _house(scenario)
    for address, message in validation.find_mistakes(
        house, event.parameters, reverts=event.lasts is not None
    ):
        yield place.line(f"set.{printable(address)}", message)


def _house(scenario: Scenario) -> HomeSimulation:
    """Return a house to look at; nothing ever happens in it."""
    try:
        return HomeSimulation(scenario.site, seed=1, start=scenario.begins, past_days=0)
    except (ValueError, ArithmeticError, LookupError) as error:
        raise ExporterError(f"this home cannot be simulated: {error}") from error


def _is_row(name: str) -> bool:
    return name[:1] == "f" and name[1:3].isdigit()
