"""Data of the gateway itself: identity, cloud, network, links, controller, generator."""

import json
from typing import Any

import pytest

from exporter.errors import InvalidResponseError, LoginRedirectError
from exporter.gateway.endpoints import (
    ENDPOINTS,
    assemble,
    ensemble_inventory,
    generator,
    home,
    info,
)
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.context import Context

INFO = b"""<?xml version="1.0" encoding="utf-8"?>
<envoy_info>
  <time>1764300100</time>
  <device><sn>900000000001</sn><pn>800-00000-r03</pn><software>D8.3.1598</software>
  <imeter>true</imeter></device>
  <web-tokens>true</web-tokens>
</envoy_info>"""
CONTEXT = Context(gateway_time=0.0)


def test_the_identity_is_read() -> None:
    """Serial, part, firmware without its letter, metering and clock."""
    identity = info.ENDPOINT.parse(INFO).data["info"]
    assert (identity.serial, identity.part_number, identity.metered) == (
        "900000000001",
        "800-00000-r03",
        True,
    )
    assert str(identity.version) == "8.3.1598"
    assert identity.time == 1764300100


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", InvalidResponseError),
        (b"not xml", InvalidResponseError),
        (b"<a><b></a>", InvalidResponseError),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", InvalidResponseError),
        (
            b"<!--" + b" " * 9000 + b"--><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            InvalidResponseError,
        ),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".encode("utf-16"), InvalidResponseError),
        (b"<a>" * 100_000, InvalidResponseError),
        (b"<!DOCTYPE html><html><title>Login</title></html>", LoginRedirectError),
        (b"<html><title>Login<br></title></html>", LoginRedirectError),
    ],
)
def test_what_is_no_identity_is_an_error(body: bytes, error: type[Exception]) -> None:
    """Also a document that could be made to fill all memory."""
    with pytest.raises(error):
        info.ENDPOINT.parse(body)


def test_the_first_of_two_identities_counts() -> None:
    """What stands elsewhere in the document, or once more, is not the gateway's."""
    twice = INFO.replace(b"</device>", b"</device><device><sn>1</sn></device><sn>2</sn>")
    assert info.ENDPOINT.parse(twice).data["info"].serial == "900000000001"


def test_an_odd_part_of_the_identity_costs_itself() -> None:
    """A firmware that cannot be compared is none, and the serial stays."""
    parsed_info = info.ENDPOINT.parse(
        INFO.replace(b"D8.3.1598", b"nightly").replace(b"true", b"?")
    ).data
    assert parsed_info["info"].version is None
    assert parsed_info["info"].metered is None
    assert parsed_info["info"].serial == "900000000001"


HOME: dict[str, Any] = {
    "software_build_epoch": 1719503966,
    "db_size": 6168576,
    "db_percent_full": "  1.63",
    "timezone": "Europe/London",
    "network": {
        "web_comm": True,
        "ever_reported_to_enlighten": True,
        "last_enlighten_report_time": 1764300000,
        "primary_interface": "eth0",
        "interfaces": [
            {"type": "ethernet", "interface": "eth0", "dhcp": True, "carrier": True},
            {"type": "wifi", "interface": "wlan0", "dhcp": True, "carrier": False},
        ],
    },
    "comm": {
        "num": 3,
        "level": 5,
        "pcu": {"num": 1, "level": 5},
        "encharge": [
            {"num": 2, "level": 4, "level_24g": 4, "level_subg": 5},
            {"num": 1, "level": 3, "level_24g": 3, "level_subg": 5},
        ],
    },
    "alerts": [],
    "update_status": "satisfied",
    "wireless_connection": [{"type": "zigbee", "connected": True}],
    "enpower": {"connected": True, "grid_status": "closed"},
}


def parsed(path: str, document: Any) -> Parsed:
    """Return the data of a response."""
    return ENDPOINTS[path].parse(json.dumps(document).encode())


def test_cloud_connection_and_links_are_read() -> None:
    """Links of one kind add up; a number with blanks is a number."""
    result = parsed(home.ENDPOINT.path, HOME).data["home"]
    assert (result.cloud_connected, result.last_report) == (True, 1764300000)
    assert set(result.interfaces) == {"eth0", "wlan0"}
    assert result.links["encharge"].num == 3
    assert set(result.links) == {"pcu", "encharge"}
    assert result.database_percent_full == 1.63
    assert (result.alert_count, result.update_status) == (0, "satisfied")
    assert result.controller.grid_status == "closed"


