"""The connection to one gateway: who it is, and being let in for years.

Firmware before 7 wants HTTP digest; from 7 on a token, which comes from the configuration, from the
state directory or from the Enphase cloud, and is renewed in time. Whoever asks for data uses
`request` and never sees any of this.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import aiohttp
from awesomeversion import AwesomeVersion, AwesomeVersionException
from pyenphase import Envoy
from pyenphase.auth import EnvoyTokenAuth
from pyenphase.const import AUTH_TOKEN_MIN_VERSION
from pyenphase.exceptions import (
    EnvoyAuthenticationRequired,
    EnvoyError,
    EnvoyFirmwareCheckError,
    EnvoyFirmwareFatalCheckError,
)
from pyenphase.ssl import NO_VERIFY_SSL_CONTEXT

from exporter import logs
from exporter.address import split
from exporter.clock import Clock
from exporter.config import Credentials, Gateway
from exporter.errors import (
    BadAnswer,
    BadStatus,
    ConnectionLost,
    GatewayError,
    LoginRefused,
    Unreachable,
)
from exporter.gateway.endpoints import CHECK_JWT, INFO
from exporter.gateway.memory import Memory
from exporter.gateway.tokens import CloudLogin, Token
from exporter.gateway.wire import Answer, BoundedResponse, Wire, WireError, expect_success

log = logging.getLogger(__name__)

_REACH = 6.0
#: HTTPS first, as from firmware 7 on; HTTP for what is older
_PORTS: tuple[int, ...] = (443, 80)
#: local users of old firmware; their passwords follow from the serial number
_LOCAL_USERS = ("installer", "envoy")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the gateway is, from `/info`."""

    serial: str
    part_number: str
    firmware: AwesomeVersion
    metered: bool


@dataclass(frozen=True, slots=True)
class _Link:
    """An open connection, and pyenphase on top of it."""

    client: aiohttp.ClientSession
    envoy: Envoy


