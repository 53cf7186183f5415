"""Devices of a site are read from each response, and missing ones are reported by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from exporter.simulator.faults import Edit, status
from tests.polled_gateway import PolledGateway, polled_gateway

INVENTORY, POWER = "/ivp/ensemble/inventory", "/ivp/ensemble/power"
METERS, READINGS = "/ivp/meters", "/ivp/meters/readings"
PRODUCTION = "/production.json?details=1"
HOUR = 3600.0


def missing(polled: PolledGateway) -> set[tuple[str, str]]:
    """Return kind and id of everything that is expected and not there."""
    series = polled.samples().get("enphase_expected", {})
    return {
        (dict(labels)["kind"], dict(labels)["id"]) for labels, value in series.items() if not value
    }


def of_meters(measurement: str, change: Callable[[dict[str, Any]], None]) -> Edit:
    """Return a change of the set-up of the meters of one kind."""

    def edit(document: Any) -> Any:
        for meter in document:
            if meter["measurementType"] == measurement:
                change(meter)
        return document

    return Edit(edit)


async def test_batteries_that_are_commissioned_later_are_watched_at_once(tmp_path: Path) -> None:
    """Within two minutes of their first sign, hours after the exporter started."""
    async with polled_gateway("battery-home", tmp_path) as polled:
        polled.gateway.faults[INVENTORY] = Edit(lambda _: [])
        polled.gateway.faults[POWER] = Edit(lambda _: {"devices:": []})
        await polled.pass_time(4 * HOUR)
        assert not {name for name in polled.names() if name.startswith("enphase_encharge_soc")}
        assert missing(polled) == set()
        polled.gateway.faults.clear()
        await polled.pass_time(120)
        assert len(polled.samples()["enphase_encharge_soc_ratio"]) == 6
        assert polled.value("enphase_dry_contact_closed", id="NC1") is not None
        assert polled.value("enphase_collector_up", collector="grid") == 1


async def test_a_meter_that_is_enabled_later_is_watched_at_once(tmp_path: Path) -> None:
    """The set-up of the meters is read again, and when their sections appear, at once."""
    sections: list[Any] = []

    def inactive(document: Any) -> Any:
        for section in document["consumption"]:
            section["activeCount"] = 0
            sections.append(section)
        return document

    async with polled_gateway("battery-home", tmp_path) as polled:
        polled.gateway.faults[METERS] = of_meters(
            "net-consumption", lambda meter: meter.update(state="disabled")
        )
        polled.gateway.faults[PRODUCTION] = Edit(inactive)
        await polled.pass_time(3 * HOUR)
        assert sections
        assert polled.value("enphase_meter_watts", meter="net-consumption") is None
        assert polled.value("enphase_consumption_watts") is None
        polled.gateway.faults.clear()
        await polled.pass_time(75)
        assert polled.value("enphase_meter_watts", meter="net-consumption") is not None
        assert polled.value("enphase_consumption_watts") is not None


async def test_a_list_that_is_empty_is_not_a_success(tmp_path: Path) -> None:
    """Every meter is missing by name, and the collector says that it failed."""
    async with polled_gateway("battery-home", tmp_path) as polled:
        await polled.pass_time(120)
        polled.gateway.faults[READINGS] = Edit(lambda _: [])
        await polled.pass_time(150)
        assert polled.value("enphase_collector_up", collector="meters") == 0
        assert polled.value("enphase_collector_complete", collector="meters") == 0
        assert {("meter", "production"), ("meter", "net-consumption")} <= missing(polled)
        polled.gateway.faults.clear()
        await polled.pass_time(60)
        assert missing(polled) == set()
        assert polled.value("enphase_collector_complete", collector="meters") == 1


async def test_the_power_of_some_batteries_is_not_that_of_all(tmp_path: Path) -> None:
    """A sum over a part is neither served nor integrated; the missing ones have names."""

    def some(document: Any) -> Any:
        return {"devices:": document["devices:"][:4]}

    async with polled_gateway("battery-home", tmp_path) as polled:
        await polled.pass_time(200)
        assert polled.value("enphase_storage_watts") is not None
        polled.gateway.faults[POWER] = Edit(some)
        await polled.pass_time(90)
        charged = polled.value("enphase_storage_charged_joules_total")
        assert len(polled.samples()["enphase_encharge_soc_ratio"]) == 4
        assert polled.value("enphase_storage_watts") is None
        assert polled.value("enphase_collector_complete", collector="battery_power") == 0
        assert len({key for key in missing(polled) if key[0] == "battery"}) == 2
        await polled.pass_time(600)
        assert polled.value("enphase_storage_charged_joules_total") == charged
        polled.gateway.faults.clear()
        await polled.pass_time(90)
        assert polled.value("enphase_storage_watts") is not None
        assert missing(polled) == set()


async def test_what_is_retired_is_neither_read_nor_expected(tmp_path: Path) -> None:
    """A ghost that the gateway goes on to list has no series, and nothing misses it."""
    async with polled_gateway("battery-home", tmp_path) as polled:
        await polled.pass_time(60)
        ghost = min(dict(k)["serial"] for k in polled.samples()["enphase_inverter_watts"])
    async with polled_gateway("battery-home", tmp_path, retired=(ghost,)) as polled:
        await polled.pass_time(300)
        assert polled.value("enphase_inverter_watts", serial=ghost) is None
        assert polled.value("enphase_expected", kind="inverter", id=ghost) is None
        assert len(polled.samples()["enphase_inverter_watts"]) == 23


async def test_relays_of_a_gateway_without_inventory_are_read(tmp_path: Path) -> None:
    """What its other answers know of them is told, and what it lacks is no failure."""
    async with polled_gateway("three-phase", tmp_path) as polled:
        polled.gateway.faults["/inventory.json?deleted=1"] = status(404)
        await polled.pass_time(900)
        assert polled.value("enphase_iq_relay_hertz") is not None
        assert polled.value("enphase_iq_relay_closed") is None
        assert polled.value("enphase_collector_up", collector="devices") is None


async def test_after_a_sleep_of_the_machine_meters_are_read_at_their_pace(tmp_path: Path) -> None:
    """The first reading without the set-up of the meters says nothing; the next one does."""
    async with polled_gateway("battery-home", tmp_path) as polled:
        await polled.pass_time(120)
        await polled.clock.sleep(6 * HOUR)
        await polled.pass_time(180)
        assert polled.value("enphase_meter_watts", meter="production") is not None
        assert missing(polled) == set()
