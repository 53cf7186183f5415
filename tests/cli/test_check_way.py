"""A diagnosis reports where the path to a gateway breaks.

What only a network can cause, such as a host behind a router, is simulated by the errors that
the system gives.
"""

import asyncio
import errno
import socket
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from exporter.clock import SystemClock
from exporter.config import Gateway
from exporter.diagnostics import DiagnosisContext, network, network_steps, run, up_to
from exporter.diagnostics import prometheus as prometheus_module
from exporter.diagnostics.runner import TOTAL_DEADLINE
from exporter.simulator.faults import Fault, Hang, login_page, redirect, status
from tests.diagnostics_helper import FAILED, SKIPPED, WARNING, battery_home, checked, with_status
from tests.polled_gateway import impatient

__all__ = ["impatient"]


def _no_such_name(*args: object, **options: object) -> list[Any]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    ("host", "hint"), [("envoy.local", "need mDNS"), ("gateway", "use the gateway's IP address")]
)
async def test_an_unknown_name(host: str, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown name ends the diagnosis; the remedy is `discover` or an address."""
    monkeypatch.setattr(socket, "getaddrinfo", _no_such_name)
    results = await checked(host)
    assert with_status(results, FAILED) == {"name"}
    assert with_status(results, SKIPPED) == results.keys() - {"name"}
    assert results["name"].message == f"{host} cannot be resolved"
    assert hint in results["name"].remedy
    assert "enphase-exporter discover" in results["name"].remedy


async def test_a_name_that_cannot_be() -> None:
    """A label longer than DNS allows is no name."""
    results = await checked("a" * 64 + ".local")
    assert results["name"].message.endswith("is not a valid host name")


async def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver may take minutes; the step ends in its own time."""
    hang = asyncio.Event()
    loop = asyncio.get_running_loop()

    def never(*args: object, **options: object) -> list[Any]:
        asyncio.run_coroutine_threadsafe(hang.wait(), loop).result()
        return _no_such_name()

    monkeypatch.setattr(socket, "getaddrinfo", never)
    quick = [replace(step, deadline=0.1) for step in up_to("tcp")]
    context = DiagnosisContext(Gateway(host="envoy"), SystemClock())
    results = [result async for result in run(context, quick)]
    hang.set()
    assert [result.status for result in results] == [FAILED, SKIPPED, SKIPPED]
    assert "not finished in time" in results[0].message


async def test_a_name_that_leads_to_the_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that resolves names that do not exist is detected."""

    async def away(host: str, port: int) -> list[str]:
        return ["1.1.1.1"]

    monkeypatch.setattr(network, "resolve", away)
    monkeypatch.setattr(network_steps, "local_address", lambda address: "192.168.1.20")
    context = DiagnosisContext(Gateway(host="envoy"), SystemClock())
    results = [result async for result in run(context, up_to("address"))]
    assert results[1].status is WARNING
    assert "public internet address" in results[1].message


async def test_no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing network is reported as such."""
    monkeypatch.setattr(network_steps, "local_address", lambda address: None)
    results = await checked("192.0.2.10")
    assert with_status(results, FAILED) == {"address"}
    assert results["address"].message == "this machine has no route to 192.0.2.10"


async def test_a_gateway_that_is_off() -> None:
    """A refused connection is reported as such."""
    async with battery_home() as running:
        running.up = False
        results = await checked(running.host)
    assert with_status(results, FAILED) == {"tcp"}
    assert "refuses connections on port" in results["tcp"].message


async def test_a_black_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    """If packets vanish, the step times out with the possible reasons."""
    monkeypatch.setattr(network_steps, "CONNECT", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        # connections that nobody accepts fill the queue, and the system drops those that follow
        fill = [socket.socket() for _ in range(4)]
        for each in fill:
            each.setblocking(False)
            with suppress(BlockingIOError):
                each.connect(full.getsockname())
        results = await checked(f"127.0.0.1:{full.getsockname()[1]}")
        for each in fill:
            each.close()
    assert with_status(results, FAILED) == {"tcp"}
    assert results["tcp"].message.startswith("no answer from 127.0.0.1 on port")


@pytest.mark.parametrize(
    ("host", "ours", "error", "message", "remedy"),
    [
        ("10.0.0.9:80", "10.0.0.2", ConnectionRefusedError(), "port 80 is closed", "remove `:80`"),
        (
            "10.0.0.9",
            "10.0.0.2",
            ConnectionRefusedError(),
            "refuses",
            "wait if the gateway is starting",
        ),
        ("10.0.0.9", "10.0.0.2", TimeoutError(), "no answer from 10.0.0.9", "client isolation"),
        ("10.0.9.9", "10.0.0.2", TimeoutError(), "in another network", "VLANs"),
        ("10.0.0.9", "10.0.0.2", OSError(errno.EHOSTUNREACH, ""), "no device has", "has changed"),
        ("[fd00::9]", "fd00::2", TimeoutError(), "no answer from fd00::9", "client isolation"),
        ("[fd01::9]", "fd00::2", TimeoutError(), "in another network", "VLANs"),
    ],
)
def test_connections_that_fail(  # noqa: PLR0917 - pytest passes them by name
    host: str,
    ours: str,
    error: OSError,
    message: str,
    remedy: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error and the local address tell what is wrong with the network."""
    monkeypatch.setattr(network_steps, "local_address", lambda address: ours)
    context = DiagnosisContext(Gateway(host=host), SystemClock())
    context.addresses = [context.host]
    result = network_steps.unreachable(context, error)
    assert message in result.message
    assert remedy in result.remedy


async def test_an_open_port_that_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that hangs accepts connections and does not shake hands."""
    monkeypatch.setattr(network_steps, "HANDSHAKE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        results = await checked(f"127.0.0.1:{silent.getsockname()[1]}")
    assert with_status(results, FAILED) == {"tls"}
    assert "nothing answers" in results["tls"].message


@pytest.mark.parametrize("fault", [status(404), status(401), login_page(), redirect("/login")])
async def test_something_else_that_speaks_tls(fault: Fault) -> None:
    """A router's page behind TLS is no gateway, and the name in its certificate is reported."""
    async with battery_home() as running:
        running.faults["/info"] = fault
        results = await checked(running.host, token=running.token)
    assert with_status(results, FAILED) == {"info"}
    assert "not an Enphase gateway (its certificate names envoy.local)" in results["info"].message
    assert "correct `host`" in results["info"].remedy


async def test_something_else_that_speaks_plain_http() -> None:
    """A web server without TLS is no gateway either."""

    async def page(request: web.BaseRequest) -> web.Response:
        return web.Response(text="<html>welcome</html>", content_type="text/html")

    runner = web.ServerRunner(web.Server(page))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        results = await checked(f"127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()
    assert "trying plain HTTP" in results["tls"].message
    assert with_status(results, FAILED) == {"info"}
    assert "this is probably not an Enphase gateway" in results["info"].message


@pytest.mark.usefixtures("impatient")
async def test_a_gateway_that_hangs() -> None:
    """TLS works without any response: the gateway is busy, which is temporary."""
    async with battery_home() as running:
        running.faults["*"] = Hang()
        results = await checked(running.host, token=running.token)
    assert with_status(results, FAILED) == {"info"}
    assert "try again in ten minutes" in results["info"].remedy


def test_nothing_takes_longer_than_a_minute() -> None:
    """The deadlines of all steps and of all Prometheus queries together are shorter."""
    assert TOTAL_DEADLINE < 60
    assert 3 * prometheus_module._DEADLINE < 60
    assert sum(step.deadline for step in up_to("info")) < TOTAL_DEADLINE
