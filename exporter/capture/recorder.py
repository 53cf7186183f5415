"""Asks a gateway for everything once, as the exporter would: logged in, slowly, one at a time."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from exporter.address import split
from exporter.capture.identity_rules import Kind
from exporter.capture.targets import TARGETS
from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import CaptureError, GatewayError, UnreachableError
from exporter.gateway.client import GatewayClient, Identity
from exporter.gateway.policy import INFO
from exporter.gateway.state_model import GatewayState

#: what a silent endpoint is recorded as, so that a replay fails there too
SILENT = HTTPStatus.GATEWAY_TIMEOUT
#: questions in a row for which no connection could be made
_GIVEN_UP = 3
#: headers that belong to the login of then
_LOGIN = frozenset(
    {"authorization", "cookie", "proxy-authenticate", "set-cookie", "www-authenticate"}
)


@dataclass(frozen=True, slots=True)
class Taken:
    """One answer as it came; `failure` says why there was none."""

    target: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    failure: str = ""


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
        self._session.observer = self._hear
        self._heard: dict[str, Taken] = {}
        self._cookies: set[str] = set()

    async def open(self) -> Identity:
        """Connect and log in; raise GatewayError when that fails."""
        return await self._session.connect()

    async def close(self) -> None:
        """Let go of the gateway."""
        await self._session.close()

    async def answers(self) -> AsyncIterator[Taken]:
        """Yield the answer of each target, whatever it is.

        Raises CaptureError when the gateway is gone for good.
        """
        gone = 0
        for target in TARGETS:
            if target != INFO:
                # who it is was asked while connecting
                self._heard.pop(target, None)
                try:
                    await self._session.check_access(target)
                    gone = 0
                except GatewayError as error:
                    gone = gone + 1 if isinstance(error, UnreachableError) else 0
                    if gone == _GIVEN_UP:
                        raise CaptureError(
                            f"the gateway is gone in the middle of it: {error}; nothing was"
                            " written, try again once it answers"
                        ) from error
                    self._heard.setdefault(target, Taken(target, SILENT, {}, b"", str(error)))
            yield self._heard[target]

    def known(self) -> Iterator[tuple[Kind, str]]:
        """Yield who and what must not be found in the answers, as far as it is known here."""
        identity, credentials = self._session.identity, self._config.credentials()
        if identity is not None:
            yield Kind.SERIAL, identity.serial
        yield Kind.HOST, split(self._config.host)[0].strip("[]")
        for said in (credentials.token, credentials.password, *self._cookies):
            yield Kind.SECRET, said or ""
        if self._session.token is not None:
            yield Kind.SECRET, self._session.token.value
        yield Kind.PERSON, credentials.username or ""

    def _hear(self, target: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        try:
            cookies = SimpleCookie(headers.get("Set-Cookie", ""))
        except CookieError:
            cookies = SimpleCookie()
        self._cookies |= {morsel.value for morsel in cookies.values() if len(morsel.value) > 5}
        kept = {name: said for name, said in headers.items() if name.lower() not in _LOGIN}
        self._heard[target] = Taken(target, status, kept, body)
