"""Events come at their time, whoever asks when, and what they set ends as it should."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from exporter.clock import VirtualClock
from exporter.simulator.scenario import ScenarioRunner, load_scenario
from exporter.simulator.scenario.models import Scenario
from exporter.simulator.scenario.overrides import OverrideStack
from exporter.simulator.server import serve
from tests.scenarios.observer import observing

HEAD = """
title: A trial
description: Nothing much.
start: 2026-06-21 12:00
duration: {duration}
home: battery-home
events:
{events}
"""


def scenario(folder: Path, *events: str, duration: str = "2h") -> Scenario:
    """Return a scenario with these events."""
    path = folder / "trial.yml"
    lines = "\n".join(f"  - {event}" for event in events)
    path.write_text(HEAD.format(duration=duration, events=lines))
    return load_scenario(path)


async def played(trial: Scenario, lever: str, times: Sequence[float]) -> list[object]:
    """Return what a lever is at these times, in seconds after the start."""
    clock = VirtualClock(trial.begins)
    runner = ScenarioRunner(trial, clock)
    values = []
    for time in times:
        await clock.sleep(time - clock.monotonic())
        runner.catch_up()
        values.append(runner.house.get(lever))
    return values


@pytest.mark.parametrize("step", [7.0, 60.0, 311.0, 7200.0])
async def test_steps_make_no_difference(tmp_path: Path, step: float) -> None:
    """However seldom anybody asks, the house ends up exactly the same."""
    trial = scenario(
        tmp_path,
        "{at: 1234s, for: 777s, set: {grid.up: false}}",
        "{at: 1h 3s, set: {battery.2.stuck: 0.5, load.extra: 900}}",
    )
    states = []
    for pause in (7200.0, step):
        clock = VirtualClock(trial.begins)
        runner = ScenarioRunner(trial, clock)
        while clock.monotonic() < 7200:
            await clock.sleep(min(pause, 7200 - clock.monotonic()))
            runner.state()
        states.append(runner.state())
    assert states[0] == states[1]


async def test_events_come_at_their_time(tmp_path: Path) -> None:
    """A lever moves at the second of its event and goes back at the second of its end."""
    trial = scenario(tmp_path, "{at: 10m, for: 90s, set: {grid.up: false}}")
    times = [0, 599, 600, 689, 690, 7200]
    assert await played(trial, "grid.up", times) == [True, True, False, False, True, True]


async def test_overlapping_events(tmp_path: Path) -> None:
    """The newest event counts; what ends gives way to what still lasts, and all to the truth."""
    trial = scenario(
        tmp_path,
        "{at: 10m, for: 30m, set: {load.factor: 2}}",
        "{at: 20m, for: 10m, set: {load.factor: 3}}",
        "{at: 25m, for: 30m, set: {load.factor: 4}}",
    )
    minutes = [5, 15, 22, 27, 32, 45, 56]
    values = await played(trial, "load.factor", [60.0 * minute for minute in minutes])
    assert values == [1, 2, 3, 4, 4, 4, 1]


async def test_lasting_within_passing(tmp_path: Path) -> None:
    """What is set to stay stays, also when it was set while something else lasted."""
    trial = scenario(
        tmp_path,
        "{at: 10m, for: 30m, set: {load.factor: 2}}",
        "{at: 20m, set: {load.factor: 3}}",
        "{at: 30m, for: 20m, set: {load.factor: 4}}",
    )
    minutes = [15, 25, 35, 45, 55]
    values = await played(trial, "load.factor", [60.0 * minute for minute in minutes])
    assert values == [2, 3, 4, 4, 3]


async def test_all_devices(tmp_path: Path) -> None:
    """A star sets a lever of every device, and each goes back to what it was."""
    trial = scenario(
        tmp_path,
        "{at: 0s, set: {battery.2.led: 7}}",
        "{at: 10m, for: 10m, set: {battery.*.led: 0}}",
    )
    for lever, expected in (("battery.2.led", [7, 0, 7]), ("battery.5.led", [None, 0, None])):
        assert await played(trial, lever, [60, 900, 1500]) == expected


async def test_every_day(tmp_path: Path) -> None:
    """What happens every day happens at the same time of day, also after the clocks changed."""
    path = tmp_path / "trial.yml"
    text = HEAD.format(
        duration="4d",
        events="  - {at: day 1 23:02, for: 5m, every: day, say: a, set: {grid.up: false}}",
    )
    path.write_text(text.replace("2026-06-21", "2026-03-06"))
    trial = load_scenario(path)
    clock = VirtualClock(trial.begins)
    runner = ScenarioRunner(trial, clock)
    await clock.sleep(4 * 86400)
    runner.catch_up()
    assert [f"{trial.local(each.at):%d %H:%M %z}" for each in runner.messages] == [
        "06 23:02 -0800",
        "07 23:02 -0800",
        "08 23:02 -0700",
        "09 23:02 -0700",
    ]


async def test_messages(tmp_path: Path) -> None:
    """Messages appear with their events, and the next step is known at any time."""
    trial = scenario(tmp_path, "{at: 10m, for: 10m, set: {grid.up: false}, say: dark, then: light}")
    clock = VirtualClock(trial.begins)
    runner = ScenarioRunner(trial, clock)
    assert runner.next_step == trial.begins + 600
    await clock.sleep(700)
    runner.catch_up()
    assert [(each.at - trial.begins, each.text) for each in runner.messages] == [(600, "dark")]
    assert runner.next_step == trial.begins + 1200


async def test_seed(tmp_path: Path) -> None:
    """The same seed gives the same house, another one another, and events in all of them."""
    trial = scenario(tmp_path, "{at: 10m, set: {grid.up: false}}")
    states = []
    for seed in (None, 1, 2):
        clock = VirtualClock(trial.begins)
        runner = ScenarioRunner(trial, clock, seed=seed)
        await clock.sleep(3600)
        states.append(runner.state())
        assert not states[-1].on_grid
    assert states[0] == states[1] != states[2]


async def test_faults_at_the_server(tmp_path: Path) -> None:
    """Faults of several kinds overlap at the server, and all of them end."""
    trial = scenario(
        tmp_path,
        "{at: 10m, for: 30m, server: {/home: {status: 503}}}",
        "{at: 20m, for: 10m, server: {/home: garbage, '*': {delay: 5s}}}",
        "{at: 15m, for: 10m, server: {'*': unreachable}}",
        "{at: 17m, for: 10m, server: {'*': token_refused}}",
    )
    clock = VirtualClock(trial.begins)
    runner = ScenarioRunner(trial, clock)
    async with serve(runner.gateway, now=clock.time) as running:
        runner.attach(running)
        values = []
        for minute in (5, 12, 16, 18, 22, 26, 28, 35, 45):
            await clock.sleep(60 * minute - clock.monotonic())
            runner.catch_up()
            values.append((running.up, running.login.refuse, sorted(running.faults)))
    assert values == [
        (True, False, []),
        (True, False, ["/home"]),
        (False, False, ["/home"]),
        (False, True, ["/home"]),
        (False, True, ["*", "/home"]),
        (True, True, ["*", "/home"]),
        (True, False, ["*", "/home"]),
        (True, False, ["/home"]),
        (True, False, []),
    ]


async def test_waiting_is_virtual(tmp_path: Path) -> None:
    """A gateway that hangs costs the exporter virtual time, not ours, and everything fails."""
    trial = scenario(tmp_path, "{at: 10m, for: 20m, server: {'*': hang}}")
    grid = {"collector": "ensemble"}
    async with observing(trial, tmp_path) as observer:
        before = await observer.scrape("9m")
        during = await observer.scrape("20m", warm_up=500)
        after = await observer.scrape("40m", warm_up=500)
    looks = [look for look in (before, during, after) if look]
    assert [m.value("enphase_collector_up", **grid) for m in looks] == [1, 0, 1]
    assert set(looks[1].all("enphase_collector_up")) == {0.0}


async def test_a_gateway_that_hangs_on_everything_is_down(tmp_path: Path) -> None:
    """No collector is kept from its turn by those before it, so all of them are known to fail."""
    trial = scenario(tmp_path, "{at: 10m, for: 50m, server: {'*': hang}}")
    async with observing(trial, tmp_path) as observer:
        look = await observer.scrape("40m", warm_up=2300)
    assert look is not None
    assert look.value("enphase_up") == 0
    assert set(look.all("enphase_collector_up")) == {0.0}


async def test_late_answers(tmp_path: Path) -> None:
    """An answer that is late, but not too late, is as good as any."""
    trial = scenario(tmp_path, "{at: 10m, for: 20m, server: {/home: {delay: 8s}}}")
    async with observing(trial, tmp_path) as observer:
        look = await observer.scrape("20m", warm_up=700)
    assert look is not None
    assert look.value("enphase_collector_up", collector="home") == 1
    assert look.value("enphase_collector_duration_seconds", collector="home") >= 8


async def test_gateway_restart(tmp_path: Path) -> None:
    """A gateway that restarts is gone, then says zeros that nobody believes, then is as before."""
    trial = scenario(tmp_path, "{at: 10m, gateway: {away: 5m, zeros: 5m}}")
    async with observing(trial, tmp_path) as observer:
        looks = [await observer.scrape(time) for time in ("9m", "14m", "19m", "30m")]
    assert [look and look.value("enphase_up") for look in looks] == [1, 0, 1, 1]
    values = [look.one("enphase_production_joules_total") for look in looks if look]
    assert values[0] is not None
    assert values[3] is not None
    assert values[1:3] == [None, None]
    assert values[0] < values[3] < values[0] + 3600 * 10_000


def test_layers_know_what_was_before() -> None:
    """A value comes back from before even if its owners end in any order."""
    layers = OverrideStack[int](len)
    assert [layers.put("abc", 7, "x"), layers.put("abc", 8, "y")] == [7, 8]
    assert [layers.end("abc", "x"), layers.end("abc", "y")] == [8, 3]
