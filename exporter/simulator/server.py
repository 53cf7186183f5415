"""Puts a simulated gateway on the network, as real firmware would: TLS, login, then the answer.

Firmware 7 and later speaks HTTPS with a self-signed certificate, earlier firmware plain HTTP, each
on its one port. Every request is noted, and faults can be switched on and off while it runs.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import formatdate
from typing import NamedTuple

from aiohttp import web

from exporter.errors import ListenError
from exporter.simulator import tokens
from exporter.simulator.answers import Answer, Gateway
from exporter.simulator.faults import Call, Fault, plain
from exporter.simulator.login import DigestLogin, Login, TokenLogin
from exporter.simulator.tls import server_context

_HTML = {"Content-Type": "text/html"}
_NOT_FOUND = Answer(404, b"<html><body><h2>404 Not Found</h2></body></html>\n", _HTML)
_NOT_ALLOWED = Answer(405, b"", {"Allow": "GET"})
_WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  # only compared with
#: how many requests are remembered
_REMEMBERED = 20_000
#: seconds a connection gets to end by itself when the server stops
_FAREWELL = 0.2


class Request(NamedTuple):
    """One request as it arrived."""

    method: str
    #: path with query
    target: str
    #: when it arrived, in seconds of the event loop's clock: only differences mean something
    at: float


class RunningGateway:
    """A gateway that is being served."""

    def __init__(self, gateway: Gateway, now: Callable[[], float]) -> None:
        """Prepare to serve `gateway`; `now` (epoch seconds) judges tokens and sessions."""
        self.gateway = gateway
        self._now = now
        #: where to find it, such as `127.0.0.1:8443`
        self.host = ""
        #: an owner's token that it accepts; firmware before 7 takes none
        self.token = tokens.make(gateway.serial, now=now())
        #: the newest requests, whether answered or refused
        self.requests: deque[Request] = deque(maxlen=_REMEMBERED)
        #: how many requests were under way at once, at most
        self.max_concurrency = 0
        #: faults by target, by path, or `*` for all; the most particular one counts
        self.faults: dict[str, Fault] = {}
        self._login: Login = (
            TokenLogin(gateway.serial, now) if gateway.uses_tls else DigestLogin(gateway.serial)
        )
        self._under_way = 0
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        """The address with its scheme, without a path."""
        return f"{'https' if self.gateway.uses_tls else 'http'}://{self.host}"

    @property
    def token_checks(self) -> int:
        """How many tokens it had to check; a client that keeps its session cookie asks few."""
        return self._login.checks if isinstance(self._login, TokenLogin) else 0

    def count(self, target: str) -> int:
        """Return how often a target was asked for."""
        return sum(request.target == target for request in self.requests)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Note a request and answer it."""
        now = asyncio.get_running_loop().time()
        self.requests.append(Request(request.method, request.raw_path, now))
        self._under_way += 1
        self.max_concurrency = max(self.max_concurrency, self._under_way)
        try:
            return await self._respond(request)
        finally:
            self._under_way -= 1

    def close(self) -> None:
        """Let go of all clients that a fault keeps waiting."""
        self._closing.set()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        refusal = self._login.refusal(request)
        if refusal is not None:
            return plain(self._dated(refusal))
        if request.method not in ("GET", "HEAD"):
            return plain(self._dated(_NOT_ALLOWED))
        target = request.raw_path
        answer = self._login.answer(request.path) or self.gateway.answer(target) or _NOT_FOUND
        answer = self._dated(answer)
        fault = self._fault(target)
        if fault is None:
            return plain(answer)
        call = Call(request, answer, self._closing)
        if fault.delay and await call.pause(fault.delay):
            call.abort()
        return await fault.send(call)

    def _dated(self, answer: Answer) -> Answer:
        """Return the answer with the date of our clock, unless it has one."""
        if "Date" in answer.headers:
            return answer
        date = formatdate(self._now(), usegmt=True)
        return replace(answer, headers={**answer.headers, "Date": date})

    def _fault(self, target: str) -> Fault | None:
        """Return the fault this target meets now, and count it."""
        for key in (target, target.partition("?")[0], "*"):
            fault = self.faults.get(key)
            if fault is None:
                continue
            if fault.times is not None and fault.times <= 1:
                del self.faults[key]
            elif fault.times is not None:
                self.faults[key] = replace(fault, times=fault.times - 1)
            return fault
        return None


@asynccontextmanager
async def serve(
    gateway: Gateway,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    now: Callable[[], float] = time.time,
) -> AsyncIterator[RunningGateway]:
    """Serve a gateway as long as the context lasts; port 0 takes a free one.

    `now` (epoch seconds) is the clock by which tokens and sessions expire. Raises `ListenError` if
    the address cannot be listened on.
    """
    running = RunningGateway(gateway, now)
    # a client that goes away ends its request, even one that a fault keeps waiting
    protocols = web.Server(running.handle, handler_cancellation=True, access_log=None)
    context = server_context() if gateway.uses_tls else None
    loop = asyncio.get_running_loop()
    try:
        listener = await loop.create_server(protocols, host or None, port, ssl=context)
    except OSError as error:
        raise ListenError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; "
            "stop what uses the address, or choose another"
        ) from error
    chosen = listener.sockets[0].getsockname()[1]
    named = "127.0.0.1" if host in _WILDCARDS else host
    running.host = f"[{named}]:{chosen}" if ":" in named else f"{named}:{chosen}"
    try:
        yield running
    finally:
        running.close()
        listener.close()
        transports = [protocol.transport for protocol in protocols.connections]
        await protocols.shutdown(_FAREWELL)
        for transport in transports:
            if transport is not None:
                # closing TLS politely waits for the client, which may never answer
                transport.abort()
        await listener.wait_closed()
