"""Puts a simulated gateway on the network, as real firmware would: TLS, login, then the answer.

Firmware 7 and later speaks HTTPS with a self-signed certificate, earlier firmware plain HTTP, each
on its one port. Every request is noted. While it runs, the gateway can be replaced, unplugged and
its accepted tokens changed, and faults can be switched on and off.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import formatdate
from typing import Literal, NamedTuple

from aiohttp import web

from exporter.errors import ExporterError
from exporter.simulator import tokens
from exporter.simulator.access import AccessCheck, DigestAccessCheck, TokenAccessCheck
from exporter.simulator.faults import Fault, PendingResponse, Reset, plain
from exporter.simulator.gateway import HttpResponse, SimulatedGateway
from exporter.simulator.listener import GatewayListener
from exporter.simulator.tls import server_context

_HTML = {"Content-Type": "text/html"}
_NOT_FOUND = HttpResponse(404, b"<html><body><h2>404 Not Found</h2></body></html>\n", _HTML)
_FORBIDDEN = HttpResponse(403, b"<html><body><h2>403 Forbidden</h2></body></html>\n", _HTML)
_NOT_ALLOWED = HttpResponse(405, b"", {"Allow": "GET"})
_READS = frozenset({"GET", "HEAD"})
#: how many requests are remembered
_REMEMBERED = 20_000


class ReceivedRequest(NamedTuple):
    """One request as it arrived."""

    method: str
    #: path with query
    target: str
    #: when it arrived, in seconds of the event loop's clock: only differences mean something
    at: float


class RunningGateway:
    """A gateway that is being served."""

    def __init__(self, gateway: SimulatedGateway, now: Callable[[], float]) -> None:
        """Prepare to serve `gateway`; `now` (epoch seconds) is the right time."""
        self._gateway = gateway
        self._now = now
        self._tls = gateway.uses_tls
        #: the newest requests, whether answered or refused
        self.requests: deque[ReceivedRequest] = deque(maxlen=_REMEMBERED)
        #: how many requests were under way at once, at most
        self.max_concurrency = 0
        #: faults by method and target, by target, by path, or `*` for all; the most specific one
        #: applies: `PUT /admin/lib/tariff`, `/production.json?details=1`, `/production.json`
        self.faults: dict[str, Fault] = {}
        #: access control
        self.login: AccessCheck = (
            TokenAccessCheck(self._serial, self.time)
            if self._tls
            else DigestAccessCheck(self._serial)
        )
        self._own = gateway.serial, self.issue()
        self._under_way = 0
        self._closing = asyncio.Event()
        # a client that goes away ends its request, even one that a fault keeps waiting
        protocols = web.Server(self.handle, handler_cancellation=True, access_log=None)
        self.listener = GatewayListener(protocols, server_context() if self._tls else None)

    @property
    def gateway(self) -> SimulatedGateway:
        """What is served; another one can take its place, at the same address."""
        return self._gateway

    @gateway.setter
    def gateway(self, other: SimulatedGateway) -> None:
        if other.uses_tls != self._tls:
            protocol, other_protocol = ("HTTPS", "HTTP") if self._tls else ("HTTP", "HTTPS")
            raise ExporterError(
                f"firmware {other.firmware} cannot take the place of {self._gateway.firmware} at "
                f"{self.host}: a {protocol} server cannot switch to {other_protocol}; "
                "start a new server"
            )
        self._gateway = other
        self.login.forget()

    @property
    def host(self) -> str:
        """Where to find it, such as `127.0.0.1:8443`."""
        return self.listener.host

    @property
    def url(self) -> str:
        """The address with its scheme, without a path."""
        return f"{'https' if self._tls else 'http'}://{self.host}"

    @property
    def up(self) -> bool:
        """Whether it is on the network; if not, connections are refused and existing ones reset."""
        return self.listener.up

    @up.setter
    def up(self, enabled: bool) -> None:
        self.listener.up = enabled

    @property
    def token(self) -> str:
        """An owner's token that it accepts, the same until it is another gateway.

        Firmware before 7 takes none.
        """
        serial = self._serial()
        if self._own[0] != serial:
            self._own = serial, self.issue()
        return self._own[1]

    def issue(
        self, user: Literal["owner", "installer"] = "owner", lifetime: float | None = None
    ) -> str:
        """Return a new token, as the cloud would: for a year, an installer's for 12 hours.

        `lifetime` in seconds makes it another time; negative, it has ended already.
        """
        return tokens.make(self._serial(), now=self._now(), user=user, lifetime=lifetime)

    def time(self) -> float:
        """Return epoch seconds by the gateway's own clock, by which tokens and sessions end."""
        return self._now() + self._gateway.clock_offset

    @property
    def token_checks(self) -> int:
        """How many tokens it had to check; few for a client that keeps its session cookie."""
        return self.login.checks if isinstance(self.login, TokenAccessCheck) else 0

    def count(self, target: str) -> int:
        """Return the number of requests for a target."""
        return sum(request.target == target for request in self.requests)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Note a request and answer it."""
        now = asyncio.get_running_loop().time()
        self.requests.append(ReceivedRequest(request.method, request.raw_path, now))
        self._under_way += 1
        self.max_concurrency = max(self.max_concurrency, self._under_way)
        try:
            return await self._respond(request)
        except ConnectionError:
            # The client has gone in the middle of it, which is nobody's mistake.
            return web.Response()
        finally:
            self._under_way -= 1

    def close(self) -> None:
        """Release all clients that a fault keeps waiting."""
        self._closing.set()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self._gateway.powered:
            return await Reset().send(PendingResponse(request, _NOT_FOUND, self._closing))
        refusal = self.login.refusal(request)
        if refusal is not None:
            return plain(self._dated(refusal))
        if self._gateway.installer_only(request.raw_path) and not self.login.is_installer(request):
            return plain(self._dated(_FORBIDDEN))
        answer = self._dated(self.login.answer(request) or await self._answer(request))
        fault = self._fault(request.method, request.raw_path)
        if fault is None:
            return plain(answer)
        call = PendingResponse(request, answer, self._closing)
        if fault.delay and await call.pause(fault.delay):
            call.abort()
        return await fault.send(call)

    async def _answer(self, request: web.BaseRequest) -> HttpResponse:
        target = request.raw_path
        if request.method in _READS:
            return self._gateway.answer(target) or _NOT_FOUND
        response = self._gateway.command(request.method, target, await request.read())
        if response is not None:
            return response
        return _NOT_FOUND if self._gateway.answer(target) is None else _NOT_ALLOWED

    def _serial(self) -> str:
        return self._gateway.serial

    def _dated(self, answer: HttpResponse) -> HttpResponse:
        """Return the answer with the date of our clock, unless it has one."""
        if "Date" in answer.headers:
            return answer
        date = formatdate(self.time(), usegmt=True)
        return replace(answer, headers={**answer.headers, "Date": date})

    def _fault(self, method: str, target: str) -> Fault | None:
        """Return the fault this request meets now, and count it."""
        for key in (f"{method} {target}", target, target.partition("?")[0], "*"):
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
    gateway: SimulatedGateway,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    now: Callable[[], float] = time.time,
) -> AsyncIterator[RunningGateway]:
    """Serve a gateway as long as the context lasts; port 0 takes a free one.

    `now` (epoch seconds) is the right time, which the gateway's own clock may not show. Raises
    `ListenError` if the address cannot be listened on.
    """
    running = RunningGateway(gateway, now)
    await running.listener.start(host, port)
    try:
        yield running
    finally:
        running.close()
        await running.listener.stop()
