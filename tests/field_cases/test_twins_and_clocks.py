"""What real gateways listed twice, called by another name, or dated to come."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.field_cases.answers import (
    DETAILED,
    DETAILS,
    INVENTORY,
    INVERTERS,
    METERS,
    READINGS,
    REPORT,
    SIMPLE,
    SPLIT,
    section,
)
from tests.field_cases.field_case import Open

YEAR = 365 * 86400
ACB = "8.3.5169_ACB_inventory"
ALL_DEVICES = "/inventory.json?deleted=1"


def first_detail(devices: Any) -> Any:
    """Return the first inverter of the details."""
    return next(iter(devices.values()))


@pytest.mark.parametrize("ahead", [2 * 3600, 40 * 86400, 5 * YEAR])
def test_an_inverter_from_the_future_costs_no_other_its_power(case: Open, ahead: int) -> None:
    """A gateway without a clock dates reports anyhow; none of the others is old by that."""
    home = case(SIMPLE)
    before = home.read()["inverters"]
    first, *others = before
    now = int(home.context.gateway_time)
    home.change(INVERTERS, lambda listed: listed[0].update(lastReportDate=now + ahead))
    after = home.read()["inverters"]
    assert {serial: after[serial] for serial in others} == {
        serial: before[serial] for serial in others
    }
    assert after[first].last_report_watts == before[first].last_report_watts
    known = ahead <= 86400
    assert after[first].last_report_date == (now + ahead if known else None)


def test_a_detailed_inverter_from_the_future_costs_no_other_its_details(case: Open) -> None:
    """The same holds where everything that an inverter measures is known."""
    home = case(DETAILED)
    del home.bodies[INVERTERS]
    before = home.read()["inverters"]

    def postdate(devices: Any) -> None:
        first_detail(devices)["channels"][0]["lastReading"]["endDate"] += YEAR

    home.change(DETAILS, postdate)
    after = home.read()["inverters"]
    first, *others = before
    assert after[first].last_report_date is None
    assert [after[serial] for serial in others] == [before[serial] for serial in others]


def ghost_report(listed: Any) -> Any:
    """Return an inverter of the list as it was before it ever reported."""
    return {**listed[0], "lastReportDate": 0, "lastReportWatts": 0, "maxReportWatts": 0}


def ghost_detail(devices: Any) -> Any:
    """Return a detailed inverter as it was last year."""
    ghost = deepcopy(first_detail(devices))
    ghost["modGone"] = True
    channel = ghost["channels"][0]
    channel["lastReading"]["endDate"] -= YEAR
    channel["lifetime"]["joulesProduced"] = 0
    channel["watts"]["now"] = 0
    return ghost


def ghost_battery(groups: Any) -> Any:
    """Return the group of batteries with the first of them twice, once of last year."""
    group = next(each for each in groups if each["type"] == "ENCHARGE")
    ghost = {**group["devices"][0], "percentFull": 0, "communicating": False}
    ghost["last_rpt_date"] -= YEAR
    return {**group, "devices": [ghost]}


def ghost_acb(groups: Any) -> Any:
    """Return a group with an AC Battery that was taken out of service, as if set up again."""
    group = next(each for each in groups if each["type"] == "ACB")
    return {**group, "devices": [{**group["devices"][0], "admin_state": 0}]}


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(
    ("capture", "path", "ghost"),
    [
        (SIMPLE, INVERTERS, ghost_report),
        (SPLIT, INVENTORY, ghost_battery),
        (ACB, ALL_DEVICES, ghost_acb),
    ],
)
def test_of_a_device_listed_twice_the_newer_entry_counts(
    case: Open, capture: str, path: str, ghost: Callable[[Any], Any], last: bool
) -> None:
    """What a replaced gateway or a deleted site left over changes nothing, wherever it is."""
    home = case(capture)
    before = home.read()
    home.change(path, lambda listed: [*listed, ghost(listed)] if last else [ghost(listed), *listed])
    assert home.read() == before


@pytest.mark.parametrize("last", [True, False])
def test_of_a_detailed_device_listed_twice_the_newer_entry_counts(case: Open, last: bool) -> None:
    """The details are an object whose keys say nothing of the device."""
    home = case(DETAILED)
    before = home.read()

    def double(devices: Any) -> Any:
        ghost = {"1": ghost_detail(devices)}
        return devices | ghost if last else ghost | devices

    home.change(DETAILS, double)
    assert home.read()["inverters"] == before["inverters"]


@pytest.mark.parametrize("last", [True, False])
def test_a_disabled_meter_takes_no_other_ones_place(case: Open, last: bool) -> None:
    """Gateways keep a second, disabled set-up of the same kind."""
    home = case(SPLIT)
    before = home.read()

    def add(listed: Any) -> Any:
        other = {**listed[0], "eid": 704643999, "state": "disabled"}
        return [*listed, other] if last else [other, *listed]

    home.change(METERS, add)
    assert home.read() == before


def test_a_second_meter_of_a_kind_takes_no_other_ones_place(case: Open) -> None:
    """The first one that is enabled and read goes on to be the meter of that kind."""
    home = case(SPLIT)
    before = home.read()
    home.change(METERS, lambda listed: [*listed, {**listed[0], "eid": 704643999}])
    home.change(
        READINGS, lambda listed: [*listed, {**listed[0], "eid": 704643999, "activePower": 5.0}]
    )
    assert home.read() == before


@pytest.mark.parametrize("last", [True, False])
def test_a_section_without_devices_takes_no_other_ones_place(case: Open, last: bool) -> None:
    """A section that is there twice is the one that counts a device."""
    home = case(DETAILED)
    before = home.read()

    def double(report: Any) -> None:
        idle = {**section(report, "production"), "activeCount": 0, "wNow": 0, "whLifetime": 0}
        report["production"].insert(len(report["production"]) if last else 0, idle)

    home.change(REPORT, double)
    assert home.read() == before


def test_words_are_known_however_they_are_capitalized(case: Open) -> None:
    """No meter, section or group of devices is another one by that."""
    home = case(SPLIT)
    before = home.read()

    def shout(document: Any) -> Any:
        for group in document:
            for key in {"measurementType", "state", "type"} & group.keys():
                lower = group[key] == group[key].lower()
                group[key] = group[key].upper() if lower else group[key].lower()
        return document

    def shout_sections(report: Any) -> None:
        for part in report.values():
            shout(part)

    home.change(METERS, shout)
    home.change(INVENTORY, shout)
    home.change(REPORT, shout_sections)
    after = home.read()
    assert after["encharge_inventory"] == before["encharge_inventory"]
    assert after["enpower"] == before["enpower"]
    assert after["ctmeters_phases"] == before["ctmeters_phases"]
    assert after["system_production"].watts_now == before["system_production"].watts_now
    assert after["ctmeters"].keys() == before["ctmeters"].keys()


def test_batteries_of_a_new_name_are_batteries(case: Open) -> None:
    """A group whose type is not known yet is known by what its devices have, and counted."""
    home = case(SPLIT)
    before = home.read()

    def rename(groups: Any) -> None:
        next(each for each in groups if each["type"] == "ENCHARGE")["type"] = "IQ BATTERY"

    home.change(INVENTORY, rename)
    assert home.read() == before
    assert home.parsed()[INVENTORY].unreadable == {"groups.type": 1}
