"""What Alertmanager sends: its webhook, kept in memory for the status page."""

import asyncio
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from exporter.pager import Pager

#: seconds between two reads of what the alerting commands have written: somebody may be waiting
_READ_INTERVAL = 3.0


class Notifications:
    """The handler of `/-/alerts`."""

    def __init__(self, pager: Pager) -> None:
        self._pager = pager

    async def receive(self, request: web.Request) -> web.Response:
        """Take a notification; a form of a web site elsewhere cannot send this content type."""
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        try:
            self._pager.notify(await request.read())
        except ValueError:
            raise web.HTTPBadRequest from None
        return web.Response(text="OK\n")


def read_receiver(pager: Pager) -> Callable[[web.Application], AsyncIterator[None]]:
    """Return an application context that follows the file about the receiver."""

    async def follow() -> None:
        while True:
            await asyncio.to_thread(pager.read_receiver)
            await asyncio.sleep(_READ_INTERVAL)

    async def context(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(follow())
        yield
        task.cancel()

    return context
