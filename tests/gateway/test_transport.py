"""Whatever a gateway sends is a response or a failure, in bounded time and memory."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.clock import VirtualClock
from exporter.errors import GatewayError
from exporter.gateway.transport import Transport
from exporter.gateway.transport_errors import MAX_BODY, TransportError, translate
from exporter.simulator.faults import OversizedBody, SlowDrip, Stall
from tests.polled_gateway import START, impatient, polled_gateway
from tests.raw_server import http, raw_server, serving

__all__ = ["impatient"]

ENDPOINT = "/ivp/ensemble/inventory"


@pytest.fixture
def clock() -> VirtualClock:
    """Return the transport's clock."""
    return VirtualClock(START)


@pytest.fixture
def transport(clock: VirtualClock) -> Transport:
    """Return a transport that nothing was asked over."""
    return Transport(clock)


@pytest.fixture
async def client(transport: Transport) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client like that of a session."""
    async with transport.new_session() as client:
        yield client


async def failure(transport: Transport, client: aiohttp.ClientSession, host: str) -> GatewayError:
    """Ask, and return the error that comes instead of an answer."""
    with pytest.raises(TransportError) as caught:
        await transport.request(client, f"http://{host}{ENDPOINT}", ENDPOINT, {})
    assert transport.requests == {(ENDPOINT, caught.value.error.reason): 1}
    assert str(caught.value).startswith(f"{ENDPOINT}: ")
    assert "\n" not in str(caught.value)
    return caught.value.error


async def test_a_response(transport: Transport, client: aiohttp.ClientSession) -> None:
    """A complete response has status, body and headers, and is counted by its status."""
    async with raw_server(http(b"[]", "X-Part: 8")) as host:
        response = await transport.request(client, f"http://{host}{ENDPOINT}", ENDPOINT, {})
    assert (response.status, response.body, response.headers["x-part"]) == (200, b"[]", "8")
    assert transport.requests == {(ENDPOINT, "200"): 1}


async def test_a_document_is_the_callers_own(
    transport: Transport, client: aiohttp.ClientSession
) -> None:
    """Whoever changes a parsed body changes nothing for the next."""
    async with raw_server(http(b'{"a": 1}')) as host:
        answer = await transport.request(client, f"http://{host}{ENDPOINT}", ENDPOINT, {})
    first = answer.document()
    first["a"] = 2
    assert answer.document() == {"a": 1}
    assert await answer.read() == answer.body


@pytest.mark.parametrize(
    ("status", "label"),
    [
        ("204 No Content", "204"),
        ("301 Moved", "301"),
        ("401 No", "401"),
        ("404 Not Found", "404"),
        ("500 Oops", "500"),
        ("299 Whatever", "other"),
        ("777 Lucky", "other"),
    ],
)
async def test_other_statuses(
    transport: Transport, client: aiohttp.ClientSession, status: str, label: str
) -> None:
    """Any status is a response, no redirect is followed, and made-up statuses make no series."""
    redirect = http(b"", "Location: http://127.0.0.1:1/", status=status)
    async with raw_server(redirect) as host:
        answer = await transport.request(client, f"http://{host}{ENDPOINT}", ENDPOINT, {})
    assert answer.status == int(status[:3])
    assert transport.requests == {(ENDPOINT, label): 1}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "connection_lost"),
        (b"HTTP/1.1 200 OK\r\n", "connection_lost"),
        (b"\x00\xff\x16garbage\r\n\r\n", "invalid_response"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "invalid_response"),
        (b"HTTP/1.1 2000000 OK\r\n\r\n", "invalid_response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "invalid_response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[]", "invalid_response"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "invalid_response"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n[]", "invalid_response"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", "invalid_response"),
        (http(b"not zipped", "Content-Encoding: gzip"), "invalid_response"),
        (http(b"x", "Content-Encoding: deflate"), "invalid_response"),
    ],
)
async def test_what_is_no_answer(
    transport: Transport, client: aiohttp.ClientSession, content: bytes, reason: str
) -> None:
    """What is no HTTP is an error of ours, in one line and with its reason."""
    async with raw_server(content) as host:
        error = await failure(transport, client, host)
    assert error.reason == reason


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary() | st.binary().map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest))
async def test_any_bytes(content: bytes) -> None:
    """No bytes at all end in any other error."""
    transport = Transport(VirtualClock(START))
    async with (
        transport.new_session() as client,
        raw_server(content) as host,
    ):
        with suppress(TransportError):
            await transport.request(client, f"http://{host}{ENDPOINT}", ENDPOINT, {})


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "content", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]"]
)
async def test_a_silent_gateway(
    transport: Transport, client: aiohttp.ClientSession, content: bytes
) -> None:
    """Wherever an answer stops, the deadline ends the wait."""
    async with raw_server(content, hang=True) as host:
        assert (await failure(transport, client, host)).reason == "timeout"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [Stall(), SlowDrip(pause=0.05)])
async def test_a_trickle_ends_at_the_deadline(fault: Stall | SlowDrip, tmp_path: Path) -> None:
    """Bytes that keep coming do not lengthen the wait."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        watched.gateway.faults[ENDPOINT] = fault
        await watched.pass_time(61)
        assert watched.value("enphase_gateway_requests_total", endpoint=ENDPOINT, code="timeout")
        assert watched.gateway.max_concurrency == 1


