"""Runs a scenario: home and gateway follow a clock, and events happen at their exact time.

    runner = ScenarioRunner(load_scenario(path), clock)
    async with serve(runner.gateway, now=clock.time) as running:
        runner.attach(running)

Time is caught up with step by step, so the result does not depend on the clock or on how often the
gateway is polled. Every request catches up; where the gateway can be off the network, so that no
request reaches it, `follow` or `catch_up` has to.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from exporter.clock import Clock
from exporter.simulator.homes.models import HomeState
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.physics.weather import SkyPlan, sky_schedule
from exporter.simulator.scenario.fault_spec import GATEWAY_WIDE, FaultSpec
from exporter.simulator.scenario.models import Scenario
from exporter.simulator.scenario.overrides import OverrideStack
from exporter.simulator.scenario.timeline import ScenarioStep, build_steps
from exporter.simulator.server import RunningGateway

#: seconds of the scenario's time between two checks of `follow`
_CHECK_INTERVAL = 60.0


@dataclass(frozen=True, slots=True)
class ScenarioMessage:
    """A message of the scenario, and when it was shown (epoch seconds)."""

    at: float
    text: str


class ScenarioRunner:
    """A scenario that is being run."""

    def __init__(self, scenario: Scenario, clock: Clock, *, seed: int | None = None) -> None:
        """Prepare the scenario's start; `clock` is to begin there, or later.

        `seed` replaces the scenario's own.
        """
        self.scenario = scenario
        self.house = HomeSimulation(
            scenario.site,
            seed=scenario.seed if seed is None else seed,
            start=scenario.begins,
            latitude=scenario.latitude,
            weather=_sky_plan(scenario),
            household=scenario.household,
            age=scenario.age,
        )
        #: the gateway to serve; `attach` must get the server for faults to show
        self.gateway = LiveGateway(self.house, self.state)
        #: whether the exporter is to run, and how often it was restarted
        self.exporter_runs = True
        self.exporter_restarts = 0
        self.messages: list[ScenarioMessage] = []
        self._clock = clock
        self._steps = deque(build_steps(scenario, self.house))
        self._parameters = OverrideStack[Any](self.house.get)
        self._faults = OverrideStack[FaultSpec | None](lambda path: None)
        self._exporter = OverrideStack[bool](lambda key: True)
        #: the fault of each path, and of the gateway as a whole by keyword
        self._current_faults: dict[str, FaultSpec | None] = {}
        self._server: RunningGateway | None = None

    @property
    def next_step(self) -> float | None:
        """When something happens next (epoch seconds), None after the last event."""
        return self._steps[0].at if self._steps else None

    def attach(self, server: RunningGateway) -> None:
        """Apply the faults of the scenario to this server from now on."""
        self._server = server
        for key in self._current_faults:
            self._apply_fault(key)

    def state(self) -> HomeState:
        """Return the state of the home now, after all events that are due."""
        self.catch_up()
        return self.house.state()

    def catch_up(self) -> None:
        """Run all events that are due by the clock."""
        now = self._clock.time()
        while self._steps and self._steps[0].at <= now:
            step = self._steps.popleft()
            self.house.advance(max(step.at, self.house.now))
            self._run(step)
        self.house.advance(max(now, self.house.now))

    async def follow(
        self,
        on_message: Callable[[ScenarioMessage], None],
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        """Keep up with a clock that runs by itself, until cancelled; passes on each message.

        It `sleep`s as the clock does, unless told another way.
        """
        sleep, count = sleep or self._clock.sleep, 0
        while True:
            self.catch_up()
            for message in self.messages[count:]:
                on_message(message)
            count = len(self.messages)
            until = self._clock.time() + _CHECK_INTERVAL
            if self.next_step is not None:
                until = min(until, self.next_step)
            await sleep(max(0.0, until - self._clock.time()))

    def _run(self, step: ScenarioStep) -> None:
        if step.text:
            self.messages.append(ScenarioMessage(step.at, step.text))
        if step.reboots and self._server is not None:
            self._server.login.forget()
        if step.hardware:
            self.gateway.replace_hardware(**step.hardware)
        if step.serial is not None:
            self.house.replace_gateway(step.serial)
        if step.parameters:
            self.house.set_all(
                {
                    key: _set_or_revert(self._parameters, step, key, value)
                    for key, value in step.parameters.items()
                }
            )
        for path, spec in step.server.items():
            key = spec.word if spec.word in GATEWAY_WIDE else path
            self._current_faults[key] = _set_or_revert(self._faults, step, key, spec)
            self._apply_fault(key)
        if step.stops:
            self.exporter_runs = _set_or_revert(self._exporter, step, "exporter", value=False)
        self.exporter_restarts += step.restarts

    def _apply_fault(self, key: str) -> None:
        server, spec = self._server, self._current_faults[key]
        if server is None:
            return
        if key == "unreachable":
            server.up = spec is None
        elif key == "token_refused":
            server.login.refuse = spec is not None
        elif spec is None:
            server.faults.pop(key, None)
        else:
            server.faults[key] = spec.fault(self._clock)


def _set_or_revert(stack: OverrideStack[Any], step: ScenarioStep, key: str, value: Any) -> Any:
    """Set or revert a value, as the step says; returns the value in force then."""
    if step.begins:
        return stack.put(key, value, step.owner)
    return stack.end(key, step.owner)


def _sky_plan(scenario: Scenario) -> SkyPlan | None:
    """Return the sky by time, None for what place and season bring."""
    periods = [(scenario.epoch(period.at), period.sky) for period in scenario.weather]
    return sky_schedule(periods) if periods else None
