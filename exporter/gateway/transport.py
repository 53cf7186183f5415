"""HTTP requests to one gateway: rate limited, one at a time, bounded in time and size.

Nothing that is sent over HTTP leaves this module unbounded, and no secret of ours comes back
through it. Errors leave as `TransportError`, which carries the error we report.
"""

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from http import HTTPStatus
from pathlib import Path

import aiohttp
from pyenphase.ssl import NO_VERIFY_SSL_CONTEXT, create_no_verify_ssl_context

from exporter.clock import Clock
from exporter.errors import GatewayError
from exporter.gateway.deadlines import Deadlines
from exporter.gateway.lean_get import Get, LeanGet, RawResponse
from exporter.gateway.long_work import work_on
from exporter.gateway.rate_limit import RateLimiter
from exporter.gateway.response import Response
from exporter.gateway.secrets import SecretFilter
from exporter.gateway.transport_errors import (
    CONNECT,
    MAX_BODY,
    MAX_SMALL_BODY,
    BoundedResponse,
    CertificateChangedError,
    TransportError,
    translate,
)

log = logging.getLogger(__name__)

#: gateways have self-signed certificates
UNVERIFIED_TLS: ssl.SSLContext = NO_VERIFY_SSL_CONTEXT

#: seconds that an idle connection is kept for the next round, or, where that comes later, for the
#: rest of this one: a hundred kilobytes lie in it, times a thousand gateways
_KEEP, _KEEP_BETWEEN = 15.0, 3.0
#: seconds for a response of an endpoint that says nothing of it
DEADLINE = 15.0
_KNOWN_STATUS = frozenset(int(status) for status in HTTPStatus)


#: is given the path, the status, the headers and the body
Observer = Callable[[str, int, Mapping[str, str], bytes], None]


