"""The Enphase cloud, which gives tokens: asked seldom, with a deadline, and never in a loop.

It locks accounts that fail too often and may be slow forever. The pauses between attempts are in
files before anything is sent, so that neither a restart nor another process begins from nothing.
"""

import asyncio
import hashlib
import logging
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from pyenphase.auth import EnvoyTokenAuth
from pyenphase.exceptions import EnvoyAuthenticationError

from exporter import files
from exporter.clock import Clock
from exporter.errors import CloudLoginError, StateError
from exporter.gateway.cloud_backoff import PAUSE, Account, BackOff, account
from exporter.gateway.tokens import Token

log = logging.getLogger(__name__)

_DEADLINE = 30.0
_SILENT = "the Enphase cloud does not answer; is it reachable?"

#: seconds between two looks at the lock of an account, and for how long to look
_LOCK_POLL, _LOCK_WAIT = 0.5, 60.0
_MAX_FILE = 4096


class CloudLogin:
    """Gets tokens for one gateway from the Enphase cloud, seldom."""

    def __init__(
        self, host: str, clock: Clock, directory: Path | None = None, name: str | None = None
    ) -> None:
        """Get ready; pauses are kept in the `directory`, by account and by the gateway's `name`."""
        self._host = host
        self._clock = clock
        self._directory = directory
        self._file = directory / f"{files.file_name(name or host)}.cloud" if directory else None
        self._back_off = BackOff(clock)
        self._account: Account | None = None

    async def wait(self, username: str, password: str) -> float:
        """Return the seconds until the cloud may be asked with these credentials."""
        shared = self._shared(username)
        await self._load(shared, username)
        return self._wait(shared, _digest(username, password))

    def failure(self, username: str) -> str:
        """Return why the last attempt failed, with this gateway or another one of the account."""
        return self._shared(username).failure or self._back_off.failure

    async def fetch(self, username: str, password: str, serial: str) -> Token:
        """Return a new token; raise CloudLoginError, which never carries the cloud's own text."""
        shared, digest = self._shared(username), _digest(username, password)
        async with shared.turn:
            descriptor = await self._lock(username)
            try:
                await self._load(shared, username)
                if seconds := self._wait(shared, digest):
                    # A point in time, not a span: a reason that stays the same is logged once.
                    then = datetime.fromtimestamp(self._clock.time() + seconds + 30, UTC)
                    why = self.failure(username) or "the last login was a moment ago"
                    raise CloudLoginError(f"{why}; asking again at {then:%H:%M} UTC")
                return await self._fetch(shared, descriptor, username, password, serial)
            finally:
                if descriptor is not None:
                    os.close(descriptor)

    async def _fetch(
        self, shared: Account, descriptor: int | None, username: str, password: str, serial: str
    ) -> Token:
        digest = _digest(username, password)
        shared.began(digest)
        self._back_off.began(digest)
        # Before anything is sent: whatever ends this process, the attempt counts.
        await self._store(shared, descriptor)
        try:
            token = await self._ask(username, password, serial)
        except _NotSentError as error:
            shared.unsent(str(error))
            self._back_off.unsent(str(error))
            raise
        except _NoTokenError as error:
            shared.succeeded()
            self._back_off.failed(str(error))
            raise
        except CloudLoginError as error:
            shared.failed(str(error))
            self._back_off.failed(str(error))
            raise
        else:
            shared.succeeded()
            self._back_off.succeeded(PAUSE)
            return token
        finally:
            await self._store(shared, descriptor)

    def _shared(self, username: str) -> Account:
        # It lives as long as somebody holds it.
        self._account = account(username, self._clock, self._directory)
        return self._account

    def _wait(self, shared: Account, digest: str) -> float:
        return max(self._back_off.wait(digest), shared.wait(digest))

    def _account_file(self, username: str) -> Path | None:
        if self._directory is None:
            return None
        return self._directory / f"{hashlib.sha256(username.encode()).hexdigest()[:32]}.account"

    async def _lock(self, username: str) -> int | None:
        """Hold the lock of the account's file; None where there is no file that can be used.

        Raises CloudLoginError when another process holds it for too long.
        """
        path = self._account_file(username)
        if path is None:
            return None
        end = self._clock.monotonic() + _LOCK_WAIT
        while True:
            try:
                descriptor = await files.in_thread(partial(_open, path), _close)
            except (OSError, StateError) as error:
                log.debug("cloud login pauses cannot be shared", extra={"error": str(error)})
                return None
            if descriptor is not None:
                return descriptor
            if self._clock.monotonic() >= end:
                raise CloudLoginError("another process is logging in to the Enphase cloud")
            await self._clock.sleep(_LOCK_POLL)

    async def _load(self, shared: Account, username: str) -> None:
        """Take over what other processes, and this one before its last start, have written.

        What is known already is not taken again: its times are by a clock that may have been set,
        or older than what could not be written.
        """
        for path, part in ((self._account_file(username), shared), (self._file, self._back_off)):
            if path is None:
                continue
            with suppress(OSError, StateError, ValueError, TypeError, KeyError):
                read = partial(files.read, path, _MAX_FILE)
                content = (await files.in_thread(read)).rstrip()
                if content != part.on_disk:
                    part.load(orjson.loads(content))
                    part.on_disk = content

    async def _store(self, shared: Account, descriptor: int | None) -> None:
        if descriptor is None or self._file is None:
            return
        of_account, of_gateway = orjson.dumps(shared.dump()), orjson.dumps(self._back_off.dump())
        path = self._file

        def write() -> None:
            files.write_locked(descriptor, of_account)
            shared.on_disk = of_account
            files.write(path, of_gateway)
            self._back_off.on_disk = of_gateway

        try:
            await files.in_thread(write)
        except (OSError, StateError) as error:
            log.warning(
                "cloud login pause cannot be saved; make the state directory writable",
                extra={"file": str(path), "error": str(error)},
            )

    async def _ask(self, username: str, password: str, serial: str) -> Token:
        auth = _AskingOnce(
            self._host, cloud_username=username, cloud_password=password, envoy_serial=serial
        )
        try:
            async with asyncio.timeout(_DEADLINE):
                await auth.refresh()
        except TimeoutError:
            raise CloudLoginError(_SILENT) from None
        except aiohttp.ClientConnectorError:
            raise _NotSentError(_SILENT) from None
        except EnvoyAuthenticationError as error:
            # The cause may hold the cloud's own text, and that may hold a secret.
            raise _translate_error(error.status) from None
        except (
            aiohttp.ClientError,
            OSError,
            ValueError,
            LookupError,
            AttributeError,
            TypeError,
        ):
            raise CloudLoginError("the Enphase cloud gave an answer that cannot be read") from None
        token = Token.parse(auth.token, self._clock.time())
        if token is None:
            raise _NoTokenError("the Enphase cloud gave something that is not a token")
        return token


