"""What is asked next: the most overdue by its own interval; failing and absent ones less often."""

from collections.abc import Callable

import pytest

from exporter.clock import VirtualClock
from exporter.errors import (
    EndpointAbsentError,
    GatewayError,
    LoginRedirectError,
    LoginRefusedError,
    NotPermittedError,
    RequestTimeoutError,
)
from exporter.gateway.endpoints.base import Endpoint
from exporter.gateway.scheduler import EndpointSchedule, EndpointState, Scheduler
from tests.polled_gateway import START

GRID, METERS, TARIFF, OPTIONAL, INSTALLER = "/grid", "/meters", "/tariff", "/odd", "/pro"
INTERVALS = {GRID: 5.0, METERS: 30.0, TARIFF: 300.0, OPTIONAL: 300.0, INSTALLER: 300.0}
TIMEOUT = RequestTimeoutError("too late")
ABSENT = EndpointAbsentError("no such page")


def at_once(_: EndpointSchedule) -> float:
    """Let everything be asked at once."""
    return 0.0


class Asked:
    """A scheduler of three endpoints, in virtual time."""

    def __init__(
        self, *paths: str, signs: tuple[str, ...] = (), seen: tuple[str, ...] = ()
    ) -> None:
        self.clock = VirtualClock(START)
        endpoints = [
            Endpoint(
                path,
                "any",
                lambda _, __: {},
                optional=path == OPTIONAL,
                installer=path == INSTALLER,
            )
            for path in paths or (GRID, METERS, TARIFF)
        ]
        self.scheduler = Scheduler(endpoints, INTERVALS, self.clock, signs=signs, seen=seen)

    def next(self, delay: Callable[[EndpointSchedule], float] = at_once) -> str | None:
        """Return the path that is asked now, and ask it."""
        schedule = self.scheduler.next(delay)
        if schedule is None:
            return None
        self.scheduler.started(schedule)
        return schedule.endpoint.path

    def pause(self, path: str) -> float:
        """Return the seconds until an endpoint is due."""
        return self.scheduler[path].due - self.clock.monotonic()

    def answer(self, path: str, *, empty: bool = False) -> None:
        """Let an endpoint be asked and answer."""
        self.scheduler.started(self.scheduler[path])
        self.scheduler.answered(self.scheduler[path], empty=empty)

    def fail(self, path: str, error: GatewayError) -> float:
        """Let an endpoint be asked and fail; return the seconds until it is due again."""
        self.scheduler.started(self.scheduler[path])
        self.scheduler.failed(self.scheduler[path], error)
        return self.pause(path)


async def test_everything_is_asked_once_before_anything_is_asked_twice() -> None:
    """In the order of importance, and then nothing until something is due."""
    asked = Asked()
    assert [asked.next() for _ in range(4)] == [GRID, METERS, TARIFF, None]
    assert asked.scheduler.next_time(at_once) == asked.clock.monotonic() + 5


async def test_the_latest_by_its_own_interval_comes_first() -> None:
    """A second counts more for the grid state than for the tariff."""
    asked = Asked()
    for path in (GRID, METERS, TARIFF):
        asked.answer(path)
    await asked.clock.sleep(310)
    assert [asked.next() for _ in range(3)] == [GRID, METERS, TARIFF]


async def test_what_was_never_asked_waits_no_minutes_behind_what_is_asked_often() -> None:
    """After a minute it comes before what is no later than its interval."""
    asked = Asked()
    asked.answer(GRID)
    asked.answer(METERS)
    await asked.clock.sleep(70)
    asked.scheduler[GRID].due = asked.clock.monotonic()
    asked.scheduler[METERS].due = asked.clock.monotonic()
    assert asked.next() == TARIFF


async def test_the_budget_holds_back_what_it_has_no_request_for() -> None:
    """What may be asked goes on, and the time of the next request counts the wait."""
    asked = Asked()

    def delay(schedule: EndpointSchedule) -> float:
        return 0.0 if schedule.endpoint.path == METERS else 7.0

    assert [asked.next(delay) for _ in range(2)] == [METERS, None]
    assert asked.scheduler.next_time(delay) == asked.clock.monotonic() + 7


