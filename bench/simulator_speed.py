"""Speed of the simulated house: the time that a simulated year takes."""

import asyncio
import time

from bench.results import BenchRow, Findings, Goal, Progress, Quantity
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.physics import HomeSimulation

#: the seasons cost the same, so a fifth of a year from spring to summer is representative
_SHARE = 5
_YEAR = 365 * 86400
_SPRING = 1_775_000_000


async def run(progress: Progress) -> Findings:
    """Let the home with 24 inverters and 6 batteries live a part of a year, minute by minute."""
    progress("A simulated house")
    house = HomeSimulation(SAMPLE_HOMES["battery-home"], seed=1, start=_SPRING)
    began = time.perf_counter()
    await asyncio.to_thread(house.advance, house.now + _YEAR / _SHARE)
    took = (time.perf_counter() - began) * _SHARE
    return Findings(
        (BenchRow("A simulated year in steps of a minute", Quantity(took, "s"), goal=Goal(60)),)
    )
