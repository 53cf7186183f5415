"""The events of a scenario as single steps in the order of time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.simulator.physics import HomeSimulation
from exporter.simulator.scenario.fault_spec import ALL_PATHS, FaultSpec
from exporter.simulator.scenario.models import GatewayRestart, Scenario, ScenarioEvent
from exporter.simulator.scenario.validation import typed_values

#: event, repetition, part
StepOwner = tuple[int, int, str]
_UNREACHABLE = FaultSpec(word="unreachable")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioStep:
    """What is done at one moment (epoch seconds)."""

    at: float
    #: whether it sets, or takes back what its owner has set
    begins: bool = True
    #: who takes it back; None stays
    owner: StepOwner | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    server: Mapping[str, FaultSpec] = field(default_factory=dict)
    #: whether the gateway begins again, and the serial number of the one that replaces it
    reboots: bool = False
    serial: str | None = None
    #: whether the exporter stops, or starts again
    stops: bool = False
    restarts: bool = False
    #: hardware that is there from now on, or not
    hardware: Mapping[str, bool] = field(default_factory=dict)
    text: str = ""


def build_steps(scenario: Scenario, house: HomeSimulation) -> list[ScenarioStep]:
    """Return all steps in order; at one moment, what ends comes before what begins."""
    errors = [
        step
        for index, event in enumerate(scenario.events)
        for turn, at in enumerate(_times(scenario, event))
        for step in _of(event, typed_values(house, event.parameters), at, (index, turn, ""))
    ]
    return sorted(errors, key=lambda step: (step.at, step.begins))


def _times(scenario: Scenario, event: ScenarioEvent) -> Iterator[float]:
    """Yield when the event happens."""
    at, days = scenario.epoch(event.at), 0
    while at <= scenario.ends:
        yield at
        if event.every is None:
            return
        if event.every == "day":
            days += 1
            at = scenario.epoch(event.at, days)
        else:
            at += event.every


def _of(
    event: ScenarioEvent, parameters: dict[str, Any], at: float, owner: StepOwner
) -> Iterator[ScenarioStep]:
    set_by = None if event.lasts is None else owner
    stops = event.exporter == "stopped"
    yield ScenarioStep(
        at=at,
        owner=set_by,
        parameters=parameters,
        server=event.server,
        stops=stops,
        restarts=event.exporter == "restart",
        hardware={} if event.hardware is None else event.hardware.model_dump(exclude_none=True),
        text=event.say,
    )
    if event.lasts is not None:
        yield ScenarioStep(
            at=at + event.lasts,
            begins=False,
            owner=owner,
            parameters=parameters,
            server=event.server,
            stops=stops,
            text=event.then,
        )
    if event.gateway is not None:
        yield from _change(event.gateway, at, owner)


def _change(change: GatewayRestart, at: float, owner: StepOwner) -> Iterator[ScenarioStep]:
    """Yield a restart of the gateway: silence first, then answers that know nothing."""
    firmware = {} if change.firmware is None else {"gateway.firmware": change.firmware}
    yield ScenarioStep(at=at, reboots=True, serial=change.serial, parameters=firmware)
    away: StepOwner = (*owner[:2], "away")
    yield from _lasting(at, change.away, away, server={ALL_PATHS: _UNREACHABLE})
    zeros: StepOwner = (*owner[:2], "zeros")
    yield from _lasting(at, change.away + change.zeros, zeros, parameters={"gateway.zeros": True})


def _lasting(at: float, lasts: float, owner: StepOwner, **does: Any) -> Iterator[ScenarioStep]:
    yield ScenarioStep(at=at, owner=owner, **does)
    yield ScenarioStep(at=at + lasts, owner=owner, begins=False, **does)