async def test_what_is_not_enabled_is_not_asked() -> None:
    """Neither now nor later."""
    asked = Asked()
    for schedule in asked.scheduler:
        schedule.enabled = False
    assert asked.next() is None
    assert asked.scheduler.next_time(at_once) == float("inf")
    assert asked.scheduler.tried({"any"})


async def test_a_rhythm_is_kept_unless_a_beat_was_missed() -> None:
    """A late request does not move the next one, a very late one does."""
    asked = Asked(METERS)
    asked.answer(METERS)
    await asked.clock.sleep(40)
    asked.next()
    assert asked.pause(METERS) == 20
    await asked.clock.sleep(200)
    asked.next()
    assert asked.pause(METERS) == 15


async def test_a_failing_endpoint_is_asked_sooner_than_usual_and_less_and_less_often() -> None:
    """Never less often than when it answers."""
    asked = Asked()
    asked.answer(TARIFF)
    assert [asked.fail(TARIFF, TIMEOUT) for _ in range(8)] == [5, 10, 20, 40, 80, 160, 300, 300]
    assert asked.scheduler[TARIFF].condition is EndpointState.FAILING


@pytest.mark.parametrize(
    ("path", "error", "pauses"),
    [
        (TARIFF, ABSENT, [30, 60, 120, 300, 900, 900]),
        (METERS, ABSENT, [30, 60, 60]),
        (OPTIONAL, ABSENT, [60, 300, 900, 3600, 3600]),
        (TARIFF, NotPermittedError("no"), [60, 300, 900, 3600, 3600]),
        (TARIFF, LoginRefusedError("no"), [60, 300, 900, 3600, 3600]),
        (OPTIONAL, NotPermittedError("no"), [60, 300, 900, 3600, 3600]),
        (INSTALLER, NotPermittedError("no"), [86400, 86400]),
    ],
)
async def test_what_a_gateway_lacks_is_asked_for_less_and_less_often(
    path: str, error: GatewayError, pauses: list[float]
) -> None:
    """A sign of new hardware keeps a steady pace."""
    asked = Asked(TARIFF, METERS, OPTIONAL, INSTALLER, signs=(METERS,))
    assert [asked.fail(path, error) for _ in pauses] == pauses
    assert asked.scheduler[path].refused


async def test_what_answered_before_is_not_absent() -> None:
    """In this process or in an earlier one: it fails, and is asked again soon."""
    asked = Asked(seen=(TARIFF,))
    assert asked.fail(TARIFF, ABSENT) == 5
    assert not asked.scheduler[TARIFF].refused
    asked.answer(METERS)
    assert asked.fail(METERS, NotPermittedError("no")) == 5


async def test_what_a_gateway_lacks_it_lacks_until_it_gives_it() -> None:
    """A gateway in trouble that does not answer for it has it no more than before."""
    asked = Asked()
    schedule = asked.scheduler[METERS]
    assert not schedule.lacked
    asked.scheduler.failed(schedule, ABSENT)
    asked.scheduler.failed(schedule, TIMEOUT)
    asked.scheduler.answered(schedule, empty=True)
    assert schedule.lacked
    asked.scheduler.answered(schedule, empty=False)
    assert not schedule.lacked
    asked.scheduler.answered(asked.scheduler[TARIFF], empty=True)
    assert asked.scheduler[TARIFF].lacked


async def test_a_login_page_is_no_denial() -> None:
    """It may be gone in a moment."""
    asked = Asked()
    assert asked.fail(TARIFF, LoginRedirectError("page")) == 5
    assert asked.scheduler[TARIFF].condition is EndpointState.FAILING


@pytest.mark.parametrize(("seen", "failures"), [(True, 4), (False, 2)])
async def test_an_alternative_takes_over_after_some_failures(seen: bool, failures: int) -> None:
    """Sooner for what never answered."""
    asked = Asked(seen=(TARIFF,) if seen else ())
    refused = []
    for _ in range(failures):
        asked.fail(TARIFF, TIMEOUT)
        refused.append(asked.scheduler[TARIFF].refused)
    assert refused == [*[False] * (failures - 1), True]


@pytest.mark.parametrize(("signs", "pause"), [((), 300), ((METERS,), 60)])
async def test_an_empty_answer_is_asked_for_again_at_a_steady_pace(
    signs: tuple[str, ...], pause: float
) -> None:
    """Sooner where it would show new hardware first; and it is no proof of anything."""
    asked = Asked(signs=signs)
    asked.answer(METERS, empty=True)
    assert asked.pause(METERS) == pause
    assert not asked.scheduler[METERS].seen


