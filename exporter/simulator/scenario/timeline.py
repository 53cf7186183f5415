"""The events of a scenario as single steps in the order of time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.simulator.physics import House
from exporter.simulator.scenario.models import Event, GatewayChange, Scenario
from exporter.simulator.scenario.trouble import ALL, Spec
from exporter.simulator.scenario.wanted import values

#: event, repetition, part
Owner = tuple[int, int, str]
_UNREACHABLE = Spec(word="unreachable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is done at one moment (epoch seconds)."""

    at: float
    #: whether it sets, or takes back what its owner has set
    begins: bool = True
    #: who takes it back; None stays
    owner: Owner | None = None
    levers: Mapping[str, Any] = field(default_factory=dict)
    server: Mapping[str, Spec] = field(default_factory=dict)
    #: whether the gateway begins anew, and the serial number of the one that replaces it
    boots: bool = False
    serial: str | None = None
    #: whether the exporter stops, or starts anew
    stops: bool = False
    restarts: bool = False
    text: str = ""


def steps(scenario: Scenario, house: House) -> list[Step]:
    """Return all steps in order; at one moment, what ends comes before what begins."""
    found = [
        step
        for index, event in enumerate(scenario.events)
        for turn, at in enumerate(_times(scenario, event))
        for step in _of(event, values(house, event.levers), at, (index, turn, ""))
    ]
    return sorted(found, key=lambda step: (step.at, step.begins))


def _times(scenario: Scenario, event: Event) -> Iterator[float]:
    """Yield when the event happens."""
    at, days = scenario.epoch(event.at), 0
    while at <= scenario.ends:
        yield at
        if event.every is None:
            return
        days += 1
        at = scenario.epoch(event.at, days)


def _of(event: Event, levers: dict[str, Any], at: float, owner: Owner) -> Iterator[Step]:
    set_by = None if event.lasts is None else owner
    stops = event.exporter == "stopped"
    yield Step(
        at=at,
        owner=set_by,
        levers=levers,
        server=event.server,
        stops=stops,
        restarts=event.exporter == "restart",
        text=event.say,
    )
    if event.lasts is not None:
        yield Step(
            at=at + event.lasts,
            begins=False,
            owner=owner,
            levers=levers,
            server=event.server,
            stops=stops,
            text=event.then,
        )
    if event.gateway is not None:
        yield from _change(event.gateway, at, owner)


def _change(change: GatewayChange, at: float, owner: Owner) -> Iterator[Step]:
    """Yield a restart of the gateway: silence first, then answers that know nothing."""
    firmware = {} if change.firmware is None else {"gateway.firmware": change.firmware}
    yield Step(at=at, boots=True, serial=change.serial, levers=firmware)
    away: Owner = (*owner[:2], "away")
    yield from _lasting(at, change.away, away, server={ALL: _UNREACHABLE})
    zeros: Owner = (*owner[:2], "zeros")
    yield from _lasting(at, change.away + change.zeros, zeros, levers={"gateway.zeros": True})


def _lasting(at: float, lasts: float, owner: Owner, **does: Any) -> Iterator[Step]:
    yield Step(at=at, owner=owner, **does)
    yield Step(at=at + lasts, owner=owner, begins=False, **does)