@pytest.mark.parametrize(
    ("ip", "usable", "unreadable"),
    [
        ("192.0.2.10", True, {}),
        (" 2001:db8::10/64 ", True, {}),
        (None, False, {}),
        ("", False, {}),
        ("0.0.0.0", False, {}),  # noqa: S104 - no socket is bound to it
        ("169.254.120.1", False, {}),
        ("fe80::1", False, {}),
        ("127.0.0.1", False, {}),
        ("eth0", None, {"interface.ip": 1}),
        (7, None, {"interface.ip": 1}),
        ([], None, {"interface.ip": 1}),
    ],
)
def test_an_interface_has_an_address_if_others_can_reach_it(
    ip: Any, usable: bool | None, unreadable: dict[str, int]
) -> None:
    """No address is a value; one that the interface gave itself is none; other text is unknown."""
    result = parsed(
        home.ENDPOINT.path, {"network": {"interfaces": [{"interface": "eth0", "ip": ip}]}}
    )
    assert result.data["home"].interfaces["eth0"].has_address is usable
    assert {key: n for key, n in result.unreadable.items() if key == "interface.ip"} == unreadable


def test_an_interface_without_the_key_has_no_known_address() -> None:
    """Nothing is known of an address that the gateway does not report."""
    assert parsed(home.ENDPOINT.path, HOME).data["home"].interfaces["eth0"].has_address is None


@pytest.mark.parametrize("part", ["network", "comm", "wireless_connection", "enpower", "alerts"])
@pytest.mark.parametrize("odd", [None, "odd", 7])
def test_an_odd_part_costs_itself(part: str, odd: Any) -> None:
    """The others are as they were."""
    before = parsed(home.ENDPOINT.path, HOME).data["home"]
    after = parsed(home.ENDPOINT.path, {**HOME, part: odd}).data["home"]
    assert after.timezone == before.timezone
    if part != "network":
        assert after.cloud_connected is True
        assert after.interfaces == before.interfaces
    if part != "comm":
        assert after.links == before.links


def device(serial: str, **more: Any) -> dict[str, Any]:
    """Return a device of the ensemble."""
    return {
        "part_num": "800-00000-r01",
        "installed": 1714000000,
        "serial_num": serial,
        "device_status": ["envoy.global.ok", "prop.done"],
        "last_rpt_date": 1764300000,
        "communicating": True,
        **more,
    }


def battery(serial: str, **more: Any) -> dict[str, Any]:
    """Return a battery."""
    return device(serial, percentFull=50, encharge_capacity=3500, **more)


def ensemble(*groups: tuple[Any, list[Any]]) -> dict[str, Any]:
    """Return the devices of an inventory."""
    path = ensemble_inventory.ENDPOINT.path
    answer = parsed(path, [{"type": kind, "devices": devices} for kind, devices in groups])
    return assemble("ensemble", {path: answer}, CONTEXT)


def test_all_groups_of_batteries_count() -> None:
    """A gateway may list them in two groups; one listed twice is one."""
    data = ensemble(
        ("ENCHARGE", [battery("1"), battery("2")]), ("ENCHARGE", [battery("2"), battery("3")])
    )
    assert set(data["encharge_inventory"]) == {"1", "2", "3"}


def test_a_replaced_controller_is_not_the_controller() -> None:
    """It may stay in the list although it is unreachable."""
    old = device("1", communicating=False, mains_oper_state="open")
    new = device("2", mains_oper_state="closed")
    assert ensemble(("ENPOWER", [old, new]))["enpower"].serial_number == "2"


def test_a_group_without_type_is_known_by_its_devices() -> None:
    """A battery is found in any group."""
    data = ensemble((None, [battery("1")]), (7, [device("2", mains_oper_state="closed")]))
    assert set(data["encharge_inventory"]) == {"1"}
    assert data["enpower"].serial_number == "2"


def test_conditions_of_the_ensemble_are_read() -> None:
    """By kind of device."""
    status = ["envoy.cond_flags.acb_ctrl.cellmaxtemperror"]
    data = ensemble(("ENCHARGE", [battery("1", device_status=status)]), ("ENPOWER", [device("2")]))
    assert set(data["ensemble_conditions"]) == {("battery", "1", "cellmaxtemperror", "danger")}


STATE = generator.STATE.path
CONFIG = generator.CONFIG.path
RUNNING = {"admin_state": "closed", "oper_state": "close", "present": 1, "admin_mode": 2}


@pytest.mark.parametrize(
    ("state", "config", "there"),
    [
        (RUNNING, {"gen_type": "Standby"}, True),
        (RUNNING, None, True),
        ({**RUNNING, "present": 0}, {"gen_type": "Standby"}, True),
        ({**RUNNING, "admin_state": "unknown"}, {}, False),
        ({**RUNNING, "present": 0, "admin_state": "unknown"}, {}, False),
        ({**RUNNING, "present": "odd"}, {}, True),
    ],
)
def test_a_generator_is_there_when_it_is_configured_or_has_a_relay(
    state: dict[str, Any], config: dict[str, Any] | None, there: bool
) -> None:
    """Gateways report one as present where none is installed."""
    answers = {STATE: parsed(STATE, state)}
    if config is not None:
        answers[CONFIG] = parsed(CONFIG, config)
    assert ("generator" in assemble("generator", answers, CONTEXT)) is there
