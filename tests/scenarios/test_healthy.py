"""Ordinary life can be simulated to its end: whatever happens, the gateway says it well-formed."""

import pytest

from exporter.clock import VirtualClock
from exporter.gateway.endpoints import ENDPOINTS
from exporter.gateway.endpoints.base import Parsed
from exporter.simulator.scenario import ScenarioRunner
from tests.scenarios import catalogue

#: plays whole scenarios for minutes
pytestmark = pytest.mark.proof


@pytest.mark.parametrize("name", catalogue.healthy())
async def test_a_healthy_scenario_runs_to_its_end(name: str) -> None:
    """Every answer can be read to the last value and lacks none; the powers balance."""
    scenario = catalogue.load(name)
    clock = VirtualClock(scenario.begins)
    runner = ScenarioRunner(scenario, clock)
    parts = 7
    before: dict[str, Parsed] = {}
    for _ in range(parts):
        await clock.sleep(scenario.duration / parts)
        runner.catch_up()
        assert runner.house.flows.imbalance == pytest.approx(0, abs=1e-6)
        for target, endpoint in ENDPOINTS.items():
            answer = runner.gateway.answer(target)
            if answer is not None:
                before[target] = endpoint.parse(answer.body, before.get(target))
                assert before[target].unreadable == {}, target
    assert runner.next_step is None
