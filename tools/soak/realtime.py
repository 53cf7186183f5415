"""Real minutes with houses whose time runs fast: `enphase-exporter serve`, scraped all the time.

The exporter lives by the wall clock, in its own cadences and against real deadlines, while the
houses behind the gateways live a day in minutes: whatever they tell changes at every reading.
"""

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from bench.load import Request, get
from bench.processes import child
from tools.soak.clients import PROMETHEUS

_ROOT = Path(__file__).resolve().parents[2]
#: seconds between two lines of the table, and between two looks at the process
_EVERY, _GLANCE = 120.0, 1.0
#: seconds that a client waits after an answer
_PAUSE = 0.05
#: seconds until all are up at first, and again in the end; and until the process has ended
_UP_AT_LAST, _ENDING = 120.0, 10.0
#: bytes that may come on top of the first look: malloc gives back what it likes
_MORE_BYTES = 10e6
_END = b"\r\n\r\n"
#: what each client requests repeatedly
_PATHS: tuple[tuple[str, str, str], ...] = (
    *[("/metrics", PROMETHEUS, "gzip")] * 4,
    ("/metrics", "text/plain", "identity"),
    ("/probe?target=grid-outage", PROMETHEUS, "gzip"),
    ("/", "text/html", "gzip"),
    ("/api/v1/status", "application/json", "gzip"),
)


@dataclass
class Look:
    """The exporter's process over some seconds: its memory at the end, its most files and threads.

    `at` in seconds since the start; answers and seconds of the slowest hundredth since the last.
    """

    at: float
    rss: int
    files: int
    threads: int
    answers: int = 0
    p99: float = 0.0
    errors: int = 0


@dataclass
class RealtimeResult:
    """Result of the part in real time."""

    clients: int = len(_PATHS)
    houses: int = 0
    up: int = 0
    status: int | None = None
    looks: list[Look] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    errors: int = 0
    #: lines of the exporter's log with level error
    log_errors: list[str] = field(default_factory=list)

    @property
    def answers(self) -> int:
        """How many requests were answered."""
        return len(self.latencies)

    @property
    def p99(self) -> float:
        """Seconds within which 99 % were."""
        return _percentile(self.latencies, 0.99)

    @property
    def median(self) -> float:
        """Seconds within which half were."""
        return _percentile(self.latencies, 0.5)

    def problems(self) -> list[str]:
        """Return what is not as it should be, in words."""
        # The first was before anybody came, the last is when all have gone.
        first, last = self.looks[0], self.looks[-1]
        complaints = [f"in the log: {line}" for line in self.log_errors[:3]]
        if self.errors:
            complaints.append(f"{self.errors} scrapes failed")
        if self.up < self.houses:
            complaints.append(f"only {self.up} of {self.houses} gateways are up")
        if self.status != 0:
            complaints.append(f"the exporter ended with status {self.status}")
        complaints += [
            f"{getattr(last, what)} {what}, {getattr(first, what)} at first"
            for what in ("files", "threads")
            if getattr(last, what) > getattr(first, what)
        ]
        if last.rss > first.rss + _MORE_BYTES:
            complaints.append(f"{last.rss / 1e6:.1f} MB, {first.rss / 1e6:.1f} MB at first")
        return complaints


async def run(seconds: float, speed: float, tell: Callable[[str], None]) -> RealtimeResult:
    """Run the exporter for so many seconds; `tell` gets a line for each look."""
    result = RealtimeResult()
    with TemporaryDirectory() as folder:
        async with child("tools.soak.sim_process", str(speed)) as houses:
            gateways = await houses.receive()
            result.houses = len(gateways)
            async with _exporting(Path(folder), gateways, result) as (process, port):
                await _all_up(port, result)
                result.looks.append(_look(process.pid, 0.0))
                began = time.perf_counter()
                clients = [
                    asyncio.create_task(_client(Request(port, *path), result, began + seconds))
                    for path in _PATHS
                ]
                await _watch(process.pid, result, began, seconds, tell)
                await asyncio.gather(*clients)
                await _all_up(port, result)
                result.looks.append(await _settled(process.pid, result.looks[0].files, began))
    return result


