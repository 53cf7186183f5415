"""Requests return data, or an error with its reason."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from exporter.clock import VirtualClock
from exporter.config import Gateway as GatewayConfig
from exporter.errors import GatewayError, IdentityError, LoginRefusedError, TlsError
from exporter.gateway.client import GatewayClient
from exporter.gateway.paths import CHECK_JWT
from exporter.gateway.state_model import GatewayState
from exporter.simulator.access import TokenAccessCheck
from exporter.simulator.faults import Fault, body, login_page, redirect, status
from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from exporter.simulator.server import RunningGateway, serve
from exporter.simulator.tls import server_context
from tests.polled_gateway import START

METERS = "/ivp/meters"
READINGS = "/ivp/meters/readings"
INVENTORY = "/ivp/ensemble/inventory"
SERIAL = SAMPLE_HOMES["battery-home"].serial


@asynccontextmanager
async def connected(
    home: str = "battery-home", state: Path | None = None, **config: Any
) -> AsyncIterator[tuple[GatewayClient, RunningGateway]]:
    """Log in to a sample home as the exporter would."""
    clock = VirtualClock(START)
    async with serve(sample_home(home, clock.time), now=clock.time) as running:
        if running.gateway.uses_tls:
            config.setdefault("token", running.token)
        settings = GatewayConfig(**{"host": running.host, "name": "home", **config})
        client = GatewayClient(settings, GatewayState(), clock, state)
        try:
            await client.connect()
            yield client, running
        finally:
            await client.close()


async def failure(client: GatewayClient, path: str) -> GatewayError:
    """Return the error that comes in place of data."""
    with pytest.raises(GatewayError) as caught:
        await client.get(path)
    assert "\n" not in str(caught.value)
    return caught.value


async def test_data_is_cached_for_its_maximum_age() -> None:
    """A response is returned again while it is young enough, and its body stays the same object."""
    async with connected() as (client, gateway):
        first = await client.get(METERS)
        assert first.status == 200
        assert orjson.loads(first.body)
        assert await client.get(METERS, max_age=60) is first
        again = await client.get(METERS)
        assert again is not first
        assert again.body is first.body
        assert gateway.count(METERS) == 2
        client.invalidate(METERS)
        await client.get(METERS, max_age=60)
        assert gateway.count(METERS) == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (status(404), "absent"),
        (redirect("/error.html"), "absent"),
        (body(b"{}"), "absent"),
        (body(b" [] \n"), "absent"),
        (body(b"null"), "absent"),
        (body(b'{"error": "not supported"}'), "absent"),
        (body(b"<html><body>Not here</body></html>"), "absent"),
        (status(500), "bad_status"),
        (status(503), "bad_status"),
        (status(401), "not_permitted"),
        (status(403), "not_permitted"),
        (redirect("/login.html"), "login_redirect"),
        (redirect("https://entrez.example.invalid/Login?next=1"), "login_redirect"),
        (login_page(), "login_redirect"),
    ],
    ids=str,
)
async def test_an_endpoint_that_never_worked(fault: Fault, reason: str) -> None:
    """The response tells whether the endpoint is absent, denied or failing."""
    async with connected() as (client, gateway):
        await client.get(METERS)
        gateway.faults[INVENTORY] = fault
        assert (await failure(client, INVENTORY)).reason == reason
        assert gateway.count(CHECK_JWT) == 1
        assert (await client.get(READINGS)).status == 200


@pytest.mark.parametrize(
    ("fault", "reason", "logins"),
    [
        (status(404), "absent", 1),
        (body(b"<html><body>Busy</body></html>"), "not_json", 1),
        (redirect("/login.html"), "login_redirect", 2),
        (login_page(), "login_redirect", 2),
        (status(401), "login_refused", 2),
    ],
    ids=str,
)
async def test_an_endpoint_that_worked(fault: Fault, reason: str, logins: int) -> None:
    """One that wants a login where it gave data is asked again after one login, and only one."""
    async with connected() as (client, gateway):
        await client.get(INVENTORY)
        gateway.faults[INVENTORY] = fault
        assert (await failure(client, INVENTORY)).reason == reason
        await failure(client, INVENTORY)
        assert gateway.count(CHECK_JWT) == logins
        gateway.faults.clear()
        assert (await client.get(INVENTORY)).status == 200


@pytest.mark.parametrize("content", [b"{}", b"[]", b'{"error": "busy"}'])
async def test_less_than_before_is_an_answer(content: bytes) -> None:
    """What empties an endpoint that worked is for the reader to judge, and no missing endpoint."""
    async with connected() as (client, gateway):
        await client.get(INVENTORY)
        gateway.faults[INVENTORY] = body(content)
        assert (await client.get(INVENTORY)).body == content


async def test_a_login_page_everywhere_is_a_refused_login() -> None:
    """A gateway that sends everybody to its login page answers, and does not let us in."""
    async with connected() as (client, gateway):
        await client.get(METERS)
        for path in (METERS, READINGS, INVENTORY):
            gateway.faults[path] = redirect("/login.html")
        for path in (METERS, READINGS, INVENTORY):
            assert isinstance(await failure(client, path), LoginRefusedError)


async def test_a_denied_endpoint_where_nothing_else_worked_is_a_refused_login() -> None:
    """Whether only one endpoint is denied cannot be known before another let us in."""
    async with connected() as (client, gateway):
        gateway.faults["*"] = status(403)
        assert (await failure(client, METERS)).reason == "login_refused"
        gateway.faults.clear()
        gateway.faults[METERS] = status(403)
        await client.get(READINGS)
        assert (await failure(client, METERS)).reason == "not_permitted"


async def test_a_token_for_another_gateway_is_not_sent() -> None:
    """A token is never sent to a gateway that it was not made for."""
    seen: list[str] = []
    async with serve(sample_home("generator", lambda: START), now=lambda: START) as other:
        token = other.issue()
    with pytest.raises(LoginRefusedError, match=f"another gateway .this one is {SERIAL}"):
        async with connected(token=token) as (_, gateway):
            seen += [request.target for request in gateway.requests]
    assert CHECK_JWT not in seen


async def test_a_pinned_certificate() -> None:
    """With a fingerprint, another certificate ends the connection before anything is sent."""
    clock = VirtualClock(START)
    async with serve(sample_home("battery-home", clock.time), now=clock.time) as running:
        host, port = running.host.rsplit(":", 1)
        pem = await asyncio.to_thread(ssl.get_server_certificate, (host, int(port)))
        own = sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
        config: dict[str, Any] = {"host": running.host, "name": "home", "token": running.token}
        for fingerprint in (own, own.upper()):
            client = GatewayClient(
                GatewayConfig(**config, tls_fingerprint=fingerprint), GatewayState(), clock
            )
            await client.connect()
            await client.close()
        before = len(running.requests)
        client = GatewayClient(
            GatewayConfig(**config, tls_fingerprint="00" * 32), GatewayState(), clock
        )
        try:
            with pytest.raises(TlsError, match="not the one in `tls_fingerprint`"):
                await client.connect()
        finally:
            await client.close()
        assert len(running.requests) == before


async def test_another_certificate_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Without a fingerprint it is accepted, and its own is in the log."""
    async with connected() as (client, gateway):
        await client.get(METERS)
        host, port = gateway.host.rsplit(":", 1)
        gateway.listener.show(server_context(expired=True))
        for path in (METERS, READINGS):
            await client.get(path)
        pem = await asyncio.to_thread(ssl.get_server_certificate, (host, int(port)))
    told = [record for record in caplog.records if "certificate" in record.getMessage()]
    fingerprint = sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    assert [vars(record)["fingerprint"] for record in told] == [fingerprint]


