"""The connection to one gateway: who it is, being let in, and asking.

Firmware before 7 wants HTTP digest, from 7 on a token. Whoever asks for data uses `request` and
never sees any of this.
"""

import logging

import aiohttp
from pyenphase import Envoy
from pyenphase.auth import EnvoyAuth
from pyenphase.exceptions import EnvoyAuthenticationRequired

from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import (
    BadStatusError,
    ConnectionLostError,
    GatewayError,
    InvalidResponseError,
    LoginRefusedError,
    UnreachableError,
)
from exporter.gateway.identity import Identity, identify
from exporter.gateway.login import TokenLogin
from exporter.gateway.policy import INFO
from exporter.gateway.state_model import GatewayState
from exporter.gateway.tokens import Token
from exporter.gateway.trouble import TransportError
from exporter.gateway.wire import Answer, Wire, expect_success

__all__ = ["Identity", "Session"]

log = logging.getLogger(__name__)

#: local users of old firmware; their passwords follow from the serial number
_LOCAL_USERS = ("installer", "envoy")
#: what HTTPS may fail with at a gateway that only speaks HTTP, and the other way round
_WRONG_SCHEME = (UnreachableError, ConnectionLostError, InvalidResponseError)


class Session:
    """One gateway, connected and logged in."""

    def __init__(self, config: Gateway, memory: GatewayState, wire: Wire, clock: Clock) -> None:
        self.identity: Identity | None = None
        #: pyenphase's idea of it, which knows the passwords of old firmware
        self._envoy: Envoy | None = None
        self._config = config
        self._wire = wire
        self._login = TokenLogin(config, memory, wire, clock)
        self._client: aiohttp.ClientSession | None = None
        self._scheme = "https"
        #: the local user of old firmware, the other one, and where the other was tried already
        self._user: EnvoyAuth | None = None
        self._other: EnvoyAuth | None = None
        self._tried_other: set[str] = set()
        #: endpoints that let us in since the login: a 401 from one of these is news
        self._granted: set[str] = set()

    @property
    def token(self) -> Token | None:
        """The token in use; None before the login and on firmware that needs none."""
        return self._login.token if self._user is None else None

    @property
    def let_in(self) -> bool:
        """Whether the last login succeeded; one by user and password shows with each request."""
        return self._user is not None or self._login.let_in

    async def open(self) -> Identity:
        """Connect, find out who it is, log in; raise GatewayError when that fails."""
        identity = await self.meet()
        await self.log_in()
        return identity

    async def meet(self) -> Identity:
        """Connect and find out who it is, which needs no login; raise GatewayError."""
        await self.close()
        self._client = self._wire.new_client()
        self._wire.forget()
        self.identity, self._envoy = await self._identify()
        return self.identity

    async def log_in(self) -> None:
        """Log in to the gateway that was met; raise GatewayError when that fails."""
        if self.identity is None or self._envoy is None:
            raise UnreachableError("not connected")
        try:
            if self.identity.wants_token:
                await self._login.open(self._connected(), self.identity)
            else:
                await self._choose_user(self._envoy)
        except TransportError as error:
            raise error.error from error

    async def try_login(self, endpoint: str) -> None:
        """Ask for an endpoint that only opens to who has logged in; raise GatewayError."""
        try:
            await self.probe_request(endpoint)
        except TransportError as error:
            raise error.error from error
        except EnvoyAuthenticationRequired as error:
            raise LoginRefusedError(error.status) from error

    async def close(self) -> None:
        """Close the connection; safe at any time."""
        self._granted.clear()
        self._tried_other.clear()
        self._user = self._other = None
        await self._login.close()
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def refresh(self) -> bool:
        """Ask again who the gateway is; return whether firmware or serial are others than before.

        If they are, it takes `open` to go on with what answers now.
        """
        found, _ = await self._identify()
        return found != self.identity

    def renew_if_due(self) -> None:
        """Start renewing the token in the background when its time has come."""
        if self._user is None:
            self._login.renew_if_due()

    async def request(self, endpoint: str) -> Answer:
        """Return a 2xx answer; raise TransportError or EnvoyAuthenticationRequired."""
        answer = await self.probe_request(endpoint)
        expect_success(answer, endpoint)
        return answer

    async def probe_request(self, endpoint: str) -> Answer:
        """Return an answer of any status; raise TransportError or EnvoyAuthenticationRequired.

        Raises GatewayError when a login that is needed on the way fails.
        """
        if kept := self._wire.kept(endpoint):
            return kept
        try:
            answer = await self._ask(endpoint)
        except EnvoyAuthenticationRequired:
            if self._other is not None and endpoint not in self._tried_other:
                answer = await self._ask_as_other(self._other, endpoint)
            elif self.token is not None and endpoint in self._granted:
                answer = await self._ask_after_login(endpoint)
            else:
                raise
        self._granted.add(endpoint)
        return answer

    def spoilt(self, endpoint: str) -> None:
        """Drop the kept answer of an endpoint, which turned out to be none."""
        self._wire.drop(endpoint)

    async def _ask_as_other(self, other: EnvoyAuth, endpoint: str) -> Answer:
        """Ask as the other local user, who takes over only when he is let in."""
        self._tried_other.add(endpoint)
        before, self._user = self._user, other
        try:
            answer = await self._ask(endpoint)
        except BaseException:
            self._user = before
            raise
        self._other = before
        return answer

    async def _ask_after_login(self, endpoint: str) -> Answer:
        """Log in anew where we were let in before, unless it is another gateway by now."""
        self._granted.clear()
        # Until it has succeeded: a deadline may cut this short.
        self._login.let_in = False
        log.info("logging in again", extra={"gateway": self._config.name, "endpoint": endpoint})
        if await self.refresh():
            raise LoginRefusedError("another gateway, or another firmware, answers here now")
        await self._login.again()
        return await self._ask(endpoint)

    async def admission(self) -> tuple[aiohttp.ClientSession, EnvoyAuth]:
        """Return the connection, and what lets in over it now; raise GatewayError."""
        if self._user is None:
            await self._login.keep_session()
        auth = self._user or self._login.auth
        if auth is None:
            raise LoginRefusedError("not logged in")
        return self._connected(), auth

    async def _ask(self, endpoint: str) -> Answer:
        client, auth = await self.admission()
        return await self._wire.ask(
            client,
            auth.get_endpoint_url(endpoint),
            endpoint,
            auth.headers,
            (auth.auth,) if auth.auth else (),
        )

    def _connected(self) -> aiohttp.ClientSession:
        if self._client is None:
            raise UnreachableError("not connected")
        return self._client

    async def _identify(self) -> tuple[Identity, Envoy]:
        answer = await self._ask_info()
        if answer.status != 200:
            raise BadStatusError(f"{INFO}: status {answer.status}; is this an Enphase gateway?")
        return await identify(self._config.host, answer)

    async def _ask_info(self) -> Answer:
        """Ask by the scheme that answered last, else by the other; HTTP is for old firmware."""
        failure: GatewayError | None = None
        for scheme in sorted(("https", "http"), key=lambda scheme: scheme != self._scheme):
            url = f"{scheme}://{self._config.host}{INFO}"
            try:
                answer = await self._wire.ask(self._connected(), url, INFO, {})
            except EnvoyAuthenticationRequired as error:
                raise BadStatusError(f"{error.status}; is this an Enphase gateway?") from None
            except TransportError as error:
                if not isinstance(error.error, _WRONG_SCHEME):
                    raise error.error from error
                failure = failure or error.error
            else:
                self._scheme = scheme
                return answer
        raise failure or UnreachableError("not connected")

    async def _choose_user(self, envoy: Envoy) -> None:
        """Get ready to log in with a user of the gateway's own; nothing is asked yet."""
        credentials = self._config.credentials()
        configured = credentials.username in _LOCAL_USERS
        users = (credentials.username,) if configured else _LOCAL_USERS
        auths: list[EnvoyAuth | None] = []
        for user in users:
            await envoy.authenticate(user, credentials.password if configured else None)
            auths.append(envoy.auth)
        self._user, self._other = (*auths, None)[:2]
