"""The endpoints that explain: live data, updates, limits, events, modules."""

import json
from dataclasses import replace
from typing import Any

import pytest

from exporter.errors import EndpointAbsentError, InvalidDataError, NotPermittedError
from exporter.gateway.endpoints import (
    ENDPOINTS,
    assemble,
    ensemble_relay,
    ensemble_status,
    events,
    firmware_manager,
    limits,
    livedata,
    meter_reports,
)
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.context import Context
from tests.gateway.endpoints.samples import LIVE, NOW, SAMPLES

CONTEXT = Context(gateway_time=float(NOW))


def parse(path: str, document: Any) -> Parsed:
    """Return the data of a response."""
    return ENDPOINTS[path].parse(json.dumps(document).encode())


def live(document: Any, context: Context = CONTEXT) -> dict[str, Any]:
    """Return the parsed live data."""
    path = livedata.ENDPOINT.path
    return assemble("livedata", {path: parse(path, document)}, context)


def test_live_powers_are_read_by_flow_and_phase() -> None:
    """As many phases as the site has."""
    data = live(LIVE)
    assert data["live_flows"]["grid"].power_mw == -402_118
    assert set(data["live_phases"]["pv"]) == {"L1", "L2"}
    assert data["live"].main_relay == "closed"
    assert data["cloud_channel"].connected is True
    assert data["cloud_channel"].connect_errors == 12


def test_old_live_powers_are_none() -> None:
    """Without a stream they do not change; state and channel are still current."""
    data = live(LIVE, replace(CONTEXT, gateway_time=float(NOW + 3600)))
    assert "live_flows" not in data
    assert "live_phases" not in data
    assert data["live"].last_update == NOW - 12
    assert data["cloud_channel"].connected is True


@pytest.mark.parametrize("state", ["not_connected", "disconnected", "connecting", ""])
def test_a_channel_that_is_not_connected_is_down(state: str) -> None:
    """Any other word than the one for connected means that it is not."""
    document = {**LIVE, "connection": {**LIVE["connection"], "mqtt_state": state}}
    assert live(document)["cloud_channel"].connected is False


@pytest.mark.parametrize(
    ("code", "name"), [(1, "closed"), (2, "open"), (3, "changing"), (7, "other")]
)
def test_the_relay_has_words_for_its_codes(code: int, name: str) -> None:
    """A code that is not known is none of them."""
    document = {**LIVE, "meters": {**LIVE["meters"], "main_relay_state": code}}
    assert live(document)["live"].main_relay == name


@pytest.mark.parametrize(
    ("change", "running", "failed"),
    [
        ({}, False, True),
        ({"Failure Reason": "None", "Last_Status_str": "No Update Running"}, False, False),
        ({"Failure Reason": "None", "Last_Status_str": "Update Failed"}, False, True),
        ({"Current_Status": 3, "Current_Status_str": "Updating"}, True, True),
        ({"Current_Status": None, "Current_Status_str": "No Update Running"}, False, True),
        (
            {"Failure Reason": None, "Last_Status_str": None, "Current_Status": 10},
            False,
            None,
        ),
    ],
)
def test_an_update_runs_or_not_and_failed_or_not(
    change: dict[str, Any], running: bool, failed: bool | None
) -> None:
    """It takes both state and reason; without them there is no value."""
    path = firmware_manager.ENDPOINT.path
    document = {"SiteSync": {**SAMPLES[path]["SiteSync"], **change}, "updates": [{}, {}]}
    update = parse(path, document).data["firmware_update"]
    assert (update.running, update.failed) == (running, failed)
    assert update.devices == 2


def test_the_durations_of_an_update_are_seconds() -> None:
    """The gateway writes them with two colons."""
    path = firmware_manager.ENDPOINT.path
    update = parse(path, SAMPLES[path]).data["firmware_update"]
    assert (update.seconds_left, update.seconds_running) == (0, 2 * 3600 + 11 * 60 + 40)


