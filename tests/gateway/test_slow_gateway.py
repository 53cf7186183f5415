"""A gateway that answers slower than usual is asked less."""

from collections import Counter
from pathlib import Path

from exporter.gateway.topology import GRID_STATE
from exporter.simulator.faults import Fault
from exporter.simulator.homes import sample_home
from tests.faults import gateways
from tests.polled_gateway import START, polled_gateway
from tests.virtual_loop import LoopClock, VirtualLoop, run

_MINUTES = 20
_SLOW = 4.0


def requests_a_minute(delay: float, folder: Path) -> tuple[float, float]:
    """Return how often the grid state is asked, and all else, when answers take so long."""

    async def main(loop: VirtualLoop) -> tuple[float, float]:
        async with polled_gateway("battery-home", folder, LoopClock(loop, START)) as watched:
            await watched.pass_time(900)
            for _, endpoint in gateways.ASKED:
                watched.gateway.faults[endpoint] = Fault(delay=delay)
            before = Counter(watched.poller._client.requests)
            await watched.pass_time(_MINUTES * 60)
            asked = Counter(watched.poller._client.requests) - before
            grid = sum(n for (path, _), n in asked.items() if path in GRID_STATE)
            return grid / _MINUTES, (asked.total() - grid) / _MINUTES

    return run(main)


def test_a_slow_gateway_is_asked_less(tmp_path: Path) -> None:
    """It is given time after each answer; the grid state is asked on meanwhile."""
    usual_grid, usual = requests_a_minute(0.0, tmp_path / "usual")
    grid, others = requests_a_minute(_SLOW, tmp_path / "slow")
    assert others <= 0.7 * usual
    assert 0.5 * usual_grid <= grid <= 0.7 * usual_grid
    assert (grid + others) * _SLOW <= 60 + _SLOW


def test_every_sample_home_has_a_grid_state() -> None:
    """The home that is watched here is asked for it at all."""
    assert all(sample_home("battery-home", lambda: START).answer(path) for path in GRID_STATE)
