"""What the series of a home cost: how many each kind of hardware has, and their place on the disk.

The bytes are those of real blocks: what a simulated home exports around noon, when most values
move, is imported by promtool, which compresses it as Prometheus does.
"""

import asyncio
import re
import shutil
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.results import BenchRow, Findings, Progress, Quantity
from exporter.clock import VirtualClock
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.recorder import record_scrapes

_HOME = "battery-home"
#: noon of a day in spring, where the sample home is
_NOON = 1_775_070_000.0
#: seconds between two scrapes, and seconds recorded
_RECORDINGS = {5: 1800, 15: 5400}
_DAY, _DAYS_OF_TEN_YEARS = 86400, 3652
_LABELS = re.compile(rb'^(enphase_[a-z0-9]+)_\w*\{.*?\b(serial|meter|id)="([^"]*)"', re.MULTILINE)
#: words for what a family and its label count
_KINDS = {
    ("enphase_inverter", "serial"): "Series of an inverter",
    ("enphase_encharge", "serial"): "Series of a battery",
    ("enphase_meter", "meter"): "Series of a CT meter",
}


async def run(progress: Progress) -> Findings:
    """Count the series, and record the home with each interval."""
    promtool = shutil.which("promtool")
    rows: list[BenchRow] = []
    notes = [f"{_HOME}, at noon, when most values move; blocks as promtool writes them"]
    for interval, seconds in _RECORDINGS.items():
        progress(f"Storage: {_HOME} scraped every {interval} s")
        with TemporaryDirectory() as name:
            folder = Path(name)
            last, samples = await _record(folder / "samples", interval, seconds)
            if not rows:
                rows += _series(last)
            if promtool is None:
                notes = ["bytes of series not measured: promtool is missing"]
                continue
            size = await _import(promtool, folder / "samples", folder / "blocks")
        series = last.count(b"\n")
        per_day = size / series * _DAY / seconds
        rows.append(
            BenchRow(
                f"Bytes of a series and day in Prometheus, scraped every {interval} s",
                Quantity(per_day, "B"),
            )
        )
        rows.append(BenchRow("… of a sample", Quantity(size / samples, "B")))
        rows.append(
            BenchRow(
                f"… of ten years of {_HOME} ({series:,} series)",
                Quantity(per_day * series * _DAYS_OF_TEN_YEARS / 1e9, "GB"),
            )
        )
    return Findings(tuple(rows), tuple(notes))


async def _record(file: Path, interval: int, seconds: int) -> tuple[bytes, int]:
    """Write the scrapes as OpenMetrics; return the last one, and the number of samples."""
    clock = VirtualClock(_NOON)
    house = HomeSimulation(SAMPLE_HOMES[_HOME], seed=1, start=_NOON, past_days=0)
    gateway = LiveGateway(house, lambda: house.at(clock.time()))
    last, samples = b"", 0
    by_family: dict[bytes, list[bytes]] = defaultdict(list)
    async for scrape in record_scrapes(
        gateway,
        clock,
        name="home",
        seconds=seconds,
        interval=interval,
        state_dir=file.parent / "state",
    ):
        last = scrape.lines
        samples += last.count(b"\n")
        for line in last.splitlines(keepends=True):
            by_family[line.partition(b"{")[0]].append(line)
    with file.open("wb") as out:
        for lines in by_family.values():
            out.writelines(lines)
        out.write(b"# EOF\n")
    return last, samples


async def _import(promtool: str, file: Path, blocks: Path) -> int:
    """Return the bytes of the blocks that promtool makes of a recording."""
    words = ("tsdb", "create-blocks-from", "openmetrics", str(file), str(blocks))
    process = await asyncio.create_subprocess_exec(
        promtool, *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"promtool has failed: {errors.decode()[-200:]}")
    return _size_of_samples(blocks)


def _size_of_samples(blocks: Path) -> int:
    # Without the index: in blocks of a month, as they become later, it is next to nothing.
    return sum(path.stat().st_size for path in blocks.glob("*/chunks/*"))


def _series(lines: bytes) -> list[BenchRow]:
    """Return how many series each kind of hardware has, by the mean of its devices."""
    counted: dict[tuple[str, str], dict[bytes, int]] = defaultdict(lambda: defaultdict(int))
    for family, label, value in _LABELS.findall(lines):
        counted[family.decode(), label.decode()][value] += 1
    rows = [
        BenchRow(words, Quantity(round(sum(devices.values()) / len(devices))))
        for kind, words in _KINDS.items()
        if (devices := counted.get(kind))
    ]
    of_devices = sum(sum(counted[kind].values()) for kind in _KINDS)
    rows.append(BenchRow("… of all else", Quantity(lines.count(b"\n") - of_devices)))
    return rows
