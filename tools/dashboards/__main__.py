"""`python -m tools.dashboards`: write pictures of the dashboards."""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Browser

from tests.grafana import homes
from tests.grafana.backfill import Prometheus, running
from tools import boards
from tools.browser import browsing
from tools.browser import find as find_browser
from tools.dashboards.documentation import PICTURES, DocumentedPicture, shrink
from tools.dashboards.drawing import ToolMissingError, bundle, check_node, take
from tools.dashboards.panel_answers import Asker
from tools.dashboards.recorded_home import recorded

_BUILD = Path("build/dashboards")
#: hidden from mypy, as a library has a file in Python
_LIBRARIES = Path("build/.dashboards")
_DOCS = Path("docs")
_WIDTHS, _THEMES = (1440, 390), ("dark", "light")
_ZONE = "America/Los_Angeles"


@dataclass
class Studio:
    """What pictures are taken with, and what could not be drawn so far."""

    browser: Browser
    page: Path
    server: Prometheus
    home: str
    broken: list[str]

    async def take(self, uid: str, width: int, themes: Sequence[str], folder: Path) -> list[Path]:
        """Take a dashboard's pictures, and return where they are."""
        board = boards.DASHBOARDS[uid]
        asker = Asker(self.server, self.home, homes.end(), ZoneInfo(_ZONE), homes.INTERVAL, width)
        inputs: Mapping[str, Any] = {
            "title": board["title"],
            "panels": asker.panels(board),
            "width": width,
            "zone": _ZONE,
            "variables": asker.variables(),
        }
        pictures = []
        for theme in themes:
            picture = folder / f"{uid}-{width}-{theme}.png"
            drawn = {**inputs, "mode": theme}
            self.broken += await take(self.browser, self.page, drawn, picture, now=homes.end())
            pictures.append(picture)
            print(picture, flush=True)  # noqa: T201 - a command line tool
        return pictures

    async def document(self, picture: DocumentedPicture) -> None:
        """Take one of the pictures in docs/."""
        [taken] = await self.take(picture.uid, picture.width, [picture.theme], _BUILD / "docs")
        shrink(taken, picture.height)
        taken.replace(_DOCS / picture.file)


def main() -> int:
    """Draw what the command line names; without the programs for it, say so and do nothing."""
    flags = _parser().parse_args()
    try:
        chromium = _programs()
    except ToolMissingError as error:
        print(f"no pictures of the dashboards: {error}", file=sys.stderr)  # noqa: T201 - a command line tool
        return 0
    page = bundle(_LIBRARIES.resolve())
    with running(recorded(flags.home, _BUILD.resolve() / "homes")) as server:
        broken = asyncio.run(_draw(chromium, page, server, flags))
    print("\n".join(broken), file=sys.stderr)  # noqa: T201 - a command line tool
    return 1 if broken else 0


def _programs() -> str:
    """Return the path of Chromium if everything else is there as well."""
    check_node()
    chromium = find_browser()
    if chromium is None:
        raise ToolMissingError("Chromium is not installed")
    for program in ("prometheus", "promtool"):
        if shutil.which(program) is None:
            raise ToolMissingError(f"{program} is not installed")
    return chromium


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.dashboards", description=__doc__)
    parser.add_argument("uids", nargs="*", metavar="UID", help="dashboards; all by default")
    parser.add_argument("--home", default=homes.DEMO, choices=homes.HOMES)
    parser.add_argument("--width", type=int, action="append", help="CSS pixels; 1440 and 390")
    parser.add_argument("--theme", action="append", choices=_THEMES, help="both by default")
    parser.add_argument("--folder", type=Path, default=_BUILD / "pictures")
    parser.add_argument("--docs", action="store_true", help="write those in docs/, nothing else")
    return parser


async def _draw(
    chromium: str, page: Path, server: Prometheus, flags: argparse.Namespace
) -> list[str]:
    """Draw, and return what could not be drawn."""
    async with browsing(chromium) as browser:
        studio = Studio(browser, page, server, flags.home, [])
        if flags.docs:
            for picture in PICTURES:
                await studio.document(picture)
            return studio.broken
        sizes = product(flags.uids or boards.DASHBOARDS, flags.width or _WIDTHS)
        for uid, width in sizes:
            await studio.take(uid, width, flags.theme or _THEMES, flags.folder)
    return studio.broken


if __name__ == "__main__":
    sys.exit(main())