@pytest.mark.parametrize("compressed", [False, True])
async def test_a_huge_answer_is_not_read_to_its_end(compressed: bool, tmp_path: Path) -> None:
    """Sixty megabytes cost no more memory than the largest body allowed, a few times."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        watched.gateway.faults[ENDPOINT] = OversizedBody(60, compressed=compressed)
        tracemalloc.start()
        try:
            await watched.pass_time(61)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert watched.value("enphase_gateway_requests_total", endpoint=ENDPOINT, code="too_large")
        assert peak < 5 * MAX_BODY


@pytest.mark.parametrize(
    ("content", "small"),
    [
        (b"[" + b"[]," * 99_999 + b"[]]", False),
        (b"[" + b"{}," * 60_000 + b"{}]", False),
        (b'"' + b"7" * (4 * 2**20) + b'"', False),
        (b'{"serial": "' + b"7" * (64 * 2**10) + b'"}', True),
    ],
)
async def test_a_legal_body_without_measure(
    transport: Transport, client: aiohttp.ClientSession, content: bytes, small: bool
) -> None:
    """More than any gateway has to say is not parsed: it would hold up all others."""
    url = f"http://{{}}{ENDPOINT}"
    async with raw_server(http(content)) as host:
        with pytest.raises(TransportError) as caught:
            await transport.request(client, url.format(host), ENDPOINT, {}, small=small)
    assert caught.value.error.reason == "too_large"
    # sent in chunks, without Content-Length
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)
    async with raw_server(chunked + chunks) as host:
        with pytest.raises(TransportError) as caught:
            await transport.request(client, url.format(host), ENDPOINT, {}, small=small)
    assert caught.value.error.reason == "too_large"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: identity\r\n\r\n",
    ],
)
async def test_old_ways_to_end_a_body(
    transport: Transport, client: aiohttp.ClientSession, head: bytes
) -> None:
    """A body without a length ends with its connection."""
    async with raw_server(head + b"[]") as host:
        response = await transport.request(client, f"http://{host}{ENDPOINT}", ENDPOINT, {})
    assert response.body == b"[]"


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "nonsense"])
async def test_a_coding_that_nobody_asked_for(
    transport: Transport, client: aiohttp.ClientSession, coding: str
) -> None:
    """A body in another coding than the two we accept is an error or an odd body, never more."""
    async with raw_server(http(b"\x28\xb5\x2f\xfd[]", f"Content-Encoding: {coding}")) as host:
        with suppress(TransportError):
            response = await transport.request(client, f"http://{host}{ENDPOINT}", ENDPOINT, {})
            assert not response.has_json()


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("127.0.0.1:1", "cannot connect; is the gateway switched on? (Connection refused)"),
        ("[::1]:1", "cannot connect; is the gateway switched on? ("),
        ("a" * 64, "there can be no such name; check `host`"),
        ("a..b", "there can be no such name; check `host`"),
    ],
)
async def test_nobody_is_there(
    transport: Transport, client: aiohttp.ClientSession, host: str, words: str
) -> None:
    """Causes of a failed connection are distinguished."""
    error = await failure(transport, client, host)
    assert error.reason == "unreachable"
    assert words in str(error)


def test_names_that_are_not_found() -> None:
    """DNS has words of its own, and none of the system's that mean something else there."""
    key = aiohttp.client_reqrep.ConnectionKey("envoy.local", 443, True, True, None, None, None)
    error = translate(aiohttp.ClientConnectorDNSError(key, OSError(-2, "unknown")), "/info")
    expected = "/info: the name cannot be resolved; check `host`, or give an address"
    assert (error.reason, str(error)) == ("unreachable", expected)


