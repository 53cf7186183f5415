"""The owner's story from beginning to end, as the exporter would have reported it."""

from itertools import pairwise
from pathlib import Path

import pytest

from exporter.simulator.homes.device_states import battery_serial
from exporter.simulator.scenario import find_scenario
from tests.scenarios.observer import Observation, ScenarioObserver, observing

#: plays whole scenarios for minutes
pytestmark = pytest.mark.proof

_DAY = 86400
_BATTERIES = 6
_REPORTED = "enphase_gateway_cloud_last_report_timestamp_seconds"


async def test_owners_story(tmp_path: Path) -> None:
    """Every beat can be seen in /metrics when it happens, in the order in which it happened."""
    async with observing(find_scenario("owners-story"), tmp_path) as observer:
        await _silence(observer)
        await _outage(observer)
        await _flat(observer)
        await _another_gateway(observer)
        await _for_ever(observer)
        assert len(observer.runner.messages) >= 20
        for name in ("enphase_production_joules_total", "enphase_consumption_joules_total"):
            values = [value for look in observer.observations for value in look.all(name)]
            most = 20_000 * 3600 * 24 * 30.0
            assert all(0 <= after - before < most for before, after in pairwise(values))


async def _silence(observer: ScenarioObserver) -> None:
    """Weeks in which only the cloud hears nothing, and batteries cease to charge."""
    m = await _seen(observer, "day 3 12:00")
    assert m.age(_REPORTED) < 600
    assert m.all("enphase_encharge_communicating") == [1] * _BATTERIES
    assert m.value("enphase_production_watts") > 300
    assert m.value("enphase_grid_connected") == 1
    serial = m.labels("enphase_gateway_info", "serial")
    assert serial == {"202499000001"}
    m = await _seen(observer, "day 5 12:00")
    assert m.age(_REPORTED) > _DAY
    assert m.value("enphase_up") == 1
    assert m.value("enphase_production_watts") > 300
    m = await _seen(observer, "day 40 15:00")
    assert m.age(_REPORTED) > 30 * _DAY
    assert _soc(m, 1) < 0.25
    assert m.value("enphase_gateway_cloud_connected") == 1
    assert m.value("enphase_production_watts") > 100


async def _outage(observer: ScenarioObserver) -> None:
    """Off grid though the utility is fine, on batteries that run low, until a crew mends it."""
    assert (await _seen(observer, "day 46 13:03")).value("enphase_grid_connected") == 1
    m = await _seen(observer, "day 46 13:08")
    assert m.value("enphase_grid_connected") == 0
    assert m.value("enphase_grid_disconnect_commanded") == 0
    assert m.value("enphase_production_watts") > 100
    before = m.value("enphase_storage_soc_ratio")
    assert (await _seen(observer, "day 46 15:22")).value("enphase_grid_connected") == 0
    m = await _seen(observer, "day 46 18:30")
    assert m.value("enphase_grid_connected") == 0
    assert m.value("enphase_storage_watts") > 0
    assert m.value("enphase_storage_soc_ratio") < min(before, 0.2)
    assert (await _seen(observer, "day 46 18:56")).value("enphase_grid_connected") == 0
    assert (await _seen(observer, "day 46 19:05")).value("enphase_grid_connected") == 1


async def _flat(observer: ScenarioObserver) -> None:
    """One light goes out, then all, while the panels work."""
    m = await _seen(observer, "day 47 12:00")
    assert m.value("enphase_encharge_communicating", serial=battery_serial(2)) == 0
    assert m.value("enphase_encharge_led_status", serial=battery_serial(2)) == 0
    assert _soc(m, 3) < 0.05
    assert m.all("enphase_encharge_communicating").count(1) == _BATTERIES - 1
    m = await _seen(observer, "day 49 12:00")
    assert m.all("enphase_encharge_communicating") == [0] * _BATTERIES
    assert m.all("enphase_encharge_led_status") == [0] * _BATTERIES
    assert max(m.all("enphase_encharge_soc_ratio")) < 0.1
    assert m.value("enphase_production_watts") > 100


async def _another_gateway(observer: ScenarioObserver) -> None:
    """Another gateway, and its batteries a day later, one of them with old firmware."""
    m = await _seen(observer, "day 53 12:00")
    assert m.value("enphase_up") == 0
    assert m.one("enphase_production_watts") is None
    m = await _seen(observer, "day 54 18:40")
    assert m.value("enphase_up") == 1
    assert m.labels("enphase_gateway_info", "serial") == {"202699000017"}
    assert m.age("enphase_gateway_replaced_timestamp_seconds") < 3600
    assert m.age(_REPORTED) < 1200
    assert m.all("enphase_encharge_present") == [0] * _BATTERIES
    m = await _seen(observer, "day 55 15:20")
    assert m.all("enphase_encharge_present") == [1] * _BATTERIES
    assert m.all("enphase_encharge_communicating") == [1] * _BATTERIES
    assert len(m.labels("enphase_encharge_info", "firmware")) == 2


async def _for_ever(observer: ScenarioObserver) -> None:
    """Weeks later one battery still charges at 99 %, and another has no light."""
    for time in ("day 60 03:00", "day 80 03:00", "day 98 03:00"):
        m = await _seen(observer, time)
        assert _soc(m, 2) == 0.99
        assert m.value("enphase_encharge_watts", serial=battery_serial(1)) < 0
        assert m.value("enphase_encharge_led_status", serial=battery_serial(3)) == 0
        assert len(m.labels("enphase_encharge_info", "firmware")) == 2
        assert m.value("enphase_grid_connected") == 1
        assert m.age(_REPORTED) < 600
    await observer.scrape("day 98 12:01")


async def _seen(observer: ScenarioObserver, at: str) -> Observation:
    look = await observer.scrape(at)
    assert look is not None
    return look


def _soc(m: Observation, number: int) -> float:
    return m.value("enphase_encharge_soc_ratio", serial=battery_serial(number - 1))
