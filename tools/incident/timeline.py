"""What fired from when to when during a scenario."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.clock import VirtualClock
from exporter.simulator.gateway import SimulatedGateway
from exporter.simulator.scenario import Scenario, ScenarioRunner
from tools.incident import promtool, rules
from tools.incident.promtool import SIGN, Labels, Moment
from tools.incident.recording import Recording, record

#: always fires, by design
WATCHDOG = "EnphaseWatchdog"
#: names warnings that are over, so it says nothing that they have not said
ENDED = "EnphaseWarningEnded"
#: scrapes of a timeline that stay affordable, and intervals to choose from; rules look back over
#: steps of five minutes, so longer ones leave them without samples
_MOST_SCRAPES = 3000
_INTERVALS = (15.0, 30.0, 60.0, 120.0, 300.0)


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires; times in epoch seconds, no end where it fires to the last."""

    alert: str
    severity: str
    begins: float
    ends: float | None
    #: labels besides those that all alerts of a gateway have
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def device(self) -> str:
        """What it is about, in a few words."""
        return " ".join(self.labels.values())


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that fired, in order of time."""

    firings: tuple[Firing, ...]
    #: of the first and the last scrape (epoch seconds)
    begins: float
    ends: float
    #: seconds between two scrapes, and between two evaluations
    interval: float

    def alerts(self) -> list[Firing]:
        """Return what fired, without the watchdog and without signs."""
        return [firing for firing in self.firings if firing.alert not in {WATCHDOG, SIGN}]

    def first(self, alert: str, **labels: str) -> Firing | None:
        """Return the first time that this alert fired, with these labels."""
        for firing in self.firings:
            actual = {"severity": firing.severity, **firing.labels}
            if firing.alert == alert and labels.items() <= actual.items():
                return firing
        return None


def interval_for(seconds: float) -> float:
    """Return the shortest affordable interval for so long a scenario."""
    fitting = (each for each in _INTERVALS if seconds / each <= _MOST_SCRAPES)
    return next(fitting, _INTERVALS[-1])


async def replay(
    scenario: Scenario,
    *,
    begins: float | None = None,
    until: float | None = None,
    interval: float | None = None,
    signs: Mapping[str, str] | None = None,
    **config: Any,
) -> Timeline:
    """Play a scenario and return what fired.

    The exporter and Prometheus run from `begins` until `until` (epoch seconds); what the house does
    before is the same. `signs` see `promtool.evaluate`, `config` is more of the exporter's.
    """
    clock = VirtualClock(scenario.begins)
    runner = ScenarioRunner(scenario, clock)
    if begins is not None:
        await clock.sleep(begins - clock.time())
    end = scenario.ends if until is None else until
    pause = interval or interval_for(end - clock.time())
    return await _watch(runner.gateway, clock, end, pause, signs, runner=runner, **config)


async def hold(
    gateway: SimulatedGateway, clock: VirtualClock, seconds: float, interval: float
) -> Timeline:
    """Watch a gateway to which nothing happens, for so long, and return what fired."""
    return await _watch(gateway, clock, clock.time() + seconds, interval, None)


def of_recording(recording: Recording, signs: Mapping[str, str] | None = None) -> Timeline:
    """Return what fires by the shipped rules on scrapes; `signs` see `promtool.evaluate`."""
    moments = promtool.evaluate(recording, signs)
    return Timeline(tuple(_firings(moments)), moments[0][0], moments[-1][0], recording.interval)


async def _watch(
    gateway: SimulatedGateway,
    clock: VirtualClock,
    until: float,
    interval: float,
    signs: Mapping[str, str] | None,
    **config: Any,
) -> Timeline:
    metrics = rules.metrics().union(*map(rules.named, (signs or {}).values()))
    recording = await record(gateway, clock, metrics, until=until, interval=interval, **config)
    return of_recording(recording, signs)


def _firings(moments: Iterable[Moment]) -> Collection[Firing]:
    """Return firings in order of time from what fires at each moment."""
    begun: dict[Labels, float] = {}
    firings: list[Firing] = []
    for at, alerts in moments:
        firings += [_firing(gone, begun.pop(gone), at) for gone in begun.keys() - alerts]
        begun.update((alert, at) for alert in alerts - begun.keys())
    firings += [_firing(alert, at, None) for alert, at in begun.items()]
    return sorted(firings, key=lambda firing: (firing.begins, firing.alert, firing.device))


def _firing(labels: Labels, begins: float, ends: float | None) -> Firing:
    rest = dict(sorted(labels))
    return Firing(rest.pop("alertname"), rest.pop("severity", ""), begins, ends, rest)
