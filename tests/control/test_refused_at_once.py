"""Impossible and forbidden commands fail with one line before anything is sent."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from exporter.clock import VirtualClock
from exporter.errors import ControlError
from exporter.gateway.control import COMMANDS, CommandCall, CommandRunner
from exporter.gateway.paths import (
    DRY_CONTACT_SETTINGS,
    GENERATOR_CONFIG,
    GENERATOR_SCHEDULE,
    INVENTORY,
    TARIFF,
)
from exporter.simulator.faults import Edit, Fault, Reset, body, error_object, login_page, status
from exporter.state import State
from tests.control.harness import ACB, CASES, CommandCase, control_harness, nothing_written

BY_CASE = pytest.mark.parametrize("case", CASES, ids=str)
_HARDWARE = {
    "grid": "has no system controller (IQ System Controller, Enpower)",
    "contact": "has no system controller (IQ System Controller, Enpower)",
    "storage": "has no IQ Batteries (Encharge)",
    "acb": "has no AC Batteries (ACB)",
    "generator": "has no generator configured",
    "production": "has no switch for production",
    "export": "has no dynamic export limit",
    "live": "has no live data",
}
#: what every firmware since 7 has
_ANY_NEW_FIRMWARE = ("production", "export", "live")
_WITHOUT = [
    pytest.param(home, case, id=f"{home}-{case}")
    for home in ("solar-only", "legacy")
    for case in CASES
    if home == "legacy" or case.row.partition(" ")[0] not in _ANY_NEW_FIRMWARE
]


async def refused(
    home: str, row: str, args: Mapping[str, Any], directory: Path, clock: VirtualClock, **how: Any
) -> str:
    """Return the line with which a command is refused; nothing was sent and nothing recorded."""
    async with control_harness(home, directory, clock, **how) as owner:
        with nothing_written(owner), pytest.raises(ControlError) as error:
            await owner.plan(row, args)
    line = str(error.value)
    assert "\n" not in line
    start = "home: nothing was sent: "
    assert line.startswith(start)
    return line.removeprefix(start)


@pytest.mark.parametrize(("home", "case"), _WITHOUT)
async def test_hardware_that_is_not_there(
    home: str, case: CommandCase, tmp_path: Path, clock: VirtualClock
) -> None:
    """What the gateway lacks is named."""
    line = await refused(home, case.row, case.args, tmp_path, clock)
    assert line.startswith(f"the gateway {_HARDWARE[case.row.partition(' ')[0]]}")


@pytest.mark.parametrize("row", ["grid off", "grid on", "contact open"])
async def test_a_collar_takes_no_commands(row: str, tmp_path: Path, clock: VirtualClock) -> None:
    """A meter collar disconnects the house as well, but not on command."""
    line = await refused("collar", row, {"id": "NC1"}, tmp_path, clock)
    assert "has no system controller" in line


@pytest.mark.parametrize(
    ("row", "args", "message"),
    [
        ("contact open", {"id": "NC9"}, "there is no dry contact 'NC9'; the gateway has NC1, "),
        ("contact close", {"id": ""}, "there is no dry contact ''; the gateway has NC1, "),
        ("contact set", {"id": "nc1", "soc_low": 1.0}, "there is no dry contact 'nc1'; "),
        ("contact set", {"id": "NC1", "soc_low": 70.0}, "soc low 70 % is not below soc high 70 %"),
        ("contact set", {"id": "NC1", "soc_high": 20.5}, "soc low 30 % is not below soc high 20.5"),
        ("storage reserve", {"reserve": 5}, "a reserve of 5 % is below 10 %, where the batteries"),
    ],
)
async def test_values_that_do_not_fit(
    row: str, args: dict[str, Any], message: str, tmp_path: Path, clock: VirtualClock
) -> None:
    """Unknown names and values that conflict with other settings are refused."""
    assert (await refused("battery-home", row, args, tmp_path, clock)).startswith(message)


@pytest.mark.parametrize(
    ("row", "args", "message"),
    [
        (
            "acb sleep",
            {"serials": ("1",)},
            f"there is no AC Battery 1; the gateway has {ACB[:-1]}",
        ),
        ("acb wake", {"serials": (ACB, "2", "3")}, "there is no AC Battery 2, 3; the gateway"),
        (
            "acb sleep",
            {"serials": (ACB,), "sleep_min_soc": 100},
            f"min soc 100 % is above max soc 30 % for AC Battery {ACB}",
        ),
    ],
)
async def test_batteries_that_there_are_not(
    row: str, args: dict[str, Any], message: str, tmp_path: Path, clock: VirtualClock
) -> None:
    """A wrong serial number or charge range is refused."""
    assert (await refused("acb", row, args, tmp_path, clock)).startswith(message)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"default_start_soc": 90}, "start soc 90 % is not below stop soc "),
        ({"default_stop_soc": 0}, "is not below stop soc 0 %"),
        # what pyenphase finds
        ({"exercise_duration": 15}, "exercise_duration must be between 10 and 60 minutes"),
    ],
)
async def test_schedules_that_do_not_fit(
    args: dict[str, Any], message: str, tmp_path: Path, clock: VirtualClock
) -> None:
    """A generator cannot start where it stops."""
    assert message in await refused("generator", "generator schedule", args, tmp_path, clock)


def _without(*keys: str) -> Edit:
    def drop(response: Any) -> Any:
        for device in response["dry_contacts"]:
            for key in keys:
                device.pop(key, None)
        return response

    return Edit(drop)


def _worded(key: str, value: Any) -> Edit:
    def change(response: Any) -> Any:
        for device in response["dry_contacts"]:
            device[key] = value
        return response

    return Edit(change)


@asynccontextmanager
async def _with_settings(
    fault: Fault, directory: Path, clock: VirtualClock
) -> AsyncIterator[CommandRunner]:
    async with control_harness("battery-home", directory, clock) as owner:
        owner.running.faults[DRY_CONTACT_SETTINGS] = fault
        yield owner.command_runner


async def test_settings_with_a_word_that_is_not_known(tmp_path: Path, clock: VirtualClock) -> None:
    """Settings go out as a whole: what is not understood is not sent back as something else."""
    async with _with_settings(_worded("mode", "moonlight"), tmp_path, clock) as command_runner:
        with pytest.raises(ControlError, match="contain an unknown value"):
            await command_runner.plan(
                CommandCall(COMMANDS["contact set"], {"id": "NC1", "soc_low": 40.0})
            )


async def test_settings_without_an_override(tmp_path: Path, clock: VirtualClock) -> None:
    """A firmware that reports no override never gets pyenphase's text for a missing one."""
    async with _with_settings(_without("manual_override"), tmp_path, clock) as command_runner:
        call = CommandCall(COMMANDS["contact set"], {"id": "NC1", "soc_low": 40.0})
        (request,) = (await command_runner.plan(call)).requests
        assert request.body["dry_contacts"]["manual_override"] is False
        call = CommandCall(COMMANDS["contact set"], {"id": "NC1", "manual_override": True})
        with pytest.raises(ControlError, match="this contact has no setting manual override"):
            await command_runner.plan(call)


