"""Metrics of the exporter itself, of which there is one value whatever the number of gateways.

They belong to no gateway and are read at the moment of the scrape: whether somebody scrapes,
whether notifications arrive, and who would be paged. A sample that is not known is absent.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.pager import Pager

#: names the commit that an image was built from
_REVISION = "ENPHASE_EXPORTER_REVISION"
#: has the commit that a wheel was built from
_REVISION_FILE = Path(__file__).parent / "revision.txt"


@dataclass(frozen=True, slots=True)
class _Gauge:
    """A gauge: its name, its help, and how to read it."""

    name: str
    help: str
    read: Callable[[Pager], float | None]


_GAUGES = (
    _Gauge(
        "enphase_exporter_last_scrape_timestamp_seconds",
        "When the exporter was last scraped.",
        lambda pager: pager.last_scrape,
    ),
    _Gauge(
        "enphase_exporter_last_watchdog_timestamp_seconds",
        "When Alertmanager last passed on the alert that always fires.",
        lambda pager: pager.last_watchdog,
    ),
    _Gauge(
        "enphase_pager_receiver_configured",
        "Whether a receiver of alerts was set up.",
        lambda pager: int(pager.receiver is not None),
    ),
    _Gauge(
        "enphase_pager_last_test_timestamp_seconds",
        "When the receiver of alerts last got a test message.",
        lambda pager: pager.tested_at,
    ),
)
#: fires a rule while `alerting test` waits for it
_TEST = "enphase_pager_test_requested"
#: names of all of these metrics
NAMES = frozenset({"enphase_exporter_build_info", _TEST, *(gauge.name for gauge in _GAUGES)})


class OwnMetrics(Collector):
    """Collects the metrics of this process that no library has."""

    def __init__(self, pager: Pager | None = None) -> None:
        """Without a pager there is only the version."""
        self._pager = pager
        self._build = {
            "version": __version__,
            "revision": _revision(),
        }

    def describe(self) -> Iterable[Metric]:
        """Yield all families without samples."""
        yield InfoMetricFamily("enphase_exporter_build", "Version of the exporter.")
        if self._pager is not None:
            for gauge in _GAUGES:
                yield GaugeMetricFamily(gauge.name, gauge.help)
            yield _test_family()

    def collect(self) -> Iterator[Metric]:
        """Yield all families, those of unknown values without a sample."""
        yield InfoMetricFamily("enphase_exporter_build", "Version of the exporter.", self._build)
        if self._pager is None:
            return
        for gauge in _GAUGES:
            value = gauge.read(self._pager)
            if value is not None:
                yield GaugeMetricFamily(gauge.name, gauge.help, value)
        if (test := self._pager.requested_test) is not None:
            family = _test_family()
            family.add_metric((test,), 1)
            yield family


def _test_family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        _TEST, "Always 1: `alerting test` waits for this test alert.", labels=("test",)
    )


def _revision() -> str:
    """Return the commit that this was built from, where somebody knows it."""
    given = os.environ.get(_REVISION, "")
    if given in ("", "unknown"):
        try:
            given = _REVISION_FILE.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            given = ""
    return given or "unknown"
