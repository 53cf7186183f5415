"""A recording is what Prometheus would have scraped, ready to be imported."""

import asyncio
from pathlib import Path

from exporter.clock import VirtualClock
from exporter.simulator.homes import sample_home
from exporter.simulator.recorder import record_scrapes
from tests.polled_gateway import START


async def test_prometheus_imports_a_recording(tmp_path: Path, promtool: str) -> None:
    """Every sample of an hour at the pace of a scrape is found again in the blocks."""
    clock = VirtualClock(START)
    recording = tmp_path / "recording.om"
    count = 0
    with recording.open("wb") as file:
        async for scrape in record_scrapes(
            sample_home("battery-home", clock.time),
            clock,
            name="home",
            seconds=3600,
            interval=60,
            state_dir=tmp_path / "state",
        ):
            assert scrape.at == START + 60 * count
            file.write(scrape.lines)
            count += 1
        file.write(b"# EOF\n")
    assert count == 60
    blocks = tmp_path / "blocks"
    await run(promtool, "tsdb", "create-blocks-from", "openmetrics", str(recording), str(blocks))
    (blocks / "wal").mkdir()  # or promtool takes it for no database
    dump = await run(promtool, "tsdb", "dump", str(blocks), "--match=enphase_up")
    assert [line.split()[-2:] for line in dump.splitlines()][1:3] == [
        ["1", f"{(START + 60) * 1000:.0f}"],
        ["1", f"{(START + 120) * 1000:.0f}"],
    ]


async def run(*command: str) -> str:
    """Return what a command prints; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()
