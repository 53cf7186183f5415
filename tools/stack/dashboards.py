"""Asks a Prometheus what the dashboards ask, as Grafana would with the first gateway chosen.

What is about other hardware than there is, or about days that have not been yet, has no answer: so
this tells how many panels have data, by dashboard, and judges nothing.
"""

import math
from collections.abc import Mapping
from typing import Any

import aiohttp

from tools import boards

#: seconds after which two scrapes are there, and the recording rules have seen them
SOON = 75.0
_PATIENCE = aiohttp.ClientTimeout(total=20)
_EVERYTHING = {
    **dict.fromkeys(("job", "instance", "gateways", "battery"), ".+"),
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
        gateways = [series["metric"] for series in (await _ask(client, "enphase_up"))["result"]]
        if not gateways:
            raise ValueError("it knows no gateway yet")
        values = {**_EVERYTHING, "gateway": gateways[0]["gateway"]}
        for asked in boards.queries():
            found = panels.setdefault(asked.uid, {})
            data = await _ask(client, boards.filled(asked.expr, values))
            found[asked.panel] = found.get(asked.panel, False) or _has_data(data)
    return ", ".join(
        f"{uid.removeprefix('enphase-')} {sum(found.values())} of {len(found)} panels"
        for uid, found in panels.items()
    )


async def _ask(client: aiohttp.ClientSession, expr: str) -> Mapping[str, Any]:
    async with client.post("/api/v1/query", data={"query": expr}) as response:
        told: dict[str, Any] = await response.json()
    if told.get("status") != "success":
        raise ValueError(f"{expr}: {told.get('error')}")
    data: Mapping[str, Any] = told["data"]
    return data


def _has_data(data: Mapping[str, Any]) -> bool:
    if data["resultType"] == "scalar":
        return True
    return any(not math.isnan(float(series["value"][1])) for series in data["result"])
