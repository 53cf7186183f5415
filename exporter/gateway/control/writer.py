"""pyenphase's writes over our own connection: within the request budget, bounded, never repeated.

pyenphase decides what is sent. It is given a client of ours: one that only notes what would go out,
for the plan, and one that sends it, once, in its turn.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NoReturn, Self, cast

import aiohttp
import orjson
from pyenphase import Envoy
from pyenphase.auth import EnvoyAuth
from pyenphase.const import SupportedFeatures
from pyenphase.exceptions import EnvoyError
from pyenphase.models.envoy import EnvoyData
from yarl import URL

from exporter.errors import ControlError, GatewayError, UnreachableError
from exporter.gateway.client import GatewayClient
from exporter.gateway.control.models import Request, printable
from exporter.gateway.transport import Transport
from exporter.gateway.transport_errors import CONNECT, TransportError, translate
from exporter.logging import mask

log = logging.getLogger(__name__)

Write = Callable[[Envoy], Awaitable[Any]]
#: how much of what a gateway says to a refusal is shown
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a write: a status with a body, or an error in place of them."""

    status: int | None
    body: str
    error: GatewayError | None

    @property
    def taken(self) -> bool:
        """Whether the gateway said that all is well, which proves nothing yet."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def unsent(self) -> bool:
        """Whether nothing can have arrived."""
        return isinstance(self.error, UnreachableError)


class Sender:
    """Lets pyenphase write to one gateway."""

    def __init__(self, session: GatewayClient, transport: Transport, host: str) -> None:
        self._session = session
        self._transport = transport
        self._host = host

    async def preview(
        self, write: Write, features: SupportedFeatures, data: EnvoyData
    ) -> tuple[Request, ...]:
        """Return what pyenphase would send; raise ControlError when it would not.

        `data` is changed by pyenphase and of no use afterwards.
        """
        _, auth = await self._session.credentials()
        try:
            await write(_Writer(self._host, _Note(), auth, features, data))
        except _NotedError as noted:
            return (noted.request,)
        except (EnvoyError, ValueError, KeyError, TypeError) as error:
            raise ControlError(_line(str(error))) from None
        return ()

    async def send(self, write: Write, features: SupportedFeatures, data: EnvoyData) -> Reply:
        """Send it, once, and return what came of it; `data` is of no use afterwards.

        Raises GatewayError, before anything is sent, when a login that is needed fails.
        """
        client, auth = await self._session.credentials()
        post = _Post(client, self._transport)
        try:
            await write(_Writer(self._host, post, auth, features, data))
        except Exception as error:  # noqa: BLE001 - what pyenphase makes of the answer proves nothing; reading does
            if not post.begun:
                raise ControlError(_line(str(error))) from None
            log.debug("pyenphase on the answer: %s", type(error).__name__)
            if post.reply is None:
                what = f"{type(error).__name__} {error}"
                return Reply(None, "", GatewayError(f"sending it failed: {_line(what)}"))
        if post.reply is None:
            raise ControlError("pyenphase had nothing to send")
        return post.reply


class _Writer(Envoy):
    """pyenphase with the features and data it was given, in place of those it would look for."""

    def __init__(
        self,
        host: str,
        client: "_Note | _Post",
        auth: EnvoyAuth,
        features: SupportedFeatures,
        data: EnvoyData,
    ) -> None:
        super().__init__(host, cast("aiohttp.ClientSession", client), v2_acb_mode=False)
        self.auth = auth
        self.data = data
        self._given = features

    @property
    def supported_features(self) -> SupportedFeatures:
        """Return the features that were given."""
        return self._given


class _NotedError(Exception):
    """What pyenphase would have sent."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.endpoint)
        self.request = request


class _Note:
    """The part of an HTTP client that pyenphase writes with; it goes no further."""

    closed = False

    async def request(self, method: str, url: str, *, data: bytes, **options: Any) -> NoReturn:
        raise _NotedError(Request(method, URL(url).raw_path_qs, orjson.loads(data)))


class _Post:
    """The part of an HTTP client that pyenphase writes with; `reply` is what came of it."""

    closed = False

    def __init__(self, client: aiohttp.ClientSession, transport: Transport) -> None:
        #: whether something may have gone out
        self.begun = False
        self.reply: Reply | None = None
        self._client = client
        self._transport = transport

    async def request(
        self,
        method: str,
        url: str,
        *,
        data: bytes,
        headers: Mapping[str, str],
        middlewares: tuple[aiohttp.ClientMiddlewareType, ...] | None = None,
        **options: Any,
    ) -> "_Answer":
        """Send it, in its turn; raises TransportError."""
        endpoint = URL(url).raw_path_qs
        self.begun = True
        try:
            async with (
                self._transport.slot(endpoint),
                self._client.request(
                    method,
                    url,
                    data=data,
                    headers=headers,
                    timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT),
                    middlewares=(*(middlewares or ()), _once),
                    # where the client notes what it does; nobody reads it here
                    trace_request_ctx=SimpleNamespace(),
                    allow_redirects=False,
                ) as response,
            ):
                answer = _Answer(response.status, url, await response.read())
        except TransportError as error:
            self.reply = Reply(None, "", error.error)
            raise
        self.reply = Reply(answer.status, _line(answer.body.decode(errors="replace")), None)
        return answer


@dataclass(frozen=True, slots=True)
class _Answer:
    """The part of a response that pyenphase looks at."""

    status: int
    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    async def read(self) -> bytes:
        return self.body

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        """Let go of nothing: it was read to its end."""


async def _once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a write again over a new connection: it may have been done."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise TransportError(translate(error, request.url.raw_path_qs)) from error


def _line(text: str) -> str:
    """Return text of a gateway or of pyenphase in one line that can be shown."""
    line = mask(printable(text))
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
