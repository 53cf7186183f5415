"""The HTTP client of one gateway: who it is, logging in, requests, and what their errors mean.

Firmware before 7 wants HTTP digest, from 7 on a token. Callers use `get` and see neither.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TypedDict

import aiohttp
from pyenphase import Envoy
from pyenphase.auth import EnvoyAuth

from exporter.clock import Clock
from exporter.config import Gateway
from exporter.errors import (
    BadStatusError,
    ConnectionLostError,
    GatewayError,
    InvalidResponseError,
    LoginRefusedError,
    NotPermittedError,
    UnreachableError,
)
from exporter.files import file_name
from exporter.gateway.addresses import Addresses, Locate
from exporter.gateway.auth import TokenAuth
from exporter.gateway.identity import Identity, read_identity
from exporter.gateway.long_work import KEPT
from exporter.gateway.paths import INFO, INFO_DEADLINE
from exporter.gateway.response import REFUSED, Response, check, is_login
from exporter.gateway.state_model import GatewayState
from exporter.gateway.tokens import Token
from exporter.gateway.transport import DEADLINE, Observer, Transport
from exporter.gateway.transport_errors import MAX_BODY, MAX_SMALL_BODY, TransportError

log = logging.getLogger(__name__)

#: local users of old firmware; their passwords follow from the serial number
_LOCAL_USERS = ("installer", "envoy")
#: what HTTPS may fail with at a gateway that only speaks HTTP, and the other way round
_WRONG_SCHEME = (UnreachableError, ConnectionLostError, InvalidResponseError)
#: a response is requested again when it is this part of its maximum age: no schedule is exact
_SLACK = 0.9
#: seconds; how old a response may be that a command reads twice
_LEGACY_AGE = 60.0


class _Options(TypedDict, total=False):
    """How a request is sent."""

    deadline: float
    longest: float | None
    max_body: int
    small: bool
    overlap: bool


class GatewayClient:
    """One gateway, connected and logged in."""

    def __init__(
        self,
        config: Gateway,
        state: GatewayState,
        clock: Clock,
        directory: Path | None = None,
        cadences: Mapping[str, float] | None = None,
        *,
        locate: Locate | None = None,
    ) -> None:
        """Get ready; nothing is sent yet.

        In the `directory` for state are the token, the pauses of the cloud login and the request
        limit, which all processes share. `cadences` are in seconds by collector. `locate` finds a
        gateway that does not answer where it should.
        """
        self.identity: Identity | None = None
        #: where the gateway is asked now
        self.host = config.host
        self._state = state
        self._addresses = Addresses(config, clock, locate)
        self._cadences = dict(cadences or {})
        file = directory / f"{file_name(config.name)}.requests" if directory else None
        keep = min(self._cadences.values(), default=0.0)
        pinned = bytes.fromhex(config.tls_fingerprint) if config.tls_fingerprint else None
        self.transport = Transport(clock, keep=keep, limit_file=file, fingerprint=pinned)
        #: pyenphase's idea of it, which knows the passwords of old firmware
        self._envoy: Envoy | None = None
        self._config = config
        self._clock = clock
        self._auth = TokenAuth(config, state, self.transport, clock, directory)
        self._http: aiohttp.ClientSession | None = None
        self._scheme = "https"
        #: the local user of old firmware, the other one, and where the other was tried already
        self._user: EnvoyAuth | None = None
        self._other: EnvoyAuth | None = None
        self._tried_other: set[str] = set()
        #: paths that let us in since the login: a 401 from one of these is news
        self._granted: set[str] = set()
        #: paths that ever responded with something
        self._worked: set[str] = set()
        self._cache: dict[str, Response] = {}

    @property
    def token(self) -> Token | None:
        """The token in use; None before the login and on firmware that needs none."""
        return self._auth.token if self._user is None else None

    @property
    def authenticated(self) -> bool:
        """Whether the last login succeeded; one by user and password shows with each request."""
        return self._user is not None or self._auth.authenticated

    @property
    def requests(self) -> Mapping[tuple[str, str], int]:
        """The requests so far by path and status or failure reason."""
        return self.transport.requests

    @property
    def clock_skew(self) -> float | None:
        """The gateway's clock less ours in seconds, from its last response."""
        return self.transport.clock_skew

    @property
    def observer(self) -> Observer | None:
        """Is given every complete response."""
        return self.transport.observer

    @observer.setter
    def observer(self, observer: Observer | None) -> None:
        self.transport.observer = observer

    def delay(self, *, small: bool = False, reserve: int = 0) -> float:
        """Return the seconds until the request limit lets a request go."""
        return self.transport.delay(small=small, reserve=reserve)

    def usual_duration(self, path: str) -> float:
        """Return what the slowest of the latest responses took in seconds; 0 before any."""
        return self.transport.deadlines.usual(path)

    async def connect(self) -> Identity:
        """Connect, identify the gateway, log in; raise GatewayError when that fails."""
        identity = await self.identify()
        await self.log_in()
        return identity

    async def identify(self) -> Identity:
        """Connect and read who it is, which needs no login; raise GatewayError.

        Where `host` does not answer, the other addresses of the gateway are tried.
        """
        await self.close()
        self._http = self.transport.new_session()
        self._cache.clear()
        failure: GatewayError | None = None
        replacement: tuple[Identity, Envoy, str] | None = None
        async for host in self._addresses.candidates(self.host, self._state.serial):
            self.host = host
            try:
                identity, envoy = await self._identify()
            except GatewayError as error:
                # Something else may have the address now.
                failure = failure or error
                continue
            if self._state.serial in (None, identity.serial):
                self.identity, self._envoy = identity, envoy
                return identity
            # The address may be another's by now, and ours elsewhere. Only at the configured one
            # may a gateway take the place of the one that is known.
            if host == self._config.host:
                replacement = identity, envoy, self._scheme
            failure = failure or UnreachableError(f"{host}: gateway {identity.serial} answers")
        self.host = self._config.host
        if replacement is not None:
            self.identity, self._envoy, self._scheme = replacement
            return self.identity
        raise failure or UnreachableError("not connected")

    async def log_in(self) -> None:
        """Log in to the gateway that was identified; raise GatewayError when that fails."""
        if self.identity is None or self._envoy is None:
            raise UnreachableError("not connected")
        try:
            if self.identity.wants_token:
                await self._auth.open(self._connected(), self._base, self.identity)
            else:
                await self._choose_user(self._envoy)
        except TransportError as error:
            raise error.error from error
        self.transport.let_in()

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
        """Read again who the gateway is; return whether firmware or serial have changed.

        If they have, it takes `connect` to go on with what answers now.
        """
        current, _ = await self._identify()
        return current != self.identity

    def renew_if_due(self) -> None:
        """Start renewing the token in the background when its time has come."""
        if self._user is None:
            self._auth.renew_if_due()

    async def get(
        self,
        path: str,
        *,
        max_age: float = 0.0,
        deadline: float = DEADLINE,
        collector: str | None = None,
        max_body: int = MAX_BODY,
        small: bool = False,
        overlap: bool = False,
    ) -> Response:
        """Return a response that says something, new or at most `max_age` seconds old.

        `deadline` is what the path is given at least; it grows with what the gateway takes, up to
        what is configured for the `collector`. A response larger than `max_body` bytes is not
        read; `small` ones have a limit of their own, and an
        `overlap` may be sent while another request is under way. Raises GatewayError, with a reason
        from a bounded set.
        """
        options: _Options = {
            "deadline": deadline,
            "longest": self._config.deadlines.get(collector or ""),
            "max_body": max_body,
            "small": small,
            "overlap": overlap,
        }
        cached = self._cache.get(path)
        if cached is not None and self._age(cached) < max_age * _SLACK:
            return cached
        try:
            response = await self._fetch_logged_in(path, options)
            self._check(path, response)
        except TransportError as error:
            raise error.error from error
        self._granted.add(path)
        self._worked.add(path)
        return self._keep(path, response)

    async def check_access(self, path: str) -> None:
        """Raise GatewayError unless the gateway lets us in at a path that wants a login."""
        response = await self.fetch(path)
        if response.status in REFUSED or is_login(response):
            raise LoginRefusedError(f"{path} is refused with status {response.status}")

    async def fetch(self, path: str) -> Response:
        """Return a new response of any status; raise GatewayError."""
        try:
            return await self._fetch_logged_in(path, {})
        except TransportError as error:
            raise error.error from error

    def invalidate(self, path: str | None = None) -> None:
        """Drop the cached response of a path, or all of them."""
        if path is None:
            self._cache.clear()
        else:
            self._cache.pop(path, None)

    async def credentials(self, *, refresh: bool = True) -> tuple[aiohttp.ClientSession, EnvoyAuth]:
        """Return the connection, and what lets us in over it now; raise GatewayError.

        With `refresh`, an old session is replaced first, for which the gateway has to be free.
        """
        if self._user is None and refresh:
            await self._auth.refresh_session()
        auth = self._user or self._auth.auth
        if auth is None:
            raise LoginRefusedError("not logged in")
        return self._connected(), auth

    def url(self, path: str) -> str:
        """Return the address of a path as the gateway is asked now."""
        return f"{self._base}{path}"

    @property
    def _base(self) -> str:
        # A token is never sent in the clear, whatever answers there.
        token = self.identity is not None and self.identity.wants_token
        return f"{'https' if token else self._scheme}://{self.host}"

    def _age(self, response: Response) -> float:
        return self._clock.monotonic() - response.read_at

    def _keep(self, path: str, response: Response) -> Response:
        """Cache a response; a body that repeats the one before becomes the very object of that."""
        before = self._cache.pop(path, None)
        if before is not None and before.body == response.body:
            response = replace(response, body=before.body)
        if len(response.body) <= KEPT:
            self._cache[path] = response
        return response

    def _check(self, path: str, response: Response) -> None:
        """Raise GatewayError unless a response says something."""
        if response.status in REFUSED:
            raise self._refusal(path, f"status {response.status}")
        if is_login(response):
            self._granted.discard(path)
        check(path, response, worked=path in self._worked)

    def _refusal(self, path: str, why: str) -> GatewayError:
        if self._granted - {path}:
            return NotPermittedError(f"{path}: this login may not read it ({why})")
        return LoginRefusedError(f"{path} is refused with {why}")

    async def _fetch_logged_in(self, path: str, options: _Options) -> Response:
        """Return a response of any status; one that wants a login is requested after one."""
        response = await self._fetch(path, options)
        if response.status not in REFUSED and not is_login(response):
            return response
        if self._other is not None and path not in self._tried_other:
            return await self._fetch_as_other(self._other, path, options)
        if self.token is not None and path in self._granted:
            return await self._fetch_after_login(path, options)
        return response

    async def _fetch_as_other(self, other: EnvoyAuth, path: str, options: _Options) -> Response:
        """Ask as the other local user, who takes over only when the gateway lets him in."""
        self._tried_other.add(path)
        before, self._user = self._user, other
        response = None
        try:
            response = await self._fetch(path, options)
        finally:
            if response is None or response.status in REFUSED:
                self._user = before
        if response.status not in REFUSED:
            self._other = before
        return response

    async def _fetch_after_login(self, path: str, options: _Options) -> Response:
        """Log in again where we were let in before, unless it is another gateway by now."""
        self._granted.clear()
        # Until it has succeeded: a deadline may cut this short.
        self._auth.authenticated = False
        log.info("logging in again", extra={"gateway": self._config.name, "endpoint": path})
        if await self.refresh():
            raise LoginRefusedError("gateway serial or firmware changed; reconnecting")
        await self._auth.authenticate()
        return await self._fetch(path, options)

    async def _fetch(self, path: str, options: _Options) -> Response:
        # Beside a request that hangs the token lets us in, too, if the session has ended.
        http, auth = await self.credentials(refresh=not options.get("overlap"))
        middlewares = (auth.auth,) if auth.auth else ()
        return await self.transport.request(
            http, self.url(path), path, auth.headers, middlewares, **options
        )

    def _connected(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise UnreachableError("not connected")
        return self._http

    async def _identify(self) -> tuple[Identity, Envoy]:
        response = await self._fetch_info()
        if response.status in REFUSED:
            raise BadStatusError(
                f"{INFO} is refused with status {response.status}; is this an Enphase gateway?"
            )
        if response.status != HTTPStatus.OK:
            raise BadStatusError(f"{INFO}: status {response.status}; is this an Enphase gateway?")
        return await read_identity(self.host, response)

    async def _fetch_info(self) -> Response:
        """Ask by the scheme that worked last, else by the other; HTTP is for old firmware."""
        failure: GatewayError | None = None
        for scheme in sorted(("https", "http"), key=lambda scheme: scheme != self._scheme):
            url = f"{scheme}://{self.host}{INFO}"
            try:
                response = await self.transport.request(
                    self._connected(),
                    url,
                    INFO,
                    {},
                    deadline=INFO_DEADLINE,
                    max_body=MAX_SMALL_BODY,
                )
            except TransportError as error:
                if not isinstance(error.error, _WRONG_SCHEME):
                    raise error.error from error
                failure = failure or error.error
            else:
                self._scheme = scheme
                return response
        raise failure or UnreachableError("not connected")

    async def _choose_user(self, envoy: Envoy) -> None:
        """Get ready to log in with a user of the gateway's own; nothing is sent yet."""
        credentials = await self._auth.read_credentials()
        configured = credentials.username in _LOCAL_USERS
        users = (credentials.username,) if configured else _LOCAL_USERS
        auths: list[EnvoyAuth | None] = []
        for user in users:
            await envoy.authenticate(user, credentials.password if configured else None)
            auths.append(envoy.auth)
        self._user, self._other = (*auths, None)[:2]
