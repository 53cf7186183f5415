"""Whether somebody is paged when something is wrong: what the exporter itself can see of that.

Alertmanager sends all alerts to `/-/alerts`, the watchdog included, so the exporter knows what
fires and that the rules are evaluated. A scrape shows that Prometheus is there. Whether a receiver
was set up and tested is in a file that `enphase-exporter alerting` writes. All else is in memory.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import orjson

from exporter.clock import Clock

#: the alert that always fires
WATCHDOG = "EnphaseWatchdog"
#: bytes of a notification, and alerts that are kept
MAX_BODY, MAX_ALERTS = 2**20, 500
#: seconds without watchdog or scrape after which something is wrong; both come every minute or so
SILENCE = 600.0
#: seconds after which an alert that was neither repeated nor resolved is no longer shown
_MAX_AGE = 26 * 3600.0
#: characters of a text that are kept
_MAX_TEXT = 1000
#: bytes of the file, and where it is
_MAX_FILE = 10_000
_FILE, _TEST_FILE = "alerting.json", "alerting-test.json"
#: seconds that a test may be wanted for
_LONGEST_TEST = 900.0
_TEST = re.compile(r"[0-9a-f]{8}")
_SEVERITIES = ("critical", "warning", "info")
Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True, slots=True)
class FiringAlert:
    """An alert that Alertmanager says is firing."""

    alert: str
    severity: Severity
    gateway: str
    summary: str
    description: str
    since_timestamp_seconds: float | None
    received_timestamp_seconds: float


@dataclass(frozen=True, slots=True)
class PagerStatus:
    """How far it is certain that somebody is paged; times in epoch seconds."""

    receiver: str | None = None
    tested_timestamp_seconds: float | None = None
    last_scrape_timestamp_seconds: float | None = None
    last_watchdog_timestamp_seconds: float | None = None
    #: why nobody may be paged, as sentences; empty where all is well
    warnings: tuple[str, ...] = ()
    alerts: tuple[FiringAlert, ...] = ()


class Pager:
    """What is known of scrapes, notifications and the receiver."""

    def __init__(self, clock: Clock, state_dir: Path) -> None:
        """Begin with nothing; see `read_receiver`."""
        self._clock = clock
        self._path, self._test_path = state_dir / _FILE, state_dir / _TEST_FILE
        self._started = clock.time()
        self._alerts: dict[str, FiringAlert] = {}
        #: the worst severity by gateway, and the notification and minute of which it is
        self._worst: tuple[tuple[int, int], dict[str, Severity]] = (-1, -1), {}
        #: notifications so far, by which a page is known that shows the last one
        self.notifications = 0
        self.receiver: str | None = None
        self.tested_at: float | None = None
        self._test: tuple[str, float] = "", 0.0
        self.last_scrape: float | None = None
        self.last_watchdog: float | None = None

    def scraped(self) -> None:
        """Note a scrape."""
        self.last_scrape = self._clock.time()

    def read_receiver(self) -> None:
        """Read from the state directory which receiver was set up and tested, and a wish to test.

        Reads files.
        """
        document = _read(self._path)
        receiver, tested_at = document.get("receiver"), document.get("tested_at")
        self.receiver = receiver if isinstance(receiver, str) else None
        self.tested_at = None
        if self.receiver is not None and isinstance(tested_at, int | float):
            self.tested_at = float(tested_at)
        wish = _read(self._test_path)
        test, until = wish.get("test"), wish.get("until")
        self._test = ("", 0.0)
        if isinstance(test, str) and isinstance(until, int | float) and _TEST.fullmatch(test):
            self._test = test, float(until)

    @property
    def requested_test(self) -> str | None:
        """The test that `alerting test` waits for; None without one."""
        test, until = self._test
        return test if 0.0 < until - self._clock.time() <= _LONGEST_TEST else None

    def notify(self, body: bytes) -> None:
        """Take a notification of Alertmanager's webhook; raise ValueError if it is none."""
        document = orjson.loads(body)
        alerts = document.get("alerts") if isinstance(document, dict) else None
        if not isinstance(alerts, list):
            raise ValueError("not a notification of Alertmanager")
        now = self._clock.time()
        self.notifications += 1
        for alert in alerts[:MAX_ALERTS]:
            self._take(alert if isinstance(alert, dict) else {}, now)

    def status(self) -> PagerStatus:
        """Return what is known now."""
        return PagerStatus(
            self.receiver,
            self.tested_at,
            self.last_scrape,
            self.last_watchdog,
            tuple(self._warnings()),
            self._firing(),
        )

    def worst(self, gateway: str) -> Severity | None:
        """Return the severity of the worst alert that fires about a gateway."""
        moment = self.notifications, int(self._clock.time() // 60)
        if self._worst[0] != moment:
            # the worst comes first, and the first of a gateway stays
            worst: dict[str, Severity] = {}
            for alert in self._firing():
                worst.setdefault(alert.gateway, alert.severity)
            self._worst = moment, worst
        return self._worst[1].get(gateway)

    def _take(self, alert: Mapping[str, Any], now: float) -> None:
        labels, annotations = _texts(alert.get("labels")), _texts(alert.get("annotations"))
        name = labels.get("alertname", "")
        if name == WATCHDOG:
            self.last_watchdog = now
            return
        key = str(alert.get("fingerprint") or sorted(labels.items()))[:_MAX_TEXT]
        self._alerts.pop(key, None)
        if alert.get("status") != "firing" or not name:
            return
        if len(self._alerts) >= MAX_ALERTS:
            del self._alerts[next(iter(self._alerts))]
        severity = labels.get("severity", "")
        self._alerts[key] = FiringAlert(
            name,
            severity if severity in _SEVERITIES else "info",  # type: ignore[arg-type]  # checked
            labels.get("gateway", ""),
            annotations.get("summary", ""),
            annotations.get("description", ""),
            _epoch(alert.get("startsAt")),
            now,
        )

    def _firing(self) -> tuple[FiringAlert, ...]:
        oldest = self._clock.time() - _MAX_AGE
        alerts = [a for a in self._alerts.values() if a.received_timestamp_seconds >= oldest]
        return tuple(sorted(alerts, key=lambda a: (_SEVERITIES.index(a.severity), a.alert)))

    def _warnings(self) -> Iterator[str]:
        if self._silent(self.last_scrape):
            yield "Prometheus does not scrape this exporter."
        elif self._silent(self.last_watchdog):
            yield "No notification arrives from Alertmanager: nobody evaluates the alert rules."
        if self.receiver is None:
            yield "No receiver is set up: run `enphase-exporter alerting init`."
        elif self.tested_at is None:
            yield f"Receiver {self.receiver} is not tested: run `enphase-exporter alerting test`."

    def _silent(self, last: float | None) -> bool:
        return self._clock.time() - max(last or 0.0, self._started) > SILENCE


def _read(path: Path) -> dict[str, Any]:
    """Return the object in a file; an empty one where there is none."""
    try:
        with path.open("rb") as file:
            document = orjson.loads(file.read(_MAX_FILE))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(k)[:_MAX_TEXT]: str(v)[:_MAX_TEXT] for k, v in list(value.items())[:50]}


def _epoch(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        return None
