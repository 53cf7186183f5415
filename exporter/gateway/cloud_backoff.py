"""When an Enphase account may be tried again: the cloud locks those that fail too often.

An account is tried by all of its gateways together, since a wrong password is wrong for each of
them. Pauses belong to the credentials that failed, so that corrected ones are tried at once; but
three failed attempts an hour is the limit.
"""

import asyncio
from collections import deque
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from exporter.clock import Clock

_HOUR = 3600.0
#: seconds after an attempt; with each failure they double
PAUSE = 20 * 60.0
_LONGEST_PAUSE = 6 * _HOUR
#: the same where nothing reached the cloud, as while a router starts
_UNSENT_PAUSE = 60.0
_FAILURES_AN_HOUR = 3
#: more failures make no pause longer
_MAX_COUNT = 20


class BackOff:
    """The pause between attempts; `credentials` are known by their digest."""

    def __init__(self, clock: Clock) -> None:
        #: why the last attempt failed; empty when it did not
        self.failure = ""
        #: what its file contains, as far as it is known; blank where there was none yet
        self.on_disk = b""
        self._clock = clock
        self._credentials: str | None = None
        self._failures = self._unsent = 0
        self._not_before = float("-inf")
        #: how long the pause is as a whole
        self._pause = 0.0

    def wait(self, credentials: str) -> float:
        """Return the seconds until these credentials may be tried."""
        if credentials != self._credentials:
            return 0.0
        return max(0.0, self._not_before - self._clock.monotonic())

    def began(self, credentials: str) -> None:
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

    def dump(self) -> dict[str, Any]:
        """Return what `load` takes; times are in epoch seconds."""
        return {
            "credentials": self._credentials,
            "failure": self.failure,
            "failures": self._failures,
            "unsent": self._unsent,
            "pause": self._pause,
            "not_before": self._clock.time() + max(0.0, self._not_before - self._clock.monotonic()),
        }

    def load(self, dumped: Any) -> None:
        """Take over what was dumped; raise KeyError, TypeError or ValueError for nonsense."""
        credentials, failure = str(dumped["credentials"]), str(dumped["failure"])
        failures, unsent = int(dumped["failures"]), int(dumped["unsent"])
        pause = min(max(float(dumped.get("pause", _LONGEST_PAUSE)), 0.0), _LONGEST_PAUSE)
        # A clock that was set back makes no pause longer.
        left = min(float(dumped["not_before"]) - self._clock.time(), pause)
        self._credentials, self.failure = credentials, failure
        self._failures = min(max(failures, 0), _MAX_COUNT)
        self._unsent = min(max(unsent, 0), _MAX_COUNT)
        self._not_before, self._pause = self._clock.monotonic() + left, pause

    def _rest(self, seconds: float, longest: float) -> None:
        self._pause = min(seconds, longest)
        self._not_before = self._clock.monotonic() + self._pause


class Account:
    """One Enphase account, shared by all gateways of a clock."""

    def __init__(self, clock: Clock) -> None:
        #: held by whoever logs in
        self.turn = asyncio.Lock()
        #: what its file contains, as far as it is known; blank where there was none yet
        self.on_disk = b""
        self._clock = clock
        self._back_off = BackOff(clock)
        #: when the latest failures were
        self._failed: deque[float] = deque(maxlen=_FAILURES_AN_HOUR)

    @property
    def failure(self) -> str:
        """Why the last attempt failed; empty when it did not."""
        return self._back_off.failure

    def wait(self, credentials: str) -> float:
        """Return the seconds until these credentials may be tried."""
        full = len(self._failed) == _FAILURES_AN_HOUR
        of_hour = self._failed[0] + _HOUR - self._clock.monotonic() if full else 0.0
        return max(of_hour, self._back_off.wait(credentials))

    def began(self, credentials: str) -> None:
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

    def dump(self) -> dict[str, Any]:
        """Return what `load` takes; times are in epoch seconds."""
        offset = self._clock.time() - self._clock.monotonic()
        return {**self._back_off.dump(), "failed": [at + offset for at in self._failed]}

    def load(self, dumped: Any) -> None:
        """Take over what was dumped; raise KeyError, TypeError or ValueError for nonsense."""
        offset, now = self._clock.time() - self._clock.monotonic(), self._clock.monotonic()
        failed = sorted(min(float(at) - offset, now) for at in dumped["failed"])
        self._back_off.load(dumped)
        self._failed = deque(failed, maxlen=_FAILURES_AN_HOUR)


_accounts: WeakValueDictionary[tuple[int, str, str], Account] = WeakValueDictionary()


def account(username: str, clock: Clock, directory: Path | None = None) -> Account:
    """Return the account of this user name, the same for all gateways that share a clock."""
    # An account holds its clock, whose id is therefore not given to another meanwhile.
    key = (id(clock), str(directory), username)
    account = _accounts.get(key)
    if account is None:
        account = _accounts[key] = Account(clock)
    return account
