"""A scenario on stage: house and gateway follow a clock, and events come at their exact time.

    stage = Stage(load("grid-outage"), clock)
    async with serve(stage.gateway, now=clock.time) as running:
        stage.drive(running)

Whatever the clock, and however seldom anybody asks: time is caught up with step by step, so what
happens is always the same. Every request catches up; where the gateway can be off the network, so
that nobody reaches it, `follow` or `catch_up` has to.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exporter.clock import Clock
from exporter.simulator.homes.site import State
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import House
from exporter.simulator.physics.weather import Plan, changing
from exporter.simulator.scenario.layers import Layers
from exporter.simulator.scenario.models import Scenario
from exporter.simulator.scenario.timeline import Step, steps
from exporter.simulator.scenario.trouble import WHOLE, Spec
from exporter.simulator.server import RunningGateway

#: seconds of the scenario's time after which `follow` looks again
_LOOK = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """What the audience was told, and when (epoch seconds)."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the scenario is; times in epoch seconds."""

    now: float
    begins: float
    ends: float
    #: everything that was said so far
    said: tuple[Said, ...]
    #: what will be said next, if anything
    upcoming: Said | None


class Stage:
    """A scenario being played."""

    def __init__(self, scenario: Scenario, clock: Clock, *, seed: int | None = None) -> None:
        """Set the stage for the scenario's start; `clock` is to begin there, or later.

        `seed` replaces the scenario's own.
        """
        self.scenario = scenario
        self.house = House(
            scenario.site,
            seed=scenario.seed if seed is None else seed,
            start=scenario.begins,
            latitude=scenario.latitude,
            weather=_plan(scenario),
            household=scenario.household,
        )
        #: the gateway to serve; `drive` must know the server for trouble to show
        self.gateway = LiveGateway(self.house, self.state)
        #: whether the exporter is to run, and how often it was started anew
        self.exporter_runs = True
        self.exporter_restarts = 0
        self.said: list[Said] = []
        self._clock = clock
        self._steps = deque(steps(scenario, self.house))
        self._levers = Layers[Any](self.house.get)
        self._server = Layers[Spec | None](lambda path: None)
        self._exporter = Layers[bool](lambda key: True)
        #: what there is now, by path or by word
        self._trouble: dict[str, Spec | None] = {}
        self._running: RunningGateway | None = None

    @property
    def next_step(self) -> float | None:
        """When something happens next (epoch seconds), None after the last event."""
        return self._steps[0].at if self._steps else None

    @property
    def progress(self) -> Progress:
        """Where the scenario is."""
        texts = (Said(step.at, step.text) for step in self._steps if step.text)
        return Progress(
            self._clock.time(),
            self.scenario.begins,
            self.scenario.ends,
            tuple(self.said),
            next(texts, None),
        )

    def drive(self, running: RunningGateway) -> None:
        """Make the trouble of the scenario at this server from now on."""
        self._running = running
        for key in self._trouble:
            self._switch(key)

    def state(self) -> State:
        """Return this moment of the house, after everything that is due has happened."""
        self.catch_up()
        return self.house.state()

    def catch_up(self) -> None:
        """Let everything happen that is due by the clock."""
        now = self._clock.time()
        while self._steps and self._steps[0].at <= now:
            step = self._steps.popleft()
            self.house.advance(max(step.at, self.house.now))
            self._do(step)
        self.house.advance(max(now, self.house.now))

    async def follow(self, tell: Callable[[Said], None]) -> None:
        """Keep up with a clock that runs by itself, until cancelled; `tell` hears what is said."""
        told = 0
        while True:
            self.catch_up()
            for said in self.said[told:]:
                tell(said)
            told = len(self.said)
            coming = self._clock.time() + _LOOK if self.next_step is None else self.next_step
            await self._clock.sleep(min(_LOOK, max(0.0, coming - self._clock.time())))

    def _do(self, step: Step) -> None:
        if step.text:
            self.said.append(Said(step.at, step.text))
        if step.boots and self._running is not None:
            self._running.login.forget()
        if step.serial is not None:
            self.house.replace_gateway(step.serial)
        if step.levers:
            self.house.set_all(
                {key: _turn(self._levers, step, key, value) for key, value in step.levers.items()}
            )
        for path, spec in step.server.items():
            key = spec.word if spec.word in WHOLE else path
            self._trouble[key] = _turn(self._server, step, key, spec)
            self._switch(key)
        if step.stops:
            self.exporter_runs = _turn(self._exporter, step, "exporter", value=False)
        self.exporter_restarts += step.restarts

    def _switch(self, key: str) -> None:
        """Tell the server what trouble there is now."""
        running, spec = self._running, self._trouble[key]
        if running is None:
            return
        if key == "unreachable":
            running.up = spec is None
        elif key == "token_refused":
            running.login.refuse = spec is not None
        elif spec is None:
            running.faults.pop(key, None)
        else:
            running.faults[key] = spec.fault(self._clock)


def _turn(layers: Layers[Any], step: Step, key: str, value: Any) -> Any:
    """Set or take back, by the step; returns what holds then."""
    if step.begins:
        return layers.put(key, value, step.owner)
    return layers.end(key, step.owner)


def _plan(scenario: Scenario) -> Plan | None:
    """Return which sky there is when, None for what the place and the season bring."""
    spells = [(scenario.epoch(spell.at), spell.sky) for spell in scenario.weather]
    return changing(spells) if spells else None
