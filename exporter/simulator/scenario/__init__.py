"""Scenarios: what happens to a simulated home, written down as YAML and played by a clock.

`models` says what a file may hold, `times` and `trouble` what its values mean, `loading` finds and
checks files; `timeline` turns events into single steps, `layers` keeps what overlaps apart, `stage`
plays them, `present` moves what is played into the present. The scenarios that come with the
program lie in `exporter/simulator/scenarios/`.
"""

from exporter.simulator.scenario.loading import find, load, names
from exporter.simulator.scenario.models import Scenario
from exporter.simulator.scenario.stage import Progress, Said, Stage

__all__ = ["Progress", "Said", "Scenario", "Stage", "find", "load", "names"]
