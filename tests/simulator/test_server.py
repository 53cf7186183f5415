"""A simulated gateway on the network: protocol, bookkeeping, end."""

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from exporter.errors import ListenError
from exporter.simulator import faults
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve


@dataclass(frozen=True)
class _Together(faults.Fault):
    """The answer as it is, once so many requests are there."""

    all_there: asyncio.Barrier

    async def send(self, call: faults.PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        await self.all_there.wait()
        return faults.plain(call.answer)


@dataclass(frozen=True)
class _HangingTogether(faults.Hang):
    """No answer, and word of it."""

    all_there: asyncio.Barrier

    async def send(self, call: faults.PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        await self.all_there.wait()
        return await faults.Hang.send(self, call)


def _headers(running: RunningGateway) -> dict[str, str]:
    return {"Authorization": f"Bearer {running.token}"}


async def _get(client: aiohttp.ClientSession, url: str) -> int:
    """Get a URL to its end and return the status."""
    async with client.get(url) as response:
        await response.read()
        return response.status


async def test_new_firmware_speaks_tls_only(client: aiohttp.ClientSession) -> None:
    """On the port of a gateway with firmware 7 or later, plain HTTP gets no answer."""
    async with serve(sample_home("solar-only", time.time)) as running:
        with pytest.raises(aiohttp.ClientError):
            await _get(client, f"http://{running.host}/info")
        assert await _get(client, f"https://{running.host}/info") == 200


async def test_old_firmware_speaks_plain_http_only(client: aiohttp.ClientSession) -> None:
    """On the port of a gateway with firmware before 7, TLS gets no answer."""
    async with serve(sample_home("legacy", time.time)) as running:
        with pytest.raises(aiohttp.ClientConnectorError):
            await _get(client, f"https://{running.host}/info")
        assert await _get(client, f"http://{running.host}/info") == 200


async def test_the_certificate_is_self_signed() -> None:
    """A client that checks certificates refuses the gateway, as it would a real one."""
    async with serve(sample_home("solar-only", time.time)) as running:
        host, _, port = running.host.partition(":")
        with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
            await asyncio.open_connection(host, int(port), ssl=ssl.create_default_context())


async def test_requests_are_noted_in_order(client: aiohttp.ClientSession) -> None:
    """Every request is noted with its method, its target and when it came."""
    async with serve(sample_home("solar-only", time.time)) as running:
        await _get(client, f"{running.url}/info")
        await _get(client, f"{running.url}/production.json?details=1")
        await _get(client, f"{running.url}/nothing")

        assert [request[:2] for request in running.requests] == [
            ("GET", "/info"),
            ("GET", "/production.json?details=1"),
            ("GET", "/nothing"),
        ]
        arrivals = [request.at for request in running.requests]
        assert arrivals == sorted(arrivals)
        assert running.count("/info") == 1
        assert running.max_concurrency == 1


async def test_concurrent_requests_are_counted(client: aiohttp.ClientSession) -> None:
    """The most requests that were ever under way at once are known."""
    async with serve(sample_home("solar-only", time.time)) as running:
        running.faults["/info"] = _Together(asyncio.Barrier(3))
        await asyncio.gather(*(_get(client, f"{running.url}/info") for _ in range(3)))
        running.faults.clear()
        await _get(client, f"{running.url}/info")
        assert running.max_concurrency == 3


async def test_writes_are_not_allowed(client: aiohttp.ClientSession) -> None:
    """A method that a gateway does not have is refused with 405."""
    async with serve(sample_home("solar-only", time.time)) as running:
        url = f"{running.url}/admin/lib/tariff"
        async with client.put(url, data=b"{}", headers=_headers(running)) as response:
            assert response.status == 405


async def test_a_busy_port_is_one_clear_error() -> None:
    """The error names the address and says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=rf"cannot listen on 127\.0\.0\.1:{port}: .*another"):
            async with serve(sample_home("legacy", time.time), port=port):
                pass


async def test_all_interfaces_are_reachable_by_loopback(client: aiohttp.ClientSession) -> None:
    """Listening everywhere, it names an address that can be connected to."""
    async with serve(sample_home("legacy", time.time), host="0.0.0.0") as running:  # noqa: S104
        assert running.host.startswith("127.0.0.1:")
        assert await _get(client, f"{running.url}/info") == 200


@pytest.mark.parametrize("name", ["solar-only", "legacy"])
async def test_it_stops_although_clients_wait(name: str, client: aiohttp.ClientSession) -> None:
    """Hanging requests and idle connections do not keep the server from ending."""
    async with serve(sample_home(name, time.time)) as running:
        await _get(client, f"{running.url}/info")
        hanging = _HangingTogether(asyncio.Barrier(3))
        running.faults["/info"] = hanging
        waiting = [asyncio.ensure_future(_get(client, f"{running.url}/info")) for _ in range(2)]
        await hanging.all_there.wait()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(end, aiohttp.ClientError) for end in ends] == [True, True]
