"""A connection breaks in the middle of a command: the result is what may have happened."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from exporter.clock import VirtualClock
from exporter.errors import ControlError
from exporter.simulator.faults import Fault, Hang, PendingResponse, Reset, Truncated, body, plain
from exporter.simulator.server import RunningGateway
from tests.control.harness import CASES, CommandCase, control_harness, nothing_written
from tests.polled_gateway import impatient

__all__ = ["impatient"]

BY_CASE = pytest.mark.parametrize("case", CASES, ids=str)


@BY_CASE
async def test_an_answer_that_got_lost(
    case: CommandCase, tmp_path: Path, clock: VirtualClock
) -> None:
    """The connection breaks after the gateway has done it: reading again finds out."""
    async with control_harness(case.home, tmp_path, clock, case.levers) as owner:
        plan = await owner.plan(case.row, case.args)
        owner.fault(plan, Reset())
        result = await owner.command_runner.perform(plan)
        assert result.kind == "done"
        assert "(the answer to the command was lost, but it took effect)" in result.line
        # aiohttp would send an idempotent request again by itself
        assert len(owner.writes()) == 1


@BY_CASE
async def test_a_command_that_got_lost(
    case: CommandCase, tmp_path: Path, clock: VirtualClock
) -> None:
    """If the connection breaks before the gateway acts, the result is that nothing changed."""
    async with control_harness(case.home, tmp_path, clock, case.levers) as owner:
        plan = await owner.plan(case.row, case.args)
        owner.gateway.ignored.add(plan.requests[0].endpoint)
        owner.fault(plan, Reset())
        result = await owner.command_runner.perform(plan)
        assert (result.kind, result.ok) == ("ignored", False)
        assert result.line.startswith("home: the connection was lost while sending (")
        assert result.line.endswith("; the system is unchanged")
        assert len(owner.writes()) == 1


@pytest.mark.usefixtures("impatient")
async def test_an_answer_that_never_comes(tmp_path: Path, clock: VirtualClock) -> None:
    """Waiting for a gateway that takes a command and never responds has a limit."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        owner.fault(plan, Hang())
        result = await owner.command_runner.perform(plan)
        assert result.kind == "done"
        assert "the answer to the command was lost" in result.line


@pytest.mark.parametrize("fault", [body(b"<html>"), body(b"[]"), body(b""), Truncated(0.5)])
async def test_an_answer_that_makes_no_sense(
    fault: Fault, tmp_path: Path, clock: VirtualClock
) -> None:
    """The response to a command does not matter; the state afterwards does."""
    async with control_harness("generator", tmp_path, clock) as owner:
        plan = await owner.plan("generator schedule", {"default_start_soc": 35})
        owner.fault(plan, fault)
        assert (await owner.command_runner.perform(plan)).kind == "done"


async def test_a_gateway_that_is_gone_afterwards(tmp_path: Path, clock: VirtualClock) -> None:
    """If the gateway is lost after sending, the result is that the change may have been made."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})

        def unplug(text: str) -> None:
            owner.running.up = False

        result = await owner.command_runner.perform(plan, progress=unplug)
        assert (result.kind, result.ok, result.after) == ("lost", False, None)
        assert result.line.startswith("home: it was sent, but the state cannot be read (")
        assert result.line.endswith(
            "): the change may have been made; check with --dry-run before you send it again"
        )
        assert "\n" not in result.line


async def test_a_gateway_that_goes_while_it_is_waited_for(
    tmp_path: Path, clock: VirtualClock
) -> None:
    """The last state read before the connection broke is reported, but not as final."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        endpoint = plan.requests[0].endpoint
        owner.gateway.ignored.add(endpoint)
        # the reading before it is sent, and two after
        owner.running.faults[f"GET {endpoint}"] = _Last(owner.running, after=3)
        result = await owner.command_runner.perform(plan)
        assert result.kind == "lost"
        assert "; when last read, the system is unchanged;" in result.line


async def test_a_gateway_that_comes_back(tmp_path: Path, clock: VirtualClock) -> None:
    """A moment without connection does not end the waiting."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})

        def stumble(text: str) -> None:
            owner.running.faults["*"] = Reset(times=3)

        assert (await owner.command_runner.perform(plan, progress=stumble)).kind == "done"


async def test_no_connection_no_command(tmp_path: Path, clock: VirtualClock) -> None:
    """If the gateway is gone before anything is sent, the error states that nothing was sent."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        owner.running.up = False
        with nothing_written(owner), pytest.raises(ControlError, match="home: nothing was sent: "):
            await owner.command_runner.perform(plan)


async def test_gone_in_the_last_moment(tmp_path: Path, clock: VirtualClock) -> None:
    """Where no connection can be made for the command itself, nothing can have been done."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        owner.running.faults[f"GET {plan.requests[0].endpoint}"] = _Last(owner.running)
        result = await owner.command_runner.perform(plan)
        assert (result.kind, result.ok) == ("unsent", False)
        assert result.line.startswith("home: nothing was sent: ")
        assert "cannot connect" in result.line
        assert owner.writes() == []
        assert [line["event"] for line in owner.read_audit_log()] == ["sending", "result"]


async def test_a_change_while_the_owner_was_asked(tmp_path: Path, clock: VirtualClock) -> None:
    """A confirmed command is not sent if the state has changed since."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})
        owner.house.set("storage.reserve", 0.4)
        with nothing_written(owner), pytest.raises(ControlError, match="changed while you"):
            await owner.command_runner.perform(plan, recheck=True)
        assert owner.lever("storage.reserve") == 0.4


async def test_an_interruption(tmp_path: Path, clock: VirtualClock) -> None:
    """A command interrupted after sending is recorded as such."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        plan = await owner.plan("storage reserve", {"reserve": 60})

        def interrupt(text: str) -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(owner.command_runner.perform(plan, progress=interrupt))
        assert owner.command_runner.sent
        assert [line.get("result") for line in owner.read_audit_log()] == [None, "interrupted"]


@dataclass(frozen=True, slots=True)
class _Last(Fault):
    """An answer that arrives, and then the gateway is off the network."""

    running: RunningGateway
    after: int = 1

    async def send(self, call: PendingResponse) -> web.StreamResponse:
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
