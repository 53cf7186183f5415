"""Every command works through pyenphase, and is done once the gateway's state confirms it."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from exporter.clock import VirtualClock
from exporter.gateway.control import COMMANDS
from exporter.simulator.faults import status
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.homes.device_states import acb_serial
from tests.control.harness import ACB, CASES, CommandCase, control_harness


def test_every_command_is_tried_here() -> None:
    """Every row of the table has a case."""
    assert {case.row for case in CASES} == set(COMMANDS)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_command_is_done(case: CommandCase, tmp_path: Path, clock: VirtualClock) -> None:
    """It is sent once, and done when the gateway shows what was desired."""
    async with control_harness(case.home, tmp_path, clock, case.levers) as owner:
        plan = await owner.plan(case.row, case.args)
        assert not plan.is_noop
        lever, value = case.moved
        assert owner.lever(lever) != value

        result = await owner.command_runner.perform(plan)

        assert (result.kind, result.ok) == ("done", True)
        assert result.line.startswith("home: done: ")
        assert "\n" not in result.line
        assert owner.lever(lever) == value
        assert result.after is not None
        assert {key: result.after[key] for key in plan.desired} == plan.desired
        assert {key: plan.before[key] for key in plan.desired} != plan.desired
        (request,) = plan.requests
        assert owner.writes() == [f"{request.method} {request.endpoint}"]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_nothing_is_sent_twice(
    case: CommandCase, tmp_path: Path, clock: VirtualClock
) -> None:
    """A state that the gateway already has is not sent again."""
    async with control_harness(case.home, tmp_path, clock, case.levers) as owner:
        await owner.perform(case.row, case.args)
        before = owner.writes()
        again = await owner.perform(case.row, case.args)
        assert (again.kind, again.ok) == ("already", True)
        assert again.line.startswith("home: nothing to do: already ")
        assert owner.writes() == before


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_plan_sends_nothing(case: CommandCase, tmp_path: Path, clock: VirtualClock) -> None:
    """Seeing what would be sent sends and changes nothing."""
    async with control_harness(case.home, tmp_path, clock, case.levers) as owner:
        first = await owner.plan(case.row, case.args)
        assert owner.writes() == []
        assert await owner.plan(case.row, case.args) == first
        assert owner.read_audit_log() == []


async def test_a_change_that_stays(tmp_path: Path, clock: VirtualClock) -> None:
    """With watching, it is done if the change holds for three minutes."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        began = clock.time()
        result = await owner.perform("storage mode", {"mode": "economy"}, watch=True)
        assert result.line == "home: done: mode economy, unchanged after 180 s"
        assert clock.time() - began >= 180


async def test_what_is_sent_along_is_what_is_there(tmp_path: Path, clock: VirtualClock) -> None:
    """A write that carries all settings does not put back what was changed in the meantime."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        owner.house.set("storage.charge_from_grid", True)
        result = await owner.command_runner.perform(plan)
        assert result.ok
        assert owner.lever("storage.charge_from_grid") is True


async def test_a_contact_is_given_back_to_its_settings(tmp_path: Path, clock: VirtualClock) -> None:
    """The end of the override lets the settings decide again."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        assert (await owner.perform("contact open", {"id": "NC1"})).ok
        back = await owner.perform("contact set", {"id": "NC1", "manual_override": False})
        assert back.ok
        assert (await owner.plan("contact open", {"id": "NC1"})).before == {"status": "closed"}


async def test_several_acbs_sleep_at_once(tmp_path: Path, clock: VirtualClock) -> None:
    """AC Batteries go to sleep together, with the charge they slept with before."""
    serials = (ACB, acb_serial(2))
    levers = {"acb.*.soc": 0.5, "acb.*.sleep_min": 45, "acb.*.sleep_max": 55}
    async with control_harness("acb", tmp_path, clock, levers) as owner:
        result = await owner.perform("acb sleep", {"serials": serials})
        assert result.ok
        assert len(owner.writes()) == 1
        assert [owner.lever(f"acb.{n}.sleep_requested") for n in (1, 2, 3)] == [False, True, True]
        assert [owner.lever(f"acb.{n}.sleep_min") for n in (1, 2, 3)] == [45, 45, 45]


