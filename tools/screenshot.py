"""Takes the pictures of the status page in docs/: a simulated home, the exporter, a real browser.

    python -m tools.screenshot
    python -m tools.screenshot --scenario=grid-outage --at=1h --hours=1 --folder=/tmp

Home and exporter run from some hours before the moment on, so that there is a curve to see, and
then stand still; everything is read every five minutes.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Browser
from pydantic import TypeAdapter

from exporter.address import parse
from exporter.config import COLLECTORS, Config
from exporter.logging import setup_logging
from exporter.manager import PollerManager
from exporter.serve import listening
from exporter.simulator.paced_clock import ShiftedClock
from exporter.simulator.panel_labels import panel_labels
from exporter.simulator.scenario import Scenario, ScenarioRunner, find_scenario
from exporter.simulator.scenario.durations import At
from exporter.simulator.scenario.time_shift import TimeShiftedGateway
from exporter.simulator.server import serve
from exporter.web.config import WebConfig
from tools.browser import browsing, opened
from tools.browser import find as find_browser
from tools.still_clock import StillClock

#: seconds of the home's time between two readings
_CADENCE = 300.0
#: width and height in CSS pixels
_DESK, _PHONE = (1280, 1270), (360, 850)
_MARGIN = 16
_AT: TypeAdapter[Any] = TypeAdapter(At)


async def take(browser: Browser, url: str, folder: Path, *, dark: bool) -> None:
    """Take the pictures of the page at `url` into `folder`: at a desk, and on a phone."""
    for name, (width, height), scale in (("", _DESK, 1), ("-phone", _PHONE, 2)):
        async with opened(browser, url, width, height, scale, dark=dark) as page:
            bottom = float(height)
            if not name:
                # On a desktop only down to the panels; the tables below are left out.
                panels = await page.locator("section:has(.plan)").bounding_box()
                assert panels
                bottom = panels["y"] + panels["height"] + _MARGIN
            await page.screenshot(
                path=folder / f"status-page{name}.png",
                full_page=True,
                clip={"x": 0, "y": 0, "width": width, "height": bottom},
            )


@asynccontextmanager
async def home_at(scenario: Scenario, moment: str, hours: float) -> AsyncIterator[str]:
    """Play some hours of a scenario up to a moment, and yield the address of the page."""
    at = scenario.epoch(_AT.validate_python(moment))
    end = time.time()
    now = StillClock(end - 3600 * hours, end)
    then = ShiftedClock(now, at - end)
    # The curve has the local hours of the home, although it is displayed now.
    home_hour = datetime.fromtimestamp(at, ZoneInfo(scenario.site.timezone)).hour
    ahead = (home_hour - datetime.now(UTC).hour + 11) % 24 - 11
    runner = ScenarioRunner(scenario, then)
    runner.catch_up()
    now.on_step = runner.catch_up
    with tempfile.TemporaryDirectory(prefix="enphase-exporter-") as state:
        manager = PollerManager(Path(state), now)
        async with (
            serve(TimeShiftedGateway(runner.gateway, then.time, now.time), now=now.time) as running,
            listening(manager, WebConfig.load(None), parse("127.0.0.1:0")) as (host, port),
        ):
            runner.attach(running)
            home = {
                "host": running.host,
                "name": "home",
                "token": running.token,
                "inverters": panel_labels(scenario),
                "timezone": f"Etc/GMT{-ahead:+d}",
                "cadences": dict.fromkeys(COLLECTORS, _CADENCE),
            }
            try:
                await manager.apply_config(
                    Config.model_validate({"gateways": [home], "state_dir": state})
                )
                await now.stopped.wait()
                yield f"http://{host}:{port}/"
            finally:
                await manager.close()


async def photograph(
    chromium: str, scenario: Scenario, moment: str, hours: float, folder: Path, *, dark: bool
) -> None:
    """Play some hours of a scenario up to a moment and take the pictures."""
    async with browsing(chromium) as browser, home_at(scenario, moment, hours) as url:
        await take(browser, url, folder, dark=dark)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshot", description=__doc__)
    parser.add_argument("--scenario", default="sunny-day", help="what happens at the home")
    parser.add_argument("--at", default="9h", help="when, as scenarios write it")
    parser.add_argument("--hours", type=float, default=9, help="how long to play before that")
    parser.add_argument("--folder", type=Path, default=Path("docs"), help="where to put them")
    parser.add_argument("--dark", action="store_true", help="use the dark colour scheme")
    flags = parser.parse_args()
    chromium = find_browser()
    if chromium is None:
        sys.exit("Chromium is not installed (on Debian: apt-get install chromium)")
    setup_logging("error", "logfmt")
    scenario = find_scenario(flags.scenario)
    asyncio.run(
        photograph(chromium, scenario, flags.at, flags.hours, flags.folder, dark=flags.dark)
    )


if __name__ == "__main__":
    main()
