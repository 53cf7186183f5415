"""The owner's story: for each beat, the alert that would have changed it, and when it fired.

Three months are too long to scrape as densely as an outage needs, and mostly uneventful: they are
evaluated from shortly before each beat until its alerts have fired, each time with an interval that
suits the beat. A window is a replay of its own: the house lives through the whole story, exporter
and Prometheus begin with the window. Rules that look back over weeks therefore have less data than
in a running system, so no alert fires sooner here than there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exporter.durations import format_duration, parse_duration
from exporter.simulator.scenario import Scenario
from tools.incident.proving import epoch
from tools.incident.timeline import Firing, Timeline


@dataclass(frozen=True, slots=True)
class Window:
    """When to watch, in the scenario's times, and seconds between two scrapes.

    Empty is from its beginning, to its end; without an interval it is as short as affordable.
    """

    begins: str
    ends: str
    interval: float | None


@dataclass(frozen=True, slots=True)
class Beat:
    """An event, and the alert for it."""

    what: str
    #: when it happened, in the scenario's time
    at: str
    alert: str
    #: by when the alert must have fired
    deadline: str
    #: what the owner would have done then
    changes: str
    severity: str = "critical"


@dataclass(frozen=True, slots=True)
class BeatResult:
    """A beat with its result; seconds after the beat, None if the alert never fired."""

    beat: Beat
    measured: float | None

    @property
    def in_time(self) -> bool:
        """Whether the alert fired within the deadline."""
        return self.measured is not None and self.measured <= parse_duration(self.beat.deadline)


#: where to look, by scenario
WINDOWS: Mapping[str, tuple[Window, ...]] = {
    "owners-story": (
        Window("day 3 12:00", "day 5 04:00", 60),
        Window("day 19 12:00", "day 23 12:00", 300),
        Window("day 46 11:30", "day 46 19:30", 15),
        Window("day 46 18:00", "day 48 12:00", 60),
        # what the gateway does by night is learnt within a day
        Window("day 51 15:30", "day 52 16:30", 30),
        Window("day 52 15:00", "day 55 14:00", 120),
        Window("day 55 12:00", "day 64 12:00", 300),
    ),
}
BEATS: Mapping[str, tuple[Beat, ...]] = {
    "owners-story": (
        Beat(
            "The gateway stops reporting to the cloud; Enphase never calls",
            *("day 4 02:10", "EnphaseCloudReportingStopped", "1h"),
            "restart the gateway on the first day, not in the seventh week",
            "warning",
        ),
        Beat(
            "A day later it still is",
            *("day 5 02:10", "EnphaseCloudReportingStopped", "1h"),
            "open the case six weeks sooner",
        ),
        Beat(
            "The sun charges two of six batteries; four stopped at night",
            *("day 20 07:34", "EnphaseBatteryIdle", "1h 5m"),
            "have them looked at while they still hold something",
            "warning",
        ),
        Beat(
            "What the other two hold in the morning would not last two hours",
            *("day 20 07:34", "EnphaseBackupTimeShort", "3d 4h"),
            "know weeks before what the batteries are good for",
            "warning",
        ),
        Beat(
            "The light goes out for a second: the house is an island",
            *("day 46 13:05", "EnphaseGridOutage", "60s"),
            "know at once that it is this house, and on batteries",
        ),
        Beat(
            "It does not reconnect",
            *("day 46 13:05", "EnphaseGridOutageProlonged", "7m"),
            "insist on a crew in the first hour, not the sixth",
        ),
        Beat(
            "The batteries run low",
            *("day 46 13:05", "EnphaseBackupBatteryLow", "6h"),
            "switch off what heats, cools and cooks",
        ),
        Beat(
            "They will be empty within two hours",
            *("day 46 13:05", "EnphaseBackupRuntimeShort", "6h"),
            "find the largest load before evening",
        ),
        Beat(
            "They are at the limit where they switch off",
            *("day 46 13:05", "EnphaseBackupBatteryExhausted", "6h"),
            "save the rest for the gateway and the fridge",
        ),
        Beat(
            "Back on the grid, near their limit, and they take nothing",
            *("day 46 18:58", "EnphaseBatteryBelowLimit", "1h"),
            "demand a forced charge on the same evening",
        ),
        Beat(
            "The first battery is nearly flat",
            *("day 47 07:00", "EnphaseBatteryDeepDischarge", "10m"),
            "tell support: below 2 % it needs a technician",
        ),
        Beat(
            "The sun could charge them, and they do not",
            *("day 47 08:12", "EnphaseBatteryNotCharging", "1h 5m"),
            "say that not even a surplus charges them, before they are flat",
        ),
        Beat(
            "Its light is out",
            *("day 47 11:00", "EnphaseBatteryNotCommunicating", "15m"),
            "hasten the new gateway: the others follow",
        ),
        Beat(
            "The gateway dies",
            *("day 52 16:00", "EnphaseGatewayUnreachable", "5m"),
            "have the replacement sent by express",
        ),
        Beat(
            "The new gateway knows no battery",
            *("day 54 18:00", "EnphaseBatteryMissing", "40m"),
            "keep the installer until they are back",
        ),
        Beat(
            "Another gateway is there",
            *("day 54 18:00", "EnphaseGatewayReplaced", "10m"),
            "nothing: it is as it should be",
            "info",
        ),
        Beat(
            "One refuses its new firmware",
            *("day 55 15:00", "EnphaseBatteryFirmwareMismatch", "4d"),
            "have it pushed to this serial number",
            "warning",
        ),
        Beat(
            "One battery stands at 99 % and charges forever",
            # three hours, and a scrape of this window
            *("day 57 12:00", "EnphaseBatteryStuckCharging", "3h 5m"),
            "quote the day and hour in the case",
            "warning",
        ),
    ),
}


def judged(name: str, scenario: Scenario, timelines: Sequence[Timeline]) -> Iterator[BeatResult]:
    """Yield the result of every evaluated beat of a scenario, in their order."""
    for beat in BEATS.get(name, ()):
        at = epoch(scenario, beat.at)
        watched = [one for one in timelines if one.begins <= at <= one.ends]
        if watched:
            fired = min((firing.begins for firing in _matching(beat, watched, at)), default=None)
            yield BeatResult(beat, None if fired is None else fired - at)


def _matching(beat: Beat, timelines: Sequence[Timeline], at: float) -> Iterator[Firing]:
    """Yield the firings of its alert from the beat on."""
    for timeline in timelines:
        for firing in timeline.alerts():
            if (firing.alert, firing.severity) == (
                beat.alert,
                beat.severity,
            ) and firing.begins >= at:
                yield firing


def markdown(scenario: Scenario, results: Sequence[BeatResult]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| when | what happened | alert | fired after | and then |",
        "| --- | --- | --- | --- | --- |",
    ]
    for result in results:
        beat = result.beat
        after = "never" if result.measured is None else format_duration(result.measured)
        lines.append(
            f"| {when(scenario, beat)} | {beat.what} | {beat.alert} ({beat.severity}) | {after} "
            f"| {beat.changes} |"
        )
    return "\n".join(lines)


def when(scenario: Scenario, beat: Beat) -> str:
    """Return day and time of a beat on the owner's wall."""
    local = scenario.local(epoch(scenario, beat.at))
    day = (local.date() - scenario.local_start.date()).days + 1
    return f"day {day} {local:%H:%M}"
