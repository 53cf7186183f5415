"""Bundles the page for the dashboards and takes its pictures in the distribution's Chromium."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Route

_HERE = Path(__file__).parent
_PAGE = _HERE / "page"
_MANIFESTS = ("package.json", "package-lock.json", ".npmrc")
_NODE = 20
#: milliseconds
_PATIENCE = 120_000
_HEIGHT = 1000
#: nowhere: every request is answered from the disk, or not at all
_ORIGIN = "http://dashboards.invalid/"
_IMAGES, _LIBRARY = "public/build/img/", "node_modules/@grafana/ui/dist/public/img"
_HTML = """<!doctype html><meta charset="utf-8">
<link rel="stylesheet" href="main.css"><link rel="stylesheet" href="style.css">
<div id="root"></div><script>window.INPUT = {input};</script><script src="main.js"></script>
"""


class ToolMissingError(Exception):
    """A program that the pictures need is not installed."""


def check_node() -> None:
    """Raise ToolMissingError without a Node.js that is new enough, or without its npm."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise ToolMissingError(
                f"{program} is not installed: Node.js {_NODE} or newer is needed"
            )
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)  # noqa: S607 - found above
    if int(version.stdout.lstrip("v").partition(".")[0]) < _NODE:
        raise ToolMissingError(f"Node.js {version.stdout.strip()} is older than {_NODE}")


def bundle(folder: Path) -> Path:
    """Install the libraries into `folder` as locked, and bundle the page there; return where."""
    check_node()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {name: (_HERE / name).read_bytes() for name in _MANIFESTS}
    present = {name: path.read_bytes() for name in _MANIFESTS if (path := folder / name).is_file()}
    if wanted != present or not (folder / "node_modules/.package-lock.json").is_file():
        for name, content in wanted.items():
            (folder / name).write_bytes(content)
        subprocess.run(["npm", "ci", "--loglevel=error"], cwd=folder, check=True)  # noqa: S607 - found above
    page = folder / "page"
    page.mkdir(exist_ok=True)
    subprocess.run(  # noqa: S603 - a fixed command
        [  # noqa: S607 - installed above
            "node_modules/.bin/esbuild",
            str(_PAGE / "main.jsx"),
            "--bundle",
            f"--outfile={page / 'main.js'}",
            "--jsx=automatic",
            '--define:process.env.NODE_ENV="production"',
            *(f"--loader:.{ending}=dataurl" for ending in ("svg", "ttf", "woff", "woff2")),
            "--log-level=error",
        ],
        cwd=folder,
        check=True,
        env={"NODE_PATH": str(folder / "node_modules"), "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )
    shutil.copy(_PAGE / "style.css", page)
    return page


async def take(
    browser: Browser, page_folder: Path, inputs: Mapping[str, Any], picture: Path, *, now: float
) -> list[str]:
    """Draw a dashboard and write it as a PNG file; return what could not be drawn."""
    files = _files(page_folder)
    # a value that contains a tag does not end the script
    html = _HTML.format(input=json.dumps(inputs).replace("</", "<\\/"))

    async def serve(route: Route) -> None:
        path = route.request.url.removeprefix(_ORIGIN)
        file = page_folder / path
        if path.startswith(_IMAGES):
            file = page_folder.parent / _LIBRARY / path.removeprefix(_IMAGES)
        if not path:
            await route.fulfill(body=html, content_type="text/html")
        elif file in files:
            await route.fulfill(path=file)
        else:
            await route.abort()

    context = await browser.new_context(
        viewport={"width": inputs["width"], "height": _HEIGHT},
        timezone_id=inputs["zone"],
        locale="en-US",
        color_scheme=inputs["mode"],
        reduced_motion="reduce",
    )
    try:
        await context.route("**/*", serve)
        page = await context.new_page()
        page.set_default_timeout(_PATIENCE)
        await page.clock.set_fixed_time(now)
        await page.goto(_ORIGIN)
        await page.wait_for_function("window.DRAWN || window.FAILED")
        root = page.locator("#root")
        box = await root.bounding_box()
        # what is outside of the window is not painted
        height = int(box["height"]) if box else _HEIGHT
        await page.set_viewport_size({"width": inputs["width"], "height": height})
        await page.evaluate("new Promise((done) => setTimeout(done, 500))")
        picture.parent.mkdir(parents=True, exist_ok=True)
        await root.screenshot(path=picture)
        broken: list[str] = await page.evaluate("[window.FAILED, window.BROKEN].flat()")
        return [message for message in broken if message]
    finally:
        await context.close()


def _files(page_folder: Path) -> set[Path]:
    """Return what the page may read."""
    return {*page_folder.iterdir(), *(page_folder.parent / _LIBRARY).rglob("*.svg")}