class Transport:
    """Sends requests to one gateway. `requests` counts by (path, status or failure reason)."""

    def __init__(
        self,
        clock: Clock,
        *,
        keep: float = _KEEP,
        limit_file: Path | None = None,
        fingerprint: bytes | None = None,
    ) -> None:
        """Get ready; `keep` is the time between two rounds of requests in seconds.

        `limit_file` shares the request limit with other processes. The SHA-256 `fingerprint` is
        that of the only certificate to talk to.
        """
        self.requests: Counter[tuple[str, str]] = Counter()
        #: the gateway's clock less ours in seconds, from the `Date` of its last response
        self.clock_skew: float | None = None
        #: the `Date` last read, and the second of ours in which it was
        self._dated: tuple[str | None, int] = (None, 0)
        #: monotonic time of the last response of any status
        self.last_answer = float("-inf")
        self.secrets = SecretFilter()
        self.deadlines = Deadlines(clock)
        #: is given every complete response as it came
        self.observer: Observer | None = None
        self._clock = clock
        self._limiter = RateLimiter(clock, limit_file)
        self._keep = _KEEP if keep <= _KEEP else _KEEP_BETWEEN
        self._context = _pinned(fingerprint) if fingerprint else UNVERIFIED_TLS
        #: connections opened so far, successful or not, and how many at the last look at one
        self._opened = self._looked_at = 0
        #: SHA-256 fingerprint of the gateway's certificate
        self._certificate: str | None = None
        self._lean: LeanGet | None = None

    def new_session(self) -> aiohttp.ClientSession:
        """Return an HTTP session with the gateway, over which requests are sent."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=self._context,
                limit=2,
                keepalive_timeout=self._keep,
                socket_factory=self._open,
            ),
            # With an address as host the default jar drops the gateway's session cookie, and every
            # request would cost the gateway a check of the token's signature.
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            response_class=BoundedResponse,
            # what every gateway has; others need libraries, and nobody gains by them
            headers={"Accept-Encoding": "gzip, deflate"},
        )

    def _open(self, address: aiohttp.AddrInfoType) -> socket.socket:
        self._opened += 1
        family, kind, protocol, _, _ = address
        return socket.socket(family, kind, protocol)

    def delay(self, *, small: bool = False, reserve: int = 0) -> float:
        """Return the seconds until the request limit lets a request go."""
        return self._limiter.delay(small=small, reserve=reserve)

    def let_in(self) -> None:
        """Note that the gateway has let us in."""
        self._limiter.let_in()

    @asynccontextmanager
    async def slot(
        self,
        path: str,
        deadline: float = DEADLINE,
        longest: float | None = None,
        *,
        small: bool = False,
        overlap: bool = False,
    ) -> AsyncIterator[None]:
        """Wait until a request may be sent, then bound and count what is sent inside.

        The `deadline` grows with what the gateway takes, up to the `longest`. Raises TransportError
        for whatever keeps the response from being complete and in time.
        """
        allowed = self.deadlines.next(path, deadline, longest)
        async with self._limiter.slot(small=small, overlap=overlap):
            loop = asyncio.get_running_loop()
            began = loop.time()
            try:
                async with asyncio.timeout(allowed):
                    yield
            except (aiohttp.ClientError, GatewayError, OSError, ValueError) as error:
                translated = translate(error, path)
                if translated.reason == "timeout":
                    self.deadlines.timed_out(path, allowed, deadline, longest)
                self.requests[path, translated.reason] += 1
                raise TransportError(translated) from error
            self.deadlines.succeeded(path, loop.time() - began)

    async def request(
        self,
        session: aiohttp.ClientSession,
        url: str,
        path: str,
        credentials: Mapping[str, str],
        middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
        *,
        deadline: float = DEADLINE,
        longest: float | None = None,
        max_body: int = MAX_BODY,
        small: bool = False,
        overlap: bool = False,
    ) -> Response:
        """Return the gateway's response, whatever its status.

        Raises TransportError when there is no complete one of at most `max_body` bytes within the
        deadline.
        """
        dates: list[float | None] = []

        def note_date(date: str | None) -> None:
            # before the body, which may take its time
            dates.append(self._note_date(date))

        headers = {"Accept": "application/json", **credentials}
        most = min(max_body, MAX_SMALL_BODY) if small else max_body
        get = Get(url, headers, most, note_date)
        charge = partial(self._limiter.charge, small=small)
        async with self.slot(path, deadline, longest, small=small, overlap=overlap):
            if middlewares:
                raw = await self._get_by_session(session, get, middlewares, charge)
            else:
                raw = await self._get(session, get, charge)
        if raw.tls is not None and self._opened != self._looked_at:
            self._note_certificate(url, raw.tls)
        for cookie in raw.cookies:
            self.secrets.add_cookie(cookie)
        body = await work_on(raw.body, partial(self.secrets.clean, raw.body))
        clean = self._clean_headers(raw)
        if self.observer is not None:
            self.observer(path, raw.status, clean, body)
        self.requests[path, _status_label(raw.status)] += 1
        self.last_answer = self._clock.monotonic()
        log.debug("response", extra={"endpoint": path, "status": raw.status, "bytes": len(body)})
        return Response(url, raw.status, body, clean, self.last_answer, dates[-1])

    async def _get(
        self, session: aiohttp.ClientSession, get: Get, charge: Callable[[], None]
    ) -> RawResponse:
        """Return a response; a request that met the end of a kept connection is sent once more."""
        if self._lean is None or self._lean.session is not session:
            self._lean = LeanGet(session)
        opened = self._opened
        try:
            return await self._lean.send(get)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if isinstance(error, aiohttp.ClientConnectorError) or self._opened != opened:
                # On a new connection it would only double the load of a gateway in trouble.
                raise
        charge()
        return await self._lean.send(get)

    async def _get_by_session(
        self,
        session: aiohttp.ClientSession,
        get: Get,
        middlewares: Sequence[aiohttp.ClientMiddlewareType],
        charge: Callable[[], None],
    ) -> RawResponse:
        """Do the same with middlewares, as a login by digest needs them."""
        times = 0

        async def count(
            request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            nonlocal times
            times += 1
            if times > 1:
                # as a digest challenge has it
                charge()
            opened = self._opened
            try:
                return await send(request)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
                # A kept connection may have ended just then, and aiohttp sends the request once
                # more. It would do so on a new one too.
                connected = not isinstance(error, aiohttp.ClientConnectorError)
                if connected and self._opened == opened:
                    raise
                raise TransportError(translate(error, request.url.raw_path)) from error

        async with session.get(
            get.url,
            headers=get.headers,
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT),
            middlewares=(*middlewares, count),
            # A missing endpoint of some firmware redirects to an error page.
            allow_redirects=False,
        ) as raw:
            if isinstance(raw, BoundedResponse):
                raw.max_body = get.max_body
            get.note_date(raw.headers.get("Date"))
            body = await raw.read()
        cookies = tuple(cookie.value for cookie in raw.cookies.values())
        tls = raw.tls if isinstance(raw, BoundedResponse) else None
        return RawResponse(raw.status, raw.headers, raw.raw_headers, body, cookies, tls)

    def _clean_headers(self, raw: RawResponse) -> Mapping[str, str]:
        together = b"\n".join(value for _, value in raw.raw_headers)
        if self.secrets.clean(together) is together:
            return raw.headers
        return {name: self.secrets.clean_text(value) for name, value in raw.headers.items()}

    def _note_certificate(self, url: str, tls: ssl.SSLObject) -> None:
        """Log once that the gateway shows another certificate than before."""
        self._looked_at = self._opened
        shown = sha256(tls.getpeercert(binary_form=True) or b"").hexdigest()
        if self._certificate not in (None, shown):
            log.warning(
                "gateway has another certificate; `tls_fingerprint` would refuse it",
                extra={"url": url, "fingerprint": shown},
            )
        self._certificate = shown

    def _note_date(self, date: str | None) -> float | None:
        now = self._clock.time()
        if (date, int(now)) == self._dated:
            return None if self.clock_skew is None else now + self.clock_skew
        self._dated = date, int(now)
        try:
            read = parsedate_to_datetime(date or "")
            # Without a zone it is UTC, as HTTP has it, and not ours.
            timestamp = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            self.clock_skew = None
            return None
        # The header has whole seconds and travelled; what is less than that is no skew.
        skew = timestamp - now
        self.clock_skew = 0.0 if -2 < skew < 1 else round(skew)
        return timestamp


def _status_label(status: int) -> str:
    """Return a status as label; a gateway that makes up its own does not make up series."""
    return str(status) if status in _KNOWN_STATUS else "other"


def _pinned(fingerprint: bytes) -> ssl.SSLContext:
    """Return a context that only talks to the certificate with this SHA-256 fingerprint."""

    class PinnedConnection(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            certificate = self.getpeercert(binary_form=True) or b""
            if not compare_digest(sha256(certificate).digest(), fingerprint):
                raise CertificateChangedError("another certificate")

    context = create_no_verify_ssl_context()
    context.sslobject_class = PinnedConnection
    return context
