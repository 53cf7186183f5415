"""The homes that the pictures are of, recorded by the exporter into the folder of a Prometheus.

They are those of the tests of the queries, with what the rules make of them. The demo's home has
an outage in the evening and two panels that stay behind. The days before are there as the rules
keep them (`history`).
"""

import asyncio
import shutil
from pathlib import Path

from tests.alerts.rule_files import NAME
from tests.grafana import homes
from tests.grafana.backfill import fill, import_openmetrics
from tools import boards
from tools.dashboards.history import write_history
from tools.incident.healthy import silence_logging

#: days of the history: a year, and the month that is compared with the last
_DAYS = 400
#: of the demo's home, without what only tests need
_EVENTS = (
    {"at": "30h", "for": "150m", "set": {"grid.up": False}},
    {"at": "41h", "set": {"inverter.3.output": 0.4, "inverter.5.silent": True}},
)


def recorded(home: str, folder: Path) -> Path:
    """Return where a server finds a home, which is recorded if `folder` does not have it yet."""
    data = folder / home / "data"
    if not data.exists():
        _record(home, data)
    return data


def _record(home: str, data: Path) -> None:
    """Record a home, and what the rules make of it; a broken attempt leaves nothing."""
    silence_logging()
    part = data.with_name("part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    recording = data.with_name("home.om")
    if not recording.exists():
        scrapes = recording.with_suffix(".part")
        played = homes.scenario(home, _EVENTS if home == homes.DEMO else None)
        asyncio.run(homes.record_scenario(played, home, scrapes))
        scrapes.replace(recording)
    queries = (*boards.queries(), *boards.notes(), *boards.lists())
    fill(part, [recording], {name for each in queries for name in NAME.findall(each.expr)})
    history = data.with_name("history.om")
    if not history.exists():
        lines = history.with_suffix(".part")
        write_history(homes.scenario(home), recording, homes.begin(), _DAYS, lines)
        lines.replace(history)
    import_openmetrics(history, part, months=True)
    part.replace(data)
