"""The distribution's Chromium without background traffic, for tests and screenshots."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, async_playwright

#: without these it looks for updates, syncs, and wants a sandbox that containers do not give root
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: milliseconds: a busy machine is no failure
_PATIENCE = 120_000


def find() -> str | None:
    """Return the path of Chromium, None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def browsing(path: str) -> AsyncIterator[Browser]:
    """Run the Chromium at `path`."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(
    browser: Browser, url: str, width: int, height: int, scale: float, *, dark: bool
) -> AsyncIterator[Page]:
    """Show the page at `url` on a screen of so many CSS pixels, each of `scale` pixels a side."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = await context.new_page()
    page.set_default_timeout(_PATIENCE)
    await page.goto(url)
    yield page
    await context.close()
