"""A simulated house: physics with a clock and levers.

    house = HomeSimulation(SAMPLE_HOMES["battery-home"], seed=1, start=1_750_000_000)
    house.advance(house.now + 3600)
    house.set("grid.up", False)
    gateway = HomeGateway(house.site, house.state)

Nothing here runs by itself: time passes in `advance`, as fast as the machine can.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from exporter.errors import ExporterError
from exporter.simulator.homes.models import INSTALLATION_AGE, HomeHardware, HomeState
from exporter.simulator.physics import parameters, warmup
from exporter.simulator.physics.energy_counters import EnergyTotals
from exporter.simulator.physics.local_time import DAY, LocalClock
from exporter.simulator.physics.parameters import Parameter
from exporter.simulator.physics.power_balance import PowerBalance
from exporter.simulator.physics.pv_array import PanelPlane, default_planes
from exporter.simulator.physics.reporting import report_state
from exporter.simulator.physics.sun import Sun
from exporter.simulator.physics.system import COUNTERS, HomeSystem
from exporter.simulator.physics.weather import Atmosphere, Climate, SkyPlan, seasonal_sky

#: seconds for which the powers stand still, unless something happens; in the past they are longer
STEP, _PAST_STEP = 60, 900
#: seconds of the past that are as precise as the present
_RECENT = 7200
#: below this nominal voltage of a leg it is America, where houses use twice as much
_AMERICAN = 200.0
#: major version of the firmware from which on a gateway speaks HTTPS
_HTTPS = 7
#: how long ago the storage settings were last changed
_SETTLED = 20 * DAY


class HomeSimulation:
    """One house. Times in epoch seconds, power in watts, energy in watt-hours."""

    def __init__(
        self,
        site: HomeHardware,
        *,
        seed: int,
        start: float,
        latitude: float = 37.0,
        longitude: float | None = None,
        weather: SkyPlan | None = None,
        planes: Sequence[PanelPlane] | None = None,
        household: float | None = None,
        past_days: int = 8,
        age: float = INSTALLATION_AGE,
        step: float = STEP,
    ) -> None:
        """Build the house as it is at `start`, after `past_days` of ordinary life.

        Latitude and longitude in degrees, north and east positive; without a longitude, the sun
        stands highest at noon of the time zone. `weather` says which sky there is when (default:
        what the place brings), `planes` how the panels lie, `household` how much is used, 1 being
        an American family. With a longer `step` years pass in a minute, less precisely.
        """
        #: what is installed
        self.site = site
        #: the time up to which everything has happened
        self.now = float(start)
        east = LocalClock(site.timezone).meridian if longitude is None else longitude
        climate = Climate(seed, latitude, east)
        self._plant = HomeSystem(
            site,
            seed=seed,
            sun=Sun(latitude, east),
            sky=Atmosphere(climate, seed, weather or seasonal_sky(climate, seed)),
            planes=default_planes(site, latitude) if planes is None else planes,
            household=(1.0 if site.volts < _AMERICAN else 0.5) if household is None else household,
        )
        self._parts = parameters.build_targets(self._plant)
        self._installed = int(start - age)
        self._step = step
        self._state: HomeState | None = None
        #: what will be set when, soonest first
        self._plans: list[tuple[float, dict[str, Any]]] = []
        self._live(min(past_days, int(age // DAY)))

    @property
    def flows(self) -> PowerBalance:
        """The true powers of this moment, whatever the gateway reports."""
        return self._plant.flows

    @property
    def energy(self) -> EnergyTotals:
        """The true energies since installation, whatever the gateway reports."""
        return self._plant.energy.after(self._plant.flows, self.now - self._time)

    def advance(self, to: float) -> None:
        """Let time pass up to `to`; how it is cut into calls makes no difference.

        Raises ValueError for a time that has passed.
        """
        if to < self.now:
            raise ValueError(f"it is {self.now} already, {to} has passed")
        while self._plans and self._plans[0][0] <= to:
            at, values = self._plans.pop(0)
            self._reach(at)
            self.set_all(values)
        self._reach(to)

    def state(self) -> HomeState:
        """Return this moment as the gateway sees it; the same object until something changes."""
        if self._state is None:
            passed = self.now - self._time
            self._state = report_state(self.site, self._plant, self.now, passed, self._installed)
        return self._state

    def at(self, now: float) -> HomeState:
        """Let time pass up to `now`, unless it has already, and return the state then."""
        self.advance(max(now, self.now))
        return self.state()

    def set(self, address: str, value: Any) -> None:
        """Set a lever, such as `battery.3.stuck`; it acts at once.

        Raises `ExporterError` for an address or a value that there is not.
        """
        self.set_all({address: value})

    def set_all(self, values: dict[str, Any]) -> None:
        """Set several levers at one moment: all of them, or none and an `ExporterError`."""
        matches = self._targets(values)
        self._pass(self.now)
        for address, lever, targets in matches:
            parameters.set_value(lever, targets, values[address])
            if lever.part == "storage":
                self._plant.policy.changed = self.now
        self._decide(self._step)

    def plan(self, at: float, values: dict[str, Any]) -> None:
        """Set several levers when that time comes (epoch seconds).

        Raises `ExporterError` as `set_all` does, but now.
        """
        self._targets(values)
        self._plans.append((max(at, self.now), values))
        self._plans.sort(key=itemgetter(0))

    def get(self, address: str) -> Any:
        """Return what a lever is set to, of the first device if there are several."""
        lever, targets = parameters.find_parameter(self._parts, address)
        return parameters.get_value(lever, targets[0])

    def parameters(self) -> dict[str, Parameter]:
        """Return all levers of this house by address."""
        return dict(parameters.addresses(self._parts))

    def replace_gateway(self, serial: str) -> None:
        """Put in another gateway, with this serial number; its counters begin at zero."""
        self._pass(self.now)
        energy = self._plant.energy
        self._plant.produced.start(energy.produced)
        self._plant.consumed.start(energy.total)
        offsets = {f"counter.{name}.offset": -getattr(energy, name) for name in COUNTERS}
        self.set_all({"gateway.serial": serial, **offsets})

    def _live(self, days: int) -> None:
        """Let the days before the present pass."""
        step = _PAST_STEP if days else self._step
        self._time = self.now // step * step - days * DAY
        warmup.set_initial_counters(
            self._plant, self.site, self._time, (self._time - self._installed) / DAY
        )
        self._decide(step)
        if days:
            self._run((self.now - _RECENT) // step * step, step)
            self._decide(self._step)
        self._run(self.now, self._step)
        self._plant.policy.changed = self.now - _SETTLED

    def _targets(self, values: dict[str, Any]) -> list[tuple[str, Parameter, list[Any]]]:
        """Return the levers of these addresses, whose values they take."""
        matches = [
            (address, *parameters.find_parameter(self._parts, address)) for address in values
        ]
        for address, lever, _ in matches:
            parameters.check_value(lever, address, values[address])
        firmware = values.get("gateway.firmware")
        if firmware and (int(firmware.partition(".")[0]) >= _HTTPS) != self.site.since(_HTTPS):
            raise ExporterError(
                f"firmware {self.site.firmware} cannot become {firmware} in place: with {_HTTPS} "
                "a gateway changes from HTTP to HTTPS; build another house"
            )
        return matches

    def _reach(self, now: float) -> None:
        """Let time pass in which nobody sets anything."""
        self._run(now, self._step)
        if now > self.now:
            self.now, self._state = float(now), None

    def _run(self, to: float, step: float) -> None:
        while self._until <= to:
            self._pass(self._until)
            self._decide(step)

    def _pass(self, now: float) -> None:
        """Let time pass with the powers as they are."""
        if now > self._time:
            self._plant.commit(now - self._time)
            self._time = now

    def _decide(self, step: float) -> None:
        """Set the powers again, until the next step or the next event."""
        now = self._time
        self._plant.decide(now, step)
        end = (now // step + 1) * step
        self._until = min([end, *(event for event in self._plant.events(now) if event > now)])
        self._state = None
