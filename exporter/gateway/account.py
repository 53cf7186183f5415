"""How often an Enphase account is tried: the cloud locks those that fail too often.

An account is tried by all of its gateways together, since a wrong password is wrong for each of
them. Pauses belong to the credentials that failed, so that corrected ones are tried at once; but
three attempts within an hour is all that may ever fail.
"""

import asyncio
from collections import deque
from weakref import WeakKeyDictionary

from exporter.clock import Clock

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
