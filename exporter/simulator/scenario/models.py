"""The schema of a scenario file; each model is a section of it.

title: A short summary
failure: F01                  # failure of the catalogue that it shows, if any
description: What happens, and how it shows.
start: 2026-06-21 12:00       # local time of the home; the season follows from it
duration: 2h
home: battery-home            # or {base: battery-home, batteries: 2, …}
latitude: 37
weather: clear                # or [{at: 0s, sky: clear}, {at: day 2 06:00, sky: snow}]
household: 1                  # consumption, 1 being an American family
seed: 1
token: 365d                   # life of the first token of the exporter
account: owner                # or installer: whose tokens they are
age: 550d                     # time since the installation
events:
  - at: 30m                   # after the start; or a time of day: day 2 14:00
    for: 20m                  # then it is reverted; without, it stays
    every: day                # again at that time of every day, or after a duration such as 5m
    set: {grid.up: false}     # parameters, see `exporter.simulator.physics.parameters`
    server: {/home: hang}     # faults by path, * for all, see `fault_spec`
    gateway: restart          # or {serial: …, firmware: …, away: 4m, zeros: 2m}
    hardware: {collar: true}  # controller, collar or combiner are installed or removed
    exporter: restart         # or stopped
    say: Message that is shown.
    then: Message that is shown when it ends.
expect: {}                    # which alerts must fire, see `expectations`
"""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from exporter.config.errors import Strict, field_error
from exporter.simulator.homes.models import INSTALLATION_AGE, HomeHardware
from exporter.simulator.physics.weather import Sky
from exporter.simulator.scenario.durations import (
    At,
    Duration,
    LocalStartTime,
    ScenarioTime,
    Start,
    parse_duration_field,
)
from exporter.simulator.scenario.expectations import Expectations
from exporter.simulator.scenario.fault_spec import ALL_PATHS, GATEWAY_WIDE, FaultField, RequestPath
from exporter.simulator.scenario.hardware import Home

#: seconds in a year, the life of an owner's token
_YEAR = 365 * 86400.0


class WeatherPeriod(Strict):
    """The sky from some time on."""

    at: At
    sky: Sky


class GatewayRestart(Strict):
    """The gateway restarts, perhaps as another one; times in seconds."""

    serial: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    firmware: Annotated[str, Field(pattern=r"^\d+(\.\d+)+$")] | None = None
    #: how long it does not answer, and how long it then reports zeros
    away: Duration = 240.0
    zeros: Duration = 120.0


def _restart(value: Any) -> Any:
    if isinstance(value, dict):
        return value
    if value != "restart":
        raise field_error("must be restart, or a mapping such as serial: 202499000009")
    return {}


def _every(value: Any) -> Any:
    return value if value == "day" else parse_duration_field(value)


class HardwareChange(Strict):
    """Hardware that is replaced while the home lives on."""

    controller: bool | None = None
    collar: bool | None = None
    combiner: bool | None = None


class ScenarioEvent(Strict):
    """Something that happens in a scenario."""

    at: At
    lasts: Duration | None = Field(None, alias="for")
    every: Annotated[Literal["day"] | float, BeforeValidator(_every)] | None = None
    #: values as in the file; `validation` gives them their types
    parameters: dict[str, Any] = Field(default_factory=dict, alias="set")
    server: dict[RequestPath, FaultField] = Field(default_factory=dict)
    gateway: Annotated[GatewayRestart, BeforeValidator(_restart)] | None = None
    hardware: HardwareChange | None = None
    exporter: Literal["restart", "stopped"] | None = None
    say: str = ""
    then: str = ""

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        what = (self.parameters, self.server, self.gateway, self.hardware, self.exporter, self.say)
        if not any(what):
            raise field_error("nothing happens: add set, server, gateway, exporter or say")
        if self.lasts and isinstance(self.every, float) and self.every <= self.lasts:
            raise field_error("must be longer than what happens each time", "every")
        for path, fault in self.server.items():
            if fault.word in GATEWAY_WIDE and path != ALL_PATHS:
                raise field_error(f"{fault.word} is for all paths: write * for {path}", "server")
            if fault.drop and path == ALL_PATHS:
                raise field_error("drop needs a path whose response is JSON", "server")
        if self.lasts is None and self.then:
            raise field_error("never comes, as the event stays: add for", "then")
        if self.lasts == 0:
            raise field_error("is over at once: give it some time, or leave it out", "for")
        return self


def _sky(value: Any) -> Any:
    return [{"at": "0s", "sky": value}] if isinstance(value, str) else value


class Scenario(Strict):
    """A scenario as written; `loading` checks it against the home."""

    title: Annotated[str, Field(min_length=1)]
    failure: Annotated[str, Field(pattern=r"^F\d\d$")] | None = None
    description: Annotated[str, Field(min_length=1)]
    start: Start
    duration: Duration
    home: Home
    latitude: Annotated[float, Field(ge=-72, le=72)] = 37.0
    weather: Annotated[tuple[WeatherPeriod, ...], BeforeValidator(_sky)] = ()
    household: Annotated[float, Field(ge=0, le=100)] | None = None
    seed: int = 1
    token: Duration = _YEAR
    account: Literal["owner", "installer"] = "owner"
    age: Duration = float(INSTALLATION_AGE)
    events: tuple[ScenarioEvent, ...] = ()
    expect: Expectations | None = None

    @property
    def site(self) -> HomeHardware:
        """The hardware of the home."""
        return self.home.site()

    @property
    def local_start(self) -> datetime:
        """The start in local time."""
        start: LocalStartTime = self.start
        return start.at(ZoneInfo(self.site.timezone))

    @property
    def begins(self) -> float:
        """Epoch seconds of the start."""
        return self.local_start.timestamp()

    @property
    def ends(self) -> float:
        """Epoch seconds of the end."""
        return self.begins + self.duration

    def local(self, at: float) -> datetime:
        """Return the local time of a time in epoch seconds."""
        return datetime.fromtimestamp(at, self.local_start.tzinfo)

    def epoch(self, moment: ScenarioTime, later_days: int = 0) -> float:
        """Return the epoch seconds of a time, or of the same local time so many days later."""
        return moment.epoch(self.local_start, later_days)