@pytest.mark.parametrize(
    ("in_percent", "watts", "share"), [(True, None, 60.0), (False, 60.0, None)]
)
def test_a_limit_of_export_is_a_power_or_a_share(
    in_percent: bool, watts: float | None, share: float | None
) -> None:
    """Another field decides the unit of the number."""
    limit = parse(limits.EXPORT.path, {"PEL": True, "percent": in_percent, "PEL_Limit": 60.0}).data[
        "export_limit"
    ]
    assert (limit.limit_watts, limit.limit_percent) == (watts, share)


def test_events_are_read_oldest_first() -> None:
    """Begin and end of a condition are one event with two actions."""
    path = events.ENDPOINT.path
    logged = parse(path, SAMPLES[path]).data["events"]
    assert list(logged) == [16325, 16326]
    assert (logged[16325].event, logged[16325].action) == ("Grid frequency out of range", "clear")
    assert (logged[16326].serial, logged[16326].device) == ("900000000103", "pcu")


def test_an_odd_event_costs_itself() -> None:
    """The others are read, without the markup that some firmware puts in."""
    parsed = parse(
        events.ENDPOINT.path,
        {"aaData": [["1", "<b>One</b>: Set"], ["two", "Two: Set"], None, [3], ["4", "Four"]]},
    )
    assert [(event.id, event.event, event.action) for event in parsed.data["events"].values()] == [
        (1, "One", "set"),
        (4, "Four", ""),
    ]
    assert parsed.unreadable == {"aaData": 3}


@pytest.mark.parametrize(
    ("intended", "running", "outdated"),
    [
        ("3.28.2-D48", "3.28.2-D48", False),
        ("3.28.3-D48", "3.28.2-D48", True),
        ("", "2.1.34", None),
        ("01", "2.6.5973_rel/22.11", None),
        ("0.0.0-D0", "4.5.35-D1", None),
        ("3.28.2-D48", "", None),
    ],
)
def test_a_module_is_outdated_where_both_versions_can_be_compared(
    intended: str, running: str, outdated: bool | None
) -> None:
    """What should run is often not a version at all."""
    module = {
        "device_type": 14,
        "dmir": {"assembly_number": intended},
        "procload": {"assembly_number": running},
    }
    battery = {
        "device_type": 13,
        "encharge_rated_power": 1280,
        "submodules": {"900000000301": module},
    }
    data = parse(
        ensemble_status.ENDPOINT.path, {"inventory": {"serial_nums": {"900000000300": battery}}}
    ).data
    assert data["ensemble_submodules"]["900000000300"]["900000000301"].outdated is outdated
    assert data["encharge_modules"]["900000000300"].encharge_rated_power == 1280


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"error": "404 - Not Found"}, EndpointAbsentError),
        ({"err": "404 - Not Found"}, EndpointAbsentError),
        ({"status": 401, "error": "", "info": "Authentication required"}, NotPermittedError),
        ([1], InvalidDataError),
        ("text", InvalidDataError),
        (None, InvalidDataError),
    ],
)
def test_a_refusal_with_status_200_is_a_refusal(document: Any, error: type[Exception]) -> None:
    """Absent, not permitted and wrong kinds are distinguished."""
    with pytest.raises(error):
        parse(ensemble_relay.ENDPOINT.path, document)


def test_an_empty_answer_has_no_data() -> None:
    """A gateway without the hardware answers with an empty object."""
    parsed = parse(ensemble_relay.ENDPOINT.path, {})
    assert parsed.empty
    assert parsed.unreadable == {}


@pytest.mark.parametrize(
    ("order", "watts"),
    [((0, 1), {"L1": 300.2, "L2": 500.3}), ((0, 0, 1), {"L1": 300.2, "L2": 500.3}), ((1,), {})],
)
def test_lines_of_a_report_add_up_to_its_total(
    order: tuple[int, ...], watts: dict[str, float]
) -> None:
    """A line listed twice counts once; of lines without names none is guessed."""
    path = meter_reports.ENDPOINT.path
    (report,) = SAMPLES[path]
    lines = [report["lines"][index] for index in order]
    data = parse(path, [{**report, "lines": lines}]).data
    legs = data["meter_report_lines"].get("total-consumption", {})
    assert {leg: line.watts for leg, line in legs.items()} == watts
