"""Tests the path of an alert, link by link, and sends one to the receiver.

Prometheus has to have the rules, has to know an Alertmanager, and has to deliver to it: the
watchdog, which always fires, shows that. Then the exporter is asked for a test alert, which a rule
of Prometheus fires. It takes the way of all alerts to Alertmanager and through its routes to the
receiver, and the counters of Alertmanager show whether that worked. Where no exporter answers, or
Prometheus has rules without the test, the test alert is handed to Alertmanager instead.
"""

import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from exporter.alerting.pager_apis import (
    UNEXPECTED,
    alert_rules,
    alerts_matching,
    get,
    is_any_reachable,
    notification_counts,
    reason,
    wait,
)
from exporter.alerting.record import end_test, request_test
from exporter.diagnostics.result import Passed, StepFailedError, StepResult, StepStatus, clean

WATCHDOG, TEST_ALERT = "EnphaseWatchdog", "EnphaseTest"
#: the one that a rule fires
RULE_ALERT = "EnphasePagerTest"
_REQUESTED = "enphase_pager_test_requested"
#: path of the exporter's own webhook, which is no way to be reached
_PAGE_PATH = "/-/alerts"
_PAGE_RECEIVER = "page"
_REQUEST_DEADLINE = 5.0
#: seconds after a failure in which Alertmanager may still succeed
_RETRIES = 10.0
#: seconds in which a failure would show
_SETTLE = 5.0
#: seconds in which the exporter sees that a test is wanted
_ASKING = 10.0
#: seconds that the test alert lives if it cannot be ended
_TEST_LIFE = 300.0


@dataclass
class AlertPath:
    """The state of one test; `alertmanager_url` is found in Prometheus if it is empty."""

    prometheus_url: str
    alertmanager_url: str = ""
    #: seconds for each step that waits for another program
    patience: float = 90.0
    #: label `gateway` of the test alert
    gateway: str = "home"
    #: address of the exporter, whose page gets all alerts too
    exporter_url: str = "http://localhost:10055"
    #: state directory of the exporter, by which it is asked for the test alert
    state_dir: Path | None = None
    #: the receivers that got the test alert
    receivers: tuple[str, ...] = ()
    #: matches the test alert in Alertmanager
    _matcher: str = ""
    _labels: dict[str, str] = field(default_factory=dict)
    _started: Counter[str] = field(default_factory=Counter)
    _started_failed: Counter[str] = field(default_factory=Counter)
    #: messages to persons and to the page, by integration
    _expected: Counter[str] = field(default_factory=Counter)
    _to_page: Counter[str] = field(default_factory=Counter)
    #: addresses to which Alertmanager sends for the page
    _page_urls: list[str] = field(default_factory=list)


Step = tuple[str, str, Callable[[AlertPath, aiohttp.ClientSession], Awaitable[Passed]]]


async def run(path: AlertPath) -> AsyncIterator[StepResult]:
    """Yield the result of each link; links behind a broken one are skipped."""
    timeout = aiohttp.ClientTimeout(total=_REQUEST_DEADLINE)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        broken = ""
        try:
            for key, title, step in STEPS:
                began = time.monotonic()
                status, message, remedy = StepStatus.FAILED, "", ""
                if broken:
                    status, message = StepStatus.SKIPPED, f"skipped, because this failed: {broken}"
                else:
                    try:
                        passed = await step(path, session)
                        status = StepStatus.WARNING if passed.warning else StepStatus.OK
                        message, remedy = passed.message, passed.warning
                    except StepFailedError as error:
                        broken, message, remedy = title, error.message, error.remedy
                seconds = time.monotonic() - began
                yield StepResult(key, title, status, clean(message), clean(remedy), seconds)
        finally:
            await _end_test_alert(path, session)


async def _prometheus(path: AlertPath, session: aiohttp.ClientSession) -> Passed:
    try:
        info = await get(session, f"{path.prometheus_url}/api/v1/status/buildinfo")
        return Passed(f"Prometheus {info['data']['version']} at {path.prometheus_url}")
    except UNEXPECTED as error:
        raise StepFailedError(
            f"the API of Prometheus at {path.prometheus_url} cannot be reached ({reason(error)})",
            "is Prometheus running? Set its address with --prometheus",
        ) from None


async def _rules(path: AlertPath, session: aiohttp.ClientSession) -> Passed:
    rules = await alert_rules(session, path.prometheus_url)
    ours = [rule for rule in rules if str(rule.get("name")).startswith("Enphase")]
    if not ours:
        raise StepFailedError(
            "the alert rules of enphase-exporter are not loaded in Prometheus",
            "write them with `enphase-exporter rules`, list the file under `rule_files` in"
            " prometheus.yml, and reload Prometheus",
        )
    failing = [rule for rule in ours if rule.get("health") == "err"]
    if failing:
        raise StepFailedError(
            f"{len(failing)} of {len(ours)} rules fail: {failing[0].get('lastError')}",
            "see Status, Rules in Prometheus",
        )
    return Passed(f"{len(ours)} alert rules")


