"""Homes for the dashboards, recorded by the real exporter.

Two days of the demo's home, and some hours of homes with the hardware that it does not have. All
recordings end at the same moment, on a sunny noon, so that one Prometheus watches all of them.
"""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from exporter.clock import VirtualClock
from exporter.gateway.cadences import CADENCES
from exporter.simulator.recorder import VirtualExporter, run_virtual_exporter
from exporter.simulator.scenario import Scenario, ScenarioRunner

#: seconds between two scrapes
INTERVAL = 300
_ZONE = "US/Pacific"
_END = datetime(2026, 6, 20, 13, tzinfo=ZoneInfo(_ZONE))
_TARGET = b'{job="enphase",instance="localhost:10055",'

#: events as in scenarios; times count from the start
_HOMES: Mapping[str, dict[str, Any]] = {
    "battery-home": {
        "hours": 48,
        "events": [
            {"at": "15h", "gateway": {"firmware": "8.2.4500"}},
            {"at": "20h", "for": "20m", "set": {"switch.commanded": "open"}},
            {"at": "30h", "for": "150m", "set": {"grid.up": False}},
            {"at": "33h", "set": {"battery.2.firmware": "3.0.8120_rel/31.50"}},
            {"at": "40h", "for": "20m", "server": {"/home": {"status": 503}}},
            {"at": "41h", "set": {"inverter.3.output": 0.4, "inverter.5.silent": True}},
            {"at": "44h", "for": "30m", "set": {"load.extra": 60000}},
            {"at": "46h", "for": "10m", "set": {"counter.imported.zero": True}},
        ],
    },
    "acb": {"hours": 4, "events": [{"at": "1h", "set": {"acb.3.sleep_requested": True}}]},
    "collar": {"hours": 4, "events": [{"at": "3h", "set": {"switch.control_error": 3}}]},
    "generator": {
        "hours": 6,
        "events": [
            {"at": "0s", "set": {"battery.*.soc": 0.35}},
            {"at": "1h", "set": {"grid.up": False, "solar.connected": False}},
        ],
    },
    "three-phase": {"hours": 3},
    "solar-only": {"hours": 3},
    "legacy": {"hours": 3},
}
HOMES = tuple(_HOMES)
#: the home that the demo shows, with everything but what few have
DEMO = "battery-home"
#: where some of the demo's panels lie, by serial
PLACES: Mapping[str, tuple[float, float]] = {
    f"4899000000{number:02}": (number % 6, number // 6) for number in range(2, 13)
}
_INVERTERS: dict[str, dict[str, Any]] = {
    f"4899000000{number:02}": {"name": f"South {number}", "array": "South roof"}
    for number in range(1, 13)
}
for _serial, (_x, _y) in PLACES.items():
    _INVERTERS[_serial] |= {"x": _x, "y": _y}
#: configuration of the demo's home: desired mode, location, names
_CONFIG = {
    DEMO: {
        "wanted": {"storage_mode": "self-consumption"},
        # as the simulated sun stands: highest at noon of the time zone
        "location": {"latitude": 37, "longitude": -120},
        "inverters": _INVERTERS,
    }
}


def scenario(home: str, events: Sequence[Mapping[str, Any]] | None = None) -> Scenario:
    """Return what happens at a home until noon, or other `events` there."""
    spec = dict(_HOMES[home]) | ({} if events is None else {"events": list(events)})
    hours = spec.pop("hours")
    return Scenario.model_validate(
        {
            "title": home,
            "description": "Recorded for the dashboards.",
            "start": f"{_END - timedelta(hours=hours):%Y-%m-%d %H:%M}",
            "duration": f"{hours}h",
            "home": {"base": home, "timezone": _ZONE},
            "weather": "clear",
            **spec,
        }
    )


def end() -> float:
    """Return when all recordings end (epoch seconds)."""
    return scenario(DEMO).ends


def begin() -> float:
    """Return when the longest recording begins (epoch seconds)."""
    return scenario(DEMO).begins


def record(home: str, path: Path) -> None:
    """Write what Prometheus would have scraped of a home, as OpenMetrics without its last line."""
    asyncio.run(_record(home, path))


async def _record(home: str, path: Path) -> None:
    await record_scenario(scenario(home), home, path)


async def record_scenario(played: Scenario, home: str, path: Path) -> None:
    """Write what Prometheus would have scraped of a home while something happens there."""
    clock = VirtualClock(played.begins)
    runner = ScenarioRunner(played, clock)
    with tempfile.TemporaryDirectory(prefix="enphase-homes-") as folder, path.open("wb") as file:
        watching: AbstractAsyncContextManager[VirtualExporter] = run_virtual_exporter(
            runner.gateway,
            clock,
            name=home,
            state_dir=Path(folder),
            runner=runner,
            cadences={name: max(INTERVAL, usual) for name, usual in CADENCES.items()},
            **_CONFIG.get(home, {}),
        )
        async with watching as observer:
            while clock.time() <= played.ends:
                due = (clock.time() // INTERVAL + 1) * INTERVAL
                await observer.advance(due - clock.time())
                if observer.exposition is not None:
                    text = observer.exposition.with_timestamps(clock.time())
                    file.write(text.replace(b"{", _TARGET))
