"""Being let in by token, for years: which token to show, a session to spare its checks, renewal.

A token comes from the configuration, from the state directory or from the Enphase cloud. The one
that the gateway takes stays in use until a newer one has been taken.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

import aiohttp
from pyenphase.auth import EnvoyTokenAuth
from pyenphase.exceptions import EnvoyAuthenticationRequired

from exporter.clock import Clock
from exporter.config import Credentials, Gateway
from exporter.errors import GatewayError, LoginRefusedError, UnreachableError
from exporter.gateway.cloud import CloudLogin
from exporter.gateway.identity import Identity
from exporter.gateway.policy import CHECK_JWT
from exporter.gateway.state_model import GatewayState
from exporter.gateway.tokens import Token
from exporter.gateway.transport import Transport, expect_success
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
_WARN_CADENCE = 86400.0
_REMEDY = "set a new `token`, or `username` and `password` of the Enphase account"


class TokenAuth:
    """The login of firmware 7 and later."""

    def __init__(
        self, config: Gateway, memory: GatewayState, transport: Transport, clock: Clock
    ) -> None:
        #: the token in use; None before the first login
        self.token: Token | None = None
        #: what to send along with each request; None while nobody is logged in
        self.auth: EnvoyTokenAuth | None = None
        #: whether the last login succeeded
        self.authenticated = False
        self._config = config
        self._memory = memory
        self._transport = transport
        self._clock = clock
        self._cloud = CloudLogin(config.host, clock)
        self._http: aiohttp.ClientSession | None = None
        self._identity: Identity | None = None
        #: held by whoever logs in, so that a renewal and a new login never cross
        self._lock = asyncio.Lock()
        self._session_ends = 0.0
        self._renewal: asyncio.Task[None] | None = None
        self._renew_after = 0.0
        self._warn_after = 0.0

    async def close(self) -> None:
        """Let go of the connection; a renewal under way ends."""
        self.auth = self._http = None
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
            self._renewal = None

    async def open(self, http: aiohttp.ClientSession, identity: Identity) -> None:
        """Log in to this gateway over this connection; raises what `again` does."""
        self._http, self._identity = http, identity
        await self.authenticate()

    async def authenticate(self) -> None:
        """Log in; raise LoginRefusedError, CloudLoginError or TransportError."""
        async with self._lock:
            self.authenticated = False
            credentials = self._config.credentials()
            now = self._clock.time()
            known = self._tokens(credentials)
            alive = [token for token in known if token.expires > now]
            if await self._try_tokens(alive):
                return
            by_cloud = credentials.username and credentials.password
            # What the cloud gave a moment ago is among the tokens that were refused.
            if not by_cloud or (alive and self._cloud_backing_off(credentials)):
                raise self._login_error(known, alive)
            token = await self._fetch(credentials)
            # Kept untried: the gateway may not answer now, and the cloud gives no other soon.
            self._memory.token = token.value
            await self._check_token(token)

    async def refresh_session(self) -> None:
        """Open a new session before the old one ends; without, the token alone still lets in."""
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

    def _tokens(self, credentials: Credentials) -> list[Token]:
        """Return the tokens at hand, the longest-lived first."""
        in_use = self.token.value if self.token else None
        texts = [text for text in (credentials.token, self._memory.token, in_use) if text]
        parsed = [Token.parse(text, self._clock.time()) for text in texts]
        if credentials.token and not parsed[0]:
            log.warning("the configured token is not a token", extra={"gateway": self._config.name})
        tokens = {token.value: token for token in parsed if token}
        return sorted(tokens.values(), key=lambda token: -token.expires)

    def _login_error(self, known: list[Token], alive: list[Token]) -> LoginRefusedError:
        """Return why the tokens at hand do not do."""
        if alive:
            return self._refused()
        if known:
            return LoginRefusedError(f"the token ended on {_day(known[0])}: {_REMEDY}")
        firmware = self._identity.firmware if self._identity else ""
        return LoginRefusedError(f"firmware {firmware} wants a token: {_REMEDY}")

    def _refused(self) -> LoginRefusedError:
        return LoginRefusedError(
            "the gateway refuses the token: it may be revoked, or made for another gateway"
            f" (this one is {self._identity.serial if self._identity else 'unknown'})"
        )

    async def _try_tokens(self, tokens: Iterable[Token]) -> bool:
        """Enter with the first of these tokens that the gateway takes; return whether it did."""
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
        auth = EnvoyTokenAuth(self._config.host, token=token.value)
        url = auth.get_endpoint_url(CHECK_JWT)
        try:
            response = await self._transport.request(
                self._http, url, CHECK_JWT, auth.headers, (_without_cookies,)
            )
        except EnvoyAuthenticationRequired:
            raise self._refused() from None
        expect_success(response, CHECK_JWT)
        self.auth, self.token, self.authenticated = auth, token, True
        self._session_ends = self._clock.monotonic() + _SESSION

    def _cloud_backing_off(self, credentials: Credentials) -> bool:
        """Tell whether the cloud is left alone because of the token that it has given."""
        username, password = credentials.username or "", credentials.password or ""
        return self._cloud.wait(username, password) > 0 and not self._cloud.failure(username)

    async def _fetch(self, credentials: Credentials) -> Token:
        return await self._cloud.fetch(
            credentials.username or "",
            credentials.password or "",
            self._identity.serial if self._identity else "",
        )

    async def _renew(self) -> None:
        """Change to a newer token at hand, else to one from the cloud, while polling goes on."""
        name = {"gateway": self._config.name}
        async with self._lock:
            old = self.token
            if old is None or old.renew_at > self._clock.time():
                return
            credentials = self._config.credentials()
            newer = [token for token in self._tokens(credentials) if token.expires > old.expires]
            try:
                if not await self._try_tokens(newer):
                    if not (credentials.username and credentials.password):
                        self._warn_token_expiry(old)
                        return
                    if self._cloud.wait(credentials.username, credentials.password):
                        return
                    token = await self._fetch(credentials)
                    await self._check_token(token)
                    self._memory.token = token.value
            except (GatewayError, TransportError) as error:
                log.warning("the token could not be renewed: %s", error, extra=name)
            except Exception:
                log.exception("the token could not be renewed", extra=name)
            else:
                log.info("the token was renewed", extra=name)

    def _warn_token_expiry(self, token: Token) -> None:
        """Tell once a day that nobody renews this token but the owner."""
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


def _day(token: Token) -> str:
    # A date beyond 2242 is nobody's, and later ones are no dates at all.
    return f"{datetime.fromtimestamp(min(token.expires, 2**33), UTC):%Y-%m-%d}"


async def _without_cookies(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Ask outside of the session that is open: it would be judged in place of the token."""
    request.headers.pop(aiohttp.hdrs.COOKIE, None)
    return await send(request)
