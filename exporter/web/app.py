"""The pages of the exporter: status, metrics, health. GET and HEAD only.

Nothing here waits for a gateway. A body that lies ready is sent, so any number of scrapers costs
the gateways nothing.
"""

import logging
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from exporter.watch import Watch
from exporter.web.config import WebConfig
from exporter.web.page import POLICY
from exporter.web.status import StatusPages

log = logging.getLogger(__name__)

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def application(watch: Watch, config: WebConfig) -> web.Application:
    """Return the application that serves what `watch` knows."""
    app = web.Application(middlewares=[_secure, config.middleware], client_max_size=1)
    pages = _Pages(watch)
    status = StatusPages(watch.board)
    app.router.add_get("/", status.page)
    app.router.add_get("/api/v1/status", status.json)
    app.router.add_get("/metrics", pages.metrics)
    app.router.add_get("/-/healthy", pages.healthy)
    app.router.add_get("/-/ready", pages.ready)
    return app


@web.middleware
async def _secure(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as error:
        # aiohttp's own texts are fine; its header with versions of itself and Python is not.
        response = web.Response(
            status=error.status, text=f"{error.status}: {error.reason}\n", headers=_allowed(error)
        )
    except Exception:
        log.exception("a page failed", extra={"path": request.path})
        told = HTTPStatus.INTERNAL_SERVER_ERROR
        response = web.Response(status=told, text=f"{told}: {told.phrase}\n")
    response.headers.update(_HEADERS)
    response.headers[hdrs.SERVER] = "enphase-exporter"
    return response


def _allowed(error: web.HTTPException) -> dict[str, str]:
    allow = error.headers.get(hdrs.ALLOW)
    return {hdrs.ALLOW: allow} if allow else {}


class _Pages:
    """The handlers."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    async def metrics(self, request: web.Request) -> web.Response:
        body, headers = self._watch.exposition.serve(
            ",".join(request.headers.getall(hdrs.ACCEPT, ())),
            request.headers.get(hdrs.ACCEPT_ENCODING, ""),
            request.query.getall("name[]", ()),
        )
        return web.Response(body=body, headers=headers)

    async def healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="The exporter is running.\n")

    async def ready(self, request: web.Request) -> web.Response:
        if self._watch.ready:
            return web.Response(text="Every gateway was asked.\n")
        return web.Response(status=503, text="Not every gateway was asked yet.\n")
