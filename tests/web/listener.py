"""A listener with a web configuration and one page, and a client for it."""

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from exporter.web.config import WebConfig


async def _page(request: web.Request) -> web.Response:
    return web.Response(text="seen")


@asynccontextmanager
async def listening(config: WebConfig) -> AsyncIterator[str]:
    """Serve a page with this configuration; yields its address without scheme."""
    app = web.Application(middlewares=[config.middleware])
    app.router.add_get("/", _page)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=config.ssl_context()).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def status(
    url: str, user: str = "", password: str = "", context: ssl.SSLContext | None = None
) -> int:
    """Get a page over a connection of its own and return the status."""
    headers = {"Authorization": basic(user, password)} if user else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(url, ssl=context or True) as response,
    ):
        return response.status


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
