"""The limit on the requests to a gateway: a weak computer that freezes when it is pressed.

At most 14 full and 12 small requests a minute, one at a time. Only the very first round of requests
may be a burst, since it asks for everything once; a reload, a restart or a gateway that is back
begins with what is left. All processes that talk to one gateway share the limit through a file in
the state directory, whose lock is held while a request is under way.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

import orjson

from exporter import files
from exporter.clock import Clock
from exporter.errors import StateError
from exporter.gateway.limit_file import LimitFile

log = logging.getLogger(__name__)

#: requests a minute; small responses have less than 1 kB
PER_MINUTE, SMALL_PER_MINUTE = 14, 12
WINDOW = 600.0
BURST = 24
_MINUTE = 60.0
#: requests a minute that are saved up for; slower in the first ten minutes, so that these have no
#: more than ten times the limit either, the burst included
_REFILL, _REFILL_AFTER_BURST = 13.5, 11.5
#: requests that can be saved up: few, so that a pause does not end in a burst
_STORE = 4.0
#: seconds between two looks at a lock that another process holds
_LOCK_POLL = 0.1
#: seconds that a file which cannot be used is left alone
_RETRY_FILE = 60.0
#: with more gateways than these in one process, their files are written every so many seconds
_FLEET, _FLEET_STORE = 100, 120.0


class _Bucket:
    """The requests of one size."""

    def __init__(self, per_minute: int, refill: float, burst: float) -> None:
        self._per_minute = per_minute
        self._refill = refill
        self._burst = burst
        #: when the burst began, or the first request; None before any
        self._first: float | None = None
        #: when what is left of the burst is lost; None until the gateway has let us in
        self._burst_ends: float | None = None
        self._tokens = burst
        self._refilled = 0.0
        #: when the latest requests were sent, beyond those of the burst
        self._sent: deque[float] = deque(maxlen=per_minute)

    def wait(self, now: float, reserve: int = 0) -> float:
        """Return the seconds until the next request may be sent; 0 when it may be sent now.

        With a `reserve`, so many requests more could be sent after that one.
        """
        tokens = self._tokens_at(now)
        if tokens > _STORE:
            return 0.0
        beyond = len(self._sent) + reserve - self._per_minute
        for_window = self._sent[beyond] + _MINUTE - now if beyond >= 0 else 0.0
        needed = 1 + reserve
        for_token = (needed - tokens) * _MINUTE / self._rate(now) if tokens < needed else 0.0
        return max(0.0, for_window, for_token)

    def take(self, now: float) -> None:
        """Count a request that is sent now."""
        tokens = self._tokens_at(now)
        if self._first is None:
            self._first = now
        if tokens <= _STORE:
            self._sent.append(now)
        self._tokens, self._refilled = tokens - 1, now

    def end_burst(self, now: float) -> None:
        """Let what is left of the burst be for the first minute only."""
        if self._burst_ends is None:
            self._burst_ends = now + _MINUTE

    def dump(self) -> list[Any]:
        """Return what `load` takes."""
        sent = [round(at, 3) for at in self._sent]
        tokens, refilled = round(self._tokens, 3), round(self._refilled, 3)
        return [self._first, self._burst_ends, tokens, refilled, sent]

    def load(self, dumped: Any, now: float) -> None:
        """Take over what another process counted; raise ValueError or TypeError for nonsense."""
        first, burst_ends, tokens, refilled, sent = dumped
        if first is None:
            return
        burst_ends = None if burst_ends is None else float(burst_ends)
        first, tokens, refilled = float(first), float(tokens), float(refilled)
        sent = [float(at) for at in sent][-self._per_minute :]
        if max(first, refilled, *sent) > now or now - refilled > WINDOW:
            # counted before the machine was started, or so long ago that it means nothing
            return
        self._first, self._burst_ends, self._refilled = first, burst_ends, refilled
        self._tokens = min(tokens, self._burst)
        self._sent = deque(sent, self._per_minute)

    def _tokens_at(self, now: float) -> float:
        if self._burst_ends is not None and now >= self._burst_ends:
            # What is left of the burst is not for later.
            self._tokens = min(self._tokens, _STORE)
        gained = (now - self._refilled) * self._rate(now) / _MINUTE
        return max(self._tokens, min(self._tokens + gained, _STORE))

    def _rate(self, now: float) -> float:
        if self._burst > _STORE and self._first is not None and now < self._first + WINDOW:
            return _REFILL_AFTER_BURST
        return self._refill


_sharing: "WeakSet[RateLimiter]" = WeakSet()


class RateLimiter:
    """Hands out slots for requests to one gateway; `path` is the file that processes share."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._file = LimitFile(path) if path is not None else None
        self._one_at_a_time = asyncio.Lock()
        self._overlapping = asyncio.Lock()
        self._full = _Bucket(PER_MINUTE, _REFILL, BURST)
        self._small = _Bucket(SMALL_PER_MINUTE, SMALL_PER_MINUTE, _STORE)
        #: held while the file is locked and counted in
        self._counting = asyncio.Lock()
        self._file_retry = float("-inf")
        #: buckets of the requests that were sent without a slot and are not counted yet
        self._uncounted: list[_Bucket] = []
        self._let_in = False
        #: when the file is written next, where there are too many gateways to do it each time
        self._next_store = float("-inf")
        if path is not None:
            _sharing.add(self)

    def delay(self, *, small: bool = False, reserve: int = 0) -> float:
        """Return the seconds until the limit lets a request go, as far as this process knows.

        With a `reserve`, so many more could go after it: what is urgent finds them.
        """
        return self._bucket(small=small).wait(self._clock.monotonic(), reserve)

    def charge(self, *, small: bool = False) -> None:
        """Count a request that was sent without a slot; the next ones wait for it."""
        self._uncounted.append(self._bucket(small=small))

    def let_in(self) -> None:
        """Note that the gateway has let us in: the burst of the first round ends soon."""
        self._let_in = True

    @asynccontextmanager
    async def slot(self, *, small: bool = False, overlap: bool = False) -> AsyncIterator[None]:
        """Wait until a request may be sent, and keep others out until it is done.

        An `overlap` waits for the limit alone, while another request of this process is under way.
        """
        overlapping = overlap and self._one_at_a_time.locked()
        async with self._overlapping if overlapping else self._one_at_a_time:
            locked = await self._admit(small=small)
            try:
                yield
            finally:
                if locked is not None:
                    locked.unlock()

    def _bucket(self, *, small: bool) -> _Bucket:
        return self._small if small else self._full

    async def _admit(self, *, small: bool) -> LimitFile | None:
        """Wait until a request may be sent and count it; return the locked file, if any."""
        while True:
            async with self._counting:
                seconds, locked = await self._try(small=small)
            if seconds <= 0:
                return locked
            await self._clock.sleep(seconds)

    async def _try(self, *, small: bool) -> tuple[float, LimitFile | None]:
        """Count a request and return 0 with the locked file, or the seconds to wait."""
        now, file = self._clock.monotonic(), self._file
        if file is None or now < self._file_retry:
            return self._count(now, small=small), None
        if (seconds := self._bucket(small=small).wait(now)) > 0:
            # Others can only have made it longer.
            return seconds, None
        if len(_sharing) > _FLEET:
            return await self._try_in_fleet(file, now, small=small), None
        count = partial(self._count_in_file, file, now, small=small)
        try:
            if file.ready and file.local:
                return count()
            return await files.in_thread(count, _unlock)
        except (OSError, StateError) as error:
            self._file_retry = now + _RETRY_FILE
            log.debug(
                "request limit not shared with other processes",
                extra={"file": str(file.path), "error": str(error)},
            )
            return self._count(now, small=small), None

    async def _try_in_fleet(self, file: LimitFile, now: float, *, small: bool) -> float:
        """Count a request; the file is read once, and written only now and then."""
        if now < self._next_store:
            return self._count(now, small=small)
        first, self._next_store = self._next_store < 0, now + _FLEET_STORE
        count = partial(self._count_in_file, file, now, small=small, read=first)
        try:
            seconds, locked = await files.in_thread(count, _unlock)
        except (OSError, StateError):
            return self._count(now, small=small)
        _unlock((seconds, locked))
        # thousands of them would be too many open files
        file.close()
        return seconds

    def _count(self, now: float, *, small: bool) -> float:
        """Count a request if it may be sent now; return the seconds to wait."""
        while self._uncounted:
            self._uncounted.pop().take(now)
        if self._let_in:
            self._full.end_burst(now)
        bucket = self._bucket(small=small)
        seconds = bucket.wait(now)
        if seconds <= 0:
            bucket.take(now)
        return seconds

    def _count_in_file(
        self, file: LimitFile, now: float, *, small: bool, read: bool = True
    ) -> tuple[float, LimitFile | None]:
        """Do the same with what all processes counted; raise OSError."""
        file.open()
        held = file.held
        if not file.lock():
            return _LOCK_POLL, None
        seconds = float("inf")
        try:
            if read and not held:
                self._load(file.read(), now)
            charged = bool(self._uncounted)
            seconds = self._count(now, small=small)
            if seconds <= 0 or charged:
                content = {"full": self._full.dump(), "small": self._small.dump()}
                file.write(orjson.dumps(content))
        except BaseException:
            file.unlock()
            raise
        if seconds > 0:
            file.unlock()
            return seconds, None
        return 0.0, file

    def _load(self, content: bytes, now: float) -> None:
        with suppress(ValueError, TypeError, KeyError):
            counted = orjson.loads(content or b"{}")
            self._full.load(counted["full"], now)
            self._small.load(counted["small"], now)


def _unlock(counted: tuple[float, LimitFile | None]) -> None:
    """Let go of a file that was locked for a request that nobody sends any more."""
    if counted[1] is not None:
        counted[1].unlock()
