"""Old data is not served; metrics of the exporter itself stay."""

from pathlib import Path
from typing import Any

import pytest

from exporter.gateway.paths import SECCTRL
from exporter.simulator.faults import Edit, Reset, status
from tests.polled_gateway import PolledGateway, impatient, polled_gateway

__all__ = ["impatient"]

OWN = {
    "enphase_up",
    "enphase_expected",
    "enphase_missing_since_timestamp_seconds",
    "enphase_collector_complete",
    "enphase_collector_up",
    "enphase_collector_cadence_seconds",
    "enphase_collector_duration_seconds",
    "enphase_collector_last_success_timestamp_seconds",
    "enphase_collector_failures_total",
    "enphase_gateway_requests_total",
    "enphase_token_expiry_timestamp_seconds",
    "enphase_alert_threshold",
    "enphase_exporter_build_info",
}


@pytest.mark.usefixtures("impatient")
async def test_nothing_of_a_dead_gateway_is_served_for_long(tmp_path: Path) -> None:
    """Grid and power go within two minutes, the slow rest within fifteen; up is 0 at once."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(100)
        watched.gateway.faults["*"] = Reset()
        await watched.pass_time(121)
        assert watched.value("enphase_grid_connected") is None
        assert watched.value("enphase_production_watts") is None
        assert watched.value("enphase_inverter_info", serial=first_inverter(watched)) is not None
        await watched.pass_time(900)
        assert watched.value("enphase_up") == 0
        assert watched.names() <= OWN


async def test_a_gateway_that_comes_back_is_watched_at_once(tmp_path: Path) -> None:
    """After ten minutes of 503, every collector is up within its cadence."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(10)
        watched.gateway.faults["*"] = status(503)
        await watched.pass_time(600)
        assert watched.value("enphase_up") == 0
        watched.gateway.faults.clear()
        await watched.pass_time(330)
        assert set(watched.samples()["enphase_collector_up"].values()) == {1}


async def test_an_outage_shows_within_fifteen_seconds(tmp_path: Path) -> None:
    """An open relay is read at the next request, and confirmed by the one after."""

    def island(node: Any) -> Any:
        if isinstance(node, dict):
            return {k: "open" if k == "mains_oper_state" else island(v) for k, v in node.items()}
        return [island(item) for item in node] if isinstance(node, list) else node

    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(661)
        assert watched.value("enphase_grid_connected") == 1
        for endpoint in ("/ivp/ensemble/relay", "/ivp/ensemble/inventory"):
            watched.gateway.faults[endpoint] = Edit(island)
        await watched.pass_time(15)
        assert watched.value("enphase_grid_connected") == 0
        assert watched.value("enphase_grid_disconnect_commanded") == 0
        assert watched.value("enphase_enpower_mains_oper_state", state="open") == 1


async def test_a_battery_that_leaves_the_list_is_known_as_missing(tmp_path: Path) -> None:
    """Its series vanish, and its presence becomes 0, also after a restart."""

    def without_first(document: list[dict[str, list[dict[str, str]]]]) -> object:
        for group in document:
            if "led_status" in group["devices"][0]:
                del group["devices"][0]
        return document

    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        serial = sorted(dict(k)["serial"] for k in watched.samples()["enphase_encharge_info"])[0]
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults["/ivp/ensemble/inventory"] = Edit(without_first)
        await watched.pass_time(60)
        assert watched.value("enphase_encharge_present", serial=serial) == 0
        assert watched.value("enphase_encharge_info", serial=serial) is None
        assert len(watched.samples()["enphase_encharge_info"]) == 5


async def test_one_unreadable_battery_does_not_hide_the_others_or_the_grid(tmp_path: Path) -> None:
    """A key missing in one device costs its own value, which is counted."""

    def spoiled(document: list[dict[str, list[dict[str, str]]]]) -> object:
        for group in document:
            group["devices"][0].pop("led_status", None)
        return document

    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults["/ivp/ensemble/inventory"] = Edit(spoiled)
        await watched.pass_time(1)
        assert len(watched.samples()["enphase_encharge_led_status"]) == 5
        assert len(watched.samples()["enphase_encharge_info"]) == 6
        assert watched.value("enphase_grid_connected") == 1
        assert watched.value("enphase_collector_up", collector="ensemble") == 1


async def test_batteries_in_two_groups_are_all_seen(tmp_path: Path) -> None:
    """A second group of batteries does not replace the first."""

    def split(document: list[dict[str, list[dict[str, str]]]]) -> object:
        batteries = next(group for group in document if "led_status" in group["devices"][0])
        return [*document, {**batteries, "devices": [batteries["devices"].pop()]}]

    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults["/ivp/ensemble/inventory"] = Edit(split)
        await watched.pass_time(1)
        assert len(watched.samples()["enphase_encharge_info"]) == 6


def first_inverter(watched: PolledGateway) -> str:
    """Return the serial of an inverter."""
    return min(dict(labels)["serial"] for labels in watched.samples()["enphase_inverter_present"])


async def test_the_configured_mode_and_reserve_are_exported(tmp_path: Path) -> None:
    """They are exported only if they are configured."""
    wanted = {"storage_mode": "backup", "reserve_soc": 40}
    async with polled_gateway("battery-home", tmp_path, wanted=wanted) as watched:
        await watched.pass_time(1)
        assert watched.value("enphase_storage_wanted_mode", mode="backup") == 1
        assert watched.value("enphase_storage_wanted_reserve_soc_ratio") == 0.4
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        assert not {name for name in watched.names() if "wanted" in name}


async def test_an_unchanged_response_is_fresh(tmp_path: Path) -> None:
    """Data that is not parsed again has the time of its latest response."""
    answers: list[object] = []

    def calm(document: object) -> object:
        answers.append(document)
        return answers[0]

    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(60)
        watched.gateway.faults[SECCTRL] = Edit(calm)
        await watched.pass_time(120)
        before = watched.poller.readings["storage"]
        await watched.pass_time(600)
        after = watched.poller.readings["storage"]
        assert after.data is before.data
        assert after.read_at > before.read_at + 500
        assert watched.value("enphase_collector_up", collector="storage") == 1
        watched.gateway.faults[SECCTRL] = Edit(lambda document: {**document, "ENC_agg_soc": 12})
        await watched.pass_time(60)
        assert watched.value("enphase_storage_encharge_soc_ratio") == 0.12
