"""Requests to one gateway: rate limited, with a deadline, a size limit and a cache.

Errors leave here as `TransportError`, which pyenphase's updaters take for the connection errors
they know and which carries the error we report. A refused login leaves as pyenphase's own
exception, because its updaters treat that one apart.
"""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
from pyenphase.exceptions import EnvoyAuthenticationRequired
from pyenphase.ssl import NO_VERIFY_SSL_CONTEXT

from exporter.clock import Clock
from exporter.errors import BadStatusError, GatewayError
from exporter.gateway.policy import observed
from exporter.gateway.rate_limit import RateLimiter
from exporter.gateway.transport_errors import CONNECT, BoundedResponse, TransportError, translate

log = logging.getLogger(__name__)

#: seconds that an idle connection is kept for the next round, or, where that comes later, for the
#: rest of this one: a hundred kilobytes lie in it, times a thousand gateways
_KEEP, _KEEP_BETWEEN = 15.0, 3.0
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(slots=True)
class Response:
    """A complete response; has the part of aiohttp's that pyenphase's updaters use.

    The body of a response that repeats the one before is the very object of that one.
    """

    url: str
    status: int
    body: bytes
    read_at: float
    #: the body as parsed when it came, until somebody asks for it
    _parsed: Any = None

    async def read(self) -> bytes:
        """Return the body, for callers that parse it themselves."""
        self._parsed = None
        return self.body

    def document(self) -> Any:
        """Return the parsed body, which is the caller's own; raise JSONDecodeError."""
        parsed, self._parsed = self._parsed, None
        return orjson.loads(self.body) if parsed is None else parsed


#: is given the endpoint, the status, the headers and the body
Observer = Callable[[str, int, Mapping[str, str], bytes], None]


