"""Takes a picture of the status page of every kind of home, to be looked at one by one.

    python -m tools.gallery --folder=/tmp/gallery
    python -m tools.gallery --folder=/tmp/gallery --dark collar fleet

Subjects are the captures of real gateways (replayed), moments of scenarios, and a fleet of 2,000.
Each is taken whole, at a desk and on a phone. The pictures show other people's homes, so they are
not committed.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from playwright.async_api import Browser

from exporter.address import parse
from exporter.clock import VirtualClock
from exporter.config import COLLECTORS, Config, Gateway
from exporter.errors import ExporterError
from exporter.gateway.poller import Poller
from exporter.house import HouseDeriver
from exporter.logging import setup_logging
from exporter.manager import PollerManager
from exporter.serve import listening
from exporter.simulator.homes import SAMPLE_HOME_NAMES, sample_home
from exporter.simulator.replay import load_capture
from exporter.simulator.scenario import find_scenario
from exporter.simulator.server import serve
from exporter.snapshot import Reading, Snapshot
from exporter.state import State
from exporter.web.config import WebConfig
from tools.browser import browsing, opened
from tools.browser import find as find_browser
from tools.screenshot import home_at
from tools.still_clock import StillClock

#: width and height in CSS pixels, and pixels of the picture per CSS pixel
_SCREENS = {"desk": (1440, 900, 1), "phone": (390, 844, 2)}
#: a replayed gateway stands still, so a few points of its curve are enough
_CADENCE, _HOURS = 120.0, 0.6
_FLEET = 2000
#: subjects that are watched at once
_AT_A_TIME = 3
#: seconds to the next request of a poller that has read everything once
_PAUSE = 1.0
_SCENARIOS = Path(__file__).parents[1] / "tests" / "scenarios" / "data"
#: moments of scenarios: file or name, when, and hours to watch before
_MOMENTS = {
    "sunny-day": ("sunny-day", "9h", 9.0),
    "grid-outage": ("grid-outage", "3h", 3.0),
    "batteries-died": ("owners-story", "day 48 12:00", 10.0),
    "gateway-replaced": ("owners-story", "day 54 20:00", 10.0),
    "generator-running": ("f39-generator-trouble", "6h", 6.0),
    "partly-blind": ("f45-grid-state-unknown", "45m", 2.0),
    "no-charge": ("f44-state-of-charge-missing", "45m", 2.0),
    "ground-fault": ("f48-ground-fault", "45m", 2.0),
    "update-failed": ("f53-firmware-update-failed", "2h", 2.0),
    "relay-open": ("f52-iq-relay-open", "50m", 0.75),
    "production-limited": ("f51-production-limited", "45m", 0.75),
    "overload": ("f55-backup-overload", "32m", 0.5),
    "acb-trouble": ("f40-acb-trouble", "2h", 2.0),
    "unreachable": ("f11-gateway-unreachable", "43m", 0.7),
}

Subject = Callable[[], AbstractAsyncContextManager[str]]


async def photograph(browser: Browser, url: str, path: Path, *, dark: bool) -> None:
    """Take pictures of the whole page at `url`, one for each screen."""
    for screen, (width, height, scale) in _SCREENS.items():
        async with opened(browser, url, width, height, scale, dark=dark) as page:
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                sys.stderr.write(f"{path.name}: {wide} px wide at {screen}\n")
            await page.screenshot(
                path=path.with_name(f"{path.name}-{screen}{'-dark' if dark else ''}.png"),
                full_page=True,
            )


@asynccontextmanager
async def replayed(folder: Path) -> AsyncIterator[str]:
    """Replay a capture as of now, watch it for a while, and yield the address of its page."""
    clock = StillClock(time.time() - 3600 * _HOURS, time.time())
    async with AsyncExitStack() as stack:
        state = stack.enter_context(tempfile.TemporaryDirectory(prefix="enphase-exporter-"))
        gateway = load_capture(folder, now=clock.time)
        running = await stack.enter_async_context(serve(gateway, now=clock.time))
        manager = PollerManager(Path(state), clock)
        host, port = await stack.enter_async_context(
            listening(manager, WebConfig.load(None), parse("127.0.0.1:0"))
        )
        stack.push_async_callback(manager.close)
        home = {
            "host": running.host,
            "name": "home",
            "cadences": dict.fromkeys(COLLECTORS, _CADENCE),
        }
        if gateway.uses_tls:
            home["token"] = running.token
        await manager.apply_config(Config.model_validate({"gateways": [home], "state_dir": state}))
        await clock.stopped.wait()
        yield f"http://{host}:{port}/"


@asynccontextmanager
async def moment(scenario: str, at: str, hours: float) -> AsyncIterator[str]:
    """Play a scenario up to a moment, and yield the address of the page."""
    file = _SCENARIOS / f"{scenario}.yml"
    async with home_at(find_scenario(str(file) if file.exists() else scenario), at, hours) as url:
        yield url


@asynccontextmanager
async def fleet(query: str) -> AsyncIterator[str]:
    """Show 2,000 homes, all of them copies of the sample homes, with some that do not answer."""
    clock = VirtualClock(time.time())
    async with AsyncExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="enphase-exporter-")))
        manager = PollerManager(state, clock)
        stack.push_async_callback(manager.close)
        host, port = await stack.enter_async_context(
            listening(manager, WebConfig.load(None), parse("127.0.0.1:0"))
        )
        kinds = [await _readings(name, state, clock) for name in SAMPLE_HOME_NAMES]
        gone = await _readings(None, state, clock)
        for number in range(_FLEET):
            readings = gone if number % 97 == 0 else kinds[number % len(kinds)]
            name, address = f"site-{number + 1:04}", f"192.0.2.{number % 250 + 1}"
            manager.status_store.update(Snapshot(name, readings), address)
        yield f"http://{host}:{port}/{query}"


async def _readings(home: str | None, state: Path, clock: VirtualClock) -> Mapping[str, Reading]:
    """Return what is read of a sample home, or of a gateway that is not there."""
    snapshots: list[Snapshot] = []
    async with AsyncExitStack() as stack:
        settings = {"name": home or "gone", "host": "127.0.0.1:1"}
        if home is not None:
            gateway = sample_home(home, clock.time)
            running = await stack.enter_async_context(serve(gateway, now=clock.time))
            settings["host"] = running.host
            if gateway.uses_tls:
                settings["token"] = running.token
        config = Gateway.model_validate(settings)
        poller = Poller(
            config, State(state, config.name), clock, snapshots.append, derive=HouseDeriver()
        )
        stack.push_async_callback(poller.close)
        while await poller.step() < _PAUSE:
            pass
    return snapshots[-1].readings


def subjects(captures: Path) -> dict[str, Subject]:
    """Return what pictures can be taken of, by name."""
    return {
        **{path.name: partial(replayed, path) for path in sorted(captures.glob("*/"))},
        **{name: partial(moment, *what) for name, what in _MOMENTS.items()},
        "fleet": partial(fleet, "?refresh=0"),
        "fleet-search": partial(fleet, "?q=site-1&state=well&sort=name&page=2"),
    }


async def take(chromium: str, chosen: dict[str, Subject], folder: Path, *, dark: bool) -> None:
    """Take the pictures of all chosen subjects, some at a time."""
    places = asyncio.Semaphore(_AT_A_TIME)
    async with browsing(chromium) as browser:

        async def one(name: str, subject: Subject) -> None:
            try:
                async with places, subject() as url:
                    await photograph(browser, url, folder / name, dark=dark)
            except ExporterError as error:
                sys.stderr.write(f"{name}: {error}\n")

        await asyncio.gather(*(one(name, subject) for name, subject in chosen.items()))


def _chosen(all_of_them: dict[str, Subject], words: Iterable[str]) -> dict[str, Subject]:
    words = tuple(words)
    return {
        name: subject
        for name, subject in all_of_them.items()
        if not words or any(word in name for word in words)
    }


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tools.gallery", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of the names of subjects; default: all")
    parser.add_argument("--folder", type=Path, required=True, help="where to put the pictures")
    parser.add_argument(
        "--captures",
        type=Path,
        default=Path(os.environ.get("ENPHASE_CAPTURES", "../shared/captures")),
        help="the folder of captures",
    )
    parser.add_argument("--dark", action="store_true", help="use the dark colour scheme")
    flags = parser.parse_args()
    chromium = find_browser()
    if chromium is None:
        sys.exit("Chromium is not installed (on Debian: apt-get install chromium)")
    setup_logging("error", "logfmt")
    flags.folder.mkdir(parents=True, exist_ok=True)
    chosen = _chosen(subjects(flags.captures), flags.names)
    asyncio.run(take(chromium, chosen, flags.folder, dark=flags.dark))


if __name__ == "__main__":
    main()
