"""Runs the queries of the dashboards on a Prometheus, as Grafana would for the first gateway.

Queries for missing hardware or for days without data have no result: so this counts the panels with
data, by dashboard, and does not decide whether that is right.
"""

import math
from collections.abc import Mapping
from typing import Any

import aiohttp

from tools import boards

#: seconds after which there are two scrapes, and the recording rules have run
SOON = 75.0
_PATIENCE = aiohttp.ClientTimeout(total=20)
_EVERYTHING = {
    **dict.fromkeys(("job", "instance", "gateways", "battery"), ".+"),
    "__interval": "1m",
    "__rate_interval": "1m",
    "__range": "300s",
    "__range_s": "300",
}


async def answered(url: str) -> str:
    """Return how many panels of each dashboard have data at the Prometheus at this address.

    Raises ValueError when it refuses a query, aiohttp.ClientError or OSError when it is not there.
    """
    panels: dict[str, dict[str, bool]] = {}
    async with aiohttp.ClientSession(url, timeout=_PATIENCE) as client:
        gateways = [series["metric"] for series in (await _query(client, "enphase_up"))["result"]]
        if not gateways:
            raise ValueError("no gateway yet")
        values = {**_EVERYTHING, "gateway": gateways[0]["gateway"]}
        for query in boards.queries():
            results = panels.setdefault(query.uid, {})
            data = await _query(client, boards.filled(query.expr, values))
            results[query.panel] = results.get(query.panel, False) or _has_data(data)
    return ", ".join(
        f"{uid.removeprefix('enphase-')} {sum(results.values())} of {len(results)} panels"
        for uid, results in panels.items()
    )


async def _query(client: aiohttp.ClientSession, expr: str) -> Mapping[str, Any]:
    async with client.post("/api/v1/query", data={"query": expr}) as response:
        body: dict[str, Any] = await response.json()
    if body.get("status") != "success":
        raise ValueError(f"{expr}: {body.get('error')}")
    data: Mapping[str, Any] = body["data"]
    return data


def _has_data(data: Mapping[str, Any]) -> bool:
    if data["resultType"] == "scalar":
        return True
    return any(not math.isnan(float(series["value"][1])) for series in data["result"])
