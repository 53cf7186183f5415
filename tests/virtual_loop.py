"""An event loop whose time passes at once, so that an hour of real sockets takes a second.

Whoever waits for a time waits by the loop's clock: deadlines, pauses of a fault, cadences of a
poller. When nothing is left to do and no byte is on its way, the loop goes on to the next moment
at which somebody wants to wake. What runs in other threads gets the real time that it takes.

Client and server must live on the same loop: what comes from elsewhere comes when it likes.
"""

import asyncio
import selectors
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

import aiohttp.connector

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: real seconds that the system gets to deliver bytes before a leap in time
_DELIVERY = 0.001
#: a leap so short (virtual seconds) does no harm to bytes that are late
_SHORT = 0.25
_TICK = 1e-6
#: real seconds after which a loop that waits for nobody is stuck
_STUCK = 30.0


class _Leaping(selectors.DefaultSelector):
    """Waits for sockets; instead of waiting for a time, it advances the clock."""

    def __init__(self, loop: "VirtualLoop") -> None:
        super().__init__()
        self._virtual = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return the sockets that are ready, after a leap if none is."""
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self._virtual.threads or timeout is None:
            ready = super().select(_STUCK)
            if not ready:
                raise RuntimeError("nothing will ever happen on this loop")
            return ready
        if timeout > _SHORT:
            ready = super().select(_DELIVERY)
        if not ready:
            self._virtual.leap(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; its time begins at 0. `names` are the addresses that its DNS knows."""

    def __init__(self) -> None:
        self._passed = 0.0
        #: calls under way in other threads
        self.threads = 0
        self.names: dict[str, str] = {}
        #: errors that nobody caught
        self.uncaught: list[str] = []
        super().__init__(_Leaping(self))
        self.set_exception_handler(self._note)

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._passed

    def leap(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds

    async def getaddrinfo(
        self, host: Any, port: Any, **options: Any
    ) -> list[tuple[Any, Any, int, str, Any]]:
        """Resolve addresses and the names known here."""
        address = self.names.get(host, host)
        return socket.getaddrinfo(
            address, port, **{**options, "flags": options.get("flags", 0) | socket.AI_NUMERICHOST}
        )

    def run_in_executor(
        self, executor: Any, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a call in a thread; time stands still meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        self.threads += 1
        future.add_done_callback(self._done)
        return future

    def _done(self, future: asyncio.Future[Any]) -> None:
        self.threads -= 1

    def _note(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.uncaught.append(f"{context.get('message')}: {context.get('exception')!r}")


class LoopClock:
    """The clock of the exporter by the time of a loop; `start` in epoch seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: float) -> None:
        self._loop = loop
        #: epoch seconds at the loop's zero; setting it is a jump of the wall clock
        self.start = start

    def time(self) -> float:
        """Return the simulated wall clock in seconds since the epoch."""
        return self.start + self._loop.time()

    def monotonic(self) -> float:
        """Return the seconds that have passed on the loop."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; zero or less yields once."""
        # Less than a tick would be lost in rounding, and its waiter would wait forever.
        await asyncio.sleep(max(_TICK, seconds) if seconds > 0 else 0.0)


def run(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run `main` on a new virtual loop; return its result, and raise what it does not catch."""
    loops: list[VirtualLoop] = []

    def make() -> VirtualLoop:
        loops.append(VirtualLoop())
        return loops[0]

    with asyncio.Runner(loop_factory=make) as runner:
        runner.get_loop()
        with _aiohttp_by(loops[0]):
            result = runner.run(main(loops[0]))
    if loops[0].uncaught:
        raise AssertionError("; ".join(loops[0].uncaught[:5]))
    return result


@contextmanager
def _aiohttp_by(loop: VirtualLoop) -> Iterator[None]:
    """Let aiohttp's connections and its DNS cache age by the loop's time."""
    name = "monotonic"
    before = partial(getattr(aiohttp.connector, name))
    setattr(aiohttp.connector, name, loop.time)
    try:
        yield
    finally:
        setattr(aiohttp.connector, name, before)
