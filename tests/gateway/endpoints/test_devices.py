"""Inverters, AC Batteries and IQ Relays, from answers that list, detail and count them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from awesomeversion import AwesomeVersion

from exporter.gateway.endpoints import (
    ENDPOINTS,
    assemble,
    device_data,
    devstatus,
    inventory,
    inverters,
    paths_needed,
)
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.conditions import CLASSES, classify, conditions
from exporter.gateway.endpoints.context import Context
from tests.gateway.endpoints.rare_samples import RARE
from tests.gateway.endpoints.samples import DETAILS, INVENTORY, NOW, SAMPLES

CONTEXT = Context(gateway_time=float(NOW), firmware=AwesomeVersion("8.2.4345"))
LIST = inverters.ENDPOINT.path
DETAIL = device_data.ENDPOINT.path
ALL = inventory.ENDPOINT.path
DEVSTATUS = devstatus.ENDPOINT.path


def parse(documents: Mapping[str, Any]) -> dict[str, Parsed]:
    """Return the parsed responses by path."""
    return {
        path: ENDPOINTS[path].parse(json.dumps(document).encode())
        for path, document in documents.items()
    }


def report(serial: str, watts: int, **more: Any) -> dict[str, Any]:
    """Return an entry of the list of inverters."""
    return {
        "serialNumber": serial,
        "lastReportDate": NOW - 600,
        "devType": 1,
        "lastReportWatts": watts,
        "maxReportWatts": 300,
        **more,
    }


def test_an_inverter_with_two_channels_is_added_up_and_kept_apart() -> None:
    """Power and energy are sums, what both share counts once, a panel's voltage is its own."""
    data = assemble("inverters", parse({DETAIL: DETAILS}), CONTEXT)
    inverter = data["inverters"]["900000000102"]
    assert inverter.last_report_watts == 100
    assert inverter.max_report_watts == 440
    assert inverter.lifetime_energy == 3000
    assert inverter.energy_today == 118
    assert inverter.energy_produced == pytest.approx(2 * 90_000 / 900 / 3.6, abs=0.002)
    assert inverter.ac_current == 1.028
    assert (inverter.ac_voltage, inverter.ac_frequency) == (233.125, 49.982)
    assert (inverter.dc_voltage, inverter.dc_current) == (None, None)
    assert inverter.conversion_error_seconds == 8
    channels = data["inverter_channels"]["900000000102"]
    # By their number in the gateway, not by their place in the answer.
    assert {number: channel.watts for number, channel in channels.items()} == {"1": 40, "2": 60}
    assert channels["1"].dc_voltage == 36.203
    assert set(data["inverter_channels"]) == {"900000000102"}


def test_a_channel_listed_twice_is_one() -> None:
    """A gateway that repeats itself doubles no power."""
    document = json.loads(json.dumps(DETAILS))
    document["553648640"]["channels"].append(document["553648640"]["channels"][0])
    data = assemble("inverters", parse({DETAIL: document}), CONTEXT)
    assert data["inverters"]["900000000102"].last_report_watts == 100


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    """Half of an inverter is not served as the whole."""
    document = json.loads(json.dumps(DETAILS))
    del document["553648640"]["channels"][0]["watts"]["now"]
    data = assemble("inverters", parse({DETAIL: document}), CONTEXT)
    assert data["inverters"]["900000000102"].last_report_watts is None
    assert data["inverters"]["900000000102"].max_report_watts == 440


def test_inverters_beyond_the_limit_of_the_details_come_from_the_list() -> None:
    """Those with details have them; the others have the values of the list."""
    listed = [report("900000000101", 99), report("900000000777", 55)]
    parsed = parse({DETAIL: {**DETAILS, "deviceCount": 50}, LIST: listed})
    inverters = assemble("inverters", parsed, CONTEXT)["inverters"]
    assert set(inverters) == {"900000000101", "900000000102", "900000000777"}
    assert inverters["900000000101"].last_report_watts == 104
    assert inverters["900000000777"].last_report_watts == 55
    assert inverters["900000000777"].dc_voltage is None


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ({}, {DETAIL, LIST}),
        ({DETAIL: DETAILS}, {DETAIL}),
        ({DETAIL: {**DETAILS, "deviceCount": 50}}, {DETAIL, LIST}),
        ({DETAIL: {key: DETAILS[key] for key in list(DETAILS)[2:]}}, {DETAIL, LIST}),
    ],
)
def test_the_list_is_asked_where_details_are_not_of_all(
    documents: dict[str, Any], expected: set[str]
) -> None:
    """One answer is enough where it has everything."""
    assert set(paths_needed("inverters", parse(documents), ())) == expected


