"""Basic authentication against bcrypt hashes, cheap for who may and dear for who guesses.

bcrypt takes a tenth of a second of CPU by design. A password that was right once is therefore
recognised by a keyed hash; everything else is checked in a thread, one at a time, so that guessing
can neither stop the event loop nor take all processors. Who finds too many waiting is sent away.
"""

import asyncio
import base64
import binascii
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping

import bcrypt
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

#: bcrypt never looked further; longer input is cut, as htpasswd does
_LONGEST = 72
#: passwords that may wait to be checked; their time together is about that of a scrape's timeout
_QUEUE = 32


class BusyError(Exception):
    """Too many passwords wait to be checked."""


class BasicAuth:
    """Users and their bcrypt hashes."""

    def __init__(self, users: Mapping[str, str]) -> None:
        """Let these users in; `users` maps a name to its bcrypt hash and is not empty."""
        self._users = {name: hashed.encode() for name, hashed in users.items()}
        # stands in for the hash of users that do not exist; the cost is in characters 4 and 5
        self._stand_in = max(self._users.values(), key=lambda hashed: hashed[4:6])
        self._key = secrets.token_bytes(32)
        self._verified: dict[str, bytes] = {}
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def allows(self, authorization: str | None) -> bool:
        """Tell whether the value of an `Authorization` header lets its sender in.

        Raises BusyError when that would take too long to find out.
        """
        user, password = _credentials(authorization)
        if password is None:
            return False
        digest = hmac.digest(self._key, password, "sha256")
        if self._is_verified(user, digest):
            return True
        if self._waiting >= _QUEUE:
            raise BusyError
        self._waiting += 1
        try:
            async with self._turn:
                return self._is_verified(user, digest) or await self._check(user, password, digest)
        finally:
            self._waiting -= 1

    async def _check(self, user: str, password: bytes, digest: bytes) -> bool:
        hashed = self._users.get(user, self._stand_in)
        right = await asyncio.to_thread(_matches, password, hashed)
        if right and user in self._users:
            self._verified[user] = digest
            return True
        return False

    def _is_verified(self, user: str, digest: bytes) -> bool:
        # compared even for unknown users, so that both take the same time
        return hmac.compare_digest(self._verified.get(user, b"\0" * len(digest)), digest)


def middleware(allows: Callable[[str | None], Awaitable[bool]]) -> Middleware:
    """Return an aiohttp middleware that answers 401 to whom `allows` does not let in.

    While too many try, it answers 503, and 200 as ever to who was let in before.
    """

    @web.middleware
    async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            allowed = await allows(request.headers.get("Authorization"))
        except BusyError:
            return web.Response(
                status=503, text="Too many logins at once\n", headers={"Retry-After": "10"}
            )
        if not allowed:
            return web.Response(
                status=401, text="Unauthorized\n", headers={"WWW-Authenticate": "Basic"}
            )
        return await handler(request)

    return authenticate


def _credentials(authorization: str | None) -> tuple[str, bytes | None]:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return "", None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
        user, colon, password = decoded.partition(b":")
        return user.decode(), password if colon else None
    except (binascii.Error, ValueError):
        return "", None


def _matches(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:_LONGEST], hashed)
    except ValueError:  # a NUL inside, which no hash can have been made of
        return False
