"""A command that is refused, ignored or reverted reports so, with the state of the system."""

from dataclasses import replace
from pathlib import Path

import pytest

from exporter.clock import VirtualClock
from exporter.simulator.faults import status
from exporter.simulator.gateway import HttpResponse
from exporter.simulator.homes import SAMPLE_HOMES
from tests.control.harness import CASES, CommandCase, ControlHarness, control_harness

BY_CASE = pytest.mark.parametrize("case", CASES, ids=str)


@BY_CASE
async def test_a_refused_command(case: CommandCase, tmp_path: Path, clock: VirtualClock) -> None:
    """The gateway's reason for a refusal is one line, with the note that nothing has changed."""
    async with control_harness(case.home, tmp_path, clock, case.levers) as owner:
        plan = await owner.plan(case.row, case.args)
        body = b'{"error":\n "not today"}'
        owner.gateway.refused[plan.requests[0].endpoint] = HttpResponse(400, body)
        result = await owner.command_runner.perform(plan)
        assert (result.kind, result.ok) == ("refused", False)
        assert result.line == (
            'home: the gateway refused it: status 400 ({"error": "not today"});'
            " the system is unchanged"
        )
        assert result.after == result.before
        assert len(owner.writes()) == 1
        assert owner.lever(case.moved[0]) != case.moved[1]


@pytest.mark.parametrize("code", [401, 403])
async def test_a_login_that_may_not(code: int, tmp_path: Path, clock: VirtualClock) -> None:
    """A login that may only read gets the message which login is needed."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        owner.gateway.refused["/ivp/ensemble/relay"] = HttpResponse(code)
        result = await owner.perform("grid off", {})
        assert result.kind == "refused"
        assert result.line == (
            f"home: the gateway refused it: status {code}; this login is not permitted to do that,"
            " an installer's may be; the system is unchanged"
        )


async def test_a_refusal_that_did_it_all_the_same(tmp_path: Path, clock: VirtualClock) -> None:
    """An error is not taken for proof that nothing has changed."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        owner.fault(plan, status(500))
        result = await owner.command_runner.perform(plan)
        assert result.line == (
            "home: the gateway refused it: status 500; the system has CHANGED: now reserve percent"
            " 60"
        )


@BY_CASE
async def test_an_ignored_command(case: CommandCase, tmp_path: Path, clock: VirtualClock) -> None:
    """An answer that all is well is not believed: only the state counts, until time is up."""
    async with control_harness(case.home, tmp_path, clock, case.levers) as owner:
        plan = await owner.plan(case.row, case.args)
        owner.gateway.ignored.add(plan.requests[0].endpoint)
        began = clock.time()
        result = await owner.command_runner.perform(plan)
        assert (result.kind, result.ok) == ("ignored", False)
        timeout = plan.call.command.timeout
        assert result.line.startswith(
            f"home: the gateway accepted it, but did not apply it within {timeout:g} s:"
            " the system is unchanged; "
        )
        assert "\n" not in result.line
        assert timeout <= clock.time() - began <= 2 * timeout
        assert len(owner.writes()) == 1


