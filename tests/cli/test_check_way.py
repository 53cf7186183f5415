"""A diagnosis tells where the way to a gateway ends.

What only a network could play, a host that is gone or beyond a router, is told from the errors that
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
from exporter.diagnostics import Case, network, network_steps, run, up_to
from exporter.diagnostics import prometheus as prometheus_module
from exporter.diagnostics.runner import LONGEST
from exporter.simulator.faults import Fault, Hang, login_page, redirect, status
from tests.diagnostics_helper import FAILED, SKIPPED, WARNING, battery_home, checked, with_status
from tests.polled_gateway import impatient

__all__ = ["impatient"]


def _no_such_name(*args: object, **options: object) -> list[Any]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    ("host", "hint"), [("envoy.local", "need mDNS"), ("gateway", "give the gateway's address")]
)
async def test_an_unknown_name(host: str, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody knows ends it there, and the remedy is to look or to give an address."""
    monkeypatch.setattr(socket, "getaddrinfo", _no_such_name)
    outcomes = await checked(host)
    assert with_status(outcomes, FAILED) == {"name"}
    assert with_status(outcomes, SKIPPED) == outcomes.keys() - {"name"}
    assert outcomes["name"].said == f"the name {host} is not known here"
    assert hint in outcomes["name"].remedy
    assert "enphase-exporter discover" in outcomes["name"].remedy


async def test_a_name_that_cannot_be() -> None:
    """A label longer than DNS allows is no name."""
    outcomes = await checked("a" * 64 + ".local")
    assert outcomes["name"].said.startswith("there can be no such name")


async def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver may take minutes; the step ends in its own time."""
    hang = asyncio.Event()
    loop = asyncio.get_running_loop()

    def never(*args: object, **options: object) -> list[Any]:
        asyncio.run_coroutine_threadsafe(hang.wait(), loop).result()
        return _no_such_name()

    monkeypatch.setattr(socket, "getaddrinfo", never)
    quick = [replace(step, deadline=0.1) for step in up_to("tcp")]
    case = Case(Gateway(host="envoy"), SystemClock())
    outcomes = [outcome async for outcome in run(case, quick)]
    hang.set()
    assert [outcome.status for outcome in outcomes] == [FAILED, SKIPPED, SKIPPED]
    assert "no end in time" in outcomes[0].said


async def test_a_name_that_leads_to_the_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that answers for names that do not exist is seen through."""

    async def away(host: str, port: int) -> list[str]:
        return ["1.1.1.1"]

    monkeypatch.setattr(network, "resolve", away)
    monkeypatch.setattr(network_steps, "source", lambda address: "192.168.1.20")
    case = Case(Gateway(host="envoy"), SystemClock())
    outcomes = [outcome async for outcome in run(case, up_to("address"))]
    assert outcomes[1].status is WARNING
    assert "on the internet, not in the house" in outcomes[1].said