async def skew(transport: Transport, client: aiohttp.ClientSession, *headers: str) -> float | None:
    """Return the skew that these headers tell of."""
    async with raw_server(http(b"[]", *headers)) as host:
        await transport.request(client, f"http://{host}{ENDPOINT}", ENDPOINT, {})
    return transport.clock_skew


async def test_the_clock_of_the_gateway(
    transport: Transport, client: aiohttp.ClientSession
) -> None:
    """The skew is that of the last answer, and unknown where that has no date."""
    for ahead, expected in ((0, 0), (-1, 0), (3600, 3600), (-7200, -7200)):
        date = f"Date: {formatdate(START + ahead, usegmt=True)}"
        assert await skew(transport, client, date) == expected
        assert await skew(transport, client) is None


@pytest.mark.parametrize(
    "date",
    [
        "",
        "soon",
        "1970-01-01T00:00:00Z",
        "Mon, 99 Foo 2026",
        "Thu, 1 Jan 99999999999 0:0:0 GMT",
        "ÿ",
    ],
)
async def test_a_date_that_is_none(
    transport: Transport, client: aiohttp.ClientSession, date: str
) -> None:
    """An answer whose date means nothing is an answer all the same."""
    assert await skew(transport, client, f"Date: {date}") is None


@pytest.mark.parametrize("zone", ["", " -0000", " GMT", " +0000"])
async def test_a_date_is_in_utc(
    transport: Transport, client: aiohttp.ClientSession, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A date without a zone is not in the zone of the exporter."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        date = formatdate(START, usegmt=True).removesuffix(" GMT")
        assert await skew(transport, client, f"Date: {date}{zone}") == 0
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_a_kept_connection_that_ends_costs_no_answer(
    transport: Transport, client: aiohttp.ClientSession, clock: VirtualClock
) -> None:
    """What is sent again over a new connection gets its answer, and takes its turn as well."""
    ask, answer = asyncio.StreamReader.readuntil, http(b"[]").replace(b"Connection: close\r\n", b"")
    received = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        with suppress(asyncio.IncompleteReadError):
            await ask(reader, b"\r\n\r\n")
            received += 1
            writer.write(answer)
            await ask(reader, b"\r\n\r\n")
            received += 1
        writer.close()

    async with serving(once) as host:
        for _ in range(30):
            await transport.request(client, f"http://{host}{ENDPOINT}", ENDPOINT, {})
    assert received == 59
    assert transport.requests == {(ENDPOINT, "200"): 30}
    # a burst of 24, then 35 at 13.5 a minute, the last of which is still to be paid
    assert clock.monotonic() >= 34 * 60 / 13.5


async def test_a_gateway_that_drops_every_request_is_not_asked_twice(
    transport: Transport, client: aiohttp.ClientSession
) -> None:
    """A new connection that breaks is a failure, and no reason to ask again at once."""
    received = 0

    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        received += bool(await reader.read(65536))
        writer.transport.abort()

    async with serving(drop) as host:
        assert (await failure(transport, client, host)).reason == "connection_lost"
    assert received == 1
