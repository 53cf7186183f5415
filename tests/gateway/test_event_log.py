"""The gateway's own log of events is followed: each event counts once."""

import json
import logging
from pathlib import Path

import pytest

from exporter.gateway.endpoints.events import ENDPOINT, WHOLE_LOG, GatewayEvent
from exporter.gateway.event_log import EventLog
from exporter.gateway.state_model import GatewayState
from exporter.simulator.faults import Fault, body, status
from tests.polled_gateway import polled_gateway


def events(*numbers: int, event: str = "Grid gone", action: str = "set") -> dict[int, GatewayEvent]:
    """Return events of these numbers."""
    return {
        number: GatewayEvent(number, event, action, "900000000101", "pcu", "06:30")
        for number in numbers
    }


def counted(log: EventLog, events: dict[int, GatewayEvent]) -> dict[tuple[str, str], int]:
    """Return the counts after these events."""
    return {key: count.count for key, count in log.follow(events).items()}


def test_history_is_not_new() -> None:
    """What happened before the exporter was installed is not counted."""
    state = GatewayState()
    assert counted(EventLog("home", state), events(1, 2, 3)) == {}
    assert state.last_event == 3


def test_an_event_counts_once(caplog: pytest.LogCaptureFixture) -> None:
    """However often the gateway shows it, and also after a restart of the exporter."""
    state = GatewayState()
    EventLog("home", state).follow(events(1))
    with caplog.at_level(logging.INFO):
        assert counted(EventLog("home", state), events(1, 2, 3)) == {("Grid gone", "set"): 2}
        restored = GatewayState.load(state.dump())
        assert counted(EventLog("home", restored), events(2, 3, 4)) == {("Grid gone", "set"): 3}
    assert [record.event_id for record in caplog.records] == [2, 3, 4]  # type: ignore[attr-defined]


def test_an_empty_log_changes_nothing() -> None:
    """A gateway that shows no events has not forgotten what was counted."""
    log = EventLog("home", GatewayState(last_event=5, event_counts={"Grid gone\tset": 2}))
    assert counted(log, {}) == {("Grid gone", "set"): 2}
    assert counted(log, events(6)) == {("Grid gone", "set"): 3}


def test_numbers_that_start_again_are_new() -> None:
    """A gateway that was reset counts its events from the start."""
    log = EventLog("home", GatewayState(last_event=16_000))
    assert counted(log, events(1, 2)) == {("Grid gone", "set"): 2}


def test_newest_events_that_are_spoilt_do_not_start_the_log_again() -> None:
    """Neither those that are left nor those that are back count once more."""
    log = EventLog("home", GatewayState(last_event=95))
    assert counted(log, events(*range(90, 101))) == {("Grid gone", "set"): 5}
    assert counted(log, events(*range(90, 98))) == {("Grid gone", "set"): 5}
    assert counted(log, events(*range(90, 102))) == {("Grid gone", "set"): 6}


def test_more_than_a_page_is_caught_up_by_the_whole_log(caplog: pytest.LogCaptureFixture) -> None:
    """It is asked for once, and until then nothing counts."""
    log = EventLog("home", GatewayState(last_event=1000))
    assert log.path(ENDPOINT.path) == ENDPOINT.path
    assert counted(log, events(*range(1151, 1251))) == {}
    assert log.path("/home") == "/home"
    assert [log.path(ENDPOINT.path), log.path(ENDPOINT.path)] == [WHOLE_LOG, ENDPOINT.path]
    assert counted(log, events(*range(751, 1251))) == {("Grid gone", "set"): 250}
    assert not log.behind
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_events_that_the_log_no_longer_has_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """And what it has is counted, whether the whole log could be had or not."""
    log = EventLog("home", GatewayState(last_event=1000))
    newest = events(*range(1151, 1251))
    log.follow(newest)
    log.path(ENDPOINT.path)
    assert counted(log, newest) == {("Grid gone", "set"): 100}
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.count == 150  # type: ignore[attr-defined]


def rows(first: int, last: int) -> Fault:
    """Return an answer with these events, newest first."""
    return body(
        json.dumps(
            {
                "aaData": [
                    [str(n), "Grid gone: Set", "1", "pcu ", ""] for n in range(last, first, -1)
                ]
            }
        ).encode()
    )


@pytest.mark.parametrize(("whole", "counted"), [(rows(0, 500), 480), (status(404), 100)])
async def test_events_of_a_long_downtime_are_caught_up(
    whole: Fault, counted: int, tmp_path: Path
) -> None:
    """A gateway that logged more than a page meanwhile is asked for its whole log, once."""
    async with polled_gateway("battery-home", tmp_path) as polled:
        polled.gateway.faults |= {ENDPOINT.path: rows(0, 20), WHOLE_LOG: whole}
        await polled.pass_time(600)
    async with polled_gateway("battery-home", tmp_path) as polled:
        polled.gateway.faults |= {ENDPOINT.path: rows(400, 500), WHOLE_LOG: whole}
        await polled.pass_time(900)
        assert polled.value("enphase_gateway_events_total", event="Grid gone") == counted
        assert polled.gateway.count(WHOLE_LOG) == 1


def test_serial_numbers_make_no_labels() -> None:
    """Kinds of events are few; devices are many."""
    log = EventLog("home", GatewayState(last_event=0))
    log.follow(events(1, event="Inverter 122047000001 gone"))
    assert counted(log, events(2, event="Inverter 122047000002 gone")) == {
        ("Inverter # gone", "set"): 2
    }


def test_a_label_has_no_control_characters() -> None:
    """Whatever a text contains, dashboards and terminals show it in one line."""
    log = EventLog("home", GatewayState(last_event=0))
    assert counted(log, events(1, event="Grid\x1b[2J\n\tgone")) == {
        ("Grid\\x1b[2J\\n\\tgone", "set"): 1
    }


def test_the_kinds_of_events_are_bounded() -> None:
    """A gateway that invents texts does not fill the memory of Prometheus."""
    log = EventLog("home", GatewayState(last_event=0))
    for number in range(1, 300):
        name = "".join(chr(97 + int(digit)) for digit in str(number))
        log.follow(events(number, event=name))
    counts = counted(log, {})
    assert len(counts) <= 102
    assert sum(counts.values()) == 299
