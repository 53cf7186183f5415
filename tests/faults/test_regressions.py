"""Bugs that the matrix found, each as a test."""

from pathlib import Path
from typing import Any

import pytest

from exporter.gateway.cadences import CADENCES, intervals
from exporter.simulator.faults import Edit, body, login_page, status
from tests.polled_gateway import polled_gateway

#: plays whole scenarios for minutes
pytestmark = pytest.mark.proof

METERS, TARIFF, INFO = "/ivp/meters", "/admin/lib/tariff", "/info"
SIGN, SELDOM = "/ivp/ensemble/inventory", "/ivp/ss/enc_settings"


async def test_a_doubt_costs_nothing_of_what_is_certain(tmp_path: Path) -> None:
    """An endpoint that fails from the start does not hide what others reported."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults[TARIFF] = status(503)
        await watched.pass_time(15)
        assert watched.value("enphase_gateway_phases") == 2


async def test_what_failed_from_the_start_is_missed_no_longer_than_it_fails(
    tmp_path: Path,
) -> None:
    """An inconclusive endpoint is polled at its own interval, however long it has failed."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults[METERS] = status(503)
        await watched.pass_time(3600)
        assert watched.value("enphase_meter_watts", meter="production") is None
        watched.gateway.faults.clear()
        await watched.pass_time(intervals(CADENCES)[METERS] + 10)
        assert watched.value("enphase_meter_watts", meter="production") is not None


async def test_nonsense_is_not_kept_for_an_answer(tmp_path: Path) -> None:
    """What came with status 200 and is not JSON is requested again, and not cached for minutes."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults[METERS] = login_page()
        await watched.pass_time(600)
        watched.gateway.faults.clear()
        await watched.pass_time(60)
        assert watched.value("enphase_meter_watts", meter="production") is not None


async def test_a_starting_gateway_may_deny_what_it_has(tmp_path: Path) -> None:
    """What was missing at the start is requested again in the first hour, then seldom.

    Only what shows first that hardware was added is asked once a minute for ever.
    """
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults[METERS] = status(404)
        await watched.pass_time(200)
        watched.gateway.faults.clear()
        await watched.pass_time(150)
        assert watched.value("enphase_meter_watts", meter="production") is not None
    async with polled_gateway("solar-only", tmp_path / "other") as watched:
        await watched.pass_time(2 * 3600)
        seldom, sign = watched.gateway.count(SELDOM), watched.gateway.count(SIGN)
        await watched.pass_time(3 * 3600)
        assert watched.gateway.count(SELDOM) - seldom <= 3 * 4
        assert watched.gateway.count(SIGN) - sign <= 3 * 60


async def test_a_probe_does_not_vouch_for_the_gateway(tmp_path: Path) -> None:
    """A bad `/info` stays reported while everything else is well, also after a probe."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults[TARIFF] = status(503)
        await watched.pass_time(200)
        watched.gateway.faults[INFO] = body(b"<a/>")
        await watched.pass_time(160)
        assert watched.value("enphase_collector_up", collector="gateway") == 0
        del watched.gateway.faults[TARIFF]
        await watched.pass_time(70)
        assert watched.value("enphase_storage_reserve_soc_ratio") is not None
        assert watched.value("enphase_collector_up", collector="gateway") == 0


async def test_a_million_phases_do_not_keep_the_exporter_busy(tmp_path: Path) -> None:
    """A count that pyenphase would go through one by one is a probe that failed."""

    def many(meters: Any) -> Any:
        return [{**meter, "phaseCount": 2**62} for meter in meters]

    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults[METERS] = Edit(many)
        await watched.pass_time(60)
        assert watched.value("enphase_grid_connected") == 1
        assert watched.value("enphase_gateway_phases") == 1
        watched.gateway.faults.clear()
        await watched.pass_time(400)
        assert watched.value("enphase_meter_watts", meter="production") is not None


async def test_power_of_all_batteries_is_exported_once(tmp_path: Path) -> None:
    """When batteries show up beside AC Batteries, the earlier source of their power is dropped."""
    async with polled_gateway("acb", tmp_path) as watched:
        watched.gateway.faults["/ivp/ensemble/inventory"] = status(503)
        await watched.pass_time(100)
        watched.gateway.faults.clear()
        for _ in range(12):
            await watched.pass_time(15)
            assert watched.value("enphase_storage_watts") is not None
