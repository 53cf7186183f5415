"""The far side of the exporter: whether a Prometheus can be reached, and whether it scrapes us.

Asked by its HTTP API, which has been the same for years.
"""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import aiohttp

from exporter.diagnostics.result import Outcome, Status, clean

#: seconds for each of the questions
_DEADLINE = 5.0
_SCRAPE = (
    "add the exporter to `scrape_configs` (`- job_name: enphase`, targets `localhost:10055`) and"
    " let Prometheus read its configuration again"
)
#: what Prometheus's API may fail with, and what else may answer in its place
_TROUBLE = (aiohttp.ClientError, OSError, ValueError, LookupError, TypeError, AttributeError)


async def check(url: str, names: Sequence[str], port: int) -> list[Outcome]:
    """Return whether Prometheus answers, and for each gateway whether its data is there.

    `port` is where the exporter listens, by which a target is known for ours.
    """
    url = url.rstrip("/")
    began = monotonic()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_DEADLINE)) as client:
        reached = await _reach(client, url)
        found = [reached.outcome("prometheus", "Prometheus", monotonic() - began)]
        if reached.status is Status.FAILED:
            return found
        began = monotonic()
        try:
            up = (await _get(client, url, "query", query="enphase_up"))["result"]
            told = {each["metric"].get("gateway", ""): float(each["value"][1]) for each in up}
            targets = (await _get(client, url, "targets", state="active"))["activeTargets"]
            ours = [target for target in targets if _is_ours(target, port)]
        except _TROUBLE as error:
            silent = _Said(
                Status.FAILED,
                f"Prometheus does not say what it scrapes ({type(error).__name__})",
                "look at its own log; after a start it loads its data for minutes",
            )
            return [*found, silent.outcome("scraping", "Scrapes", monotonic() - began)]
    seconds = monotonic() - began
    return found + [
        _scraped(name, told, ours).outcome("scraping", f"Scrapes {clean(name)}", seconds)
        for name in names
    ]


class _Said:
    """How a question ended."""

    def __init__(self, status: Status, said: str, remedy: str = "") -> None:
        self.status, self.said, self.remedy = status, clean(said), remedy

    def outcome(self, key: str, title: str, seconds: float) -> Outcome:
        return Outcome(key, title, self.status, self.said, self.remedy, seconds)


async def _reach(client: aiohttp.ClientSession, url: str) -> _Said:
    try:
        version = (await _get(client, url, "status/buildinfo"))["version"]
    except TimeoutError:
        return _Said(Status.FAILED, f"no answer from {url}", "does Prometheus run there?")
    except aiohttp.ClientConnectionError:
        return _Said(
            Status.FAILED,
            f"{url} cannot be reached",
            "does Prometheus run there, and is it the right port (9090, as a rule)?",
        )
    except _TROUBLE:
        return _Said(
            Status.FAILED,
            f"what answers at {url} is no Prometheus",
            "give the address of its start page, such as http://localhost:9090",
        )
    return _Said(Status.OK, f"Prometheus {version} at {url}")


def _scraped(name: str, told: Mapping[str, float], ours: Sequence[Mapping[str, Any]]) -> _Said:
    """Return whether there is data of a gateway, and if not, what the targets say of it."""
    if name in told:
        return _believed(told[name])
    for target in ours:
        where = target.get("scrapeUrl", "")
        if target.get("health") == "down":
            return _Said(
                Status.FAILED,
                f"its target {where} is down: {target.get('lastError', '')}",
                "is `enphase-exporter serve` running, and may Prometheus reach its port?",
            )
        if target.get("health") == "unknown":
            return _Said(
                Status.WARNING,
                f"its target {where} was not scraped yet",
                "wait for one scrape interval",
            )
    if told:
        others = ", ".join(sorted(filter(None, told)))
        return _Said(
            Status.FAILED,
            f"it knows gateways, but none of this name: {others}",
            "is the exporter running with this configuration? `kill -HUP` makes it read it again",
        )
    return _Said(Status.FAILED, "it scrapes no enphase-exporter", _SCRAPE)


def _believed(value: float) -> _Said:
    if value:
        return _Said(Status.OK, "enphase_up is 1")
    return _Said(
        Status.FAILED,
        "enphase_up is 0: it scrapes the exporter, which cannot read the gateway",
        "see the steps above, and the log of the exporter",
    )


def _is_ours(target: Mapping[str, Any], port: int) -> bool:
    address = str(target.get("discoveredLabels", {}).get("__address__", ""))
    return address.endswith(f":{port}") or "enphase" in str(target.get("scrapePool", ""))


async def _get(client: aiohttp.ClientSession, url: str, what: str, **words: str) -> Any:
    async with client.get(f"{url}/api/v1/{what}", params=words) as response:
        response.raise_for_status()
        return (await response.json())["data"]