class _AskingOnce(EnvoyTokenAuth):
    """pyenphase repeats what failed on the way, password and all, until it is cancelled."""

    async def _post_json_with_cloud_client(  # type: ignore[override]  # theirs is wrapped to repeat
        self,
        cloud_client: aiohttp.ClientSession,
        url: str,
        data: dict[str, Any] | None = None,
        json: dict[str, Any] | None = None,
    ) -> aiohttp.ClientResponse:
        # A redirect would take the password to whoever it names.
        return await cloud_client.post(url, data=data, json=json, allow_redirects=False)


class _NotSentError(CloudLoginError):
    """Nothing reached the cloud."""


class _NoTokenError(CloudLoginError):
    """The account was let in, and yet there is no token for this gateway."""


def _open(path: Path) -> int | None:
    """Return the locked file; the directory may not be there before the exporter's first start."""
    files.make_directory(path.parent)
    return files.open_locked(path)


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


@lru_cache(maxsize=64)
def _digest(username: str, password: str) -> str:
    """Return by what credentials are known in files: it costs a thief as much as it can."""
    salt = f"enphase-exporter {username}".encode()
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 20_000).hex()


def _translate_error(message: str) -> CloudLoginError:
    if message.startswith("No session id"):
        return CloudLoginError(
            "the Enphase account asks for a second factor (MFA), which a program cannot give:"
            " set a `token` got by hand, or use an account without MFA"
        )
    status = re.search(r": (\d{3}): ", message)
    if status and (status[1] >= "429" or status[1].startswith("3")):
        return CloudLoginError(f"the Enphase cloud has trouble (status {status[1]})")
    if message.startswith("Unable to login"):
        return CloudLoginError("the Enphase cloud refuses username and password; check both")
    if message.startswith("Unable to obtain token"):
        return _NoTokenError(
            "the Enphase cloud gives no token for this gateway; is it registered to this account?"
        )
    return CloudLoginError("the Enphase cloud login failed")