async def test_no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network, that is what is told."""
    monkeypatch.setattr(network_steps, "source", lambda address: None)
    outcomes = await checked("192.0.2.10")
    assert with_status(outcomes, FAILED) == {"address"}
    assert outcomes["address"].said == "this machine has no route to 192.0.2.10"


async def test_a_gateway_that_is_off() -> None:
    """A connection refused is told as that."""
    async with battery_home() as running:
        running.up = False
        outcomes = await checked(running.host)
    assert with_status(outcomes, FAILED) == {"tcp"}
    assert "refuses connections on port" in outcomes["tcp"].said


async def test_a_black_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where packets vanish, it ends in time, with what may swallow them."""
    monkeypatch.setattr(network_steps, "CONNECT", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        # connections that nobody accepts fill the queue, and the system drops those that follow
        fill = [socket.socket() for _ in range(4)]
        for each in fill:
            each.setblocking(False)
            with suppress(BlockingIOError):
                each.connect(full.getsockname())
        outcomes = await checked(f"127.0.0.1:{full.getsockname()[1]}")
        for each in fill:
            each.close()
    assert with_status(outcomes, FAILED) == {"tcp"}
    assert outcomes["tcp"].said.startswith("no answer from 127.0.0.1 on port")


@pytest.mark.parametrize(
    ("host", "ours", "error", "said", "remedy"),
    [
        ("10.0.0.9:80", "10.0.0.2", ConnectionRefusedError(), "port 80 is closed", "leave `:80`"),
        ("10.0.0.9", "10.0.0.2", ConnectionRefusedError(), "refuses", "wait if the gateway starts"),
        ("10.0.0.9", "10.0.0.2", TimeoutError(), "no answer from 10.0.0.9", "isolate clients"),
        ("10.0.9.9", "10.0.0.2", TimeoutError(), "in another network", "VLANs"),
        ("10.0.0.9", "10.0.0.2", OSError(errno.EHOSTUNREACH, ""), "nobody has", "has changed"),
        ("[fd00::9]", "fd00::2", TimeoutError(), "no answer from fd00::9", "isolate clients"),
        ("[fd01::9]", "fd00::2", TimeoutError(), "in another network", "VLANs"),
    ],
)
def test_connections_that_fail(  # noqa: PLR0917 - pytest passes them by name
    host: str,
    ours: str,
    error: OSError,
    said: str,
    remedy: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a connection fails with, and from where, tells what is in the network_steps."""
    monkeypatch.setattr(network_steps, "source", lambda address: ours)
    case = Case(Gateway(host=host), SystemClock())
    case.addresses = [case.host]
    told = network_steps.unreachable(case, error)
    assert said in told.said
    assert remedy in told.remedy


async def test_an_open_port_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that hangs accepts connections and does not shake hands."""
    monkeypatch.setattr(network_steps, "HANDSHAKE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcomes = await checked(f"127.0.0.1:{silent.getsockname()[1]}")
    assert with_status(outcomes, FAILED) == {"tls"}
    assert "nobody answers there" in outcomes["tls"].said


@pytest.mark.parametrize("fault", [status(404), status(401), login_page(), redirect("/login")])
async def test_something_else_that_speaks_tls(fault: Fault) -> None:
    """A router's page behind TLS is no gateway, and whom its certificate names is told."""
    async with battery_home() as running:
        running.faults["/info"] = fault
        outcomes = await checked(running.host, token=running.token)
    assert with_status(outcomes, FAILED) == {"info"}
    assert "no Enphase gateway (its certificate names envoy.local)" in outcomes["info"].said
    assert "correct `host`" in outcomes["info"].remedy


async def test_something_else_that_speaks_plain_http() -> None:
    """A web server without TLS is no gateway either."""

    async def page(request: web.BaseRequest) -> web.Response:
        return web.Response(text="<html>welcome</html>", content_type="text/html")

    runner = web.ServerRunner(web.Server(page))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        outcomes = await checked(f"127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()
    assert "trying plain HTTP" in outcomes["tls"].said
    assert with_status(outcomes, FAILED) == {"info"}
    assert "what answers here is no Enphase gateway" in outcomes["info"].said


@pytest.mark.usefixtures("impatient")
async def test_a_gateway_that_hangs() -> None:
    """TLS is fine and nothing is answered: the gateway is busy, and that passes."""
    async with battery_home() as running:
        running.faults["*"] = Hang()
        outcomes = await checked(running.host, token=running.token)
    assert with_status(outcomes, FAILED) == {"info"}
    assert "try again in ten minutes" in outcomes["info"].remedy


def test_nothing_takes_longer_than_a_minute() -> None:
    """The deadlines of all steps, and of all questions to Prometheus beside them, are shorter."""
    assert LONGEST < 60
    assert 3 * prometheus_module._DEADLINE < 60
    assert sum(step.deadline for step in up_to("info")) < LONGEST