class Session:
    """One gateway, connected and logged in."""

    def __init__(self, config: Gateway, memory: Memory, wire: Wire, clock: Clock) -> None:
        self.identity: Identity | None = None
        #: the token in use; None before the login and on firmware that needs none
        self.token: Token | None = None
        #: whether the last login succeeded
        self.let_in = False
        self._config = config
        self._memory = memory
        self._wire = wire
        self._clock = clock
        self._cloud = CloudLogin(config.host, clock)
        self._link: _Link | None = None
        self._local_user = 0
        #: endpoints that let us in since the login: a 401 from one of these is news
        self._granted: set[str] = set()
        self._renewal: asyncio.Task[None] | None = None

    async def open(self) -> Identity:
        """Connect, find out who it is, log in; raise GatewayError when that fails."""
        await self.close()
        client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=NO_VERIFY_SSL_CONTEXT, limit=2),
            # With an address as host the default jar drops the gateway's session cookie, and every
            # request would cost the gateway a check of the token's signature.
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            response_class=BoundedResponse,
        )
        self._link = _Link(client, Envoy(self._config.host, client=client, v2_acb_mode=False))
        self._wire.forget()
        self.identity = await self._identify()
        try:
            await self._login()
        except WireError as error:
            raise error.error from error
        return self.identity

    async def close(self) -> None:
        """Close the connection; safe at any time."""
        self._granted.clear()
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None
        if self._link is not None:
            await self._link.client.close()
            self._link = None

    async def refresh(self) -> bool:
        """Ask again who the gateway is; return whether firmware or serial differ from before."""
        before = self.identity
        self.identity = await self._identify()
        return self.identity != before

    def renew_if_due(self) -> None:
        """Start renewing the token in the background when its time has come."""
        if (
            self.token is None
            or self._clock.time() < self.token.renew_at
            or not self._cloud.allowed
            or (self._renewal is not None and not self._renewal.done())
        ):
            return
        credentials = self._config.credentials()
        if credentials.username and credentials.password:
            self._renewal = asyncio.create_task(self._renew(credentials))

    async def request(self, endpoint: str) -> Answer:
        """Return a good answer, kept or new; raise WireError or EnvoyAuthenticationRequired."""
        answer = await self.probe_request(endpoint)
        expect_success(answer, endpoint)
        return answer

    async def probe_request(self, endpoint: str) -> Answer:
        """Return an answer whatever its status; raise WireError or EnvoyAuthenticationRequired."""
        if kept := self._wire.kept(endpoint):
            return kept
        try:
            answer = await self._ask(endpoint)
        except EnvoyAuthenticationRequired:
            if not self._may_log_in_again(endpoint):
                raise
            log.info("logging in again", extra={"gateway": self._config.name, "endpoint": endpoint})
            await self._login()
            answer = await self._ask(endpoint)
        self._granted.add(endpoint)
        return answer

    def _may_log_in_again(self, endpoint: str) -> bool:
        """Say whether a new login can help: it let us in before, or lets another user in."""
        if endpoint in self._granted:
            self._granted.clear()
            return True
        if self.token is None and not self._granted and self._local_user == 0:
            self._local_user = 1
            return True
        return False

    async def _ask(self, endpoint: str) -> Answer:
        link = self._connected()
        auth = link.envoy.auth
        if auth is None:
            raise LoginRefused("not logged in")
        return await self._wire.ask(
            link.client, auth.get_endpoint_url(endpoint), endpoint, auth.headers, auth.auth
        )

    def _connected(self) -> "_Link":
        if self._link is None:
            raise Unreachable("not connected")
        return self._link

    async def _reach(self) -> None:
        """Fail fast and clearly when nothing listens, before pyenphase tries again and again."""
        host, port = split(self._config.host)
        ports = _PORTS if port is None else (port,)
        failure: GatewayError = Unreachable("no port to connect to")
        for number in ports:
            try:
                async with asyncio.timeout(_REACH):
                    _, writer = await asyncio.open_connection(host, number)
                writer.close()
                return
            except TimeoutError:
                failure = Unreachable(
                    f"{self._config.host}: no connection within {_REACH:g} s;"
                    " is the gateway switched on and on this network?"
                )
            except OSError as error:
                failure = Unreachable(
                    f"{self._config.host}: cannot connect ({error.strerror or error}); check `host`"
                )
        self._wire.requests[INFO, failure.reason] += 1
        raise failure

    async def _identify(self) -> Identity:
        envoy = self._connected().envoy
        await self._reach()
        try:
            async with self._wire.turn(INFO):
                await _setup(envoy)
        except WireError as error:
            raise error.error from error
        self._wire.note_answer(INFO, 200)
        return Identity(
            envoy.serial_number or "",
            envoy.part_number or "",
            envoy.firmware,
            envoy.is_metered,
        )

    async def _login(self) -> None:
        """Log in; raises LoginRefused, CloudLoginFailed, or WireError for want of an answer."""
        self.let_in = False
        envoy, identity = self._connected().envoy, self.identity
        if identity is None:
            raise Unreachable("not connected")
        credentials = self._config.credentials()
        if identity.firmware < AUTH_TOKEN_MIN_VERSION:
            local = credentials.username in _LOCAL_USERS
            user = credentials.username if local else _LOCAL_USERS[self._local_user]
            await envoy.authenticate(user, credentials.password if local else None)
            self.let_in = True
            return
        refused: LoginRefused | None = None
        for token in self._tokens(credentials.token):
            try:
                await self._enter(token)
            except LoginRefused as error:
                refused = error
            else:
                return
        if not (credentials.username and credentials.password):
            raise refused or LoginRefused(
                f"firmware {identity.firmware} wants a token: set `token`, or `username` and"
                " `password` of the Enphase account"
            )
        token = await self._cloud.fetch(credentials.username, credentials.password, identity.serial)
        await self._enter(token)
        self._memory.token = token.value

    def _tokens(self, configured: str | None) -> list[Token]:
        """Return the tokens at hand that have not ended, the longest-lived first."""
        now = self._clock.time()
        parsed = [Token.parse(text, now) for text in (configured, self._memory.token) if text]
        if configured and not parsed[0]:
            log.warning("the configured token is not a token", extra={"gateway": self._config.name})
        alive = {token.value: token for token in parsed if token and token.expires > now}
        return sorted(alive.values(), key=lambda token: -token.expires)

    async def _enter(self, token: Token) -> None:
        """Show the gateway a token and use it from now on; raises LoginRefused."""
        link = self._connected()
        logs.hide(token.value)
        auth = EnvoyTokenAuth(self._config.host, token=token.value)
        link.client.cookie_jar.clear()
        try:
            answer = await self._wire.ask(
                link.client, auth.get_endpoint_url(CHECK_JWT), CHECK_JWT, auth.headers
            )
        except EnvoyAuthenticationRequired:
            raise LoginRefused(
                "the gateway refuses the token: it may be revoked, or made for another gateway"
                f" (this one is {self.identity.serial if self.identity else 'unknown'})"
            ) from None
        expect_success(answer, CHECK_JWT)
        link.envoy.auth = auth
        self.token = token
        self.let_in = True

    async def _renew(self, credentials: Credentials) -> None:
        name = {"gateway": self._config.name}
        try:
            token = await self._cloud.fetch(
                credentials.username or "",
                credentials.password or "",
                self.identity.serial if self.identity else "",
            )
            await self._enter(token)
        except (GatewayError, WireError) as error:
            log.warning("the token could not be renewed: %s", error, extra=name)
            return
        self._memory.token = token.value
        log.info("the token was renewed", extra=name)


async def _setup(envoy: Envoy) -> None:
    """Read `/info`; raise GatewayError in words for the owner."""
    try:
        await envoy.setup()
        known: Any = envoy.firmware
        if known is None or not known.valid:
            raise BadAnswer("/info names no firmware; is this an Enphase gateway?")
    except EnvoyFirmwareFatalCheckError as error:
        raise Unreachable(f"/info: {error.status}") from error
    except EnvoyFirmwareCheckError as error:
        if error.status_code >= 500 and error.__cause__ is not None:
            raise ConnectionLost("/info: the connection broke") from error
        raise BadStatus(f"/info: status {error.status_code}") from error
    except (GatewayError, TimeoutError, aiohttp.ClientError):
        raise
    except (
        EnvoyError,
        AwesomeVersionException,
        SyntaxError,
        ValueError,
        TypeError,
        AttributeError,
    ):
        # lxml's and ElementTree's parse errors are SyntaxErrors
        raise BadAnswer("/info is not what an Enphase gateway says; check `host`") from None
