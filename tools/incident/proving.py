"""Runs a scenario of the failure catalogue, and checks which alerts fired against its `expect:`."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from exporter.simulator.scenario import Scenario
from exporter.simulator.scenario.durations import At
from exporter.simulator.scenario.expectations import Expectations, ExpectedAlert
from tests.scenarios import catalogue
from tools.incident.promtool import SIGN
from tools.incident.timeline import ENDED, WATCHDOG, Timeline, replay

_AT: TypeAdapter[Any] = TypeAdapter(At)


@dataclass(frozen=True, slots=True)
class ProofResult:
    """Whether an expected alert fired in time; times in seconds."""

    #: name of the scenario
    name: str
    alert: str
    severity: str
    deadline: float
    #: how long after the event or the sign it fired; None where one of them never came
    measured: float | None
    #: what is wrong, if anything
    problem: str
    #: what else fired, and what of it the scenario does not allow
    companions: tuple[str, ...]
    unexpected: tuple[str, ...]

    @property
    def proved(self) -> bool:
        """Whether the alert fired in time and no other is unexpected."""
        return not self.problem and not self.unexpected


def prove(name: str) -> list[ProofResult]:
    """Run a scenario and return a result for each alert that must fire."""
    expect, scenario = catalogue.expectations(name), catalogue.load(name)
    timeline = asyncio.run(
        replay(
            scenario,
            until=scenario.epoch(expect.until) if expect.until else None,
            interval=expect.interval,
            signs={str(index): each.sign for index, each in enumerate(expect.alerts) if each.sign},
            **expect.config,
        )
    )
    expected = {each.alert for each in expect.alerts} | {WATCHDOG, ENDED}
    others = sorted({firing.alert for firing in timeline.alerts()} - expected)
    unexpected = tuple(alert for alert in others if alert not in expect.allowed)
    return [
        ProofResult(
            name,
            each.alert,
            each.severity,
            each.deadline,
            measured,
            problem,
            tuple(others),
            unexpected,
        )
        for index, each in enumerate(expect.alerts)
        for measured, problem in [_judge(each, str(index), timeline, scenario)]
    ]


def epoch(scenario: Scenario, at: str) -> float:
    """Return the epoch seconds of a time as scenarios write it."""
    return scenario.epoch(_AT.validate_python(at))


def _judge(
    expected: ExpectedAlert, sign: str, timeline: Timeline, scenario: Scenario
) -> tuple[float | None, str]:
    """Return how long it took and what is wrong with that."""
    since = _since(expected, sign, timeline, scenario)
    firing = timeline.first(expected.alert, severity=expected.severity)
    if since is None:
        return None, "the sign never came"
    if firing is None:
        return None, "never fired"
    measured = firing.begins - since
    if expected.alert == WATCHDOG:
        return 0.0, "" if firing.ends is None else "stopped firing"
    if measured > expected.deadline:
        return measured, "late"
    if measured < -expected.early:
        return measured, "too early"
    if expected.fires_until is not None and firing.ends is not None:
        ended_early = firing.ends < scenario.epoch(expected.fires_until)
        return measured, "resolved while the failure lasts" if ended_early else ""
    return measured, ""


def _since(
    expected: ExpectedAlert, sign: str, timeline: Timeline, scenario: Scenario
) -> float | None:
    if expected.since is not None:
        return scenario.epoch(expected.since)
    first = timeline.first(SIGN, sign=sign)
    return None if first is None else first.begins


def by_cost(names: Iterable[str]) -> Iterator[str]:
    """Yield the scenarios, those that take longest first."""
    yield from sorted(names, key=_cost, reverse=True)


def _cost(name: str) -> float:
    expect: Expectations = catalogue.expectations(name)
    scenario = catalogue.load(name)
    seconds = scenario.duration
    if expect.until is not None:
        seconds = scenario.epoch(expect.until) - scenario.begins
    return seconds / expect.interval + seconds / 300
