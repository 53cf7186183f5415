"""The handlers of the status page and of the same as JSON."""

from aiohttp import web

from exporter.status.api import dump
from exporter.status.models import GatewayStatus
from exporter.status.store import StatusStore
from exporter.web.fleet_page import fleet
from exporter.web.gateway_page import house
from exporter.web.page import REFRESH, page

#: what is known of now is of no use later
_FLEETING = {"Cache-Control": "no-store"}


class StatusPages:
    """`/` and `/api/v1/status`; `?gateway=NAME` asks for one gateway of several."""

    def __init__(self, status_store: StatusStore) -> None:
        self._board = status_store

    async def page(self, request: web.Request) -> web.Response:
        """Send the page of a gateway, or the overview where there are several."""
        status_store, query = self._board, request.query
        refreshing = query.get("refresh") != "0"
        several = len(status_store.names) != 1
        name = query.get("gateway") or (None if several else status_store.names[0])
        if name is None:
            sections = fleet(await status_store.statuses(), _number(query.get("page", "")))
            body = page("Enphase gateways", sections, now=status_store.now, refreshing=refreshing)
        else:
            status = self._one(name)
            body = page(
                f"{status.gateway}: {status.summary}",
                house(status),
                now=status_store.now,
                refreshing=refreshing,
                gateway=name if several else None,
                up=several,
            )
        headers = {**_FLEETING, "Refresh": str(REFRESH)} if refreshing else _FLEETING
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    async def json(self, request: web.Request) -> web.Response:
        """Send the state of one gateway or of all, worst first."""
        name = request.query.get("gateway")
        statuses = await self._board.statuses() if name is None else [self._one(name)]
        body = dump(statuses, self._board.now)
        return web.Response(body=body, content_type="application/json", headers=_FLEETING)

    def _one(self, name: str) -> GatewayStatus:
        try:
            return self._board.status(name)
        except KeyError:
            raise web.HTTPNotFound from None


def _number(text: str) -> int:
    """Return a page number; whatever is none is the first page."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1