@pytest.mark.parametrize(
    ("row", "endpoint", "fault", "message"),
    [
        ("grid off", INVENTORY, status(503), "/ivp/ensemble/inventory: status 503"),
        ("grid off", INVENTORY, login_page(), "the answer is not JSON"),
        ("grid off", INVENTORY, error_object(), "unexpected data"),
        ("grid off", INVENTORY, Reset(), "the gateway closed the connection"),
        ("grid off", INVENTORY, status(401), "this login is not permitted to read it"),
        ("grid off", INVENTORY, body(b"[]"), "has no system controller"),
        ("grid off", INVENTORY, body(b"[7]"), "unexpected data"),
        ("storage mode", TARIFF, status(404), "/admin/lib/tariff: status 404"),
        ("storage mode", TARIFF, body(b"{}"), "unexpected data"),
        (
            "storage mode",
            TARIFF,
            Edit(lambda response: {"tariff": response["tariff"] | {"storage_settings": None}}),
            "the gateway has no storage settings",
        ),
        ("generator mode", GENERATOR_CONFIG, body(b"{}"), "has no generator"),
        ("generator mode", GENERATOR_CONFIG, body(b"3"), "unexpected data"),
        (
            "generator schedule",
            GENERATOR_SCHEDULE,
            body(b"{}"),
            "the generator has no schedule: set one up in the app first",
        ),
    ],
)
async def test_answers_that_do_not_do(
    *, row: str, endpoint: str, fault: Fault, message: str, tmp_path: Path, clock: VirtualClock
) -> None:
    """Without the present state, no command is sent."""
    (case,) = (case for case in CASES if case.row == row)
    async with control_harness(case.home, tmp_path, clock) as owner:
        owner.running.faults[endpoint] = fault
        with nothing_written(owner), pytest.raises(ControlError) as error:
            await owner.plan(case.row, case.args)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


async def test_hardware_that_was_there_before(tmp_path: Path, clock: VirtualClock) -> None:
    """The hardware of a gateway that is still starting is not reported as missing."""
    State(tmp_path, "home").save({"features": ["ENPOWER"]})
    async with control_harness("battery-home", tmp_path, clock) as owner:
        owner.running.faults[INVENTORY] = body(b"[]")
        with pytest.raises(ControlError, match="does not report hardware that it had before"):
            await owner.plan("grid off", {})


async def test_another_gateway(tmp_path: Path, clock: VirtualClock) -> None:
    """A gateway that is not the one known by this name is not commanded."""
    State(tmp_path, "home").save({"serial": "122000000001"})
    with pytest.raises(ControlError) as error:
        async with control_harness("battery-home", tmp_path, clock):
            pass
    assert "gateway 202499000001 answers at" in str(error.value)
    assert "so far it was 122000000001" in str(error.value)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"host": "127.0.0.1:1"}, "cannot connect; is the gateway switched on?"),
        ({"token": "a.b.c"}, "wants a token"),
        ({"host": "a" * 64}, "there can be no such name"),
    ],
)
async def test_no_way_in(
    config: dict[str, Any], message: str, tmp_path: Path, clock: VirtualClock
) -> None:
    """A gateway that cannot be reached, or does not let in, is one line."""
    with pytest.raises(ControlError) as error:
        async with control_harness("battery-home", tmp_path, clock, **config):
            pass
    assert str(error.value).startswith("home: nothing was sent: ")
    assert message in str(error.value)
