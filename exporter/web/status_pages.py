"""The status of one gateway or of all, as a page and as JSON."""

from aiohttp import web
from markupsafe import Markup
from yarl import URL

from exporter.pager import Pager
from exporter.status.api import dump
from exporter.status.device_models import FAULTY_STATES, PanelStatus
from exporter.status.models import GatewayStatus
from exporter.status.panels import by_array
from exporter.status.store import StatusStore
from exporter.web.fleet import FleetOverview
from exporter.web.history_svg import day_curve, month_strip
from exporter.web.layout_svg import (
    colour_class,
    display_name,
    layout,
    partition_placed,
    power_text,
)
from exporter.web.power_flow_svg import power_flow
from exporter.web.rendering import render

_NO_STORE = {"Cache-Control": "no-store"}
#: seconds until a browser asks again
REFRESH_INTERVAL = 15
#: pages that are kept for the second in which they hold, as many may look at once
_CACHED = 20
#: characters of a query that may differ from page to page
_MAX_QUERY = 500


class StatusPages:
    """`/` and `/api/v1/status`; `?gateway=NAME` asks for one gateway of several."""

    def __init__(self, store: StatusStore, pager: Pager) -> None:
        self._store = store
        self._pager = pager
        #: by query, with the moment of the status and what was rendered
        self._cache: dict[str, tuple[tuple[int, int], Markup]] = {}

    async def page(self, request: web.Request) -> web.Response:
        """Send the page of a gateway, or the overview where there are several."""
        refreshing = request.query.get("refresh") != "0"
        body = await self._body(request)
        headers = {"Refresh": str(REFRESH_INTERVAL)} if refreshing else {}
        return web.Response(
            text=str(body),
            content_type="text/html",
            charset="utf-8",
            headers={**_NO_STORE, **headers},
        )

    async def json(self, request: web.Request) -> web.Response:
        """Send the status of one gateway or of all, worst first."""
        name = request.query.get("gateway")
        statuses = await self._store.statuses() if name is None else [self._status(name)]
        body = dump(statuses, self._store.now, self._pager.status())
        return web.Response(body=body, content_type="application/json", headers=_NO_STORE)

    async def _body(self, request: web.Request) -> Markup:
        query, moment = request.query_string, (int(self._store.now), self._pager.notifications)
        cached = self._cache.get(query)
        if cached is not None and cached[0] == moment:
            return cached[1]
        names = self._store.names
        name = request.query.get("gateway") or (names[0] if len(names) == 1 else None)
        body = await self._fleet(request) if name is None else self._gateway(request, name)
        if len(query) <= _MAX_QUERY:
            self._cache = {q: c for q, c in self._cache.items() if c[0] == moment}
            if len(self._cache) < _CACHED:
                self._cache[query] = moment, body
        return body

    def _gateway(self, request: web.Request, name: str) -> Markup:
        status, history = self._status(name), self._store.history(name)
        now = status.timestamp_seconds
        several = len(self._store.names) != 1
        address = URL("/api/v1/status").with_query({"gateway": name} if several else None)
        pager = self._pager.status()
        return render(
            "gateway.html.j2",
            title=f"{status.gateway}: {status.summary}",
            links=[*([("All gateways", "/")] if several else []), *_links(address)],
            page=self._refresh(request),
            status=status,
            now=now,
            pager=pager,
            alerts=[alert for alert in pager.alerts if alert.gateway in ("", name)],
            faulty_states=FAULTY_STATES,
            power_flow=power_flow(status),
            day_curve=day_curve(history, now),
            month_strip=month_strip(history, now, has_switch=status.grid.has_switch is not False),
            arrays=[(array, *partition_placed(panels)) for array, panels in _from_the_left(status)],
            layout=layout,
            power_text=power_text,
            display_name=display_name,
            colour_class=colour_class,
        )

    async def _fleet(self, request: web.Request) -> Markup:
        return render(
            "fleet.html.j2",
            title="Enphase gateways",
            links=_links(URL("/api/v1/status")),
            page=self._refresh(request),
            fleet=FleetOverview(await self._store.statuses(), request.rel_url),
            now=self._store.now,
            pager=self._pager.status(),
        )

    def _refresh(self, request: web.Request) -> dict[str, object]:
        refreshing = request.query.get("refresh") != "0"
        url = request.rel_url.without_query_params("refresh")
        toggle = url.update_query(refresh="0") if refreshing else url
        return {
            "now": self._store.now,
            "refreshing": refreshing,
            "interval": REFRESH_INTERVAL,
            "toggle": str(toggle),
        }

    def _status(self, name: str) -> GatewayStatus:
        try:
            return self._store.status(name)
        except KeyError:
            raise web.HTTPNotFound from None


def _links(json: URL) -> list[tuple[str, str]]:
    return [("Metrics", "/metrics"), ("JSON", str(json)), ("Runbooks", "/runbooks/")]


def _from_the_left(status: GatewayStatus) -> list[tuple[str, list[PanelStatus]]]:
    arrays = by_array(status.panels)
    far = float("inf")
    return sorted(
        arrays.items(),
        key=lambda each: min((panel.x for panel in each[1] if panel.x is not None), default=far),
    )
