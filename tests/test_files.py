"""Files are complete and private, with the right owner, and a disk that hangs stops no poll."""

import asyncio
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from exporter import files
from exporter.errors import StateError
from exporter.gateway.auth import accept_serial
from exporter.gateway.control.audit_log import AuditLog
from exporter.gateway.control.lock import control_lock
from exporter.gateway.counter_journal import CounterJournal
from exporter.gateway.limit_file import LimitFile
from exporter.state import State

HELD = {"serial": "1", "counters": {"a": 1}}


def test_a_written_file_is_private_and_whole(tmp_path: Path) -> None:
    """Also in a directory that was not there, and nothing else is left in it."""
    path = tmp_path / "a/b/home.token"
    files.write(path, b"one")
    files.write(path, b"two")
    assert files.read(path, 3) == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_what_is_too_large_or_no_file_is_refused(tmp_path: Path) -> None:
    """A pipe or a folder in the place of a file neither blocks nor is read."""
    (tmp_path / "large").write_bytes(b"12345")
    os.mkfifo(tmp_path / "pipe")
    for name in ("large", "pipe"):
        with pytest.raises(ValueError, match="is "):
            files.read(tmp_path / name, 4)
    with pytest.raises(OSError, match="directory"):
        files.read(tmp_path, 4)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_that_root_writes_stays_with_its_owner(tmp_path: Path) -> None:
    """A command that root runs must not lock the exporter out of its state."""
    os.chown(tmp_path, 4321, 4322)
    state = State(tmp_path, "home")
    state.save(HELD)
    files.write(tmp_path / "home.token", b"x")
    for path in tmp_path.iterdir():
        assert (path.stat().st_uid, path.stat().st_gid) == (4321, 4322)
    os.chown(state.path, 1234, 1235)
    state.save({**HELD, "serial": "2"})
    assert (state.path.stat().st_uid, state.path.stat().st_gid) == (1234, 1235)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_whatever_root_leaves_can_be_used_by_the_exporter(tmp_path: Path) -> None:
    """Record, locks, limits and journal have the owner of the directory, also if they were root's.

    A record that the exporter cannot read hides that production was switched off on purpose.
    """
    os.chown(tmp_path, 4321, 4322)
    for _ in range(2):
        AuditLog(tmp_path).write(0.0, {})
        with control_lock(tmp_path, "home"):
            pass
        limit = LimitFile(tmp_path / "home.requests")
        limit.open()
        limit.close()
        journal = CounterJournal.open(tmp_path / "home.counters")
        assert journal is not None
        journal.close()
        accept_serial(tmp_path, "home", "1")
        owners = {path.name: path.stat().st_uid for path in tmp_path.iterdir()}
        assert set(owners.values()) == {4321}, owners
        for path in tmp_path.iterdir():
            os.chown(path, 0, 0)


def test_where_a_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a device of this machine, or else as the table of mounts has it; unknown is far away."""
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr(files, "_MOUNTS", mounts)
    file = tmp_path / "file"
    file.touch()
    device = file.stat().st_dev

    def local(minor: int, table: str | None) -> bool:
        monkeypatch.setattr(os, "major", lambda _: 0)
        monkeypatch.setattr(os, "minor", lambda _: minor)
        mounts.unlink(missing_ok=True)
        if table is not None:
            mounts.write_text(table)
        with file.open() as opened:
            return files.is_local(opened.fileno())

    if os.major(device):
        with file.open() as opened:
            assert files.is_local(opened.fileno())
    table = (
        "22 1 0:40 / /run rw,nosuid shared:5 - tmpfs tmpfs rw\n"
        "23 1 0:41 / /srv/odd\\040name rw master:1 - nfs4 192.0.2.7:/srv rw\n"
    )
    assert local(40, table)
    assert not local(41, table)
    assert not local(42, table)
    assert not local(40, None)


async def test_a_call_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller goes on after a timeout; what the call returns at last is given to `undo`."""
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    goes_on, undone = threading.Event(), threading.Event()
    with pytest.raises(StateError, match="does not answer"):
        await files.in_thread(
            lambda: goes_on.wait(30), lambda _: undone.set(), patience=files.PATIENCE
        )
    assert not undone.is_set()
    goes_on.set()
    assert await asyncio.to_thread(undone.wait, 30)


async def test_threads_are_few_and_do_not_keep_the_process(tmp_path: Path) -> None:
    """However many calls hang; a process with a hanging disk still ends."""
    goes_on = threading.Event()
    before = threading.active_count()
    calls = [asyncio.ensure_future(files.in_thread(goes_on.wait)) for _ in range(50)]
    await asyncio.sleep(0.05)
    assert threading.active_count() <= before + 8
    goes_on.set()
    await asyncio.gather(*calls)
    script = (
        "import asyncio, time; from exporter import files;"
        "asyncio.run(asyncio.wait_for(files.in_thread(lambda: time.sleep(600)), 0.05))"
    )
    command = [sys.executable, "-c", script]
    process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
    async with asyncio.timeout(60):
        _, error = await process.communicate()
    assert b"TimeoutError" in error


def test_one_process_owns_the_state(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A second exporter warns, polls all the same, and writes nothing until the first has ended."""
    first, second = State(tmp_path, "home"), State(tmp_path, "home")
    first.save(HELD)
    assert second.load() == HELD
    assert "another process uses the state" in caplog.text
    second.save({"serial": "2"})
    assert not second.healthy
    assert first.read() == HELD
    first.release()
    second.save({"serial": "2"})
    assert second.healthy
    assert first.read() == {"serial": "2"}


def test_another_process_owns_the_state(tmp_path: Path) -> None:
    """The lock is one between processes, and ends with them however they end."""
    script = (
        "import sys, time; from pathlib import Path; from exporter.state import State;"
        "state = State(Path(sys.argv[1]), 'home'); state.save({'a': 1}); print(1, flush=True);"
        "time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        state = State(tmp_path, "home")
        state.save(HELD)
        assert not state.healthy
        assert state.read() == {"a": 1}
        other.kill()
    state.save(HELD)
    assert state.healthy


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff"])
def test_reading_changes_nothing(tmp_path: Path, content: bytes) -> None:
    """A command next to a running exporter moves, removes and repairs nothing."""
    state = State(tmp_path, "home")
    state.path.write_bytes(content)
    state.path.chmod(0o644)
    (tmp_path / ".home.json.tmp").touch()
    before = {path: path.stat() for path in tmp_path.iterdir()}
    assert state.read() == {}
    assert {path: path.stat() for path in tmp_path.iterdir()} == before
    assert State(tmp_path / "new", "home").read() == {}
    assert not (tmp_path / "new").exists()


def test_a_state_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    """What is larger than any state would cost everything at the next start."""
    state = State(tmp_path, "home")
    state.save(HELD)
    state.save({"filler": "x" * 17 * 2**20})
    assert not state.healthy
    assert State(tmp_path, "home").read() == HELD


async def test_a_state_is_loaded_off_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that hangs at the start is waited for, logged once, and costs no counter."""
    State(tmp_path, "home").save(HELD)
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    goes_on = threading.Event()
    read = files.read

    def hang(path: Path, limit: int) -> bytes:
        goes_on.wait(30)
        return read(path, limit)

    monkeypatch.setattr(files, "read", hang)
    loading = asyncio.ensure_future(State(tmp_path, "home").load_in_thread())
    done, _ = await asyncio.wait((loading,), timeout=0.3)
    assert not done
    assert caplog.text.count("waiting for the state") == 1
    goes_on.set()
    assert await loading == HELD
