"""Houses and moments that the tests of the physics share."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.homes.home_gateway import HomeGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.physics.weather import constant_sky

HOUR, DAY = 3600.0, 86400.0


def moment(name: str, *when: int) -> float:
    """Return year, month, day and hour by the wall clock of a sample home, in epoch seconds."""
    year, month, day, hour = when
    return datetime(
        year, month, day, hour, tzinfo=ZoneInfo(SAMPLE_HOMES[name].timezone)
    ).timestamp()


def house(name: str = "battery-home", *when: int, **how: Any) -> HomeSimulation:
    """Return a sample home in clear weather, at a moment (default: a June noon)."""
    usual: dict[str, Any] = {"seed": 1, "weather": constant_sky("clear")}
    start = moment(name, *(when or (2026, 6, 10, 12)))
    return HomeSimulation(SAMPLE_HOMES[name], start=start, **usual | how)


def read_json(it: HomeSimulation, target: str) -> Any:
    """Return what its gateway answers, as JSON."""
    answer = HomeGateway(it.site, it.state).answer(target)
    assert answer is not None
    return orjson.loads(answer.body)


def group(it: HomeSimulation, kind: str) -> list[dict[str, Any]]:
    """Return the devices of a kind in the ensemble inventory."""
    groups = read_json(it, "/ivp/ensemble/inventory")
    devices: list[dict[str, Any]] = next(each["devices"] for each in groups if each["type"] == kind)
    return devices
