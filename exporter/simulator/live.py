"""The gateway of a simulated house: it answers from the house's state, and accepts commands.

    house = HomeSimulation(SAMPLE_HOMES["battery-home"], seed=1, start=time.time())
    gateway = LiveGateway(house, lambda: house.at(time.time()))

A command sets parameters of the house, and later answers show the effect, each with its own delay.
The gateway can also refuse commands, ignore them, or revert them after a while.
"""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

import orjson

from exporter.errors import ExporterError
from exporter.simulator.gateway import JSON_TYPE, HttpResponse
from exporter.simulator.homes.home_gateway import HomeGateway, endpoints
from exporter.simulator.homes.models import HomeState
from exporter.simulator.physics.simulation import HomeSimulation
from exporter.simulator.writes import TARIFF, WRITE_ENDPOINTS, ParameterValues, WriteRejectedError

#: seconds until the cloud replaces local settings by its own
_OVERWRITES_AFTER = 90.0
#: the settings that the cloud keeps
_KEPT = ("mode", "reserve", "very_low", "charge_from_grid", "opt_schedules")


class LiveGateway(HomeGateway):
    """The gateway of a simulated house."""

    def __init__(self, house: HomeSimulation, state: Callable[[], HomeState] | None = None) -> None:
        """Answer for this house; `state` advances it to the present first, if nothing else does."""
        super().__init__(house.site, state or house.state)
        self.house = house
        #: answers to refused commands, by target
        self.refused: dict[str, HttpResponse] = {}
        #: targets whose commands are accepted and have no effect
        self.ignored: set[str] = set()
        #: seconds after which a command is reverted, by target
        self.turned_back: dict[str, float] = {}
        #: when the cloud overwrites local settings (epoch seconds)
        self._overwritten_at = -inf

    @property
    def clock_offset(self) -> float:
        """See `Gateway.clock_offset`."""
        offset: float = self.house.get("gateway.clock_offset")
        return offset

    def replace_hardware(self, **changes: Any) -> None:
        """Install or remove controller, collar or combiner; the rest of the home stays."""
        self.site = self.house.site = replace(self.site, **changes)
        self._builders = endpoints(self.site)
        self._ready.clear()

    def command(self, method: str, target: str, body: bytes) -> HttpResponse | None:
        """See `Gateway.command`."""
        command = WRITE_ENDPOINTS.get((method, target))
        if command is None or not command.there(self.site):
            return None
        state = self._state()
        if target in self.refused:
            return self.refused[target]
        try:
            values = command.levers(body, self.site, state)
            if target in self.ignored:
                values = {}
            if target == TARIFF:
                self._expect_the_cloud(values)
            self._expect_to_be_turned_back(values, target)
            self._move(values, command.delay)
        except (WriteRejectedError, ExporterError) as error:
            return _json({"error": str(error)}, 400)
        if command.response is not None:
            return _json(command.response(self._state()), 200)
        if command.read_back is not None:
            return self.answer(command.read_back)
        return _json(orjson.loads(body), 200)

    def _move(self, values: ParameterValues, delay: float) -> None:
        if delay:
            self.house.plan(self.house.now + delay, values)
        else:
            self.house.set_all(values)

    def _expect_to_be_turned_back(self, values: ParameterValues, target: str) -> None:
        if target in self.turned_back and values:
            before = {lever: self.house.get(lever) for lever in values}
            self.house.plan(self.house.now + self.turned_back[target], before)

    def _expect_the_cloud(self, values: ParameterValues) -> None:
        """Schedule the cloud's overwrite of local settings, if the cloud does that."""
        house = self.house
        if not values or not house.get("cloud.overwrites") or house.now < self._overwritten_at:
            return
        self._overwritten_at = house.now + _OVERWRITES_AFTER
        kept = {lever: house.get(lever) for lever in (f"storage.{name}" for name in _KEPT)}
        house.plan(self._overwritten_at, kept)


def _json(content: Any, status: int) -> HttpResponse:
    return HttpResponse(status, orjson.dumps(content), {"Content-Type": JSON_TYPE})
