"""A connection that breaks in the middle of a command: what may have happened is told."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from exporter.clock import VirtualClock
from exporter.errors import ControlError
from exporter.simulator.faults import Call, Fault, Hang, Reset, Truncated, body, plain
from exporter.simulator.server import RunningGateway
from tests.control.harness import CASES, Case, commanding, nothing_written
from tests.polled_gateway import impatient

__all__ = ["impatient"]

BY_CASE = pytest.mark.parametrize("case", CASES, ids=str)


@BY_CASE
async def test_an_answer_that_got_lost(case: Case, tmp_path: Path, clock: VirtualClock) -> None:
    """The connection breaks after the gateway has done it: reading again finds out."""
    async with commanding(case.home, tmp_path, clock, case.levers) as owner:
        plan = await owner.plan(case.row, case.args)
        owner.fault(plan, Reset())
        outcome = await owner.operator.perform(plan)
        assert outcome.kind == "done"
        assert "; its answer got lost on the way, the change did not" in outcome.line
        # aiohttp would send an idempotent request again by itself
        assert len(owner.writes()) == 1


@BY_CASE
async def test_a_command_that_got_lost(case: Case, tmp_path: Path, clock: VirtualClock) -> None:
    """The connection breaks before the gateway has done it: it is said that nothing changed."""
    async with commanding(case.home, tmp_path, clock, case.levers) as owner:
        plan = await owner.plan(case.row, case.args)
        owner.gateway.ignored.add(plan.requests[0].endpoint)
        owner.fault(plan, Reset())
        outcome = await owner.operator.perform(plan)
        assert (outcome.kind, outcome.good) == ("ignored", False)
        assert outcome.line.startswith("home: the connection broke while it was sent (")
        assert outcome.line.endswith("; the system is as it was")
        assert len(owner.writes()) == 1


@pytest.mark.usefixtures("impatient")
async def test_an_answer_that_never_comes(tmp_path: Path, clock: VirtualClock) -> None:
    """A gateway that takes a command and says nothing is not waited for without end."""
    async with commanding("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        owner.fault(plan, Hang())
        outcome = await owner.operator.perform(plan)
        assert outcome.kind == "done"
        assert "its answer got lost" in outcome.line


@pytest.mark.parametrize("fault", [body(b"<html>"), body(b"[]"), body(b""), Truncated(0.5)])
async def test_an_answer_that_makes_no_sense(
    fault: Fault, tmp_path: Path, clock: VirtualClock
) -> None:
    """What the gateway says to a command does not matter: what it shows does."""
    async with commanding("generator", tmp_path, clock) as owner:
        plan = await owner.plan("generator schedule", {"default_start_soc": 35})
        owner.fault(plan, fault)
        assert (await owner.operator.perform(plan)).kind == "done"


async def test_a_gateway_that_is_gone_afterwards(tmp_path: Path, clock: VirtualClock) -> None:
    """Sent and not seen since: it is said that the change may have been made."""
    async with commanding("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})

        def unplug(text: str) -> None:
            owner.running.up = False

        outcome = await owner.operator.perform(plan, tell=unplug)
        assert (outcome.kind, outcome.good, outcome.after) == ("lost", False, None)
        assert outcome.line.startswith(
            "home: it was sent, but the gateway cannot be asked what it did ("
        )
        assert outcome.line.endswith(
            "): the change may have been made; look with --dry-run before you send it again"
        )
        assert "\n" not in outcome.line


async def test_a_gateway_that_goes_while_it_is_waited_for(
    tmp_path: Path, clock: VirtualClock
) -> None:
    """What was read before it went is told along, and not taken for the last word."""
    async with commanding("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        endpoint = plan.requests[0].endpoint
        owner.gateway.ignored.add(endpoint)
        # the reading before it is sent, and two after
        owner.running.faults[f"GET {endpoint}"] = _Last(owner.running, after=3)
        outcome = await owner.operator.perform(plan)
        assert outcome.kind == "lost"
        assert "; when last read, the system is as it was;" in outcome.line


async def test_a_gateway_that_comes_back(tmp_path: Path, clock: VirtualClock) -> None:
    """A moment without connection does not end the waiting."""
    async with commanding("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})

        def stumble(text: str) -> None:
            owner.running.faults["*"] = Reset(times=3)

        assert (await owner.operator.perform(plan, tell=stumble)).kind == "done"


async def test_no_connection_no_command(tmp_path: Path, clock: VirtualClock) -> None:
    """A gateway that is gone before anything is sent: it is said that nothing was."""
    async with commanding("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        owner.running.up = False
        with nothing_written(owner), pytest.raises(ControlError, match="home: nothing was sent: "):
            await owner.operator.perform(plan)


async def test_gone_in_the_last_moment(tmp_path: Path, clock: VirtualClock) -> None:
    """Where no connection can be made for the command itself, nothing can have been done."""
    async with commanding("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        owner.running.faults[f"GET {plan.requests[0].endpoint}"] = _Last(owner.running)
        outcome = await owner.operator.perform(plan)
        assert (outcome.kind, outcome.good) == ("unsent", False)
        assert outcome.line.startswith("home: nothing was sent: ")
        assert "cannot connect" in outcome.line
        assert owner.writes() == []
        assert [line["event"] for line in owner.journal()] == ["sending", "result"]


async def test_a_change_while_the_owner_was_asked(tmp_path: Path, clock: VirtualClock) -> None:
    """What the owner agreed to is not sent when the state is another one by then."""
    async with commanding("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        owner.house.set("storage.reserve", 0.4)
        with nothing_written(owner), pytest.raises(ControlError, match="has changed while you"):
            await owner.operator.perform(plan, stale=True)
        assert owner.lever("storage.reserve") == 0.4


async def test_an_interruption(tmp_path: Path, clock: VirtualClock) -> None:
    """Who breaks a command off after it was sent finds it recorded so."""
    async with commanding("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})

        def interrupt(text: str) -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(owner.operator.perform(plan, tell=interrupt))
        assert owner.operator.sent
        assert [line.get("result") for line in owner.journal()] == [None, "interrupted"]


@dataclass(frozen=True, slots=True)
class _Last(Fault):
    """An answer that arrives, and then the gateway is off the network."""

    running: RunningGateway
    after: int = 1

    async def send(self, call: Call) -> web.StreamResponse:
        """See `Fault`."""
        response = plain(call.answer)
        # so that the next request needs a new connection
        response.force_close()
        left = self.after - 1
        key = f"GET {call.request.path_qs}"
        if left:
            self.running.faults[key] = _Last(self.running, left)
            return response
        await response.prepare(call.request)
        await response.write_eof()
        self.running.up = False
        return response