@asynccontextmanager
async def _exporting(
    folder: Path, gateways: list[dict[str, str]], result: RealtimeResult
) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    config = folder / "config.yml"
    # JSON is YAML, too.
    config.write_bytes(orjson.dumps({"gateways": gateways, "state_dir": str(folder / "state")}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter", "serve", f"--config.file={config}"),
        *("--web.listen-address=127.0.0.1:0", "--log.format=json"),
        cwd=_ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    reading = asyncio.create_task(_read(process, listening, result))
    try:
        async with asyncio.timeout(_UP_AT_LAST):
            port = await listening
        yield process, port
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        async with asyncio.timeout(_ENDING):
            result.status = await process.wait()
        await reading


async def _read(
    process: asyncio.subprocess.Process, listening: asyncio.Future[int], result: RealtimeResult
) -> None:
    """Read the log: where it listens, and errors."""
    assert process.stderr is not None
    async for line in process.stderr:
        fields = orjson.loads(line)
        if fields["msg"] == "listening":
            listening.set_result(int(fields["address"].rpartition(":")[2]))
        elif fields["level"] == "error":
            result.log_errors.append(line.decode())
    if not listening.done():
        listening.set_exception(RuntimeError("the exporter ended before it listened"))


async def _all_up(port: int, result: RealtimeResult) -> None:
    """Wait until every gateway is up, but not for ever; note how many are."""
    until = time.perf_counter() + _UP_AT_LAST
    while True:
        text = (await get(Request(port, "/metrics"))).decode()
        ups = [line for line in text.splitlines() if line.startswith("enphase_up{")]
        result.up = sum(line.endswith(" 1") for line in ups)
        if result.up == result.houses or time.perf_counter() > until:
            return
        await asyncio.sleep(_GLANCE)


async def _watch(
    pid: int, result: RealtimeResult, began: float, seconds: float, tell: Callable[[str], None]
) -> None:
    counted, errors = 0, 0
    while (at := time.perf_counter() - began) < seconds:
        end = began + min(seconds, at + _EVERY)
        look = _look(pid, at)
        while time.perf_counter() < end:
            await asyncio.sleep(min(_GLANCE, max(0.0, end - time.perf_counter())))
            now = _look(pid, time.perf_counter() - began)
            now.files = max(now.files, look.files)
            now.threads = max(now.threads, look.threads)
            look = now
        recent = result.latencies[counted:]
        look.answers, look.p99 = len(recent), _percentile(recent, 0.99)
        look.errors = result.errors - errors
        counted, errors = len(result.latencies), result.errors
        result.looks.append(look)
        tell(f"{look.at:.0f} s: {look.rss / 1e6:.1f} MB, {look.answers} answers")


async def _settled(pid: int, files: int, began: float) -> Look:
    """Look once there are no more files than that again, or when that has lasted too long."""
    until = time.perf_counter() + _UP_AT_LAST
    while True:
        look = _look(pid, time.perf_counter() - began)
        if look.files <= files or time.perf_counter() > until:
            return look
        await asyncio.sleep(_GLANCE)


def _look(pid: int, at: float) -> Look:
    process = Path("/proc") / str(pid)
    pages = int((process / "statm").read_text().split()[1])
    files = sum(1 for _ in (process / "fd").iterdir())
    threads = sum(1 for _ in (process / "task").iterdir())
    return Look(at, pages * resource.getpagesize(), files, threads)


async def _client(request: Request, result: RealtimeResult, until: float) -> None:
    """Send requests over one connection until the end; failures are counted."""
    while time.perf_counter() < until:
        writer = None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", request.port)
            while (start := time.perf_counter()) < until:
                await _ask(request, reader, writer)
                result.latencies.append(time.perf_counter() - start)
                await asyncio.sleep(_PAUSE)
        except (OSError, RuntimeError, asyncio.IncompleteReadError):
            result.errors += 1
            await asyncio.sleep(_GLANCE)
        finally:
            if writer is not None:
                writer.close()


async def _ask(
    request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(request.head)
    head = await reader.readuntil(_END)
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(head.partition(b"\r\n")[0].decode(errors="replace"))
    length = head.lower().partition(b"content-length: ")[2]
    await reader.readexactly(int(length.partition(b"\r\n")[0]))


def _percentile(latencies: list[float], share: float) -> float:
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
