"""The gateway at the host is identified, or one log line says why not; users of old firmware."""

import logging
import socket
from pathlib import Path
from typing import Any

import pytest
from pyenphase import envoy as pyenphase

from exporter.clock import VirtualClock
from exporter.simulator import access as simulated
from exporter.simulator.faults import (
    Fault,
    Hang,
    OversizedBody,
    Reset,
    SlowDrip,
    Stall,
    body,
    login_page,
    redirect,
    status,
)
from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from exporter.simulator.server import serve
from tests.log_asserts import text_of
from tests.polled_gateway import START, PolledGateway, impatient, polled_gateway
from tests.raw_server import http, raw_server

__all__ = ["impatient"]

PRODUCTION = "/api/v1/production"
INVERTERS = "/api/v1/production/inverters"
SERIAL = SAMPLE_HOMES["battery-home"].serial.encode()
FIRMWARE = b"<envoy_info><device><sn>%s</sn><software>%s</software></device></envoy_info>"


def log_line(caplog: pytest.LogCaptureFixture) -> str:
    """Return the one line that our log has at warning or above, without a traceback."""
    ours = [r for r in caplog.records if r.name.startswith("exporter.")]
    records = [r for r in ours if r.levelno >= logging.WARNING]
    (line,) = {text_of(record) for record in records}
    assert [record.exc_info for record in records] == [None]
    assert "\n" not in line
    return line


