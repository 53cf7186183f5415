"""Requests everything once, as the exporter would: logged in, rate limited, one at a time.

Only paths that are known to only read are requested; the power line check, which loads the power
line for a minute, is not.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from exporter.address import split
from exporter.capture.identity_rules import IdentityKind
from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import CaptureError, GatewayError, UnreachableError
from exporter.gateway.client import GatewayClient
from exporter.gateway.endpoints import ENDPOINTS, plc_levels
from exporter.gateway.identity import Identity
from exporter.gateway.paths import INFO
from exporter.gateway.state_model import GatewayState

#: paths that other captures have and the exporter does not read
_MORE = (
    "/production.json",
    "/inventory",
    "/inv",
    "/ivp/meters/gridReading",
    "/ivp/meters/pvReading",
)
#: in the order of the requests; the first has the identity, and needs no login
TARGETS: tuple[str, ...] = tuple(
    path for path in dict.fromkeys((INFO, *ENDPOINTS, *_MORE)) if path != plc_levels.ENDPOINT.path
)
#: recorded for an endpoint that does not respond, so that a replay fails there too
NO_RESPONSE_STATUS = HTTPStatus.GATEWAY_TIMEOUT
#: requests in a row without a connection, after which the gateway is gone
_MAX_UNREACHABLE = 3
#: headers of the login
_LOGIN = frozenset(
    {"authorization", "cookie", "proxy-authenticate", "set-cookie", "www-authenticate"}
)
_SORTS = {200: "answered", 401: "refused", 403: "refused", 404: "not there"}


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """One response as it came; `failure` says why there was none."""

    target: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    failure: str = ""

    @property
    def sort(self) -> str:
        """What sort of response it is, in a summary."""
        if self.failure:
            return "without a response"
        return _SORTS.get(self.status, f"with status {self.status}")

    @property
    def outcome(self) -> str:
        """The result of the request in a few words."""
        if self.failure or self.status == HTTPStatus.OK:
            return "no response" if self.failure else f"{len(self.body)} bytes"
        return ", ".join(filter(None, (f"status {self.status}", _SORTS.get(self.status))))


class Recorder:
    """The connection over which a capture is made."""

    def __init__(
        self,
        config: Gateway,
        memory: GatewayState,
        clock: Clock,
        directory: Path | None = None,
    ) -> None:
        """Prepare to record a gateway; `memory` is its saved state from the `directory`."""
        self._config = config
        self._session = GatewayClient(config, memory, clock, directory)
        self._session.observer = self._record
        self._responses: dict[str, RecordedResponse] = {}
        self._cookies: set[str] = set()

    async def open(self) -> Identity:
        """Connect and log in; raise GatewayError when that fails."""
        return await self._session.connect()

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def answers(self) -> AsyncIterator[RecordedResponse]:
        """Yield the response of each target, whatever it is.

        Raises CaptureError when the gateway cannot be reached any more.
        """
        gone = 0
        for target in TARGETS:
            if target != INFO:
                # the identity was read while connecting
                self._responses.pop(target, None)
                try:
                    await self._session.check_access(target)
                    gone = 0
                except GatewayError as error:
                    gone = gone + 1 if isinstance(error, UnreachableError) else 0
                    if gone == _MAX_UNREACHABLE:
                        raise CaptureError(
                            f"the gateway cannot be reached any more: {error}; nothing was"
                            " written, try again once it answers"
                        ) from error
                    self._responses.setdefault(
                        target, RecordedResponse(target, NO_RESPONSE_STATUS, {}, b"", str(error))
                    )
            yield self._responses[target]

    def identities(self) -> Iterator[tuple[IdentityKind, str]]:
        """Yield the identities and secrets that are known here."""
        identity, credentials = self._session.identity, self._config.credentials()
        if identity is not None:
            yield IdentityKind.SERIAL, identity.serial
        yield IdentityKind.HOST, split(self._config.host)[0].strip("[]")
        for content in (credentials.token, credentials.password, *self._cookies):
            yield IdentityKind.SECRET, content or ""
        if self._session.token is not None:
            yield IdentityKind.SECRET, self._session.token.value
        yield IdentityKind.PERSON, credentials.username or ""

    def _record(self, target: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        try:
            cookies = SimpleCookie(headers.get("Set-Cookie", ""))
        except CookieError:
            cookies = SimpleCookie()
        self._cookies |= {morsel.value for morsel in cookies.values() if len(morsel.value) > 5}
        kept = {name: content for name, content in headers.items() if name.lower() not in _LOGIN}
        self._responses[target] = RecordedResponse(target, status, kept, body)
