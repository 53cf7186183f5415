"""The one path by which a gateway is asked: budgeted, with a deadline, a size limit and a cache.

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
from exporter.gateway.budget import Budget
from exporter.gateway.policy import observed
from exporter.gateway.trouble import CONNECT, BoundedResponse, TransportError, explain

log = logging.getLogger(__name__)

#: seconds that an idle connection is kept for the next round, or, where that comes later, for the
#: rest of this one: a hundred kilobytes lie in it, times a thousand gateways
_KEEP, _KEEP_BETWEEN = 15.0, 3.0
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(slots=True)
class Answer:
    """What the gateway said; has the part of aiohttp's response that updaters use.

    The body of an answer that says what the one before said is the very object of that one.
    """

    url: str
    status: int
    body: bytes
    read_at: float
    #: the body as parsed when it came, until somebody asks for it
    _parsed: Any = None

    async def read(self) -> bytes:
        """Return the body, for who parses it himself."""
        self._parsed = None
        return self.body

    def document(self) -> Any:
        """Return the parsed body, which is the caller's own; raise JSONDecodeError."""
        parsed, self._parsed = self._parsed, None
        return orjson.loads(self.body) if parsed is None else parsed


#: is given the endpoint, the status, the headers and the body
Witness = Callable[[str, int, Mapping[str, str], bytes], None]


class Wire:
    """Asks one gateway. `requests` counts by (endpoint, status or reason of failure)."""

    def __init__(self, clock: Clock, cadences: dict[str, float]) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        #: the gateway's clock less ours in seconds, from the `Date` of its last answer
        self.clock_skew: float | None = None
        #: the `Date` last read, and the second of ours in which it was
        self._dated: tuple[str | None, int] = (None, 0)
        #: monotonic time of the last answer of any status
        self.last_answer = float("-inf")
        self._clock = clock
        self._budget = Budget(clock)
        #: requests that aiohttp sent on its own, beyond those that waited for their turn
        self._unpaid = 0
        #: connections opened so far, be it in vain
        self._opened = 0
        self.cadences = cadences
        self._cache: dict[str, Answer] = {}
        #: told of every whole answer as it came, for who records them
        self.witness: Witness | None = None

    def new_client(self) -> aiohttp.ClientSession:
        """Return a client for the gateway, over which this wire asks."""
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

    def forget(self, collector: str | None = None, since: float = float("-inf")) -> None:
        """Drop the answers kept `since` then (monotonic), of one collector's endpoints or all."""
        for endpoint, answer in list(self._cache.items()):
            if collector in (None, observed(endpoint).collector) and answer.read_at >= since:
                del self._cache[endpoint]

    def drop(self, endpoint: str) -> None:
        """Drop the kept answer of one endpoint."""
        self._cache.pop(endpoint, None)

    def kept(self, endpoint: str) -> Answer | None:
        """Return the kept answer of an endpoint unless it is due again."""
        answer = self._cache.get(endpoint)
        if answer is None:
            return None
        age = self._clock.monotonic() - answer.read_at
        return answer if age < observed(endpoint).age_limit(self.cadences) else None

    @asynccontextmanager
    async def turn(self, endpoint: str) -> AsyncIterator[None]:
        """Wait for the gateway's turn, then bound and count what is asked inside.

        Raises TransportError for whatever keeps the answer from coming whole and in time.
        """
        deadline = observed(endpoint).deadline
        while self._unpaid:
            self._unpaid -= 1
            async with self._budget.turn():
                pass
        async with self._budget.turn():
            try:
                async with asyncio.timeout(deadline):
                    yield
            except (aiohttp.ClientError, GatewayError, OSError, ValueError) as error:
                told = explain(error, endpoint)
                self.requests[endpoint, told.reason] += 1
                raise TransportError(told) from error

    async def ask(
        self,
        client: aiohttp.ClientSession,
        url: str,
        endpoint: str,
        headers: dict[str, str],
        middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
    ) -> Answer:
        """Return the gateway's answer, whatever its status.

        Raises TransportError (no whole answer within the deadline) and EnvoyAuthenticationRequired
        (401, 403).
        """
        times = 0

        async def count(
            request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            nonlocal times
            times += 1
            # as a digest challenge has it
            self._unpaid += times > 1
            opened = self._opened
            try:
                return await send(request)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
                # A kept connection may have ended just then, and aiohttp asks once more. It would
                # do so on a new one too, which only doubles the load of a gateway in trouble.
                connected = not isinstance(error, aiohttp.ClientConnectorError)
                if connected and self._opened == opened:
                    raise
                raise TransportError(explain(error, endpoint)) from error

        async with (
            self.turn(endpoint),
            client.get(
                url,
                headers={"Accept": "application/json", **headers},
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT),
                middlewares=(*middlewares, count),
                # A missing endpoint of some firmware redirects to an error page.
                allow_redirects=False,
            ) as response,
        ):
            # now: the body may take its time
            self._note_date(response.headers.get("Date"))
            body = await response.read()
        if self.witness is not None:
            self.witness(endpoint, response.status, response.headers, body)
        self.requests[endpoint, str(response.status)] += 1
        self.last_answer = self._clock.monotonic()
        log.debug(
            "answer", extra={"endpoint": endpoint, "status": response.status, "bytes": len(body)}
        )
        if response.status in _REFUSED:
            raise EnvoyAuthenticationRequired(
                f"{endpoint} is refused with status {response.status}"
            )
        answer = Answer(url, response.status, body, self.last_answer)
        if response.status == HTTPStatus.OK:
            before = self._cache.get(endpoint)
            if before is not None and before.body == body:
                answer.body = before.body
                self._cache[endpoint] = answer
            elif (parsed := document(body)) is not None:
                # Nonsense is asked for again, and the good answers beside it are not.
                answer._parsed = parsed
                self._cache[endpoint] = answer
        return answer

    def _note_date(self, date: str | None) -> None:
        now = self._clock.time()
        if (date, int(now)) == self._dated:
            return
        self._dated = date, int(now)
        try:
            read = parsedate_to_datetime(date or "")
            # Without a zone it is UTC, as HTTP has it, and not ours.
            told = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            self.clock_skew = None
            return
        # The header has whole seconds and travelled; what is less than that is no skew.
        skew = told - now
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


def expect_success(answer: Answer, endpoint: str) -> None:
    """Raise TransportError with BadStatusError unless the answer's status is 2xx."""
    if not 200 <= answer.status < 300:
        raise TransportError(BadStatusError(f"{endpoint}: status {answer.status}"))
