"""A simulated gateway can be worse than unplugged, and is well again when that is over."""

import asyncio
import ssl
from datetime import UTC, datetime

import aiohttp
import pytest
from cryptography import x509

from exporter.simulator.faults import PartialHeaders, Rewrite
from exporter.simulator.homes import sample_home
from exporter.simulator.listener import ListenerState
from exporter.simulator.server import RunningGateway, serve
from exporter.simulator.tls import server_context

PATIENCE = aiohttp.ClientTimeout(total=0.5)


async def ask(running: RunningGateway) -> bytes:
    """Return what the gateway says of itself, over a new connection."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as client,
        client.get(f"{running.url}/info", timeout=PATIENCE) as response,
    ):
        return await response.read()


@pytest.mark.parametrize("name", ["three-phase", "legacy"])
@pytest.mark.parametrize(
    ("state", "failure"),
    [
        (ListenerState.CLOSED, aiohttp.ClientConnectorError),
        (ListenerState.DEAF, TimeoutError),
        (ListenerState.SLAMMED, aiohttp.ClientOSError),
    ],
)
async def test_a_listener_that_is_not_open(
    state: ListenerState, failure: type[Exception], name: str
) -> None:
    """Connections fail in the way of its state, and go through when it is open again."""
    async with serve(sample_home(name, lambda: 1_800_000_000.0)) as running:
        for other in (ListenerState.CLOSED, state):
            running.listener.state = other
            assert not running.up
        with pytest.raises(failure):
            await ask(running)
        running.up = True
        assert b"envoy" in await ask(running)


async def test_a_certificate_that_has_expired() -> None:
    """It is shown to whoever connects from then on, at the same address."""
    async with serve(sample_home("three-phase", lambda: 1_800_000_000.0)) as running:
        host, port = running.host.split(":")
        running.listener.show(server_context(expired=True))
        assert b"envoy" in await ask(running)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection(host, int(port), ssl=context)
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        assert x509.load_der_x509_certificate(certificate).not_valid_after_utc < datetime.now(UTC)


async def test_headers_that_never_end() -> None:
    """A client that gets half of a header waits in vain."""
    async with serve(sample_home("legacy", lambda: 1_800_000_000.0)) as running:
        running.faults["/info"] = PartialHeaders()
        with pytest.raises(TimeoutError):
            await ask(running)


async def test_bytes_can_be_anything() -> None:
    """A body may be changed into what no JSON writer would write."""
    async with serve(sample_home("legacy", lambda: 1_800_000_000.0)) as running:
        running.faults["/info"] = Rewrite(lambda content: content[:4] + b"NaN")
        assert (await ask(running)).endswith(b"NaN")