async def test_a_hint_hurries_what_may_have_something_new() -> None:
    """Some seconds after its last request at the earliest, and not what refuses us."""
    asked = Asked()
    for path in (METERS, TARIFF):
        asked.answer(path)
    asked.fail(GRID, NotPermittedError("no"))
    asked.scheduler.hint([METERS, GRID, "/unknown"])
    assert (asked.pause(METERS), asked.pause(GRID)) == (5, 60)
    await asked.clock.sleep(5)
    assert asked.scheduler[METERS].urgent
    assert asked.next() == METERS
    assert not asked.scheduler[METERS].urgent


async def test_an_answer_after_failures_hurries_all_that_failed() -> None:
    """What kept one from answering may have kept the others, too."""
    asked = Asked()
    for path in (METERS, TARIFF):
        asked.answer(path)
        for _ in range(5):
            asked.fail(path, TIMEOUT)
    assert asked.pause(TARIFF) == 80
    asked.answer(METERS)
    assert asked.pause(TARIFF) == 0


async def test_a_gateway_that_is_gone_is_left_alone() -> None:
    """Nothing is due before; afterwards the rest keeps its rhythm."""
    asked = Asked()
    asked.scheduler.postpone(asked.clock.monotonic() + 15)
    assert asked.next() is None
    await asked.clock.sleep(15)
    assert asked.next() == GRID


async def test_after_a_pause_of_the_machine_the_important_come_first() -> None:
    """Everything is due now, not hours ago."""
    asked = Asked()
    for path in (GRID, METERS, TARIFF):
        asked.answer(path)
    await asked.clock.sleep(7200)
    asked.scheduler.restart()
    assert {schedule.due for schedule in asked.scheduler} == {asked.clock.monotonic()}
    assert [asked.next() for _ in range(3)] == [GRID, METERS, TARIFF]


async def test_another_firmware_may_have_what_was_absent() -> None:
    """What failed otherwise keeps its pause."""
    asked = Asked()
    asked.fail(TARIFF, ABSENT)
    asked.fail(METERS, TIMEOUT)
    asked.scheduler.ask_absent_again()
    assert (asked.pause(TARIFF), asked.pause(METERS)) == (0, 5)
    assert asked.scheduler[TARIFF].condition is EndpointState.NEW


async def test_a_surprise_is_asked_again_at_once() -> None:
    """Before anything else."""
    asked = Asked()
    for path in (GRID, METERS, TARIFF):
        asked.answer(path)
    asked.scheduler.repeat(asked.scheduler[TARIFF], 0.5)
    await asked.clock.sleep(0.5)
    assert asked.next() == TARIFF


@pytest.mark.parametrize(
    ("interval", "pace", "lifetime"),
    [(5, 0, 120), (60, 0, 180), (300, 0, 900), (600, 0, 900), (3600, 0, 4320), (5, 60, 150)],
)
def test_an_answer_lives_as_long_as_its_cadence_allows(
    interval: float, pace: float, lifetime: float
) -> None:
    """Three intervals, at least two minutes; longer where a slow gateway is asked less often."""
    endpoint = Endpoint(METERS, "any", lambda _, __: {})
    assert EndpointSchedule(endpoint, interval, 0.0, pace=pace).lifetime == lifetime


async def test_what_is_not_served_any_more_is_asked_for_soon() -> None:
    """After an outage what is asked every ten minutes does not wait behind each quick one."""
    asked = Asked()
    for path in (GRID, METERS, TARIFF):
        asked.answer(path)
    slow = asked.scheduler[TARIFF]
    slow.interval = 600
    await asked.clock.sleep(7200)
    asked.scheduler.restart()
    assert asked.next() == GRID
    assert asked.next() == METERS
    await asked.clock.sleep(60)
    asked.scheduler[METERS].answered = asked.scheduler[GRID].answered = asked.clock.monotonic()
    asked.scheduler[METERS].due = asked.clock.monotonic() - 15
    asked.scheduler[GRID].due = asked.clock.monotonic() - 1
    assert asked.next() == TARIFF
