"""Every command is in the audit log before it is sent, or it is not sent."""

import os
import pwd
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from exporter.clock import VirtualClock
from exporter.errors import StateError
from exporter.gateway.control.audit_log import AuditLog
from exporter.gateway.production_wish import COMMAND_LOG
from exporter.logging import hide_secret
from exporter.simulator.gateway import HttpResponse
from tests.control.harness import CASES, CommandCase, control_harness, read_audit_log


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_command_is_recorded(
    case: CommandCase, tmp_path: Path, clock: VirtualClock
) -> None:
    """A command is recorded with its state before, what was sent, and how it ended."""
    async with control_harness(case.home, tmp_path, clock, case.levers) as owner:
        plan = await owner.plan(case.row, case.args)
        performed = await owner.command_runner.perform(plan)
        sending, result = owner.read_audit_log()
    for line in (sending, result):
        assert line["uid"] == os.getuid()
        assert line["user"] == pwd.getpwuid(os.getuid()).pw_name
        assert (line["gateway"], line["command"]) == ("home", case.row)
        assert line["time"].startswith("2026-06-10T")
        assert line["id"] == sending["id"]
    assert sending["event"] == "sending"
    assert (sending["before"], sending["desired"]) == (plan.before, plan.desired)
    (request,) = plan.requests
    assert sending["requests"] == [
        {"method": request.method, "endpoint": request.endpoint, "body": request.body}
    ]
    assert (result["event"], result["result"]) == ("result", "done")
    assert (result["line"], result["after"]) == (performed.line, performed.after)


async def test_what_was_refused_is_on_record(tmp_path: Path, clock: VirtualClock) -> None:
    """A failed command is recorded with its error."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        owner.gateway.refused["/ivp/ensemble/relay"] = HttpResponse(500, b"no")
        await owner.perform("grid off", {})
        assert owner.read_audit_log()[-1]["result"] == "refused"
        assert "status 500 (no)" in owner.read_audit_log()[-1]["line"]


async def test_no_record_no_command(tmp_path: Path, clock: VirtualClock) -> None:
    """Where the record cannot be written, nothing is sent."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        (tmp_path / COMMAND_LOG).mkdir()
        with pytest.raises(StateError) as error:
            await owner.perform("grid off", {})
        assert str(error.value) == (
            f"{tmp_path / COMMAND_LOG} cannot be written (Is a directory): make the state directory"
            " writable for this user; a command that cannot be recorded is not sent"
        )
        assert owner.writes() == []
        assert owner.lever("switch.commanded") == "closed"


async def test_a_record_that_cannot_be_ended(
    tmp_path: Path, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that fills up in between costs the second line, not the answer to the owner."""
    async with control_harness("battery-home", tmp_path, clock) as owner:

        def fill(text: str) -> None:
            (tmp_path / COMMAND_LOG).unlink()
            (tmp_path / COMMAND_LOG).mkdir()

        plan = await owner.plan("storage reserve", {"reserve": 60})
        assert (await owner.command_runner.perform(plan, progress=fill)).ok
    assert "result of the command not recorded" in caplog.text


async def test_no_token_is_on_record(tmp_path: Path, clock: VirtualClock) -> None:
    """Secrets are masked, wherever they turn up."""
    async with control_harness("battery-home", tmp_path, clock) as owner:
        token = owner.running.token
        owner.gateway.refused["/ivp/ensemble/relay"] = HttpResponse(400, f"token {token}?".encode())
        result = await owner.perform("grid off", {})
        assert token not in result.line
        assert token not in (tmp_path / COMMAND_LOG).read_text()
    hide_secret("canary-in-a-name")
    AuditLog(tmp_path).write(0, {"arguments": {"load_name": ["canary-in-a-name"]}})
    assert "canary" not in (tmp_path / COMMAND_LOG).read_text()


def test_the_record_is_ours_alone(tmp_path: Path) -> None:
    """The mode of the file is private, even if it was readable for everybody before."""
    path = tmp_path / "state" / COMMAND_LOG
    journal = AuditLog(path.parent)
    journal.write(0, {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    journal.write(0, {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link in the place of the log is not written to."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    (tmp_path / COMMAND_LOG).symlink_to(elsewhere)
    with pytest.raises(StateError):
        AuditLog(tmp_path).write(0, {})
    assert elsewhere.read_text() == ""


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe in its place is an error at once."""
    os.mkfifo(tmp_path / COMMAND_LOG)
    with pytest.raises(StateError, match="not a regular file"):
        AuditLog(tmp_path).write(0, {})


def test_half_a_line_stays_alone(tmp_path: Path) -> None:
    """A truncated line does not corrupt the next record."""
    (tmp_path / COMMAND_LOG).write_text('{"half": tr')
    AuditLog(tmp_path).write(0, {"event": "sending"})
    half, whole = (tmp_path / COMMAND_LOG).read_text().splitlines()
    assert half == '{"half": tr'
    assert '"event":"sending"' in whole


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that does not fit leaves nothing behind."""
    AuditLog(tmp_path).write(0, {"event": "first"})
    before = (tmp_path / COMMAND_LOG).read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:10]))
    with pytest.raises(StateError, match="no space left"):
        AuditLog(tmp_path).write(0, {"event": "second"})
    assert (tmp_path / COMMAND_LOG).read_bytes() == before


def test_the_user_behind_root_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user behind sudo is recorded too."""
    monkeypatch.setenv("SUDO_USER", "owner")
    AuditLog(tmp_path).write(0, {})
    assert read_audit_log(tmp_path)[0]["sudo_user"] == "owner"


def test_lines_never_mix(tmp_path: Path) -> None:
    """Several commands at once write one line each."""
    long = "x" * 20_000

    def write(number: int) -> None:
        for _ in range(20):
            AuditLog(tmp_path).write(0, {"number": number, "long": long})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines: list[dict[str, Any]] = read_audit_log(tmp_path)
    assert sorted(line["number"] for line in lines) == sorted([0, 1, 2, 3] * 20)
    assert all(line["long"] == long for line in lines)
