"""Every row of the failure catalogue can be seen in /metrics, and only once it has happened."""

from pathlib import Path

import pytest

from exporter.simulator.scenario import find_scenario, scenario_names
from tests.scenarios.audience import attending
from tests.scenarios.signs import ELSEWHERE, SIGNS, Row

ROWS = {scenario.row: name for name in scenario_names() if (scenario := find_scenario(name)).row}


def test_every_row_has_a_scenario() -> None:
    """The failures F01 to F43 are all there, each with a sign to look for or elsewhere."""
    assert sorted(filter(None, ROWS)) == [f"F{number:02}" for number in range(1, 44)]
    assert SIGNS.keys() | ELSEWHERE == ROWS.keys()
    assert all(name.startswith(f"{row}-".lower()) for row, name in ROWS.items() if row)


@pytest.mark.parametrize(("row", "told"), SIGNS.items(), ids=SIGNS)
async def test_failure_shows(row: str, told: Row, tmp_path: Path) -> None:
    """The sign of the failure is there when it has happened, and neither before nor after."""
    async with attending(find_scenario(row), tmp_path, **told.config) as audience:
        times = sorted({*told.before, *told.signs, *told.seen, *told.after}, key=audience.epoch)
        for time in times:
            look = await audience.look(time)
            assert look is not None
            if time in told.signs:
                assert told.signs[time](look), f"no sign of {row} at {time}"
            elif time not in told.seen:
                assert not any(sign(look) for sign in told.signs.values()), f"{row} at {time}"


async def test_exporter_down(tmp_path: Path) -> None:
    """While the exporter is down nobody answers a scrape, and afterwards all is as before."""
    async with attending(find_scenario("f12"), tmp_path) as audience:
        before = await audience.look("15m")
        assert await audience.look("21m") is None
        assert await audience.look("39m") is None
        after = await audience.look("45m")
        assert before is not None
        assert after is not None
        assert before.samples.keys() == after.samples.keys()
        assert after.value("enphase_up") == 1


async def test_pager_dead(tmp_path: Path) -> None:
    """A dead pager leaves no trace here: the outage is in /metrics as ever."""
    async with attending(find_scenario("f43"), tmp_path) as audience:
        told = []
        for time in ("15m", "25m", "1h 5m"):
            look = await audience.look(time)
            assert look is not None
            assert look.value("enphase_up") == 1
            told.append(look.value("enphase_grid_connected"))
        assert told == [1, 0, 1]
