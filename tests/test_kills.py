"""The counters of an exporter process that is killed again and again."""

import asyncio
import time
from pathlib import Path

import pytest

from exporter.simulator.homes import sample_home
from exporter.simulator.server import serve
from tests.polled_gateway import Samples
from tests.process import ExporterProcess, exporter_process

GROWING = "enphase_battery_charge_joules_total"
KILLS = 3
#: seconds; restarts of the exporter must not make it poll more often
PATIENCE = 300

#: energies by name and labels
Totals = dict[tuple[str, frozenset[tuple[str, str]]], float]


def totals(scraped: Samples) -> Totals:
    """Return all energies by name and labels."""
    return {
        (name, labels): value
        for name, series in scraped.items()
        if name.startswith("enphase_") and name.endswith("_joules_total")
        for labels, value in series.items()
    }


async def grown(process: ExporterProcess, beyond: float) -> Totals:
    """Return all energies once the batteries have charged more than this."""
    async with asyncio.timeout(PATIENCE):
        while True:
            counters = totals(await process.samples())
            values = [value for (name, _), value in counters.items() if name == GROWING]
            if values and max(values) > beyond:
                return counters
            await asyncio.sleep(0.05)


@pytest.mark.proof
async def test_no_energy_is_smaller_after_a_kill(tmp_path: Path) -> None:
    """At whatever moment, however often: every counter goes on from where it was seen last."""
    async with serve(sample_home("battery-home", time.time)) as gateway:
        config = tmp_path / "enphase-exporter.yml"
        config.write_text(
            f"gateways: [{{host: '{gateway.host}', name: home, token: {gateway.token}}}]\n"
            f"cadences: {{battery_power: 5, meters: 5}}\nstate_dir: {tmp_path / 'state'}\n"
        )
        before: Totals = {}
        largest = 0.0
        for _ in range(KILLS):
            async with exporter_process(tmp_path, f"--config.file={config}") as process:
                now = await grown(process, largest)
                process.process.kill()
            fallen = {key: value for key, value in before.items() if now.get(key, value) < value}
            assert fallen == {}
            before = now
            largest = max(value for (name, _), value in now.items() if name == GROWING)
