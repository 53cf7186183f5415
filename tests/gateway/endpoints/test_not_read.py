"""What a gateway has not read yet, or cannot read, is no zero."""

from typing import Any

import pytest

from exporter.gateway.endpoints import paths_needed
from tests.conftest import capture_names
from tests.field_cases.answers import section
from tests.field_cases.field_case import FieldCase

REPORT, READINGS = "/production.json?details=1", "/ivp/meters/readings"
DETAILS, LIST = "/ivp/pdm/device_data", "/api/v1/production/inverters"
POWER, INVENTORY = "/ivp/ensemble/power", "/ivp/ensemble/inventory"
SPLIT, SINGLE = "8.2.127_with_3cts_and_battery_split", "8.2.4345_with_device_data"
SIMPLE = "7.3.130"
WITHOUT_CT = "8.2.4264_metered_noct"

pytestmark = pytest.mark.skipif(not capture_names(), reason="no captures")


@pytest.fixture
def open_capture(captures_dir: Any) -> Any:
    """Return a function that opens a capture for changes."""
    return lambda name: FieldCase(captures_dir / name)


def blank(listed: Any) -> None:
    """Let the meters have read nothing."""
    for meter in listed:
        for balance in (meter, *meter["channels"]):
            values = balance.keys() - {"eid", "timestamp", "channels"}
            balance.update(dict.fromkeys(values, 0))


@pytest.mark.parametrize("name", [SPLIT, SINGLE])
def test_a_meter_of_zeros_alone_measures_nothing(open_capture: Any, name: str) -> None:
    """There is no service of 0 V and 0 Hz: no power of 0 W is claimed of it."""
    home = open_capture(name)
    home.change(READINGS, blank)
    after = home.read()
    assert after["ctmeters"] == after["ctmeters_phases"] == {}
    assert all(meter.enabled for meter in after["meter_setup"].values())


@pytest.mark.parametrize("name", ["production", "total-consumption", "net-consumption"])
def test_a_section_that_was_never_read_says_nothing(open_capture: Any, name: str) -> None:
    """A gateway that has just started counts its meters before it reads them."""
    home = open_capture(SINGLE)
    home.change(REPORT, lambda report: section(report, name).update(readingTime=0, wNow=0))
    members = {
        "production": "system_production",
        "total-consumption": "system_consumption",
        "net-consumption": "system_net_consumption",
    }
    after = home.read()
    assert members[name] not in after
    assert all(member in after for kind, member in members.items() if kind != name)


def test_inverters_that_never_reported_produce_an_unknown_power(open_capture: Any) -> None:
    """Where no CT measures production, the energy so far is known, and the power is not."""
    home = open_capture(WITHOUT_CT)
    del home.bodies["/api/v1/production"]
    home.change(REPORT, lambda report: section(report, "inverters").update(readingTime=0, wNow=0))
    production = home.read()["system_production"]
    assert production.watts_now is None
    assert production.watt_hours_lifetime > 0


def test_a_battery_of_zeros_alone_is_not_empty(open_capture: Any) -> None:
    """A gateway that cannot reach a battery reports zeros; the list of batteries knows better."""
    home = open_capture(SPLIT)
    before = home.read()["encharge_power"]
    zeros = {"soc": 0, "real_power_mw": 0, "apparent_power_mva": 0}
    home.change(POWER, lambda answer: answer["devices:"][0].update(zeros))
    after = home.read()["encharge_power"]
    first, *others = before
    assert (after[first].soc, after[first].real_power_mw) == (None, None)
    assert [after[serial] for serial in others] == [before[serial] for serial in others]


def test_a_battery_that_is_empty_says_so(open_capture: Any) -> None:
    """Zeros are true where the list of batteries agrees, or the battery has a power."""
    home = open_capture(SPLIT)
    zeros = {"soc": 0, "real_power_mw": 0, "apparent_power_mva": 0}
    home.change(POWER, lambda answer: answer["devices:"][0].update(zeros))
    home.change(POWER, lambda answer: answer["devices:"][1].update(soc=0))

    def empty(groups: Any) -> None:
        for group in groups:
            for device in group["devices"] if group["type"] == "ENCHARGE" else ():
                device["percentFull"] = 0

    charged = [battery.soc for battery in home.read()["encharge_power"].values()]
    home.change(INVENTORY, empty)
    agreed = [battery.soc for battery in home.read()["encharge_power"].values()]
    assert charged[:2] == [None, 0]
    assert agreed[:2] == [0, 0]


def test_an_inverter_without_inputs_is_counted_and_read_from_the_list(open_capture: Any) -> None:
    """Its details are gone; what the list of inverters says of it stays."""
    home = open_capture(SINGLE)
    listed = home.read()["inverters"]
    home.change(DETAILS, lambda devices: next(iter(devices.values())).update(channels=[]))
    after = home.read()["inverters"]
    first, *others = listed
    assert after[first].last_report_watts == listed[first].last_report_watts
    assert after[first].ac_voltage is None
    assert [after[serial] for serial in others] == [listed[serial] for serial in others]
    assert home.parsed()[DETAILS].unreadable == {"pcu.channels": 1}
    assert LIST in paths_needed("inverters", home.parsed(), ())


@pytest.mark.parametrize("watts", [0xFFFF, 0xFFFFFFFF, -0x8000])
def test_a_number_that_stands_for_none_is_no_power(open_capture: Any, watts: int) -> None:
    """The bits of a register that was not read are more than any inverter makes."""
    home = open_capture(SIMPLE)
    before = home.read()["inverters"]
    home.change(LIST, lambda listed: listed[0].update(lastReportWatts=watts))
    after = home.read()["inverters"]
    first, *others = before
    assert after[first].last_report_watts is None
    assert [after[serial] for serial in others] == [before[serial] for serial in others]
    assert home.parsed()[LIST].unreadable == {"inverters.lastReportWatts": 1}
