"""Scenarios: what happens to a simulated home, written as YAML and run by a clock.

`models` has the schema of a file, `durations` and `fault_spec` parse its values, `loading` finds
and validates files; `timeline` turns events into single steps, `overrides` keeps overlapping events
apart, `runner` runs them, `time_shift` moves time stamps into the present. The scenarios that come
with the program are in `exporter/simulator/scenarios/`.
"""

from exporter.simulator.scenario.loading import find_scenario, load_scenario, scenario_names
from exporter.simulator.scenario.models import Scenario
from exporter.simulator.scenario.runner import ScenarioMessage, ScenarioRunner

__all__ = [
    "Scenario",
    "ScenarioMessage",
    "ScenarioRunner",
    "find_scenario",
    "load_scenario",
    "scenario_names",
]
