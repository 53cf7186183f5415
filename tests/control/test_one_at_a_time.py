"""Commands do not undo each other, and send nothing back that they could not read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from exporter.clock import VirtualClock
from exporter.errors import ControlError
from exporter.gateway.control import CommandRunner
from exporter.gateway.control.completeness import refuse_incomplete
from exporter.gateway.control.lock import control_lock
from exporter.gateway.control.models import WriteRequest
from exporter.simulator.faults import body
from tests.control.harness import control_harness, nothing_written

TARIFF = "/admin/lib/tariff"


async def test_another_command_is_refused(tmp_path: Path, clock: VirtualClock) -> None:
    """A second command for the same gateway is refused from the first read to the result."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        second = CommandRunner(owner.config, tmp_path, clock)
        with pytest.raises(ControlError, match="another command runs for this gateway"):
            await second.__aenter__()
        async with CommandRunner(owner.config, tmp_path, clock, dry_run=True):
            pass
        assert (await owner.perform("storage reserve", {"reserve": 60})).ok
    with control_lock(tmp_path, "home"):
        pass


async def test_the_lock_is_released_when_the_login_fails(
    tmp_path: Path, clock: VirtualClock
) -> None:
    """A command that could not start does not block the next one."""
    async with control_harness("battery-home", tmp_path / "other", clock) as other:
        config = other.config.model_copy(update={"host": "127.0.0.1:1"})
        for _ in range(2):
            with pytest.raises(ControlError, match="nothing was sent: "):
                await CommandRunner(config, tmp_path, clock).__aenter__()


def _null_price(tariff: dict[str, Any]) -> None:
    tariff["seasons"][0]["days"][0]["periods"][0]["rate"] = None


def _null_start(tariff: dict[str, Any]) -> None:
    tariff["seasons"][0]["start"] = None


def _text_reserve(tariff: dict[str, Any]) -> None:
    tariff["storage_settings"]["very_low_soc"] = "ten"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_null_price, "cannot be sent back unchanged (tariff.seasons[0].days[0].periods[0].rate"),
        (_null_start, "cannot be sent back unchanged (tariff.seasons[0].start is null)"),
        (_text_reserve, "unexpected data"),
    ],
)
async def test_a_tariff_that_cannot_be_sent_back(
    change: Callable[[dict[str, Any]], None], message: str, tmp_path: Path, clock: VirtualClock
) -> None:
    """A null or a text instead of a number ends the command before anything is sent."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        answer = owner.gateway.answer(TARIFF)
        assert answer is not None
        document = orjson.loads(answer.body)
        change(document["tariff"])
        owner.running.faults[TARIFF] = body(orjson.dumps(document))
        with nothing_written(owner), pytest.raises(ControlError) as error:
            await owner.plan("storage reserve", {"reserve": 60})
    assert message in str(error.value)
    assert "bug" not in str(error.value)


def test_a_setting_that_would_be_dropped() -> None:
    """A setting that pyenphase does not know, in a part that is sent as a whole, is not lost."""
    original = {"tariff": {"rates": {"id": 1, "rate": 2, "new": 3}}}
    request = WriteRequest("PUT", TARIFF, {"tariff": {"rates": {"id": 1, "rate": 2}}})
    with pytest.raises(ControlError, match=r"tariff\.rates\.new would be lost"):
        refuse_incomplete(request, original)


async def test_two_commands_in_a_row(tmp_path: Path, clock: VirtualClock) -> None:
    """The second one carries what the first one changed."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        assert (await owner.perform("storage reserve", {"reserve": 60})).ok
        assert (await owner.perform("storage mode", {"mode": "backup"})).ok
        assert owner.lever("storage.reserve") == pytest.approx(0.6)


@pytest.mark.parametrize(("row", "args"), [("production off", {}), ("export limit", {"watts": 0})])
async def test_an_owner_may_not(
    row: str, args: dict[str, Any], tmp_path: Path, clock: VirtualClock
) -> None:
    """What only an installer may do is refused clearly, before anything is sent."""
    async with control_harness("battery-home", tmp_path, clock) as installer:
        config = installer.config.model_copy(update={"token": installer.owner_token})
        async with CommandRunner(config, tmp_path / "other", clock) as owner:
            with nothing_written(installer), pytest.raises(ControlError) as error:
                await owner.plan(installer.call(row, args))
    assert "this login is not permitted to read it, an installer's may be" in str(error.value)
