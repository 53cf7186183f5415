"""What is asked of the APIs of Prometheus and Alertmanager to test the path of an alert."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

#: what happens where a program is not there, or is another one
UNEXPECTED = (aiohttp.ClientError, OSError, ValueError, LookupError, TypeError, AttributeError)
_POLL_INTERVAL = 0.5


async def is_any_reachable(session: aiohttp.ClientSession, urls: Iterable[str]) -> bool:
    """Return whether anything answers at one of these addresses."""
    for url in urls:
        try:
            async with session.get(url):
                return True
        except UNEXPECTED:
            continue
    return False


async def notification_counts(
    session: aiohttp.ClientSession, alertmanager: str
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return the requests Alertmanager has sent, those that failed, and the messages pending.

    By integration; a message is pending until a request succeeded or Alertmanager gave up.
    """
    async with session.get(f"{alertmanager}/metrics") as response:
        response.raise_for_status()
        text = await response.text()
    counts: dict[str, Counter[str]] = {
        "alertmanager_notification_requests_total": Counter(),
        "alertmanager_notification_requests_failed_total": Counter(),
        "alertmanager_notifications_total": Counter(),
        "alertmanager_notifications_failed_total": Counter(),
    }
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in counts:
                counts[sample.name][sample.labels["integration"]] += int(sample.value)
    requests, failed_requests, messages, failed_messages = counts.values()
    return requests, failed_requests, messages - (requests - failed_requests) - failed_messages


async def alert_rules(session: aiohttp.ClientSession, prometheus: str) -> list[dict[str, Any]]:
    """Return the alert rules that Prometheus has."""
    document = await get(session, f"{prometheus}/api/v1/rules?type=alert")
    return [rule for group in document["data"]["groups"] for rule in group["rules"]]


async def alerts_matching(
    session: aiohttp.ClientSession, alertmanager: str, matcher: str
) -> list[dict[str, Any]]:
    """Return the alerts of Alertmanager that match."""
    url = f"{alertmanager}/api/v2/alerts"
    async with session.get(url, params={"filter": matcher}) as response:
        response.raise_for_status()
        alerts: list[dict[str, Any]] = await response.json()
    return alerts


async def get(session: aiohttp.ClientSession, url: str) -> Any:
    """Return the JSON at an address; raises one of UNEXPECTED."""
    async with session.get(url) as response:
        response.raise_for_status()
        return await response.json()


async def wait(condition: Callable[[], Awaitable[bool]], patience: float) -> bool:
    """Return whether the condition is true in time; errors count as not yet."""
    ends = time.monotonic() + patience
    while True:
        try:
            if await condition():
                return True
        except UNEXPECTED:
            # the program may be starting
            pass
        if time.monotonic() >= ends:
            return False
        await asyncio.sleep(_POLL_INTERVAL)


def reason(error: Exception) -> str:
    """Return in a few words why a program could not be reached."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "no connection"
    return str(error) or type(error).__name__
