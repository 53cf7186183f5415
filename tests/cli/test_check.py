"""A diagnosis reports in every state of a gateway what works and what does not."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.diagnostics import STEPS
from exporter.gateway.state_model import GatewayState, InventoryEntry
from exporter.simulator import replay as captures
from exporter.simulator.faults import Edit, status
from exporter.simulator.homes import SAMPLE_HOME_NAMES, SAMPLE_HOMES, sample_home
from exporter.simulator.server import serve
from tests.diagnostics_helper import FAILED, OK, WARNING, battery_home, checked, with_status

DAY = 86400.0


# --- well --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLE_HOME_NAMES)
async def test_a_healthy_gateway(name: str) -> None:
    """Nothing fails and nothing warns, whatever hardware there is, within the exporter's budget."""
    async with serve(sample_home(name, time.time)) as running:
        login: dict[str, Any] = {"token": running.token} if running.gateway.uses_tls else {}
        results = await checked(running.host, **login)
        assert [*results] == [step.key for step in STEPS]
        expected = set() if running.gateway.uses_tls else {"tls", "token"}
        assert with_status(results, OK) == results.keys() - expected
        assert SAMPLE_HOMES[name].serial in results["info"].message
        assert SAMPLE_HOMES[name].firmware in results["firmware"].message
        assert "inverters" in results["features"].message
        assert len(running.requests) <= 24
        assert running.max_concurrency == 1


async def test_captures(capture: Path) -> None:
    """The samples of every real gateway are counted; one that is too old gets a single line."""
    gateway = captures.load_capture(capture, now=time.time)
    async with serve(gateway) as running:
        login: dict[str, Any] = {"token": running.token} if gateway.uses_tls else {}
        results = await checked(running.host, **login)
    failed = with_status(results, FAILED)
    if failed == {"login"}:
        assert "is refused with status 401" in results["login"].message
    elif failed:
        assert failed == {"features"}
        assert f"firmware {gateway.firmware} offers nothing" in results["features"].message
        assert "ask Enphase or the installer for an update" in results["features"].remedy
    else:
        assert int(results["poll"].message.split(", ")[1].split()[0]) > 0


# --- responses of the gateway ---------------------------------------------------------------------


async def test_a_collector_that_fails() -> None:
    """What cannot be read is named, and the other steps go on."""
    async with battery_home() as running:
        running.faults["/ivp/meters/readings"] = status(503)
        results = await checked(running.host, token=running.token)
    assert with_status(results, FAILED) == {"poll"}
    assert results["poll"].message.startswith("8 of 9 collectors, ")
    assert "/ivp/meters/readings: status 503" in results["poll"].message
    assert results["cloud"].status is OK


async def test_a_feature_in_doubt() -> None:
    """A temporary failure of an endpoint is reported, and the diagnosis continues."""
    async with battery_home() as running:
        running.faults["/ivp/ensemble/inventory"] = status(503)
        results = await checked(running.host, token=running.token)
    assert results["features"].status is WARNING
    assert "/ivp/ensemble/inventory: status 503" in results["features"].message


async def test_hardware_that_was_there_before() -> None:
    """What the exporter remembers and the gateway does not offer now is missed."""
    async with serve(sample_home("solar-only", time.time)) as running:
        meter = InventoryEntry(1.0, None, {"ctmeters"}, set())
        memory = GatewayState(inventory={"meter": {"storage": meter}}, serial="111111111111")
        results = await checked(running.host, memory, token=running.token)
    assert results["features"].status is WARNING
    assert "missing: meter storage" in results["features"].message
    assert "so far gateway 111111111111 was at this address" in results["firmware"].message


def _network(**changes: Any) -> Callable[[Any], Any]:
    def change(response: Any) -> Any:
        return {**response, "network": {**response["network"], **changes}}

    return change


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"web_comm": False}, "not connected to Enphase; last report"),
        ({"last_enlighten_report_time": 1_700_000_000}, "last report to Enphase "),
        ({"last_enlighten_report_time": 0}, "last report to Enphase never"),
    ],
)
async def test_a_gateway_that_is_silent_towards_the_cloud(
    changes: dict[str, Any], message: str
) -> None:
    """A silence that went unnoticed for six weeks is reported here."""
    async with battery_home() as running:
        running.faults["/home"] = Edit(_network(**changes))
        results = await checked(running.host, token=running.token)
    assert with_status(results, FAILED) == {"cloud"}
    assert message in results["cloud"].message
    assert "get no data" in results["cloud"].remedy


async def test_a_cellular_gateway_reports_seldom() -> None:
    """Six hours of silence are healthy by modem."""

    def cellular(response: Any) -> Any:
        response["network"] |= {
            "primary_interface": "cellular",
            "last_enlighten_report_time": int(time.time()) - 5 * 3600,
            "interfaces": [{"type": "cellular", "interface": "cellular", "carrier": True}],
        }
        return response

    async with battery_home() as running:
        running.faults["/home"] = Edit(cellular)
        results = await checked(running.host, token=running.token)
    assert results["cloud"].message == "last report to Enphase 5 h ago"
    assert results["cloud"].status is OK


@pytest.mark.parametrize(("ahead", "message"), [(3600, "ahead of"), (-3600, "behind")])
async def test_a_wrong_clock(ahead: float, message: str) -> None:
    """A difference between the clocks is reported, not which of them is wrong."""
    async with battery_home(ahead) as running:
        results = await checked(running.host, token=running.token)
    assert with_status(results, WARNING) == {"clock"}
    assert results["clock"].message == f"60 min {message} this machine's"


async def test_a_token_about_to_end() -> None:
    """Two weeks before the end of a token that nobody renews there is a warning."""
    async with battery_home() as running:
        results = await checked(running.host, token=running.issue(lifetime=5 * DAY))
    assert with_status(results, WARNING) == {"token"}
    assert "in 5 days" in results["token"].message
    assert "renews it by itself" in results["token"].remedy
