"""A gateway is never overloaded: one request at a time, and at most 14 a minute."""

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter import files
from exporter.clock import Clock, SystemClock, VirtualClock
from exporter.gateway.cadences import CADENCES
from exporter.gateway.limit_file import LimitFile
from exporter.gateway.paths import CHECK_JWT, HOME, INFO
from exporter.gateway.rate_limit import BURST, PER_MINUTE, SMALL_PER_MINUTE, WINDOW, RateLimiter
from exporter.gateway.topology import GRID_STATE
from exporter.simulator.faults import Fault, Reset, Truncated, body, status
from exporter.simulator.gateway import SimulatedGateway
from exporter.simulator.homes import build_home, sample_home
from exporter.simulator.homes.models import HomeHardware
from exporter.simulator.server import ReceivedRequest
from tests.polled_gateway import START, PolledGateway, polled_gateway

#: a site with all there is
EVERYTHING = HomeHardware(
    serial="202499000077",
    firmware="8.3.5200",
    cts=("production", "net-consumption", "storage"),
    legs=3,
    volts=230.0,
    inverters=20,
    device_data=True,
    batteries=3,
    controller=True,
    generator=True,
    acbs=2,
    time_of_use=True,
)


#: collectors that have something to collect there
EXPECTED = frozenset(
    {
        "gateway",
        "grid",
        "ensemble",
        "battery_power",
        "meters",
        "production",
        "storage",
        "dry_contacts",
        "generator",
        "home",
        "tariff",
        "inverters",
        "acb",
        "devices",
    }
)