async def _watchdog(path: AlertPath, session: aiohttp.ClientSession) -> Passed:
    async def firing() -> bool:
        rules = await alert_rules(session, path.prometheus_url)
        return any(rule.get("name") == WATCHDOG and rule.get("state") == "firing" for rule in rules)

    if await wait(firing, path.patience):
        return Passed(f"{WATCHDOG} is firing")
    raise StepFailedError(
        f"{WATCHDOG} does not fire, so Prometheus does not evaluate the rules",
        "after a start wait for one evaluation interval; then see Status, Rules in Prometheus",
    )


async def _alertmanagers(path: AlertPath, session: aiohttp.ClientSession) -> Passed:
    alertmanagers: list[str] = []

    async def connected() -> bool:
        url = f"{path.prometheus_url}/api/v1/alertmanagers"
        document = await get(session, url)
        alertmanagers[:] = [each["url"] for each in document["data"]["activeAlertmanagers"]]
        return bool(alertmanagers)

    if not await wait(connected, min(path.patience, 10.0)):
        raise StepFailedError(
            "Prometheus knows no Alertmanager",
            "add it under `alerting: alertmanagers:` in prometheus.yml, and reload Prometheus",
        )
    path.alertmanager_url = path.alertmanager_url or alertmanagers[0].partition("/api/")[0]
    return Passed(f"Prometheus sends to {', '.join(alertmanagers)}")


async def _alertmanager(path: AlertPath, session: aiohttp.ClientSession) -> Passed:
    try:
        document = await get(session, f"{path.alertmanager_url}/api/v2/status")
        return Passed(f"Alertmanager {document['versionInfo']['version']}")
    except UNEXPECTED as error:
        raise StepFailedError(
            f"Alertmanager at {path.alertmanager_url} cannot be reached ({reason(error)})",
            "is Alertmanager running? If this machine reaches it at another address than"
            " Prometheus, set it with --alertmanager",
        ) from None


async def _delivery(path: AlertPath, session: aiohttp.ClientSession) -> Passed:
    async def delivered() -> bool:
        return bool(
            await alerts_matching(session, path.alertmanager_url, f'alertname="{WATCHDOG}"')
        )

    if await wait(delivered, path.patience):
        return Passed(f"{WATCHDOG} has arrived from Prometheus")
    raise StepFailedError(
        "no alert of Prometheus arrives at this Alertmanager",
        "see the log of Prometheus: can it reach Alertmanager, and is it the same one?",
    )


async def _receiver(path: AlertPath, session: aiohttp.ClientSession) -> Passed:
    path._started, path._started_failed, _ = await notification_counts(
        session, path.alertmanager_url
    )
    test = secrets.token_hex(4)
    path._matcher = f'test="{test}"'
    by_hand = await _fire_by_rule(path, session, test)
    if by_hand:
        path._labels = {
            "alertname": TEST_ALERT,
            "severity": "critical",
            "gateway": path.gateway,
            "test": test,
        }
        await _post_test_alert(path, session, _TEST_LIFE)
    names: list[str] = []

    async def routed() -> bool:
        alerts = await alerts_matching(session, path.alertmanager_url, path._matcher)
        names[:] = [each["name"] for alert in alerts for each in alert["receivers"]]
        return bool(names)

    if not await wait(routed, path.patience):
        raise StepFailedError("Alertmanager does not accept the test alert", "see its log")
    document = await get(session, f"{path.alertmanager_url}/api/v2/status")
    config = yaml.safe_load(document["config"]["original"])
    path._expected, path._to_page, reached = _integrations(config, names)
    path.receivers = tuple(reached)
    path._page_urls = [
        str(entry.get("url"))
        for receiver in config.get("receivers") or ()
        if receiver["name"] == _PAGE_RECEIVER
        for entry in receiver.get("webhook_configs") or ()
    ]
    if not reached:
        raise StepFailedError(
            f"nobody is paged: the test alert goes to {', '.join(names)}, which reaches no person",
            "set up a receiver with `enphase-exporter alerting init`",
        )
    return Passed(f"the test alert goes to {', '.join(reached)}", by_hand)


async def _fire_by_rule(path: AlertPath, session: aiohttp.ClientSession, test: str) -> str:
    """Let Prometheus fire the test alert; return why it was not possible, else nothing."""
    rules = await alert_rules(session, path.prometheus_url)
    if path.state_dir is None or not any(rule.get("name") == RULE_ALERT for rule in rules):
        return (
            f"handed to Alertmanager directly: Prometheus has no rule {RULE_ALERT}; write the rules"
            " again with `enphase-exporter rules`"
        )

    async def exported() -> bool:
        async with session.get(f"{path.exporter_url}/metrics") as response:
            # behind TLS or a password nobody can look, and Prometheus may be able to
            return not response.ok or f'{_REQUESTED}{{test="{test}"}}' in await response.text()

    async def fired() -> bool:
        return bool(await alerts_matching(session, path.alertmanager_url, path._matcher))

    request_test(path.state_dir, test, time.time() + _TEST_LIFE)
    if not await wait(exported, min(path.patience, _ASKING)):
        end_test(path.state_dir)
        return (
            f"handed to Alertmanager directly: the exporter at {path.exporter_url} does not ask for"
            " the test alert; does it run, with the state directory of this command?"
        )
    if not await wait(fired, path.patience):
        raise StepFailedError(
            f"Prometheus does not fire {RULE_ALERT}, which the exporter asks for",
            f"does it scrape the exporter at {path.exporter_url}? See Status, Targets there",
        )
    return ""