def reasons(watched: PolledGateway) -> set[str]:
    """Return the reasons for which the gateway failed."""
    failures = watched.samples()["enphase_collector_failures_total"]
    return {dict(labels)["reason"] for labels in failures}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("fault", "reason", "message"),
    [
        (
            login_page(),
            "invalid_response",
            "/info is not what an Enphase gateway says; check `host`",
        ),
        (body(b""), "invalid_response", "/info is not what an Enphase gateway says; check `host`"),
        (body(b"\xff\xfe{}"), "invalid_response", "/info is not what"),
        (body(b"<a/>"), "invalid_response", "/info names no firmware; is this an Enphase gateway?"),
        (body(FIRMWARE % (b"", b"D8.2.1")), "invalid_response", "/info names no serial number;"),
        (body(FIRMWARE % (b"1", b"")), "invalid_response", "/info is not what"),
        (body(FIRMWARE % (b"1", b"Dx.y")), "invalid_response", "/info names no firmware"),
        (status(500), "bad_status", "/info: status 500; is this an Enphase gateway?"),
        (status(401), "bad_status", "/info is refused with status 401; is this an Enphase"),
        (redirect("https://127.0.0.1:1/info"), "bad_status", "/info: status 301; is this"),
        (Reset(), "connection_lost", "/info: the gateway closed the connection"),
        (Hang(), "timeout", "/info: no complete response in time"),
        (Stall(), "timeout", "/info: no complete response in time"),
        (SlowDrip(pause=0.05), "timeout", "/info: no complete response in time"),
    ],
)
async def test_an_info_that_does_not_do(
    fault: Fault, reason: str, message: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A host without a valid `/info` causes one log line, however often it is polled."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults["/info"] = fault
        await watched.pass_time(100)
        assert log_line(caplog).startswith(message)
        assert reasons(watched) == {reason}
        assert watched.value("enphase_collector_up", collector="gateway") == 0
        assert watched.gateway.count("/info") <= 8

        watched.gateway.faults.clear()
        await watched.pass_time(31)
        assert watched.value("enphase_up") == 1


@pytest.mark.parametrize("compressed", [False, True])
async def test_a_huge_info(
    compressed: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The size of `/info` is limited."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        watched.gateway.faults["/info"] = OversizedBody(30, compressed=compressed)
        await watched.pass_time(20)
        assert log_line(caplog) == "/info: the response is too large"
        assert reasons(watched) == {"too_large"}


async def test_an_info_that_goes_bad_later(tmp_path: Path) -> None:
    """The gateway collector fails, and the data of the other collectors stays."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(100)
        watched.gateway.faults["/info"] = body(b"<a/>")
        await watched.pass_time(300)
        assert watched.value("enphase_collector_up", collector="gateway") == 0
        assert watched.value("enphase_collector_up", collector="ensemble") == 1


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("127.0.0.1:1", "/info: cannot connect; is the gateway switched on? (Connection refused)"),
        ("a" * 64, "/info: there can be no such name; check `host`"),
        ("envoy.local", "/info: the name cannot be resolved; check `host`, or give an address"),
    ],
)
async def test_a_wrong_host(
    host: str,
    message: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An unreachable host is one log line, and is retried at a moderate rate."""

    def unknown(name: str, *_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, f"{name} is unknown")

    if host == "envoy.local":
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with polled_gateway("battery-home", tmp_path, host=host) as watched:
        await watched.pass_time(100)
        assert log_line(caplog) == message
        assert reasons(watched) == {"unreachable"}
        tries = watched.value("enphase_gateway_requests_total", code="unreachable")
        assert tries is not None
        assert 7 <= tries <= 16


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("content", "reason", "message"),
    [
        (http(FIRMWARE % (SERIAL, b"D8.2.1")), "tls", "TLS failed; does this port"),
        (http(b"<html></html>"), "invalid_response", "/info names no firmware"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "tls", "TLS failed; does this port speak HTTPS"),
        (b"", "unreachable", "/info: cannot connect; is the gateway switched on?"),
        (b"", "timeout", "/info: no complete response in time"),
    ],
)
async def test_a_port_that_is_not_the_gateways(
    content: bytes,
    reason: str,
    message: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Another service at the port is distinguished from a closed port."""
    async with (
        raw_server(content, hang=reason == "timeout") as host,
        polled_gateway("battery-home", tmp_path, host=host) as watched,
    ):
        await watched.pass_time(60)
        assert message in log_line(caplog)
        assert reasons(watched) == {reason}


async def test_the_pages_of_old_firmware_need_no_tls(tmp_path: Path) -> None:
    """Plain HTTP is detected once, and is no failure."""
    async with polled_gateway("legacy", tmp_path) as watched:
        await watched.pass_time(1000)
        assert watched.value("enphase_up") == 1
        assert watched.value("enphase_token_expiry_timestamp_seconds") is None
        counted = watched.samples()["enphase_gateway_requests_total"]
        counts = {dict(labels)["code"]: value for labels, value in counted.items()
                if dict(labels)["endpoint"] == "/info"}  # fmt: skip
        assert counts["200"] == 4
        assert sum(counts.values()) == 5


async def test_an_ipv6_address(tmp_path: Path) -> None:
    """A host in brackets is a host."""
    clock = VirtualClock(START)
    async with (
        serve(sample_home("solar-only", clock.time), host="::1", now=clock.time) as running,
        polled_gateway("solar-only", tmp_path, clock, host=running.host) as watched,
    ):
        assert running.host.startswith("[::1]:")
        await watched.pass_time(1)
        assert watched.value("enphase_up") == 1


@pytest.fixture
def installer_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pyenphase work out a password of the installer that is wrong."""

    class Utils:
        @staticmethod
        def get_password(serial: str, user: str) -> str:
            return f"not that of {user} at {serial}"

    monkeypatch.setattr(pyenphase, "EnvoyUtils", Utils)


@pytest.mark.usefixtures("installer_refused")
async def test_envoy_is_tried_when_installer_is_refused(tmp_path: Path) -> None:
    """The second local user takes over, though pages that are open to all let in the first."""
    async with polled_gateway("legacy", tmp_path) as watched:
        await watched.pass_time(100)
        assert watched.value("enphase_collector_up", collector="inverters") == 1
        assert watched.value("enphase_collector_up", collector="production") == 1
        before = len(watched.gateway.requests)
        refused = watched.value("enphase_gateway_requests_total", endpoint=INVERTERS, code="401")
        await watched.pass_time(1000)
        assert len(watched.gateway.requests) > before
        assert refused == watched.value(
            "enphase_gateway_requests_total", endpoint=INVERTERS, code="401"
        )


async def test_a_user_that_is_let_in_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that refuses everybody changes no user, and is tried with the other one only once."""
    users = simulated._secrets(SAMPLE_HOMES["legacy"].serial)
    passwords = {"installer": users["installer"]}
    monkeypatch.setattr(simulated, "_secrets", lambda serial: passwords)
    async with polled_gateway("legacy", tmp_path) as watched:
        await watched.pass_time(100)
        watched.gateway.faults[PRODUCTION] = status(401)
        await watched.pass_time(1000)
        requests = "enphase_gateway_requests_total"
        assert watched.value("enphase_collector_up", collector="inverters") == 1
        assert watched.value(requests, endpoint=INVERTERS, code="401") is None
        refusals = watched.value(requests, endpoint=PRODUCTION, code="401")
        assert refusals is not None
        # A refusal rarely changes, so it is retried seldom.
        assert 2 <= refusals <= 10


@pytest.mark.parametrize(
    ("config", "up"),
    [
        ({"username": "envoy"}, 1),
        ({"username": "installer"}, 1),
        ({"username": "envoy", "password": SAMPLE_HOMES["legacy"].serial[-6:]}, 1),
        ({"username": "envoy", "password": "wrong"}, 0),
    ],
)
async def test_a_configured_local_user(config: dict[str, str], up: int, tmp_path: Path) -> None:
    """Only the configured user is tried."""
    async with polled_gateway("legacy", tmp_path, None, **config) as watched:
        await watched.pass_time(100)
        assert watched.value("enphase_collector_up", collector="production") == 1
        listed = watched.samples().get("enphase_inverter_watts", {})
        assert bool(listed) == bool(up)


async def test_another_firmware_is_noticed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The next `/info` after an update leads to a new login, a new probe and a time stamp."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(100)
        assert watched.value("enphase_gateway_firmware_changed_timestamp_seconds") is None
        info = FIRMWARE % (SAMPLE_HOMES["battery-home"].serial.encode(), b"D8.3.5286")
        watched.gateway.faults["/info"] = body(info)
        probes = watched.gateway.count("/ivp/ensemble/inventory")
        await watched.pass_time(300)
        changed = watched.value("enphase_gateway_firmware_changed_timestamp_seconds")
        assert changed == pytest.approx(START + 300, abs=5)
        assert watched.value("enphase_gateway_info", firmware="8.3.5286") == 1
        assert watched.value("enphase_gateway_replaced_timestamp_seconds") is None
        assert watched.gateway.count("/ivp/ensemble/inventory") > probes
