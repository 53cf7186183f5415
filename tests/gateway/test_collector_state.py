"""How collectors fare, as it is reported and logged: each failure once, and its end once."""

import pytest

from exporter.clock import VirtualClock
from exporter.errors import BadStatusError, RequestTimeoutError, UnreachableError
from exporter.gateway.collector_state import CollectorStates
from tests.polled_gateway import START

CADENCES = {"gateway": 300.0, "meters": 30.0, "grid": 5.0, "inverters": 300.0}
SETUP, READINGS = "/ivp/meters", "/ivp/meters/readings"
TIMEOUT = RequestTimeoutError("too late")


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock that a test moves."""
    return VirtualClock(START)


@pytest.fixture
def states(clock: VirtualClock) -> CollectorStates:
    """Return the states of a gateway that was asked nothing yet."""
    return CollectorStates("home", CADENCES, clock)


def test_nothing_is_known_before_it_was_asked(states: CollectorStates) -> None:
    """A collector that was never asked is neither up nor down."""
    report = states.report(CADENCES)["meters"]
    assert (report.up, report.last_success, report.duration) == (None, None, None)
    assert (report.failures, report.reason, report.trouble) == ({}, "", "")
    assert report.complete
    assert not states.answer(CADENCES)


def test_a_collector_is_up_while_all_of_its_endpoints_answer(states: CollectorStates) -> None:
    """One that fails takes it down, until that one answers or is not missed."""
    states.succeeded("meters", SETUP, 0.5)
    states.succeeded("meters", READINGS, 0.25)
    assert states["meters"].up
    states.failed("meters", SETUP, TIMEOUT, 15.0)
    states.succeeded("meters", READINGS, 0.25)
    report = states.report(["meters"])["meters"]
    assert (report.up, report.reason, report.trouble) == (False, "timeout", "too late")
    assert (report.failures, report.duration) == ({"timeout": 1}, 15.25)
    states.clear("meters", SETUP)
    assert states["meters"].up


def test_failures_are_counted_by_reason(states: CollectorStates) -> None:
    """Each attempt counts."""
    for error in (TIMEOUT, TIMEOUT, BadStatusError("500")):
        states.failed("meters", SETUP, error)
    assert states["meters"].failures == {"timeout": 2, "bad_status": 1}


def test_a_gateway_that_is_gone_takes_all_down_and_counts_once(states: CollectorStates) -> None:
    """The sentence is that of the gateway alone; collectors that never answered count nothing."""
    states.succeeded("meters", READINGS, 0.1)
    gone = UnreachableError("no route")
    for _ in range(3):
        states.gateway_failed(gone)
    report = states.report(CADENCES)
    assert {name for name, one in report.items() if one.up} == set()
    assert (report["meters"].reason, report["meters"].trouble) == ("unreachable", "")
    assert (report["meters"].failures, report["grid"].failures) == ({"unreachable": 1}, {})
    assert not states.answer(CADENCES)
    states.gateway_answers()
    assert states["meters"].error is None


async def test_an_answer_is_recent_by_the_cadence_of_its_collector(
    states: CollectorStates, clock: VirtualClock
) -> None:
    """What is asked every five minutes speaks for as long, unless many others fail meanwhile."""
    states.succeeded("inverters", "/inverters", 0.1)
    await clock.sleep(400)
    assert states.answer(CADENCES)
    for endpoint in (SETUP, READINGS, "/relay"):
        states.failed("meters", endpoint, TIMEOUT)
    assert not states.answer(CADENCES)
    states.succeeded("grid", "/relay", 0.1)
    assert states.answer(CADENCES)
    assert states.answer(["inverters"])
    await clock.sleep(60)
    assert not states.answer(["inverters"])


async def test_who_it_is_says_nothing_of_the_rest(
    states: CollectorStates, clock: VirtualClock
) -> None:
    """A gateway of which only `/info` answers is not up, however long its last data are served."""
    states.succeeded("inverters", "/inverters", 0.1)
    await clock.sleep(200)
    for endpoint in (SETUP, READINGS, "/relay"):
        states.failed("meters", endpoint, TIMEOUT)
        states.succeeded("gateway", "/info", 0.1)
    assert not states.answer(CADENCES.keys() - {"gateway"})


def test_what_was_reported_once_stays_reported(states: CollectorStates) -> None:
    """Unless the gateway turns out not to have it."""
    states.failed("inverters", "/inverters", TIMEOUT)
    states.succeeded("inverters", "/inverters", 0.1)
    assert states["inverters"].reported
    states.failed("meters", SETUP, TIMEOUT)
    states.clear("meters", SETUP)
    assert not states["meters"].reported


def test_what_is_missing_is_named_and_logged_once(
    states: CollectorStates, caplog: pytest.LogCaptureFixture
) -> None:
    """More of it is logged again, its end once, and no line has hundreds of names."""
    caplog.set_level("INFO")
    many = [f"inverter {number:02}" for number in range(12)]
    for missing in (many, many, [*many, "meter"], [], []):
        states.note_missing("inverters", missing)
    assert [record.getMessage() for record in caplog.records] == [
        "response incomplete",
        "response incomplete",
        "response complete again",
    ]
    assert vars(caplog.records[0])["missing"].endswith("inverter 09, …")
    assert vars(caplog.records[1])["missing"] == "meter"
    assert states["inverters"].complete


def test_a_failure_that_goes_on_is_logged_once(
    states: CollectorStates, caplog: pytest.LogCaptureFixture
) -> None:
    """And so is its end."""
    caplog.set_level("INFO")
    for _ in range(3):
        states.failed("meters", SETUP, TIMEOUT)
    states.succeeded("meters", SETUP, 0.1)
    states.succeeded("meters", SETUP, 0.1)
    assert [record.getMessage() for record in caplog.records] == [
        "collector failed",
        "collector recovered",
    ]
