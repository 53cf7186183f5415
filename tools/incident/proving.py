"""Plays the scenario of a row of the failure catalogue, and judges what rang."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from exporter.durations import parse_duration
from exporter.simulator.scenario import Scenario, find_scenario
from exporter.simulator.scenario.durations import At
from tools.incident.promtool import SIGN
from tools.incident.proofs import PROOFS, Expected
from tools.incident.timeline import WATCHDOG, Timeline, replay

_AT: TypeAdapter[Any] = TypeAdapter(At)


@dataclass(frozen=True, slots=True)
class Result:
    """Whether an expected alert came in time; times in seconds."""

    row: str
    alert: str
    severity: str
    deadline: float
    #: how long after the event or the sign it fired; None where one of them never came
    measured: float | None
    #: what is wrong, if anything
    problem: str
    #: what else fired, and what of it the table does not allow
    companions: tuple[str, ...]
    unexpected: tuple[str, ...]

    @property
    def proved(self) -> bool:
        """Whether all is as it must be."""
        return not self.problem and not self.unexpected


def prove(row: str) -> list[Result]:
    """Play the scenario of a row and return a result for each alert that must ring."""
    proof, scenario = PROOFS[row], find_scenario(row)
    timeline = asyncio.run(
        replay(
            scenario,
            until=epoch(scenario, proof.until) if proof.until else None,
            interval=proof.interval,
            signs={told.alert: told.sign for told in proof.expected if told.sign},
            **proof.config,
        )
    )
    expected = {told.alert for told in proof.expected} | {WATCHDOG}
    others = sorted({told.alert for told in timeline.alerts()} - expected)
    unexpected = tuple(alert for alert in others if alert not in proof.allowed)
    return [
        Result(
            row,
            told.alert,
            told.severity,
            parse_duration(told.deadline),
            measured,
            problem,
            tuple(others),
            unexpected,
        )
        for told in proof.expected
        for measured, problem in [_judged(told, timeline, scenario)]
    ]


def epoch(scenario: Scenario, at: str) -> float:
    """Return the epoch seconds of a time as scenarios write it."""
    return scenario.epoch(_AT.validate_python(at))


def _judged(told: Expected, timeline: Timeline, scenario: Scenario) -> tuple[float | None, str]:
    """Return how long it took and what is wrong with that."""
    since = _since(told, timeline, scenario)
    firing = timeline.first(told.alert, severity=told.severity)
    if since is None:
        return None, "the sign never came"
    if firing is None:
        return None, "never fired"
    measured = firing.begins - since
    if told.alert == WATCHDOG:
        return 0.0, "" if firing.ends is None else "fell silent"
    if measured > parse_duration(told.deadline):
        return measured, "late"
    return measured, "too early" if measured < -parse_duration(told.early) else ""


def _since(told: Expected, timeline: Timeline, scenario: Scenario) -> float | None:
    if not told.sign:
        return epoch(scenario, told.since)
    sign = timeline.first(SIGN, sign=told.alert)
    return None if sign is None else sign.begins


def rows() -> Iterator[str]:
    """Yield all rows, those that take longest first."""
    yield from sorted(PROOFS, key=_cost, reverse=True)


def _cost(row: str) -> float:
    proof, scenario = PROOFS[row], find_scenario(row)
    lasting = epoch(scenario, proof.until) - scenario.begins if proof.until else scenario.duration
    return lasting / proof.interval + lasting / 300
