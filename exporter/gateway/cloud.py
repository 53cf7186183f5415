"""The Enphase cloud, which gives tokens: asked seldom and with a deadline.

It locks accounts that fail too often and may be slow forever. An account is tried by all of its
gateways together, since a wrong password is wrong for each of them. Pauses belong to the
credentials that failed, so that corrected ones are tried at once; but three failed attempts an hour
is the limit.
"""

import asyncio
import re
from collections import deque
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from pyenphase.auth import EnvoyTokenAuth
from pyenphase.exceptions import EnvoyAuthenticationError

from exporter.clock import Clock
from exporter.errors import CloudLoginError
from exporter.gateway.tokens import Token

_DEADLINE = 30.0
_SILENT = "the Enphase cloud does not answer; is it reachable?"

_HOUR = 3600.0
#: seconds after an attempt; with each failure they double
PAUSE = 20 * 60.0
_LONGEST_PAUSE = 6 * _HOUR
#: the same where nothing reached the cloud, as while a router starts
_UNSENT_PAUSE = 60.0
_FAILURES_AN_HOUR = 3


class BackOff:
    """The pause between attempts; `credentials` are known by their hash."""

    def __init__(self, clock: Clock) -> None:
        #: why the last attempt failed; empty when it did not
        self.failure = ""
        self._clock = clock
        self._credentials: int | None = None
        self._failures = self._unsent = 0
        self._not_before = float("-inf")

    def wait(self, credentials: int) -> float:
        """Return the seconds until these credentials may be tried."""
        if credentials != self._credentials:
            return 0.0
        return max(0.0, self._not_before - self._clock.monotonic())

    def began(self, credentials: int) -> None:
        """Note an attempt; it counts as failed until more is known, as it may be cut short."""
        if credentials != self._credentials:
            self._credentials, self._failures, self._unsent = credentials, 0, 0
        self._rest(PAUSE * 2**self._failures, _LONGEST_PAUSE)
        self._failures += 1

    def failed(self, why: str) -> None:
        """Note why the attempt failed."""
        self.failure, self._unsent = why, 0

    def unsent(self, why: str) -> None:
        """Note why the attempt never reached the cloud, which therefore cannot hold it against us.

        It may be repeated sooner than one that failed.
        """
        self.failure = why
        self._failures -= 1
        self._rest(_UNSENT_PAUSE * 2**self._unsent, PAUSE)
        self._unsent += 1

    def succeeded(self, pause: float = 0.0) -> None:
        """Forget all failures; the next attempt may follow after `pause` seconds."""
        self.failure, self._failures, self._unsent = "", 0, 0
        self._rest(pause, pause)

    def _rest(self, seconds: float, longest: float) -> None:
        self._not_before = self._clock.monotonic() + min(seconds, longest)


class Account:
    """One Enphase account, shared by all gateways of a clock."""

    def __init__(self, clock: Clock) -> None:
        #: held by whoever logs in
        self.turn = asyncio.Lock()
        self._clock = clock
        self._back_off = BackOff(clock)
        #: when the latest failures were
        self._failed: deque[float] = deque(maxlen=_FAILURES_AN_HOUR)

    @property
    def failure(self) -> str:
        """Why the last attempt failed; empty when it did not."""
        return self._back_off.failure

    def wait(self, credentials: int) -> float:
        """Return the seconds until these credentials may be tried."""
        full = len(self._failed) == _FAILURES_AN_HOUR
        of_hour = self._failed[0] + _HOUR - self._clock.monotonic() if full else 0.0
        return max(of_hour, self._back_off.wait(credentials))

    def began(self, credentials: int) -> None:
        """Note an attempt; it counts as failed until more is known."""
        self._back_off.began(credentials)
        self._failed.append(self._clock.monotonic())

    def failed(self, why: str) -> None:
        """Note that the attempt failed for a reason that all gateways share."""
        self._back_off.failed(why)

    def unsent(self, why: str) -> None:
        """Note that the attempt never reached the cloud."""
        self._failed.pop()
        self._back_off.unsent(why)

    def succeeded(self) -> None:
        """Note that the account was let in."""
        self._failed.pop()
        self._back_off.succeeded()


_accounts: WeakKeyDictionary[Clock, dict[str, Account]] = WeakKeyDictionary()


def account(username: str, clock: Clock) -> Account:
    """Return the account of this user name, the same for all gateways that share a clock."""
    return _accounts.setdefault(clock, {}).setdefault(username, Account(clock))


class CloudLogin:
    """Gets tokens for one gateway from the Enphase cloud, seldom."""

    def __init__(self, host: str, clock: Clock) -> None:
        self._host = host
        self._clock = clock
        self._back_off = BackOff(clock)

    def wait(self, username: str, password: str) -> float:
        """Return the seconds until the cloud may be asked with these credentials."""
        tried = hash((username, password))
        return max(self._back_off.wait(tried), account(username, self._clock).wait(tried))

    def failure(self, username: str) -> str:
        """Return why the last attempt failed, with this gateway or another one of the account."""
        return account(username, self._clock).failure or self._back_off.failure

    async def fetch(self, username: str, password: str, serial: str) -> Token:
        """Return a new token; raise CloudLoginError, which never carries what the cloud said."""
        shared, tried = account(username, self._clock), hash((username, password))
        async with shared.turn:
            if seconds := self.wait(username, password):
                # A point in time, not a span: a reason that stays the same is told once.
                then = datetime.fromtimestamp(self._clock.time() + seconds + 30, UTC)
                why = self.failure(username)
                raise CloudLoginError(f"{why}; asking again at {then:%H:%M} UTC")
            shared.began(tried)
            self._back_off.began(tried)
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
            shared.succeeded()
            self._back_off.succeeded(PAUSE)
            return token

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
            # The cause may hold what the cloud said, and that may hold a secret.
            raise _in_words(error.status) from None
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


def _in_words(told: str) -> CloudLoginError:
    if told.startswith("No session id"):
        return CloudLoginError(
            "the Enphase account asks for a second factor (MFA), which a program cannot give:"
            " set a `token` got by hand, or use an account without MFA"
        )
    status = re.search(r": (\d{3}): ", told)
    if status and (status[1] >= "429" or status[1].startswith("3")):
        return CloudLoginError(f"the Enphase cloud has trouble (status {status[1]})")
    if told.startswith("Unable to login"):
        return CloudLoginError("the Enphase cloud refuses username and password; check both")
    if told.startswith("Unable to obtain token"):
        return _NoTokenError(
            "the Enphase cloud gives no token for this gateway; is it registered to this account?"
        )
    return CloudLoginError("the Enphase cloud login failed")