async def test_another_address_of_the_gateway() -> None:
    """Where the first address is dead the next is used, and stays in use while it works."""
    clock = VirtualClock(START)
    async with serve(sample_home("battery-home", clock.time), now=clock.time) as running:
        login: dict[str, Any] = {"token": running.token}
        config = GatewayConfig(
            host="127.0.0.1:1", fallback_hosts=("127.0.0.1:2", running.host), name="home", **login
        )
        client = GatewayClient(config, GatewayState(), clock)
        try:
            assert (await client.connect()).serial == SERIAL
            assert client.host == running.host
            assert (await client.get(METERS)).status == 200
            failed = sum(n for (_, code), n in client.requests.items() if code == "unreachable")
            await client.connect()
            assert client.host == running.host
            after = sum(n for (_, code), n in client.requests.items() if code == "unreachable")
            assert after == failed
        finally:
            await client.close()


async def test_another_gateway_at_the_second_address_is_not_used() -> None:
    """A second address that belongs to somebody else by now is as good as dead."""
    clock = VirtualClock(START)
    async with serve(sample_home("generator", clock.time), now=clock.time) as other:
        login: dict[str, Any] = {"token": other.token}
        config = GatewayConfig(
            host="127.0.0.1:1", fallback_hosts=(other.host,), name="home", **login
        )
        client = GatewayClient(config, GatewayState(serial=SERIAL), clock)
        try:
            with pytest.raises(GatewayError) as caught:
                await client.connect()
            assert caught.value.reason == "unreachable"
        finally:
            await client.close()
        assert [request.target for request in other.requests] == ["/info"]


