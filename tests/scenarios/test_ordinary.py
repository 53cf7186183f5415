"""The longer scenarios: what is ordinary looks ordinary, what passes leaves nothing behind."""

from pathlib import Path

import pytest

from exporter.simulator.scenario import find_scenario
from tests.scenarios.observer import Observation, ScenarioObserver, observing

#: plays whole scenarios for minutes
pytestmark = pytest.mark.proof


async def looks(observer: ScenarioObserver, *times: str) -> list[Observation]:
    """Return what is seen at these times."""
    seen = [await observer.scrape(time) for time in times]
    assert None not in seen
    return [look for look in seen if look is not None]


def assert_ordinary(look: Observation) -> None:
    """Fail unless the system works, whatever sun and household do."""
    assert look.value("enphase_up") == 1
    assert set(look.all("enphase_collector_up")) == {1.0}
    assert look.value("enphase_grid_connected") == 1
    assert set(look.all("enphase_encharge_communicating")) == {1.0}
    assert set(look.all("enphase_inverter_present")) == {1.0}
    assert not look.all("enphase_rejected_readings_total")
    assert look.age("enphase_gateway_cloud_last_report_timestamp_seconds") < 900


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("sunny-day", ("1h", "7h", "13h", "18h", "23h 50m")),
        ("winter-week", tuple(f"day {day} {hour}:00" for day in range(1, 8) for hour in (12, 20))),
    ],
)
async def test_healthy_weather(name: str, times: tuple[str, ...], tmp_path: Path) -> None:
    """Neither sun nor snow is a failure."""
    async with observing(find_scenario(name), tmp_path) as observer:
        for look in await looks(observer, *times):
            assert_ordinary(look)


async def test_snow_covers_the_panels(tmp_path: Path) -> None:
    """Under snow there is next to no production at noon, and on the clear day after there is."""
    async with observing(find_scenario("winter-week"), tmp_path) as observer:
        snow, clear = await looks(observer, "day 4 12:00", "day 7 12:00")
    assert snow.value("enphase_production_watts") < 500 < clear.value("enphase_production_watts")


async def test_grid_outage(tmp_path: Path) -> None:
    """The batteries carry the house through the evening, and the grid comes back by itself."""
    async with observing(find_scenario("grid-outage"), tmp_path) as observer:
        before, dips, early, late, after = await looks(
            observer, "30m", "44m", "1h", "5h 40m", "5h 55m"
        )
    assert_ordinary(before)
    assert max(dips.all("enphase_meter_phase_volts")) < 115
    assert [m.value("enphase_grid_connected") for m in (dips, early, late, after)] == [1, 0, 0, 1]
    assert late.value("enphase_storage_watts") > 0
    assert late.value("enphase_storage_soc_ratio") < early.value("enphase_storage_soc_ratio")


async def test_night_stall(tmp_path: Path) -> None:
    """Every night collectors fail for some minutes, and a quarter of an hour later all is well."""
    async with observing(find_scenario("night-stall"), tmp_path) as observer:
        for day in (1, 2):
            for time, fine in (("22:58", True), ("23:08", False), ("23:25", True)):
                look = await observer.scrape(f"day {day} {time}", warm_up=330)
                assert look is not None
                assert (set(look.all("enphase_collector_up")) == {1.0}) is fine


async def test_firmware_upgrade(tmp_path: Path) -> None:
    """After two days everything has the new firmware, and nothing else has changed."""
    async with observing(find_scenario("firmware-upgrade"), tmp_path) as observer:
        before, after_gateway, between, after = await looks(
            observer, "1h", "day 2 02:10", "day 3 12:00", "day 4 12:00"
        )
    for look in (before, after):
        assert_ordinary(look)
    assert after_gateway.labels("enphase_gateway_info", "firmware") == {"8.3.5286"}
    assert after_gateway.age("enphase_gateway_firmware_changed_timestamp_seconds") < 3600
    firmwares = [m.labels("enphase_encharge_info", "firmware") for m in (before, between, after)]
    assert [len(seen) for seen in firmwares] == [1, 2, 1]
    assert firmwares[0] != firmwares[2]
    # On the first day the energies of days are not known yet.
    appeared = {
        name
        for name in after.samples.keys() - before.samples.keys()
        if not name.endswith(("_today_joules", "_yesterday_joules"))
    }
    assert appeared - {"enphase_collector_failures_total", "enphase_gateway_events_total"} == {
        "enphase_gateway_firmware_changed_timestamp_seconds"
    }
