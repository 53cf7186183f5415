"""The pages of the exporter: status, metrics, health. GET and HEAD only.

Nothing here waits for a gateway. A body that lies ready is sent, so any number of scrapers costs
the gateways nothing.
"""

import asyncio
import logging
from collections.abc import Sequence
from http import HTTPStatus

import orjson
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from exporter.exposition import Format, negotiate
from exporter.manager import PollerManager
from exporter.web.config import WebConfig
from exporter.web.page import POLICY
from exporter.web.status import StatusPages

log = logging.getLogger(__name__)

_HEADERS: dict[str, str] = {
    hdrs.SERVER: "enphase-exporter",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: seconds in which a scraper has to have read a streamed body
_SLOWEST = 60.0
_UNKNOWN = "There is no such gateway: /sd lists those that are watched.\n"


def application(manager: PollerManager, config: WebConfig) -> web.Application:
    """Return the application that serves what `watch` knows."""
    app = web.Application(middlewares=[_secure, config.middleware], client_max_size=1)
    pages = _Pages(manager)
    status = StatusPages(manager.status_store)
    app.router.add_get("/", status.page)
    app.router.add_get("/api/v1/status", status.json)
    app.router.add_get("/metrics", pages.metrics)
    app.router.add_get("/probe", pages.probe)
    app.router.add_get("/sd", pages.discovery)
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
    if not response.prepared:
        response.headers.update(_HEADERS)
    return response


def _allowed(error: web.HTTPException) -> dict[str, str]:
    allow = error.headers.get(hdrs.ALLOW)
    return {hdrs.ALLOW: allow} if allow else {}


def _format(request: web.Request) -> Format:
    return negotiate(
        ",".join(request.headers.getall(hdrs.ACCEPT, ())),
        request.headers.get(hdrs.ACCEPT_ENCODING, ""),
    )


class _Pages:
    """The handlers."""

    def __init__(self, manager: PollerManager) -> None:
        self._manager = manager

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """Send all gateways, those that are asked for, or of a fleet the exporter's own metrics."""
        exposition, wanted = self._manager.exposition, _format(request)
        names = request.query.getall("name[]", ())
        gateways = request.query.getall("gateway", ())
        if gateways:
            try:
                body = exposition.render_gateways(gateways, wanted, names)
            except KeyError:
                return web.Response(status=400, text=_UNKNOWN)
        elif not self._manager.serve_all_gateways:
            body = exposition.render_process(wanted, names)
        elif exposition.fleet:
            return await self._stream(request, wanted, names)
        else:
            body = exposition.render_all(wanted, names)
        return web.Response(body=body, headers=wanted.headers)

    async def _stream(
        self, request: web.Request, wanted: Format, names: Sequence[str]
    ) -> web.StreamResponse:
        if request.method == hdrs.METH_HEAD:
            return web.Response(headers=wanted.headers)
        response = web.StreamResponse(headers={**wanted.headers, **_HEADERS})
        await response.prepare(request)
        # A scraper that does not read must not hold what is kept for it.
        async with asyncio.timeout(_SLOWEST):
            async for portion in self._manager.exposition.stream(wanted, names):
                await response.write(portion)
        return response

    async def probe(self, request: web.Request) -> web.Response:
        """Send the metrics of one gateway and nothing else."""
        wanted = _format(request)
        try:
            body = self._manager.exposition.render_gateway(request.query.get("target", ""), wanted)
        except KeyError:
            return web.Response(status=400, text=_UNKNOWN)
        return web.Response(body=body, headers=wanted.headers)

    async def discovery(self, request: web.Request) -> web.Response:
        """Send the gateways as Prometheus's HTTP service discovery wants them: a target for each.

        All are found at this exporter, under the name by which it was asked.
        """
        groups = [
            {
                "targets": [request.host],
                "labels": {
                    "__scheme__": request.scheme,
                    "__metrics_path__": "/probe",
                    "__param_target": gateway.name,
                    "instance": gateway.name,
                },
            }
            for gateway in self._manager.gateways
        ]
        return web.Response(body=orjson.dumps(groups), content_type="application/json")

    async def healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="The exporter is running.\n")

    async def ready(self, request: web.Request) -> web.Response:
        if self._manager.ready:
            return web.Response(text="Every gateway was asked.\n")
        return web.Response(status=503, text="Not every gateway was asked yet.\n")