def test_a_refused_path_is_not_needed() -> None:
    """An unavailable endpoint is not requested."""
    assert paths_needed("inverters", {}, (DETAIL,)) == (LIST,)


def test_what_only_the_installer_sees_fills_gaps() -> None:
    """Older firmware has voltages in an answer for installers."""
    listed = [report("900000000101", 99)]
    status = SAMPLES[devstatus.ENDPOINT.path]
    parsed = parse({LIST: listed, devstatus.ENDPOINT.path: status})
    inverter = assemble("inverters", parsed, CONTEXT)["inverters"]["900000000101"]
    assert (inverter.dc_voltage, inverter.ac_voltage) == (28.686, 225.288)
    assert inverter.temperature == 22


@pytest.mark.parametrize(
    ("age", "others", "watts"),
    [(600, 600, 99), (3 * 3600, 600, None), (3 * 3600, 3 * 3600, 99), (2 * 86400, 2 * 86400, None)],
)
def test_an_inverter_silent_while_others_report_has_no_power(
    age: int, others: int, watts: int | None
) -> None:
    """At night none reports, and the last values stay until the next day."""
    listed = [
        report("1", 99, lastReportDate=NOW - age),
        report("2", 55, lastReportDate=NOW - others),
    ]
    inverters = assemble("inverters", parse({LIST: listed}), CONTEXT)["inverters"]
    assert inverters["1"].last_report_watts == watts
    assert inverters["1"].last_report_date == NOW - age


def test_the_installer_sees_what_older_firmware_has_of_ac_batteries() -> None:
    """Their charge, cells and voltage, where neither inventory nor details have them."""
    battery = {**INVENTORY[0]["devices"][0], "serial_num": "900000000402", "dev_type": 11}
    parsed = parse({ALL: [{"type": "ACB", "devices": [battery]}], DEVSTATUS: RARE[DEVSTATUS]})
    acb = assemble("acb", parsed, CONTEXT)["acb_inventory"]["900000000402"]
    assert (acb.percent_full, acb.min_cell_temp, acb.max_cell_temp) == (50, 21, 24)
    assert acb.pack_voltage == 22.4


def test_ac_batteries_are_no_inverters() -> None:
    """A device of type 11 is an AC Battery, whose power belongs to its place in the inventory."""
    battery = {
        **INVENTORY[0]["devices"][0],
        "serial_num": "77",
        "dev_type": 11,
        "sleep_enabled": True,
        "charge_status": "Discharging",
        "percentFull": 40,
        "maxCellTemp": 31,
        "device_status": ["envoy.cond_flags.pcu_ctrl.SLEEP-MODE"],
    }
    parsed = parse(
        {
            ALL: [{"type": "ACB", "devices": [battery]}],
            LIST: [report("1", 99), report("77", -20, devType=11)],
        }
    )
    assert set(assemble("inverters", parsed, CONTEXT)["inverters"]) == {"1"}
    inventory = assemble("acb", parsed, CONTEXT)["acb_inventory"]["77"]
    assert (inventory.last_report_watts, inventory.percent_full) == (-20, 40)
    assert (inventory.sleep_state, inventory.charge_status) == ("asleep", "discharging")


def test_an_iq_relay_is_read_with_its_lines() -> None:
    """Only lines that there are have a voltage; what the others pick up is none."""
    parsed = parse({ALL: INVENTORY, DETAIL: DETAILS})
    data = assemble("devices", parsed, CONTEXT)
    relay = data["iq_relays"]["900000000201"]
    assert (relay.relay, relay.reason, relay.reason_code) == ("open", "over voltage", 3)
    assert (relay.hertz, relay.temperature, relay.state_changes) == (49.976, 21, 7)
    lines = data["iq_relay_lines"]["900000000201"]
    assert {line: (part.connected, part.volts) for line, part in lines.items()} == {
        "L1": (False, 257.22)
    }


def test_an_iq_relay_without_fresh_report_has_no_voltage() -> None:
    """What it measured half a day ago is not of now; its state is."""
    later = replace(CONTEXT, gateway_time=CONTEXT.gateway_time + 43_200)
    data = assemble("devices", parse({ALL: INVENTORY, DETAIL: DETAILS}), later)
    assert data["iq_relays"]["900000000201"].hertz is None
    assert data["iq_relays"]["900000000201"].relay == "open"


