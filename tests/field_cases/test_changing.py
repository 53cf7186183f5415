"""What real gateways did to real readers while their set-up changed, watched for hours."""

from typing import Any

import pytest

from exporter.simulator.faults import Edit, status
from tests.field_cases.answers import (
    DETAILED,
    DETAILS,
    INVENTORY,
    INVERTERS,
    METERS,
    POWER,
    REPORT,
    SPLIT,
    section,
)
from tests.field_cases.stories import HOUR, MINUTE, Watch, down, missing, of_inverters, watch
from tests.polled_gateway import PolledGateway

__all__ = ["watch"]

#: seconds between two answers of the readings and of the production report
POLL = 30.0


@pytest.mark.field_case(8)
def test_a_consumption_ct_that_is_enabled_later(watch: Watch) -> None:
    """Meter and consumption are there within two polls of the setting."""

    def disabled(listed: Any) -> Any:
        listed[1]["state"] = "disabled"
        return listed

    def inactive(report: Any) -> Any:
        for name in ("total-consumption", "net-consumption"):
            section(report, name)["activeCount"] = 0
        return report

    async def story(polled: PolledGateway) -> None:
        polled.gateway.faults |= {METERS: Edit(disabled), REPORT: Edit(inactive)}
        await polled.pass_time(3 * HOUR)
        assert polled.value("enphase_meter_watts", meter="net-consumption") is None
        assert polled.value("enphase_consumption_watts") is None
        polled.gateway.faults.clear()
        await polled.pass_time(2 * POLL)
        assert polled.value("enphase_meter_watts", meter="net-consumption") is not None
        assert polled.value("enphase_consumption_watts") is not None
        assert polled.value("enphase_house_watts") is not None
        assert (missing(polled), down(polled)) == (set(), set())

    watch(DETAILED, story)


@pytest.mark.field_case(9)
def test_an_inverter_without_last_report_for_hours(watch: Watch) -> None:
    """It alone lacks the time of its report, and has it with the next answer that has it."""
    serials: list[str] = []

    def forget(devices: Any) -> Any:
        first = next(iter(devices.values()))
        serials.append(first["sn"])
        del first["channels"][0]["lastReading"]["endDate"]
        return devices

    times, volts = "enphase_inverter_last_report_timestamp_seconds", "enphase_inverter_ac_volts"

    async def story(polled: PolledGateway) -> None:
        polled.gateway.faults |= {DETAILS: Edit(forget), INVERTERS: status(404)}
        await polled.pass_time(10 * MINUTE)
        for _ in range(10):
            await polled.pass_time(30 * MINUTE)
            every = of_inverters(polled, "enphase_inverter_watts").keys()
            assert len(every) == 15
            assert of_inverters(polled, times).keys() == every - set(serials)
            assert of_inverters(polled, volts).keys() == every
        polled.gateway.faults.clear()
        await polled.pass_time(10 * MINUTE)
        assert of_inverters(polled, times).keys() == every

    watch(DETAILED, story)


@pytest.mark.field_case(46)
def test_batteries_and_a_controller_that_are_commissioned_later(watch: Watch) -> None:
    """They are watched within two minutes of their first sign, hours after the start."""

    async def story(polled: PolledGateway) -> None:
        polled.gateway.faults |= {
            INVENTORY: Edit(lambda _: []),
            POWER: Edit(lambda _: {"devices:": []}),
            "/ivp/ensemble/secctrl": status(404),
            "/ivp/ensemble/relay": status(404),
            "/ivp/ensemble/dry_contacts": Edit(lambda _: {"dry_contacts": []}),
            "/ivp/ss/dry_contact_settings": Edit(lambda _: {"dry_contacts": []}),
        }
        await polled.pass_time(4 * HOUR)
        assert not any(name.startswith("enphase_encharge_soc") for name in polled.names())
        assert polled.value("enphase_grid_connected") is None
        assert missing(polled) == set()
        polled.gateway.faults.clear()
        await polled.pass_time(2 * MINUTE)
        assert len(polled.samples()["enphase_encharge_soc_ratio"]) == 5
        assert len(polled.samples()["enphase_encharge_watts"]) == 5
        assert polled.value("enphase_storage_soc_ratio") is not None
        assert polled.value("enphase_grid_connected") == 1
        assert polled.value("enphase_dry_contact_closed", id="NC1") is not None
        assert (missing(polled), down(polled)) == (set(), set())

    watch(SPLIT, story)
