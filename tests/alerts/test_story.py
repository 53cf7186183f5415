"""The owner's story, had there been a pager."""

from concurrent.futures import Future

import pytest

from exporter.durations import parse_duration
from exporter.simulator.scenario import find_scenario
from tests.alerts.background_runs import Submit
from tests.alerts.rule_files import ALERTS
from tools.incident.__main__ import replayed
from tools.incident.proving import epoch
from tools.incident.story import BEATS, WINDOWS, judged, markdown
from tools.incident.timeline import Firing, Timeline

NAME = "owners-story"


def test_every_beat_is_watched() -> None:
    """Each happens within a window, which stays open until its deadline."""
    scenario = find_scenario(NAME)
    for beat in BEATS[NAME]:
        at = epoch(scenario, beat.at)
        assert any(
            epoch(scenario, window.begins) <= at
            and at + parse_duration(beat.deadline) <= epoch(scenario, window.ends)
            for window in WINDOWS[NAME]
        ), beat.what


def test_every_beat_has_an_alert_of_the_shipped_rules() -> None:
    """No beat waits for an alert that does not exist with that severity."""
    shipped = {(alert.name, alert.severity) for alert in ALERTS}
    assert {(beat.alert, beat.severity) for beat in BEATS[NAME]} <= shipped


def test_the_table_is_markdown() -> None:
    """A row for each beat that was watched: when, what, alert, how long after it rang."""
    scenario, beat = find_scenario(NAME), BEATS[NAME][0]
    at = epoch(scenario, beat.at)
    early = Firing(beat.alert, beat.severity, at - 60, at - 30)
    firing = Firing(beat.alert, beat.severity, at + 3000, None)
    timeline = Timeline((early, firing), at - 600, at + 4000, 60)
    rungs = list(judged(NAME, scenario, [timeline]))
    assert [rung.measured for rung in rungs] == [3000]
    assert rungs[0].in_time
    assert (
        markdown(scenario, rungs)
        .splitlines()[2]
        .startswith(
            "| day 4 02:10 | The gateway stops reporting to the cloud; Enphase never calls"
            " | EnphaseCloudReportingStopped (warning) | 50m |"
        )
    )


@pytest.mark.proof
def test_the_story_would_have_been_another(submit: Submit) -> None:
    """At every beat the alert that would have changed it rings in time."""
    windows: list[Future[Timeline]] = [submit(replayed, NAME, window) for window in WINDOWS[NAME]]
    timelines = [window.result() for window in windows]
    rungs = list(judged(NAME, find_scenario(NAME), timelines))
    assert [rung.beat for rung in rungs] == list(BEATS[NAME])
    assert [(rung.beat.what, rung.measured) for rung in rungs if not rung.in_time] == []