class Transport:
    """Sends requests to one gateway. `requests` counts by (endpoint, status or failure reason)."""

    def __init__(self, clock: Clock, cadences: dict[str, float]) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        #: the gateway's clock less ours in seconds, from the `Date` of its last response
        self.clock_skew: float | None = None
        #: the `Date` last read, and the second of ours in which it was
        self._dated: tuple[str | None, int] = (None, 0)
        #: monotonic time of the last response of any status
        self.last_answer = float("-inf")
        self._clock = clock
        self._limiter = RateLimiter(clock)
        #: requests that aiohttp sent on its own, beyond those that waited for a slot
        self._uncounted = 0
        #: connections opened so far, successful or not
        self._opened = 0
        self.cadences = cadences
        self._cache: dict[str, Response] = {}
        #: is given every complete response as it came
        self.observer: Observer | None = None

    def new_client(self) -> aiohttp.ClientSession:
        """Return an HTTP session with the gateway, over which requests are sent."""
        wait = min(self.cadences.values())
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=NO_VERIFY_SSL_CONTEXT,
                limit=2,
                keepalive_timeout=_KEEP if wait <= _KEEP else _KEEP_BETWEEN,
                socket_factory=self._open,
            ),
            # With an address as host the default jar drops the gateway's session cookie, and every
            # request would cost the gateway a check of the token's signature.
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            response_class=BoundedResponse,
        )

    def _open(self, address: aiohttp.AddrInfoType) -> socket.socket:
        self._opened += 1
        family, kind, protocol, _, _ = address
        return socket.socket(family, kind, protocol)

    def invalidate(self, collector: str | None = None, since: float = float("-inf")) -> None:
        """Drop the responses read `since` then (monotonic), of one collector's endpoints or all."""
        for endpoint, response in list(self._cache.items()):
            if collector in (None, observed(endpoint).collector) and response.read_at >= since:
                del self._cache[endpoint]

    def invalidate_path(self, endpoint: str) -> None:
        """Drop the cached response of one endpoint."""
        self._cache.pop(endpoint, None)

    def cached(self, endpoint: str) -> Response | None:
        """Return the cached response of an endpoint unless it is due again."""
        response = self._cache.get(endpoint)
        if response is None:
            return None
        age = self._clock.monotonic() - response.read_at
        return response if age < observed(endpoint).age_limit(self.cadences) else None

    @asynccontextmanager
    async def slot(self, endpoint: str) -> AsyncIterator[None]:
        """Wait until a request may be sent, then bound and count what is sent inside.

        Raises TransportError for whatever keeps the response from being complete and in time.
        """
        deadline = observed(endpoint).deadline
        while self._uncounted:
            self._uncounted -= 1
            async with self._limiter.slot():
                pass
        async with self._limiter.slot():
            try:
                async with asyncio.timeout(deadline):
                    yield
            except (aiohttp.ClientError, GatewayError, OSError, ValueError) as error:
                translated = translate(error, endpoint)
                self.requests[endpoint, translated.reason] += 1
                raise TransportError(translated) from error

    async def request(
        self,
        http: aiohttp.ClientSession,
        url: str,
        endpoint: str,
        headers: dict[str, str],
        middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
    ) -> Response:
        """Return the gateway's response, whatever its status.

        Raises TransportError (no complete response within the deadline) and
        EnvoyAuthenticationRequired (401, 403).
        """
        times = 0

        async def count(
            request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            nonlocal times
            times += 1
            # as a digest challenge has it
            self._uncounted += times > 1
            opened = self._opened
            try:
                return await send(request)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
                # A kept connection may have ended just then, and aiohttp sends the request once
                # more. It would do so on a new one too, which only doubles the load of a gateway
                # in trouble.
                connected = not isinstance(error, aiohttp.ClientConnectorError)
                if connected and self._opened == opened:
                    raise
                raise TransportError(translate(error, endpoint)) from error

        async with (
            self.slot(endpoint),
            http.get(
                url,
                headers={"Accept": "application/json", **headers},
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT),
                middlewares=(*middlewares, count),
                # A missing endpoint of some firmware redirects to an error page.
                allow_redirects=False,
            ) as raw,
        ):
            # now: the body may take its time
            self._note_date(raw.headers.get("Date"))
            body = await raw.read()
        if self.observer is not None:
            self.observer(endpoint, raw.status, raw.headers, body)
        self.requests[endpoint, str(raw.status)] += 1
        self.last_answer = self._clock.monotonic()
        log.debug(
            "response", extra={"endpoint": endpoint, "status": raw.status, "bytes": len(body)}
        )
        if raw.status in _REFUSED:
            raise EnvoyAuthenticationRequired(f"{endpoint} is refused with status {raw.status}")
        response = Response(url, raw.status, body, self.last_answer)
        if raw.status == HTTPStatus.OK:
            before = self._cache.get(endpoint)
            if before is not None and before.body == body:
                response.body = before.body
                self._cache[endpoint] = response
            elif (parsed := document(body)) is not None:
                # Nonsense is requested again, and the good responses beside it are not.
                response._parsed = parsed
                self._cache[endpoint] = response
        return response

    def _note_date(self, date: str | None) -> None:
        now = self._clock.time()
        if (date, int(now)) == self._dated:
            return
        self._dated = date, int(now)
        try:
            read = parsedate_to_datetime(date or "")
            # Without a zone it is UTC, as HTTP has it, and not ours.
            timestamp = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            self.clock_skew = None
            return
        # The header has whole seconds and travelled; what is less than that is no skew.
        skew = timestamp - now
        self.clock_skew = 0.0 if -2 < skew < 1 else round(skew)


def document(body: bytes) -> Any:
    """Return the JSON in a body if it can hold something, else None.

    `null` is what a bad moment says.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, (dict, list)) else None


def expect_success(response: Response, endpoint: str) -> None:
    """Raise TransportError with BadStatusError unless the response's status is 2xx."""
    if not 200 <= response.status < 300:
        raise TransportError(BadStatusError(f"{endpoint}: status {response.status}"))