def test_an_iq_relay_is_read_without_the_inventory() -> None:
    """A gateway that has none still says what its relays measured, on the lines that have volts."""
    data = assemble("devices", parse({DETAIL: DETAILS}), CONTEXT)
    relay = data["iq_relays"]["900000000201"]
    assert (relay.relay, relay.hertz, relay.state_changes) == (None, 49.976, 7)
    assert {line: part.volts for line, part in data["iq_relay_lines"]["900000000201"].items()} == {
        "L1": 257.22
    }
    lost = replace(CONTEXT, previous=parse({ALL: INVENTORY}))
    assert assemble("devices", parse({DETAIL: DETAILS}), lost) == {}


def test_a_removed_device_is_not_listed() -> None:
    """A device of state 0 was taken out of service."""
    data = assemble("devices", parse({ALL: INVENTORY}), CONTEXT)
    assert "900000000109" not in data["inverter_devices"]


def test_conditions_are_read_by_device_name_and_class() -> None:
    """A healthy device has none, and one that is not known has its own name."""
    data = assemble("devices", parse({ALL: INVENTORY}), CONTEXT)
    assert set(data["device_conditions"]) == {
        ("inverter", "900000000102", "gfitripped", "danger"),
        ("inverter", "900000000103", "dc-pwr-low", "dark"),
        ("inverter", "900000000103", "failure", "silent"),
        ("inverter", "900000000104", "newthing", "other"),
        ("iq_relay", "900000000201", "relayopen", "grid"),
    }


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("envoy.global.ok", None),
        ("prop.done", None),
        ("Envoy.Cond_Flags.Obs-Strs.OK", None),
        ("", None),
        ("envoy.cond_flags.pcu_chan.gfitripped", ("gfitripped", "danger")),
        ("envoy.cond_flags.pcu_chan.GFI-Tripped", ("gfi-tripped", "danger")),
        ("Envoy.Cond-Flags.pcu-chan.gfi_tripped", ("gfi_tripped", "danger")),
        ("envoy.cond_flags.pcu_chan.hardwareError", ("hardwareerror", "broken")),
        ("envoy.cond_flags.acb_ctrl.cellmintemperror", ("cellmintemperror", "broken")),
        ("envoy.cond_flags.acb_ctrl.cellmaxtemperror", ("cellmaxtemperror", "danger")),
        ("envoy.cond_flags.rgm_chan.check_meter", ("check_meter", "broken")),
        ("envoy.cond_flags.pcu_chan.acvoltage_avg_hi", ("acvoltage_avg_hi", "grid")),
        ("envoy.cond_flags.nsrb_ctrl.acfreqlow", ("acfreqlow", "grid")),
        ("envoy.cond_flags.pcu_ctrl.pwrgenoffbycmd", ("pwrgenoffbycmd", "limited")),
        ("envoy.cond_flags.pcu_ctrl.dc-pwr-low", ("dc-pwr-low", "dark")),
        ("envoy.cond_flags.obs_strs.failure", ("failure", "silent")),
        ("envoy.cond_flags.pcu_ctrl.sleep-mode", ("sleep-mode", "passing")),
        ("envoy.cond_flags.undef-0x00020000", ("undef-0x00020000", "other")),
        ("something else", ("something else", "other")),
    ],
)
def test_a_condition_has_the_class_that_it_means(
    status: str, meaning: tuple[str, str] | None
) -> None:
    """Case and hyphens of a name make no difference to what it means."""
    assert classify(status) == meaning
    assert meaning is None or meaning[1] in CLASSES


def test_a_device_has_a_bounded_number_of_conditions() -> None:
    """A gateway that invents names does not fill the memory of Prometheus."""
    assert len(conditions(f"invented.{number}" for number in range(1000))) == 32
    trip = "envoy.cond_flags.pcu_chan.gfitripped"
    many = [*(f"invented.{number}" for number in range(1000)), trip]
    assert conditions(many)["gfitripped"] == "danger"


def test_of_two_conditions_of_one_name_the_worse_is_kept() -> None:
    """Groups have names in common, and what is harmless in one hides nothing of the other."""
    both = [
        "envoy.cond_flags.pcu_ctrl.overtemperature",
        "envoy.cond_flags.acb_ctrl.overtemperature",
    ]
    assert conditions(both) == conditions(reversed(both)) == {"overtemperature": "limited"}