async def test_patience_is_the_owners(tmp_path: Path, clock: VirtualClock) -> None:
    """The waiting time is an option."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        owner.gateway.ignored.add(plan.requests[0].endpoint)
        result = await owner.command_runner.perform(plan, wait=120)
        assert "within 120 s" in result.line


@BY_CASE
async def test_a_change_that_is_turned_back(
    case: CommandCase, tmp_path: Path, clock: VirtualClock
) -> None:
    """With watching, the return of the old value is reported."""
    async with control_harness(case.home, tmp_path, clock, case.levers) as owner:
        plan = await owner.plan(case.row, case.args)
        # AC Batteries report every quarter of an hour
        later = 1000.0 if case.home == "acb" else 90.0
        owner.gateway.turned_back[plan.requests[0].endpoint] = later
        result = await owner.command_runner.perform(plan, watch=True)
        assert (result.kind, result.ok) == ("overwritten", False)
        assert result.line.startswith("home: it was done, but ")
        assert " s later it was " in result.line
        assert ("the Enphase cloud restored its own value" in result.line) == (
            plan.call.command.cloud
        )
        assert "\n" not in result.line


async def _cloud(owner: ControlHarness, **how: bool) -> str:
    result = await owner.perform("storage mode", {"mode": "backup"}, **how)
    return result.line


async def test_the_cloud_overwrites_a_mode(tmp_path: Path, clock: VirtualClock) -> None:
    """The cloud restores its own mode after ninety seconds; a command that waits reports it."""
    levers = {"cloud.overwrites": True}
    async with control_harness("battery-home", tmp_path, clock, levers) as owner:
        line = await _cloud(owner, watch=True)
        assert line.startswith("home: it was done, but ")
        assert line.endswith(
            "later it was mode self-consumption: the Enphase cloud restored its own value; set it"
            " in the Enphase app as well"
        )


async def test_the_cloud_is_warned_of(tmp_path: Path, clock: VirtualClock) -> None:
    """Without waiting, the result warns that the change may be reverted."""
    async with control_harness(
        "battery-home", tmp_path, clock, {"cloud.overwrites": True}
    ) as owner:
        line = await _cloud(owner)
        assert line.endswith(
            "mode backup (the Enphase cloud may change it back within two minutes; --watch checks"
            " that)"
        )


async def test_optimized_schedules_ignore_a_mode(tmp_path: Path, clock: VirtualClock) -> None:
    """The way out is offered before and after, and works."""
    levers = {"storage.opt_schedules": True}
    async with control_harness("battery-home", tmp_path, clock, levers) as owner:
        plan = await owner.plan("storage mode", {"mode": "backup"})
        assert "--disable-optimized-schedules" in plan.notes[0]
        result = await owner.command_runner.perform(plan)
        assert result.kind == "ignored"
        assert result.line == (
            "home: the gateway accepted it, but did not apply it within 30 s: the system is"
            " unchanged;"
            " optimized schedules are on, so the gateway keeps its mode; add"
            " --disable-optimized-schedules to turn them off as well"
        )

        args = {"mode": "backup", "disable_optimized_schedules": True}
        plan = await owner.plan("storage mode", args)
        assert plan.notes == ()
        assert plan.desired == {"mode": "backup", "optimized_schedules": False}
        assert (await owner.command_runner.perform(plan)).ok
        assert owner.lever("storage.opt_schedules") is False
        assert owner.lever("storage.mode") == "backup"


async def test_a_mode_that_is_set_already_still_ends_the_schedules(
    tmp_path: Path, clock: VirtualClock
) -> None:
    """Turning optimized schedules off is a change of its own."""
    levers = {"storage.opt_schedules": True}
    async with control_harness("battery-home", tmp_path, clock, levers) as owner:
        args = {"mode": "self-consumption", "disable_optimized_schedules": True}
        assert (await owner.perform("storage mode", args)).kind == "done"
        assert owner.lever("storage.opt_schedules") is False


async def test_a_relay_that_is_stuck(tmp_path: Path, clock: VirtualClock) -> None:
    """A relay that does not follow leaves a pending command, which is reported."""
    levers = {"switch.stuck": "closed"}
    async with control_harness("battery-home", tmp_path, clock, levers) as owner:
        result = await owner.perform("grid off", {})
        assert result.kind == "ignored"
        assert result.line == (
            "home: the gateway accepted it, but did not apply it within 60 s: the system has"
            " CHANGED: now commanded open; the gateway has the command, but the relay is still"
            " closed:"
            " the house is on grid"
        )


async def test_a_grid_that_is_not_there(tmp_path: Path, clock: VirtualClock) -> None:
    """Without a grid the relay stays open; the command waits with the gateway."""
    levers = {"switch.commanded": "open", "grid.up": False}
    async with control_harness("battery-home", tmp_path, clock, levers) as owner:
        result = await owner.perform("grid on", {})
        assert result.kind == "ignored"
        assert "now commanded closed" in result.line
        assert "do the neighbours have power?" in result.line


async def test_charging_from_a_generator_without_batteries(
    tmp_path: Path, clock: VirtualClock
) -> None:
    """Without a battery to charge, the setting is accepted and stays on, which is reported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SAMPLE_HOMES, "bare", replace(SAMPLE_HOMES["generator"], batteries=0))
        async with control_harness("bare", tmp_path, clock) as owner:
            result = await owner.perform("generator charge", {"on": False})
    assert result.kind == "ignored"
    assert result.line.endswith("a gateway without Enphase batteries accepts it, but leaves it on")