async def test_leaving_the_grid_says_what_remains(tmp_path: Path, clock: VirtualClock) -> None:
    """Before the house is disconnected, the charge of the batteries is printed."""
    async with control_harness("battery-home", tmp_path, clock, {"battery.*.soc": 0.5}) as owner:
        plan = await owner.plan("grid off", {})
        assert plan.call.command.phrase == "off grid"
        assert "nothing else reconnects it" in plan.notes[0]
        assert re.fullmatch(
            r"the batteries are at \d+ %; \d+\.\d kWh are left until they switch off at 10 %:"
            r" about \d+ h at \d\.\d kW, without sun",
            plan.notes[1],
        )


async def test_switching_production_off_says_what_it_costs(
    tmp_path: Path, clock: VirtualClock
) -> None:
    """What happens, when it comes back, what the gateway may do, and what is not reported."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("production off", {})
        for note, part in zip(
            plan.notes,
            ("all panels stop", "until `enphase-exporter control production on`", "cloud", "a day"),
            strict=True,
        ):
            assert part in note
        assert (await owner.command_runner.perform(plan)).ok
        (back,) = (await owner.plan("production on", {})).notes
        assert "five minutes" in back


async def test_leaving_the_grid_in_an_outage(tmp_path: Path, clock: VirtualClock) -> None:
    """An open relay that nobody commanded is an outage, and leaving then outlasts it."""
    async with control_harness("battery-home", tmp_path, clock, {"grid.up": False}) as owner:
        plan = await owner.plan("grid off", {})
        assert any("this is an outage" in note for note in plan.notes)
        assert (await owner.command_runner.perform(plan)).ok
        assert owner.lever("switch.commanded") == "open"


async def test_leaving_the_grid_without_knowing_the_batteries(
    tmp_path: Path, clock: VirtualClock
) -> None:
    """What cannot be read for the owner's information does not keep the house on grid."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        owner.running.faults["/ivp/ensemble/secctrl"] = status(503)
        plan = await owner.plan("grid off", {})
        assert "is unknown" in plan.notes[-1]
        assert (await owner.command_runner.perform(plan)).ok


async def test_no_battery_no_light(tmp_path: Path, clock: VirtualClock) -> None:
    """With a controller and no battery, the plan warns that the house will be without power."""
    site = replace(SAMPLE_HOMES["battery-home"], batteries=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SAMPLE_HOMES, "no-battery", site)
        async with control_harness("no-battery", tmp_path, clock) as owner:
            plan = await owner.plan("grid off", {})
    assert plan.notes[-1].startswith("NO BATTERY")


async def test_waiting_respects_the_rate_limit(tmp_path: Path, clock: VirtualClock) -> None:
    """Next to a running exporter, waiting costs one request every five seconds, one at a time."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage mode", {"mode": "backup"})
        owner.gateway.ignored.add(plan.requests[0].endpoint)
        before = len(owner.gateway.asked)
        await owner.command_runner.perform(plan, wait=600)
        asked = owner.gateway.asked[before + 1 :]
        assert owner.running.max_concurrency == 1
    waits = [later - earlier for earlier, later in pairwise(asked)]
    assert len(waits) > 100
    assert min(waits) >= 4


async def test_a_command_costs_little(tmp_path: Path, clock: VirtualClock) -> None:
    """It reads what it needs, not all that the gateway knows."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        assert (await owner.perform("storage reserve", {"reserve": 60})).ok
        asked = [request.target for request in owner.running.requests]
    tariff = "/admin/lib/tariff"
    assert asked == ["/info", "/auth/check_jwt", "/ivp/ensemble/inventory", *[tariff] * 4]


async def test_a_name_is_no_command_to_the_terminal(tmp_path: Path, clock: VirtualClock) -> None:
    """Text from the gateway or the owner is printed without control characters."""
    levers = {"contact.NC1.name": "\x1b[2JSauna\n[/red]"}
    async with control_harness("battery-home", tmp_path, clock, levers) as owner:
        notes = (await owner.plan("contact open", {"id": "NC1"})).notes
        assert notes[0] == "contact NC1 switches ?[2JSauna [/red]"
        result = await owner.perform("contact set", {"id": "NC1", "load_name": "\x1b]0;x\x07"})
        assert result.line.endswith("load name ?]0;x?")