async def test_a_gateway_that_moved_is_found_by_its_serial_number() -> None:
    """What it announces on the network is tried when no address of it answers, and not often."""
    clock = VirtualClock(START)
    lookups: list[str] = []
    async with serve(sample_home("battery-home", clock.time), now=clock.time) as running:

        async def locate(serial: str) -> list[str]:
            lookups.append(serial)
            return [running.host]

        login: dict[str, Any] = {"token": running.token}
        config = GatewayConfig(host="127.0.0.1:1", name="home", **login)
        client = GatewayClient(config, GatewayState(serial=SERIAL), clock, locate=locate)
        try:
            await client.connect()
            assert (client.host, lookups) == (running.host, [SERIAL])
            running.up = False
            for _ in range(10):
                with pytest.raises(GatewayError):
                    await client.connect()
                await clock.sleep(60)
        finally:
            await client.close()
    assert 1 < len(lookups) <= 3


@pytest.mark.parametrize("wrong", [None, status(404), body(b"<html>a printer</html>")])
async def test_an_address_that_is_somebody_elses_by_now(wrong: Fault | None) -> None:
    """Another gateway or another machine has it: ours is used where it announces itself."""
    clock = VirtualClock(START)
    async with (
        serve(sample_home("battery-home", clock.time), now=clock.time) as running,
        serve(sample_home("generator", clock.time), now=clock.time) as other,
    ):
        if wrong is not None:
            other.faults["/info"] = wrong

        async def locate(serial: str) -> list[str]:
            return [running.host]

        login: dict[str, Any] = {"token": running.token}
        config = GatewayConfig(host=other.host, name="home", **login)
        client = GatewayClient(config, GatewayState(serial=SERIAL), clock, locate=locate)
        try:
            assert (await client.connect()).serial == SERIAL
            assert client.host == running.host
        finally:
            await client.close()
        assert {request.target for request in other.requests} == {"/info"}


async def test_a_gateway_that_took_the_place_of_another_is_accepted() -> None:
    """Where the one that is known answers nowhere."""
    clock = VirtualClock(START)
    async with serve(sample_home("generator", clock.time), now=clock.time) as other:
        login: dict[str, Any] = {"token": other.token}
        config = GatewayConfig(
            host=other.host, fallback_hosts=("127.0.0.1:1",), name="home", **login
        )
        client = GatewayClient(config, GatewayState(serial=SERIAL), clock)
        try:
            assert (await client.connect()).serial != SERIAL
            assert client.host == other.host
            assert (await client.get(METERS)).status == 200
        finally:
            await client.close()


async def test_no_discovery_before_a_gateway_is_known() -> None:
    """Without a serial number any gateway of the network would do."""

    async def locate(serial: str) -> list[str]:
        raise AssertionError(serial)

    config = GatewayConfig(host="127.0.0.1:1", name="home")
    client = GatewayClient(config, GatewayState(), VirtualClock(START), locate=locate)
    with pytest.raises(GatewayError):
        await client.connect()
    await client.close()


async def test_what_the_gateway_repeats_of_our_secrets_is_masked() -> None:
    """Token, session and password are gone from the body before anybody reads it."""
    bodies: list[bytes] = []
    async with connected() as (client, gateway):
        login = gateway.login
        assert isinstance(login, TokenAccessCheck)
        client.observer = lambda path, code, headers, body: bodies.append(body)
        [session] = login._sessions
        echo = {"token": gateway.token, "cookie": f"sessionId={session}", "soc": 57}
        gateway.faults[METERS] = body(orjson.dumps(echo))
        response = await client.get(METERS)
        assert orjson.loads(response.body) == {"token": "***", "cookie": "sessionId=***", "soc": 57}
        assert bodies == [response.body]


async def test_a_gateway_with_another_serial_gets_no_token_of_the_cloud(tmp_path: Path) -> None:
    """A host that only claims to be a gateway does not cause a login to the cloud."""
    clock = VirtualClock(START)
    async with serve(sample_home("battery-home", clock.time), now=clock.time) as running:
        account: dict[str, Any] = {"username": "a@b.c", "password": "secret"}
        config = GatewayConfig(host=running.host, name="home", **account)
        client = GatewayClient(config, GatewayState(serial="1"), clock, tmp_path)
        try:
            with pytest.raises(IdentityError, match="accept-gateway"):
                await client.connect()
        finally:
            await client.close()
        assert running.count(CHECK_JWT) == 0
