"""Logging in by token, for years: which token to show, a session to spare its checks, renewal.

A token comes from the configuration, from the state directory or from the Enphase cloud. The one
that the gateway accepts stays in use until a newer one was accepted. A token that was made for
another gateway is never shown, and the cloud is asked for a token only for the gateway that was
there before, or one that the owner has accepted: somebody else at its address must not get one.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import aiohttp
from pyenphase.auth import EnvoyTokenAuth

from exporter import files
from exporter.clock import Clock
from exporter.config import Credentials, Gateway
from exporter.errors import (
    BadStatusError,
    GatewayError,
    IdentityError,
    LoginRedirectError,
    LoginRefusedError,
    StateError,
    UnreachableError,
)
from exporter.gateway.cloud import CloudLogin
from exporter.gateway.identity import Identity
from exporter.gateway.paths import CHECK_JWT, CHECK_JWT_DEADLINE
from exporter.gateway.response import is_login
from exporter.gateway.state_model import GatewayState
from exporter.gateway.tokens import Token, TokenFile, token_path
from exporter.gateway.transport import Transport
from exporter.gateway.transport_errors import TransportError
from exporter.logging import hide_secret

log = logging.getLogger(__name__)

#: the gateway's session lasts ten minutes; without one it checks the token of every request
_SESSION = 540.0
_SESSION_RETRY = 60.0
_RENEWAL = "renewal"
#: how often to look for a token when it is time for a new one
_RENEWAL_PAUSE = 300.0
#: a gateway that has been silent for longer cannot be shown a new token
_SILENCE = 600.0
#: how often to try to save a token that could not be saved
_SAVE_PAUSE = 60.0
_WARN_CADENCE = 86400.0
_REMEDY = "set a new `token`, or `username` and `password` of the Enphase account"
_MAX_SERIAL = 64


class TokenAuth:
    """The login of firmware 7 and later."""

    def __init__(
        self,
        config: Gateway,
        state: GatewayState,
        transport: Transport,
        clock: Clock,
        directory: Path | None = None,
    ) -> None:
        #: the token in use; None before the first login
        self.token: Token | None = None
        #: what to send along with each request; None while nobody is logged in
        self.auth: EnvoyTokenAuth | None = None
        #: whether the last login succeeded
        self.authenticated = False
        self._config = config
        self._state = state
        self._transport = transport
        self._clock = clock
        self._cloud = CloudLogin(config.host, clock, directory, config.name)
        path = token_path(directory, config.name) if directory else None
        self._file = TokenFile(path, config.name)
        self._accepted = _accepted_path(directory, config.name) if directory else None
        #: what the cloud gave for another gateway than it was asked for
        self._misfit: Token | None = None
        self._http: aiohttp.ClientSession | None = None
        self._base = ""
        self._identity: Identity | None = None
        #: held by whoever logs in, so that a renewal and a new login never cross
        self._lock = asyncio.Lock()
        self._session_ends = 0.0
        self._renewal: asyncio.Task[None] | None = None
        self._renew_after = 0.0
        self._warn_after = 0.0
        self._save_after = 0.0

    async def close(self) -> None:
        """Let go of the connection; a renewal under way ends."""
        self.auth = self._http = None
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
            self._renewal = None

    async def open(self, http: aiohttp.ClientSession, base: str, identity: Identity) -> None:
        """Log in to this gateway at `base`; raises what `authenticate` does."""
        self._http, self._base, self._identity = http, base, identity
        await self.authenticate()

    async def authenticate(self) -> None:
        """Log in; raise GatewayError, or TransportError when the gateway does not answer."""
        async with self._lock:
            self.authenticated = False
            credentials = await self.read_credentials()
            now = self._clock.time()
            tokens = await self._tokens(credentials)
            usable = [t for t in tokens if t.expires > now and t.fits(self._serial)]
            if await self._try_tokens(usable):
                return
            from_cloud = credentials.username and credentials.password
            # What the cloud gave a moment ago is among the tokens that were refused.
            if not from_cloud or (tokens and await self._cloud_backing_off(credentials)):
                raise self._login_error(tokens, usable)
            await self._check_identity()
            await self._check_token(await self._fetch(credentials))

    async def refresh_session(self) -> None:
        """Open a new session before the old one ends; without, the token alone still lets us in."""
        if self._file.unsaved and self._clock.monotonic() >= self._save_after:
            self._save_after = self._clock.monotonic() + _SAVE_PAUSE
            await self._file.save_again()
        if (
            self.token is None
            or self._clock.monotonic() < self._session_ends
            or self._lock.locked()
        ):
            return
        async with self._lock:
            self._session_ends = self._clock.monotonic() + _SESSION_RETRY
            try:
                await self._check_token(self.token)
            except LoginRefusedError:
                # Should the next response be a refusal too, it is time for a whole new login.
                self.authenticated = False
            except (GatewayError, TransportError) as error:
                log.debug("no new session: %s", error, extra={"gateway": self._config.name})

    def renew_if_due(self) -> None:
        """Start renewing the token in the background when its time has come."""
        now = self._clock.monotonic()
        if (
            self.token is not None
            and self._clock.time() >= self.token.renew_at
            and now >= self._renew_after
            and now - self._transport.last_answer < _SILENCE
            and (self._renewal is None or self._renewal.done())
        ):
            self._renew_after = now + _RENEWAL_PAUSE
            self._renewal = asyncio.create_task(self._renew(), name=_RENEWAL)

    async def read_credentials(self) -> Credentials:
        """Return what is configured, read again off the event loop, or the last known."""
        try:
            credentials = await files.in_thread(self._config.credentials)
        except StateError as error:
            credentials = self._config.last_credentials
            log.warning(
                "secret files cannot be read; using previously read values",
                extra={"gateway": self._config.name, "error": str(error)},
            )
        self._transport.secrets.add(credentials.token, credentials.password)
        return credentials

    @property
    def _serial(self) -> str:
        return self._identity.serial if self._identity else ""

    async def _tokens(self, credentials: Credentials) -> list[Token]:
        """Return the tokens at hand, the longest-lived first."""
        now = self._clock.time()
        configured = Token.parse(credentials.token, now) if credentials.token else None
        if credentials.token and configured is None:
            log.warning("configured token is not a valid JWT", extra={"gateway": self._config.name})
        # the state of earlier versions held the token
        others = (await self._file.load(), self._state.token, self.token and self.token.value)
        parsed = [configured, self._misfit, *(Token.parse(text, now) for text in others if text)]
        tokens = {token.value: token for token in parsed if token}
        return sorted(tokens.values(), key=lambda token: -token.expires)

    def _login_error(self, tokens: list[Token], usable: list[Token]) -> LoginRefusedError:
        """Return why the tokens at hand are of no use."""
        if usable:
            return self._refused()
        if tokens and tokens[0].expires > self._clock.time():
            return LoginRefusedError(
                f"the token was made for another gateway (this one is {self._serial}): {_REMEDY}"
            )
        if tokens:
            return LoginRefusedError(f"the token ended on {_day(tokens[0])}: {_REMEDY}")
        firmware = self._identity.firmware if self._identity else ""
        return LoginRefusedError(f"firmware {firmware} wants a token: {_REMEDY}")

    def _refused(self) -> LoginRefusedError:
        return LoginRefusedError(
            "the gateway refuses the token: it may be revoked, or made for another gateway"
            f" (this one is {self._serial or 'unknown'})"
        )

    async def _check_identity(self) -> None:
        """Raise IdentityError for a gateway that the owner has not accepted."""
        remembered = self._state.serial
        if remembered in (None, self._serial) or await self._is_accepted():
            return
        raise IdentityError(
            f"gateway {self._serial} answers where {remembered} was before: if it was replaced, run"
            f" `enphase-exporter accept-gateway`; otherwise check `host`"
        )

    async def _is_accepted(self) -> bool:
        path = self._accepted
        if path is None:
            return False
        with suppress(OSError, ValueError, StateError):
            content = await files.in_thread(lambda: files.read(path, _MAX_SERIAL))
            return content.decode().strip() == self._serial
        return False

    async def _try_tokens(self, tokens: Iterable[Token]) -> bool:
        """Log in with the first of these that the gateway accepts; return whether it did."""
        for token in tokens:
            with suppress(LoginRefusedError):
                await self._check_token(token)
                return True
        return False

    async def _check_token(self, token: Token) -> None:
        """Show the gateway a token and use it; raise LoginRefusedError or TransportError."""
        if self._http is None:
            raise UnreachableError("not connected")
        hide_secret(token.value)
        self._transport.secrets.add(token.value)
        auth = EnvoyTokenAuth(self._config.host, token=token.value)
        response = await self._transport.request(
            self._http,
            f"{self._base}{CHECK_JWT}",
            CHECK_JWT,
            auth.headers,
            (_without_cookies,),
            deadline=CHECK_JWT_DEADLINE,
        )
        if response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self._refused()
        if is_login(response):
            raise LoginRedirectError(f"{CHECK_JWT}: the gateway sends its login page")
        if not 200 <= response.status < 300:
            raise TransportError(BadStatusError(f"{CHECK_JWT}: status {response.status}"))
        self.auth, self.token, self.authenticated = auth, token, True
        self._session_ends = self._clock.monotonic() + _SESSION

    async def _cloud_backing_off(self, credentials: Credentials) -> bool:
        """Return whether the cloud is left alone because of the token that it has given."""
        username, password = credentials.username or "", credentials.password or ""
        wait = await self._cloud.wait(username, password)
        return wait > 0 and not self._cloud.failure(username)

    async def _fetch(self, credentials: Credentials) -> Token:
        token = await self._cloud.fetch(
            credentials.username or "", credentials.password or "", self._serial
        )
        if not token.fits(self._serial):
            self._misfit = token
            raise self._login_error([token], [])
        # Untried: the gateway may not answer now, and the cloud gives no other soon.
        await self._file.save(token.value)
        if not self._file.kept:
            self._state.token = token.value
        return token

    async def _renew(self) -> None:
        """Change to a newer token at hand, else to one from the cloud, while polling goes on."""
        name = {"gateway": self._config.name}
        async with self._lock:
            old = self.token
            if old is None or old.renew_at > self._clock.time():
                return
            try:
                credentials = await self.read_credentials()
                newer = [
                    token
                    for token in await self._tokens(credentials)
                    if token.expires > old.expires and token.fits(self._serial)
                ]
                if not await self._try_tokens(newer):
                    username, password = credentials.username, credentials.password
                    if not (username and password):
                        self._warn_token_expiry(old)
                        return
                    if await self._cloud.wait(username, password):
                        return
                    await self._check_identity()
                    await self._check_token(await self._fetch(credentials))
            except (GatewayError, TransportError) as error:
                log.warning("the token could not be renewed: %s", error, extra=name)
            except Exception:
                log.exception("the token could not be renewed", extra=name)
            else:
                log.info("the token was renewed", extra=name)

    def _warn_token_expiry(self, token: Token) -> None:
        """Warn once a day that nobody renews this token but the owner."""
        now = self._clock.monotonic()
        if now < self._warn_after:
            return
        self._warn_after = now + _WARN_CADENCE
        log.warning(
            "the token ends on %s and cannot be renewed: %s",
            _day(token),
            _REMEDY,
            extra={"gateway": self._config.name},
        )


def accept_serial(directory: Path, name: str, serial: str) -> None:
    """Let a token be fetched for the gateway with this serial number; raise OSError."""
    files.write(_accepted_path(directory, name), f"{serial}\n".encode())


def _accepted_path(directory: Path, name: str) -> Path:
    return directory / f"{files.file_name(name)}.accepted"


def _day(token: Token) -> str:
    # A date beyond 2242 is nobody's, and later ones are no dates at all.
    return f"{datetime.fromtimestamp(min(token.expires, 2**33), UTC):%Y-%m-%d}"


async def _without_cookies(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Ask outside of the session that is open: it would be judged in place of the token."""
    request.headers.pop(aiohttp.hdrs.COOKIE, None)
    return await send(request)
