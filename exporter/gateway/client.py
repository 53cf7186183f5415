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
from exporter.gateway.auth import TokenAuth
from exporter.gateway.identity import Identity, read_identity
from exporter.gateway.policy import INFO
from exporter.gateway.state_model import GatewayState
from exporter.gateway.tokens import Token
from exporter.gateway.transport import Response, Transport, expect_success
from exporter.gateway.transport_errors import TransportError

__all__ = ["GatewayClient", "Identity"]

log = logging.getLogger(__name__)

#: local users of old firmware; their passwords follow from the serial number
_LOCAL_USERS = ("installer", "envoy")
#: what HTTPS may fail with at a gateway that only speaks HTTP, and the other way round
_WRONG_SCHEME = (UnreachableError, ConnectionLostError, InvalidResponseError)


class GatewayClient:
    """One gateway, connected and logged in."""

    def __init__(
        self, config: Gateway, memory: GatewayState, transport: Transport, clock: Clock
    ) -> None:
        self.identity: Identity | None = None
        #: pyenphase's idea of it, which knows the passwords of old firmware
        self._envoy: Envoy | None = None
        self._config = config
        self._transport = transport
        self._auth = TokenAuth(config, memory, transport, clock)
        self._http: aiohttp.ClientSession | None = None
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
        return self._auth.token if self._user is None else None

    @property
    def authenticated(self) -> bool:
        """Whether the last login succeeded; one by user and password shows with each request."""
        return self._user is not None or self._auth.authenticated

    async def connect(self) -> Identity:
        """Connect, find out who it is, log in; raise GatewayError when that fails."""
        identity = await self.identify()
        await self.log_in()
        return identity

    async def identify(self) -> Identity:
        """Connect and find out who it is, which needs no login; raise GatewayError."""
        await self.close()
        self._http = self._transport.new_client()
        self._transport.invalidate()
        self.identity, self._envoy = await self._identify()
        return self.identity

    async def log_in(self) -> None:
        """Log in to the gateway that was met; raise GatewayError when that fails."""
        if self.identity is None or self._envoy is None:
            raise UnreachableError("not connected")
        try:
            if self.identity.wants_token:
                await self._auth.open(self._connected(), self.identity)
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
        await self._auth.close()
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def refresh(self) -> bool:
        """Ask again who the gateway is; return whether firmware or serial are others than before.

        If they are, it takes `open` to go on with what answers now.
        """
        found, _ = await self._identify()
        return found != self.identity

    def renew_if_due(self) -> None:
        """Start renewing the token in the background when its time has come."""
        if self._user is None:
            self._auth.renew_if_due()

    async def request(self, endpoint: str) -> Response:
        """Return a 2xx response; raise TransportError or EnvoyAuthenticationRequired."""
        response = await self.probe_request(endpoint)
        expect_success(response, endpoint)
        return response

    async def probe_request(self, endpoint: str) -> Response:
        """Return a response of any status; raise TransportError or EnvoyAuthenticationRequired.

        Raises GatewayError when a login that is needed on the way fails.
        """
        if kept := self._transport.cached(endpoint):
            return kept
        try:
            response = await self._fetch(endpoint)
        except EnvoyAuthenticationRequired:
            if self._other is not None and endpoint not in self._tried_other:
                response = await self._fetch_as_other(self._other, endpoint)
            elif self.token is not None and endpoint in self._granted:
                response = await self._fetch_after_login(endpoint)
            else:
                raise
        self._granted.add(endpoint)
        return response

    def invalidate(self, endpoint: str) -> None:
        """Drop the kept response of an endpoint, which turned out to be none."""
        self._transport.invalidate_path(endpoint)

    async def _fetch_as_other(self, other: EnvoyAuth, endpoint: str) -> Response:
        """Ask as the other local user, who takes over only when he is let in."""
        self._tried_other.add(endpoint)
        before, self._user = self._user, other
        try:
            response = await self._fetch(endpoint)
        except BaseException:
            self._user = before
            raise
        self._other = before
        return response

    async def _fetch_after_login(self, endpoint: str) -> Response:
        """Log in anew where we were let in before, unless it is another gateway by now."""
        self._granted.clear()
        # Until it has succeeded: a deadline may cut this short.
        self._auth.authenticated = False
        log.info("logging in again", extra={"gateway": self._config.name, "endpoint": endpoint})
        if await self.refresh():
            raise LoginRefusedError("another gateway, or another firmware, answers here now")
        await self._auth.authenticate()
        return await self._fetch(endpoint)

    async def credentials(self) -> tuple[aiohttp.ClientSession, EnvoyAuth]:
        """Return the connection, and what lets in over it now; raise GatewayError."""
        if self._user is None:
            await self._auth.refresh_session()
        auth = self._user or self._auth.auth
        if auth is None:
            raise LoginRefusedError("not logged in")
        return self._connected(), auth

    async def _fetch(self, endpoint: str) -> Response:
        http, auth = await self.credentials()
        return await self._transport.request(
            http,
            auth.get_endpoint_url(endpoint),
            endpoint,
            auth.headers,
            (auth.auth,) if auth.auth else (),
        )

    def _connected(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise UnreachableError("not connected")
        return self._http

    async def _identify(self) -> tuple[Identity, Envoy]:
        response = await self._fetch_info()
        if response.status != 200:
            raise BadStatusError(f"{INFO}: status {response.status}; is this an Enphase gateway?")
        return await read_identity(self._config.host, response)

    async def _fetch_info(self) -> Response:
        """Ask by the scheme that answered last, else by the other; HTTP is for old firmware."""
        failure: GatewayError | None = None
        for scheme in sorted(("https", "http"), key=lambda scheme: scheme != self._scheme):
            url = f"{scheme}://{self._config.host}{INFO}"
            try:
                response = await self._transport.request(self._connected(), url, INFO, {})
            except EnvoyAuthenticationRequired as error:
                raise BadStatusError(f"{error.status}; is this an Enphase gateway?") from None
            except TransportError as error:
                if not isinstance(error.error, _WRONG_SCHEME):
                    raise error.error from error
                failure = failure or error.error
            else:
                self._scheme = scheme
                return response
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