class Times(deque[ReceivedRequest]):
    """The requests that arrive, with their time by the clock of the test."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        #: times of the requests for the grid state, which are small, and of the others
        self.small: list[float] = []
        self.full: list[float] = []
        self._clock = clock

    def append(self, request: ReceivedRequest) -> None:
        """Take a request."""
        times = self.small if request.target in GRID_STATE else self.full
        times.append(self._clock.monotonic())
        super().append(request)

    def most(self) -> tuple[int, int]:
        """Return how many full and small requests there were in the ten minutes with most."""
        return _most(self.full), _most(self.small)


def _most(times: list[float]) -> int:
    # Less a second: a request that was due at the very end of the window counts for the next.
    end = WINDOW - 1
    return max((sum(start <= at < start + end for at in times) for start in times), default=0)


def everything(now: Callable[[], float]) -> SimulatedGateway:
    """Return a gateway with all there is."""
    return build_home(EVERYTHING, now)


def timed(watched: PolledGateway) -> Times:
    """Note the times of the requests from now on."""
    times = Times(watched.clock)
    watched.gateway.requests = times
    return times


async def test_a_site_with_everything_stays_within_the_limit(
    tmp_path: Path,
) -> None:
    """All that can be installed fits into the limit, and everything keeps its cadence."""
    clock = VirtualClock(START)
    async with polled_gateway(everything(clock.time), tmp_path, clock) as watched:
        times = timed(watched)
        await watched.pass_time(3000)
        full, small = times.most()
        assert full <= PER_MINUTE * WINDOW / 60
        assert small <= SMALL_PER_MINUTE * WINDOW / 60
        assert watched.gateway.max_concurrency == 1
        up = {dict(k)["collector"]: v for k, v in watched.samples()["enphase_collector_up"].items()}
        assert {name for name, value in up.items() if not value} == set()
        assert up.keys() >= EXPECTED
        for endpoint, least in (
            ("/ivp/ensemble/relay", 500),
            ("/ivp/ensemble/inventory", 85),
            ("/ivp/meters/readings", 90),
            ("/ivp/ensemble/power", 45),
            (HOME, 9),
            (INFO, 9),
        ):
            assert watched.gateway.count(endpoint) >= least, endpoint


@pytest.mark.parametrize("cadences", [{}, dict.fromkeys(CADENCES, 5.0)], ids=["usual", "5 s"])
@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"*": status(500)},
        {"*": status(401)},
        {"*": Reset()},
        {"*": body(b"[]")},
        {"*": Truncated()},
        {INFO: Reset()},
        {INFO: status(503)},
        {CHECK_JWT: status(401)},
        {CHECK_JWT: Reset()},
    ],
    ids=str,
)
async def test_no_failure_presses_the_gateway(
    faults: dict[str, Fault], cadences: dict[str, Any], tmp_path: Path
) -> None:
    """Whatever fails all the time, and whatever cadence is configured, the limit holds."""
    clock = VirtualClock(START)
    async with polled_gateway(
        everything(clock.time), tmp_path, clock, cadences=cadences
    ) as watched:
        times = timed(watched)
        await watched.pass_time(60)
        watched.gateway.faults |= faults
        await watched.pass_time(1500)
        full, small = times.most()
        assert full <= PER_MINUTE * WINDOW / 60
        assert small <= SMALL_PER_MINUTE * WINDOW / 60
        assert watched.gateway.max_concurrency == 1


async def test_old_firmware_is_not_pressed_either(tmp_path: Path) -> None:
    """The challenges of digest are requests like any other."""
    clock = VirtualClock(START)
    cadences = dict.fromkeys(CADENCES, 5.0)
    async with polled_gateway(
        sample_home("legacy", clock.time), tmp_path, clock, cadences=cadences
    ) as watched:
        times = timed(watched)
        await watched.pass_time(1500)
        full, small = times.most()
        assert full <= PER_MINUTE * WINDOW / 60
        assert small <= SMALL_PER_MINUTE * WINDOW / 60


async def test_a_burst_then_the_limit() -> None:
    """The first round may be a burst, and still the limit holds."""
    clock = VirtualClock(START)
    budget = RateLimiter(clock)
    turns = []
    for _ in range(300):
        async with budget.slot():
            turns.append(clock.monotonic())
    assert turns[BURST - 1] == 0
    assert turns[BURST] > 0
    assert max(sum(at <= other < at + WINDOW for other in turns) for at in turns) <= PER_MINUTE * 10


async def test_a_turn_that_is_given_up_is_free_again() -> None:
    """A cancelled request does not block the others."""
    budget = RateLimiter(VirtualClock(START))

    async def ask(forever: asyncio.Event) -> None:
        async with budget.slot():
            await forever.wait()

    never = asyncio.Event()
    first, second = (asyncio.create_task(ask(never)) for _ in range(2))
    await asyncio.sleep(0)
    for task in (second, first):
        task.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    async with budget.slot():
        pass


def most(times: list[float], window: float) -> int:
    """Return how many there were in the window that had most."""
    return max(sum(start <= at < start + window for at in times) for start in times)


@pytest.mark.parametrize("small", [False, True])
async def test_no_minute_has_more_than_the_limit(*, small: bool, tmp_path: Path) -> None:
    """After the first round, which is one burst, whatever is requested."""
    clock = VirtualClock(START)
    limiter = RateLimiter(clock, tmp_path / "home.requests")
    times = []
    for _ in range(400):
        async with limiter.slot(small=small):
            limiter.let_in()
            times.append(clock.monotonic())
    after = [at for at in times if small or at > 60]
    assert most(after, 60) <= (SMALL_PER_MINUTE if small else PER_MINUTE)
    assert most(times, WINDOW) <= 10 * (SMALL_PER_MINUTE if small else PER_MINUTE)


async def test_small_requests_have_a_limit_of_their_own(tmp_path: Path) -> None:
    """Requests for the grid state do not wait for other requests."""
    clock = VirtualClock(START)
    limiter = RateLimiter(clock, tmp_path / "home.requests")
    while limiter.delay() == 0:
        async with limiter.slot():
            pass
    assert limiter.delay() > 0
    assert limiter.delay(small=True) == 0
    before = clock.monotonic()
    async with limiter.slot(small=True):
        assert clock.monotonic() == before


async def test_a_small_request_overlaps_a_slow_one(tmp_path: Path) -> None:
    """One that may does not wait for the end of another, but for its own limit all the same."""
    limiter = RateLimiter(VirtualClock(START), tmp_path / "home.requests")
    async with limiter.slot():
        async with asyncio.timeout(5), limiter.slot(small=True, overlap=True):
            pass
        waiting = asyncio.create_task(_ask(limiter))
        done, _ = await asyncio.wait((waiting,), timeout=0.05)
        assert not done
    await waiting


async def _ask(limiter: RateLimiter) -> None:
    async with limiter.slot():
        pass


async def test_a_new_limiter_goes_on_where_the_old_one_was(tmp_path: Path) -> None:
    """A reload, a restart or a command begins with what is left and not with a burst."""
    clock = VirtualClock(START)
    path = tmp_path / "home.requests"
    first = RateLimiter(clock, path)
    for _ in range(10):
        async with first.slot():
            first.let_in()
    await clock.sleep(120)
    async with first.slot():
        pass
    times = []
    for _ in range(20):
        second = RateLimiter(clock, path)
        async with second.slot():
            times.append(clock.monotonic())
    assert sum(at < times[0] + 60 for at in times) <= PER_MINUTE


async def test_processes_take_turns(tmp_path: Path) -> None:
    """While one process has a request under way, another waits for its end."""
    script = (
        "import asyncio, sys; from pathlib import Path;"
        "from exporter.clock import SystemClock;"
        "from exporter.gateway.rate_limit import RateLimiter\n"
        "async def main():\n"
        "    async with RateLimiter(SystemClock(), Path(sys.argv[1])).slot():\n"
        "        print('in', flush=True)\n"
        "        await asyncio.to_thread(sys.stdin.readline)\n"
        "asyncio.run(main())"
    )
    path = tmp_path / "home.requests"
    other = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, str(path)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert other.stdout is not None
    assert other.stdin is not None
    await other.stdout.readline()
    ours = asyncio.create_task(_ask(RateLimiter(SystemClock(), path)))
    done, _ = await asyncio.wait((ours,), timeout=0.3)
    assert not done
    other.stdin.write(b"\n")
    await other.stdin.drain()
    await other.wait()
    async with asyncio.timeout(30):
        await ours


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"full": [1, 2], "small": 5}'])
async def test_a_file_that_cannot_be_used_costs_nothing(content: bytes, tmp_path: Path) -> None:
    """Whatever it holds, or where there is no directory, this process counts for itself."""
    path = tmp_path / "home.requests"
    path.write_bytes(content)
    for each in (path, tmp_path / "gone" / "home.requests", tmp_path):
        limiter = RateLimiter(VirtualClock(START), each)
        for _ in range(3):
            async with limiter.slot():
                pass
    assert not (tmp_path / "gone").exists()


def open_descriptors() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_slot_that_is_given_up_lets_go_of_the_file(tmp_path: Path) -> None:
    """A cancelled request does not keep other processes waiting, nor a descriptor open."""
    path = tmp_path / "home.requests"
    limiter = RateLimiter(VirtualClock(START), path)
    before = open_descriptors()
    for moment in range(8):
        task = asyncio.create_task(_ask(limiter))
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(30), RateLimiter(VirtualClock(START), path).slot():
        pass
    assert open_descriptors() <= before + 2


def test_two_threads_open_the_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that was given up may be opening it; a second descriptor would stay locked."""
    opened: list[Path] = []
    again, open_private = threading.Event(), files.open_private

    def open_slowly(path: Path) -> int:
        if opened:
            again.set()
        opened.append(path)
        # as long as another thread might need to come here too
        again.wait(0.5)
        return open_private(path)

    monkeypatch.setattr(files, "open_private", open_slowly)
    file = LimitFile(tmp_path / "home.requests")
    threads = [threading.Thread(target=file.open) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1


@pytest.mark.parametrize("local", [True, False])
async def test_a_file_that_was_removed_is_shared_again(
    *, local: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the file is, the next request counts in the one that others find."""
    monkeypatch.setattr("exporter.files.is_local", lambda descriptor: local)
    path = tmp_path / "home.requests"
    limiter = RateLimiter(VirtualClock(START), path)
    for _ in range(BURST - 2):
        async with limiter.slot():
            pass
    path.unlink()
    async with limiter.slot():
        pass
    other = RateLimiter(VirtualClock(START), path)
    async with other.slot():
        pass
    assert other.delay() > 0


async def test_what_another_process_counted_counts(tmp_path: Path) -> None:
    """Also between two requests of a process that keeps the file open."""
    path = tmp_path / "home.requests"
    clock = VirtualClock(START)
    ours, theirs = RateLimiter(clock, path), RateLimiter(clock, path)
    for _ in range(BURST // 2):
        for limiter in (ours, theirs):
            async with limiter.slot():
                pass
    async with asyncio.timeout(30):
        before = clock.monotonic()
        for _ in range(5):
            async with ours.slot():
                pass
    assert clock.monotonic() > before