async def _notification(path: AlertPath, session: aiohttp.ClientSession) -> Passed:
    failed: Counter[str] = Counter()
    missing: list[str] = []
    #: integrations with enough messages for the persons, if it is the page that fails
    reached: list[str] = []
    began, failing_since = time.monotonic(), 0.0

    async def ended() -> bool:
        nonlocal failing_since
        total, failures, pending = await notification_counts(session, path.alertmanager_url)
        failed.clear()
        failed.update(failures - path._started_failed)
        good = total - path._started - failed
        expected = path._expected + path._to_page
        missing[:] = [name for name in path._expected if good[name] < expected[name]]
        reached[:] = [name for name in missing if good[name] >= path._expected[name]]
        # the page gets other alerts as well, so a failure may be hidden by its successes
        failing = [name for name in path._expected if failed[name]]
        missing[:] = failing or missing
        if not failing:
            # a service that hangs has neither failed nor succeeded, while the page has
            waiting = any(pending[name] for name in path._expected)
            return not missing and not waiting and time.monotonic() - began >= _SETTLE
        failing_since = failing_since or time.monotonic()
        return time.monotonic() - failing_since >= _RETRIES

    if await wait(ended, path.patience) and not missing:
        return Passed("Alertmanager has sent the message")
    pages = (path.exporter_url, *path._page_urls)
    if missing and missing == reached and not await is_any_reachable(session, pages):
        return Passed(
            "Alertmanager has sent the message",
            f"it cannot send to the page of the exporter, which does not answer at"
            f" {path.exporter_url}: is it running?",
        )
    bad = [name for name in missing if failed[name]]
    if bad:
        raise StepFailedError(
            f"the notification failed: {', '.join(bad)}",
            "see the log of Alertmanager: it has the answer of the service; check the address, the"
            " secrets, the internet connection, and that the exporter is running",
        )
    raise StepFailedError(
        "Alertmanager has not sent the test alert in time",
        "is it silenced, or does an inhibition match? See the page of Alertmanager",
    )


STEPS: tuple[Step, ...] = (
    ("prometheus", "Prometheus", _prometheus),
    ("rules", "Alert rules", _rules),
    ("watchdog", "Evaluation", _watchdog),
    ("configured", "Configured", _alertmanagers),
    ("alertmanager", "Alertmanager", _alertmanager),
    ("delivery", "Delivery", _delivery),
    ("receiver", "Receiver", _receiver),
    ("notification", "Notification", _notification),
)


def _integrations(
    config: Mapping[str, Any], names: list[str]
) -> tuple[Counter[str], Counter[str], list[str]]:
    """Return the integrations to persons and to the page, and the receivers of persons."""
    persons: Counter[str] = Counter()
    pages: Counter[str] = Counter()
    reached = []
    for receiver in config.get("receivers") or ():
        if receiver["name"] not in names:
            continue
        for key, entries in receiver.items():
            if not key.endswith("_configs"):
                continue
            integration = key.removesuffix("_configs")
            page = receiver["name"] == _PAGE_RECEIVER or all(
                str(entry.get("url", "")).endswith(_PAGE_PATH) for entry in entries
            )
            (pages if page else persons)[integration] += len(entries)
            if not page:
                reached.append(f"{receiver['name']} ({integration})")
    return persons, pages, reached


async def _post_test_alert(path: AlertPath, session: aiohttp.ClientSession, life: float) -> None:
    now = datetime.now(UTC)
    alert = {
        "labels": path._labels,
        "annotations": {
            "summary": "Test: alerts of enphase-exporter reach you.",
            "description": "This is a test that you started. First: nothing has to be done.",
        },
        "startsAt": (now - timedelta(seconds=1)).isoformat(),
        "endsAt": (now + timedelta(seconds=life)).isoformat(),
    }
    try:
        async with session.post(f"{path.alertmanager_url}/api/v2/alerts", json=[alert]) as response:
            response.raise_for_status()
    except UNEXPECTED as error:
        raise StepFailedError(
            f"Alertmanager does not accept the test alert ({reason(error)})", "see its log"
        ) from None


async def _end_test_alert(path: AlertPath, session: aiohttp.ClientSession) -> None:
    if path.state_dir is not None:
        end_test(path.state_dir)
    if path._labels:
        try:
            await _post_test_alert(path, session, 0.0)
        except StepFailedError:
            # it ends by itself after some minutes
            return
