"""The gateway's own log of events is followed: each event counts once."""

import logging

import pytest

from exporter.gateway.endpoints.events import GatewayEvent
from exporter.gateway.event_log import EventLog
from exporter.gateway.state_model import GatewayState


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


def test_serial_numbers_make_no_labels() -> None:
    """Kinds of events are few; devices are many."""
    log = EventLog("home", GatewayState(last_event=0))
    log.follow(events(1, event="Inverter 122047000001 gone"))
    assert counted(log, events(2, event="Inverter 122047000002 gone")) == {
        ("Inverter # gone", "set"): 2
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
