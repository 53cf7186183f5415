"""pyenphase's writes over our own connection: rate limited, with a size limit, never repeated.

pyenphase decides what is sent. It gets an HTTP client of ours: one that only records the request,
for the plan, and one that sends it once.
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
from exporter.gateway.control.models import WriteRequest, printable
from exporter.gateway.transport import Transport
from exporter.gateway.transport_errors import CONNECT, TransportError, translate
from exporter.logging import mask

log = logging.getLogger(__name__)

Write = Callable[[Envoy], Awaitable[Any]]
#: the part of a refusal that is shown
_MAX_MESSAGE = 200


@dataclass(frozen=True, slots=True)
class CommandReply:
    """The response to a write: a status with a body, or an error."""

    status: int | None
    body: str
    error: GatewayError | None

    @property
    def accepted(self) -> bool:
        """Whether the gateway answered with success, which proves nothing yet."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def unsent(self) -> bool:
        """Whether the request cannot have arrived."""
        return isinstance(self.error, UnreachableError)


class Writer:
    """Lets pyenphase write to one gateway."""

    def __init__(self, session: GatewayClient) -> None:
        self._session = session

    async def preview(
        self, write: Write, features: SupportedFeatures, data: EnvoyData
    ) -> tuple[WriteRequest, ...]:
        """Return what pyenphase would send; raise ControlError if it refuses.

        pyenphase changes `data`: it cannot be used afterwards.
        """
        _, auth = await self._session.credentials()
        try:
            await write(
                _PreparedEnvoy(self._session.host, _RecordingClient(), auth, features, data)
            )
        except _RecordedError as recorded:
            return (recorded.request,)
        except (EnvoyError, ValueError, KeyError, TypeError) as error:
            raise ControlError(_line(str(error))) from None
        return ()

    async def send(
        self, write: Write, features: SupportedFeatures, data: EnvoyData
    ) -> CommandReply:
        """Send it once and return the response; `data` cannot be used afterwards.

        Raises GatewayError before anything is sent when the login fails.
        """
        client, auth = await self._session.credentials()
        post = _SendingClient(client, self._session.transport)
        try:
            await write(_PreparedEnvoy(self._session.host, post, auth, features, data))
        except Exception as error:  # noqa: BLE001 - pyenphase on the response proves nothing, reading does
            if not post.begun:
                raise ControlError(_line(str(error))) from None
            log.debug("pyenphase rejects the response", extra={"error": type(error).__name__})
            if post.reply is None:
                what = f"{type(error).__name__} {error}"
                return CommandReply(None, "", GatewayError(f"sending failed: {_line(what)}"))
        if post.reply is None:
            raise ControlError("pyenphase had nothing to send")
        return post.reply


class _PreparedEnvoy(Envoy):
    """pyenphase with given features and data instead of a probe."""

    def __init__(
        self,
        host: str,
        client: "_RecordingClient | _SendingClient",
        auth: EnvoyAuth,
        features: SupportedFeatures,
        data: EnvoyData,
    ) -> None:
        super().__init__(host, cast("aiohttp.ClientSession", client), v2_acb_mode=False)
        self.auth = auth
        self.data = data
        self._features = features

    @property
    def supported_features(self) -> SupportedFeatures:
        """Return the given features."""
        return self._features


class _RecordedError(Exception):
    """The request that pyenphase wanted to send."""

    def __init__(self, request: WriteRequest) -> None:
        super().__init__(request.endpoint)
        self.request = request


class _RecordingClient:
    """The part of an HTTP client that pyenphase writes with; it sends nothing."""

    closed = False

    async def request(self, method: str, url: str, *, data: bytes, **options: Any) -> NoReturn:
        raise _RecordedError(WriteRequest(method, URL(url).raw_path_qs, orjson.loads(data)))


class _SendingClient:
    """The part of an HTTP client that pyenphase writes with; `reply` is the response."""

    closed = False

    def __init__(self, client: aiohttp.ClientSession, transport: Transport) -> None:
        #: whether something may have been sent
        self.begun = False
        self.reply: CommandReply | None = None
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
    ) -> "_WriteResponse":
        """Send it, rate limited; raises TransportError."""
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
                    # the session's tracing needs it; it is not used here
                    trace_request_ctx=SimpleNamespace(),
                    allow_redirects=False,
                ) as response,
            ):
                body = self._transport.secrets.clean(await response.read())
                answer = _WriteResponse(response.status, url, body)
        except TransportError as error:
            self.reply = CommandReply(None, "", error.error)
            raise
        self.reply = CommandReply(answer.status, _line(answer.body.decode(errors="replace")), None)
        return answer


@dataclass(frozen=True, slots=True)
class _WriteResponse:
    """The part of a response that pyenphase extra_reads at."""

    status: int
    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    async def read(self) -> bytes:
        return self.body

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        """Do nothing: the body is read already."""


async def _once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a write again over a new connection: it may have been applied."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise TransportError(translate(error, request.url.raw_path_qs)) from error


def _line(text: str) -> str:
    """Return text of a gateway or of pyenphase in one printable line."""
    line = mask(printable(text))
    return line if len(line) <= _MAX_MESSAGE else f"{line[:_MAX_MESSAGE]}…"
