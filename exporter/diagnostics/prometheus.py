"""The far side of the exporter: whether Prometheus can be reached, and whether it scrapes us."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import aiohttp

from exporter.diagnostics.result import StepResult, StepStatus, clean

#: seconds for each request
_DEADLINE = 5.0
_SCRAPE = (
    "add the exporter to `scrape_configs` (`- job_name: enphase`, targets `localhost:10055`) and"
    " reload Prometheus"
)
#: what a request to Prometheus, or to something else at that address, may raise
_ERRORS = (aiohttp.ClientError, OSError, ValueError, LookupError, TypeError, AttributeError)


async def check(url: str, names: Sequence[str], port: int) -> list[StepResult]:
    """Return whether Prometheus answers, and for each gateway whether it has data.

    `port` is where the exporter listens: a target with this port is ours.
    """
    url = url.rstrip("/")
    began = monotonic()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_DEADLINE)) as client:
        reached = await _reach(client, url)
        results = [reached.result("prometheus", "Prometheus", monotonic() - began)]
        if reached.status is StepStatus.FAILED:
            return results
        began = monotonic()
        try:
            series = (await _get(client, url, "query", query="enphase_up"))["result"]
            up_by_gateway = {
                each["metric"].get("gateway", ""): float(each["value"][1]) for each in series
            }
            targets = (await _get(client, url, "targets", state="active"))["activeTargets"]
            ours = [target for target in targets if _is_ours(target, port)]
        except _ERRORS as error:
            failed = _Answer(
                StepStatus.FAILED,
                f"the state of its targets cannot be read ({type(error).__name__})",
                "see the log of Prometheus; after a start it loads its data for some minutes",
            )
            return [*results, failed.result("scraping", "Scrapes", monotonic() - began)]
    seconds = monotonic() - began
    return results + [
        _scraped(name, up_by_gateway, ours).result("scraping", f"Scrapes {clean(name)}", seconds)
        for name in names
    ]


class _Answer:
    """The result of one query."""

    def __init__(self, status: StepStatus, message: str, remedy: str = "") -> None:
        self.status, self.message, self.remedy = status, clean(message), remedy

    def result(self, key: str, title: str, seconds: float) -> StepResult:
        return StepResult(key, title, self.status, self.message, self.remedy, seconds)


async def _reach(client: aiohttp.ClientSession, url: str) -> _Answer:
    try:
        version = (await _get(client, url, "status/buildinfo"))["version"]
    except TimeoutError:
        return _Answer(StepStatus.FAILED, f"no answer from {url}", "is Prometheus running there?")
    except aiohttp.ClientConnectionError:
        return _Answer(
            StepStatus.FAILED,
            f"{url} cannot be reached",
            "is Prometheus running there, and is the port right (usually 9090)?",
        )
    except _ERRORS:
        return _Answer(
            StepStatus.FAILED,
            f"{url} is not a Prometheus server",
            "use the address of its start page, such as http://localhost:9090",
        )
    return _Answer(StepStatus.OK, f"Prometheus {version} at {url}")


def _scraped(
    name: str, up_by_gateway: Mapping[str, float], ours: Sequence[Mapping[str, Any]]
) -> _Answer:
    """Return whether there is data of a gateway, and if not, the state of our targets."""
    if name in up_by_gateway:
        return _up(up_by_gateway[name])
    for target in ours:
        where = target.get("scrapeUrl", "")
        if target.get("health") == "down":
            return _Answer(
                StepStatus.FAILED,
                f"its target {where} is down: {target.get('lastError', '')}",
                "is `enphase-exporter serve` running, and can Prometheus reach its port?",
            )
        if target.get("health") == "unknown":
            return _Answer(
                StepStatus.WARNING,
                f"its target {where} has not been scraped yet",
                "wait for one scrape interval",
            )
    if up_by_gateway:
        others = ", ".join(sorted(filter(None, up_by_gateway)))
        return _Answer(
            StepStatus.FAILED,
            f"it has other gateways, but none of this name: {others}",
            "is the exporter running with this configuration? `kill -HUP` reloads it",
        )
    return _Answer(StepStatus.FAILED, "it does not scrape any enphase-exporter", _SCRAPE)


def _up(value: float) -> _Answer:
    if value:
        return _Answer(StepStatus.OK, "enphase_up is 1")
    return _Answer(
        StepStatus.FAILED,
        "enphase_up is 0: it scrapes the exporter, but the exporter cannot read the gateway",
        "see the steps above, and the exporter's log",
    )


def _is_ours(target: Mapping[str, Any], port: int) -> bool:
    address = str(target.get("discoveredLabels", {}).get("__address__", ""))
    return address.endswith(f":{port}") or "enphase" in str(target.get("scrapePool", ""))


async def _get(client: aiohttp.ClientSession, url: str, what: str, **words: str) -> Any:
    async with client.get(f"{url}/api/v1/{what}", params=words) as response:
        response.raise_for_status()
        return (await response.json())["data"]
