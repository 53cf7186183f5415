"""The pages of the exporter: status, metrics, runbooks, health.

Nothing here waits for a gateway: bodies are ready when they are asked for, so any number of
scrapers costs the gateways nothing. All is GET and HEAD, but for what Alertmanager posts.
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
from exporter.pager import MAX_BODY
from exporter.web.config import WebConfig
from exporter.web.notifications import Notifications, read_receiver
from exporter.web.rendering import CONTENT_SECURITY_POLICY
from exporter.web.runbooks import RunbookPages
from exporter.web.status_pages import StatusPages

log = logging.getLogger(__name__)

_HEADERS: dict[str, str] = {
    hdrs.SERVER: "enphase-exporter",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: how the names begin of programs with which people look at the metrics, which is no scrape
_PEOPLE = ("mozilla/", "curl/", "wget/")
#: seconds in which a scraper has to have read a streamed body
_SLOWEST = 60.0
_NOT_READY = "Not ready: waiting for the first poll of all gateways.\n"
_UNKNOWN = "There is no such gateway: /sd lists those that are watched.\n"


def application(manager: PollerManager, config: WebConfig) -> web.Application:
    """Return the application that serves the gateways of `manager`."""
    app = web.Application(middlewares=[_secure, config.middleware], client_max_size=MAX_BODY)
    pages = _Pages(manager)
    status = StatusPages(manager.status_store, manager.pager)
    runbooks = RunbookPages()
    app.router.add_get("/", status.page)
    app.router.add_get("/api/v1/status", status.json)
    app.router.add_get("/runbooks/", runbooks.index)
    app.router.add_get("/runbooks/{name}", runbooks.page)
    app.router.add_get("/metrics", pages.metrics)
    app.router.add_get("/probe", pages.probe)
    app.router.add_get("/sd", pages.discovery)
    app.router.add_get("/-/healthy", pages.healthy)
    app.router.add_get("/-/ready", pages.ready)
    app.router.add_post("/-/alerts", Notifications(manager.pager).receive)
    app.cleanup_ctx.append(read_receiver(manager.pager))
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
    except ConnectionError:
        # The client is gone or does not read: nothing to answer, and no error of ours.
        _abort(request)
        raise
    except Exception as error:
        log.exception("unhandled error serving request", extra={"path": request.path})
        if request.writer.output_size > 0:
            # Another response inside of the one that has begun would look like data.
            _abort(request)
            raise ConnectionError("the response was cut off") from error
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        response = web.Response(status=status, text=f"{status}: {status.phrase}\n")
    if not response.prepared:
        response.headers.update(_HEADERS)
    return response


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


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
        self._count_scrape(request)
        exposition, format_ = self._manager.exposition, _format(request)
        names = request.query.getall("name[]", ())
        gateways = request.query.getall("gateway", ())
        if gateways:
            try:
                body = exposition.render_gateways(gateways, format_, names)
            except KeyError:
                return web.Response(status=400, text=_UNKNOWN)
        elif not self._manager.serve_all_gateways:
            body = exposition.render_process(format_, names)
        elif exposition.fleet:
            return await self._stream(request, format_, names)
        else:
            body = exposition.render_all(format_, names)
        return web.Response(body=body, headers=format_.headers)

    def _count_scrape(self, request: web.Request) -> None:
        agent = request.headers.get(hdrs.USER_AGENT, "").lower()
        if request.method == hdrs.METH_GET and not agent.startswith(_PEOPLE):
            self._manager.pager.scraped()

    async def _stream(
        self, request: web.Request, format_: Format, names: Sequence[str]
    ) -> web.StreamResponse:
        if request.method == hdrs.METH_HEAD:
            return web.Response(headers=format_.headers)
        response = web.StreamResponse(headers={**format_.headers, **_HEADERS})
        await response.prepare(request)
        try:
            # A scraper that does not read must not hold what is kept for it.
            async with asyncio.timeout(_SLOWEST):
                async for portion in self._manager.exposition.stream(format_, names):
                    await response.write(portion)
        except TimeoutError:
            raise ConnectionError("the scraper does not read") from None
        return response

    async def probe(self, request: web.Request) -> web.Response:
        """Send the metrics of one gateway and nothing else."""
        self._count_scrape(request)
        format_ = _format(request)
        try:
            body = self._manager.exposition.render_gateway(request.query.get("target", ""), format_)
        except KeyError:
            return web.Response(status=400, text=_UNKNOWN)
        return web.Response(body=body, headers=format_.headers)

    async def discovery(self, request: web.Request) -> web.Response:
        """Send the gateways for Prometheus's HTTP service discovery: a target for each.

        All are targets of this exporter, under the host name of the request.
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
            return web.Response(text="Ready.\n")
        return web.Response(status=503, text=_NOT_READY)
