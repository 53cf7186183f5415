"""The signal over the power line is measured only if the owner wants it, and once in a night."""

from pathlib import Path
from typing import Any

import pytest

from exporter.clock import VirtualClock
from exporter.gateway.endpoints import plc_levels
from exporter.simulator.faults import status
from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from exporter.simulator.server import serve
from tests.polled_gateway import START, polled_gateway

HOUR = 3600.0
PATH = plc_levels.ENDPOINT.path
LEVELS = SAMPLE_HOMES["battery-home"].inverters
#: noon and one in the morning where the gateway is
ZONE = "UTC"
NOON = START - START % 86400 + 12 * HOUR
NIGHT = NOON + 13 * HOUR
WANTED = {"plc": 86400}


async def asked(
    tmp_path: Path, start: float, hours: float, account: str = "installer", **config: Any
) -> tuple[int, int]:
    """Return how often the signal was asked for, and how many levels are exported afterwards."""
    clock = VirtualClock(start)
    gateway = sample_home("battery-home", clock.time)
    async with serve(gateway, now=clock.time) as issuer:
        token = issuer.issue("installer" if account == "installer" else "owner")
    async with polled_gateway(
        gateway, tmp_path, clock, **{"token": token, "timezone": ZONE, **config}
    ) as polled:
        await polled.pass_time(hours * HOUR)
        levels = polled.samples().get("enphase_inverter_plc_level", {})
        shown = [p.plc_level for p in polled.status().panels]
        assert len([level for level in shown if level is not None]) == len(levels)
        return polled.gateway.count(PATH), len(levels)


@pytest.mark.parametrize(
    ("start", "hours", "config", "times"),
    [
        (NIGHT, 0.5, {}, 0),
        (NIGHT, 0.5, {"cadences": {"plc": 86400}}, 1),
        (NIGHT, 3.0, {"cadences": {"plc": 60}}, 1),
        (NOON, 3.0, {"cadences": {"plc": 86400}}, 0),
        (NIGHT - 2 * HOUR, 2.0, {"cadences": {"plc": 86400}}, 1),
    ],
    ids=["not wanted", "at night", "wanted often", "by day", "when night comes"],
)
async def test_when_it_is_measured(
    start: float, hours: float, config: dict[str, Any], times: int, tmp_path: Path
) -> None:
    """By day the panels report over the power line, and nothing disturbs them."""
    assert await asked(tmp_path, start, hours, **config) == (times, LEVELS * times)


async def test_an_owner_may_not(tmp_path: Path) -> None:
    """The gateway refuses an owner's token, which is asked once."""
    config = {"cadences": {"plc": 86400}}
    assert await asked(tmp_path, NIGHT, 2.0, "owner", **config) == (1, 0)


async def test_a_restart_does_not_measure_again(tmp_path: Path) -> None:
    """An exporter that restarts all night loads the power line once."""
    assert await asked(tmp_path, NIGHT, 0.5, cadences=WANTED) == (1, LEVELS)
    assert await asked(tmp_path, NIGHT + HOUR, 0.5, cadences=WANTED) == (0, 0)
    assert await asked(tmp_path, NIGHT + 24 * HOUR, 0.5, cadences=WANTED) == (1, LEVELS)


async def test_it_waits_until_the_time_zone_is_known(tmp_path: Path) -> None:
    """Night is that of the site, which the gateway tells some minutes after the start."""
    assert await asked(tmp_path, NOON, 0.5, timezone=None, cadences=WANTED) == (0, 0)


async def test_what_hangs_is_not_measured_again_the_same_night(tmp_path: Path) -> None:
    """Every attempt loads the power line, whether its result arrives or not."""
    async with polled_gateway(
        "battery-home", tmp_path, VirtualClock(NIGHT), timezone=ZONE, cadences=WANTED
    ) as polled:
        polled.gateway.faults[PATH] = status(503)
        await polled.pass_time(HOUR / 2)
        assert polled.gateway.count(PATH) == 1
