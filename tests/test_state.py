"""What is kept over a restart, and what trouble with it costs."""

import asyncio
import logging
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exporter.state import State
from tests.polled_gateway import polled_gateway

HELD = {"token": "abc", "devices": {"battery": ["1", "2"]}}


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings and errors logged since the last call."""
    lines = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    caplog.clear()
    return lines


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """State survives a restart."""
    State(tmp_path / "a/b", "home").save(HELD)
    assert State(tmp_path / "a/b", "home").load() == HELD


def test_first_start_is_quiet(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No file yet is no reason to warn."""
    assert State(tmp_path / "new", "home").load() == {}
    assert messages(caplog) == []


def test_files_are_private(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody else reads the token; a file that was open is closed with a warning."""
    state = State(tmp_path / "state", "home")
    state.save(HELD)
    assert stat.S_IMODE(state.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o600
    state.path.chmod(0o644)
    assert state.load() == HELD
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o600
    assert messages(caplog) == ["state file was readable by others; mode set to 0600"]


def test_unchanged_state_is_not_written(tmp_path: Path) -> None:
    """Memory cards live longer if unchanged data is not written."""
    State(tmp_path, "home").save(HELD)
    state = State(tmp_path, "home")
    inode = state.path.stat().st_ino
    assert state.load() == HELD
    state.save(dict(reversed(HELD.items())))
    assert state.path.stat().st_ino == inode
    state.save({})
    assert state.path.stat().st_ino != inode


def test_deleted_file_is_written_again(tmp_path: Path) -> None:
    """A file that is deleted under a running exporter is written again."""
    state = State(tmp_path, "home")
    state.save(HELD)
    state.path.unlink()
    state.save(HELD)
    assert State(tmp_path, "home").load() == HELD


@pytest.mark.parametrize(
    "content", [b"", b'{"token": "ab', b"[1]", b"null", b"\xff", b"[" * 9999, b'{"a": NaN}']
)
def test_broken_file_is_moved_aside(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken file causes a warning and an empty state, and is kept for inspection."""
    state = State(tmp_path, "home")
    state.path.write_bytes(content)
    state.path.chmod(0o600)
    assert state.load() == {}
    (message,) = messages(caplog)
    assert message.endswith("starting without; moved to home.json.broken")
    assert (tmp_path / "home.json.broken").read_bytes() == content
    state.save(HELD)
    assert State(tmp_path, "home").load() == HELD


def test_no_regular_file_is_moved_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder or a pipe in its place neither stops nor blocks the exporter."""
    for make in (Path.mkdir, os.mkfifo):
        state = State(tmp_path, make.__name__)
        make(state.path)
        assert state.load() == {}
        state.save(HELD)
        assert state.healthy
        assert state.load() == HELD
    assert len(messages(caplog)) == 2


def test_what_cannot_be_read_is_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that leads nowhere is moved aside, so that what it may hold is not written over."""
    state = State(tmp_path, "home")
    state.path.symlink_to(state.path)
    assert state.load() == {}
    (message,) = messages(caplog)
    assert message.endswith("starting without; moved to home.json.broken")
    state.save(HELD)
    assert State(tmp_path, "home").load() == HELD


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    """Half-written files, which hold a token, are removed; recent ones may be in use and stay."""
    state = State(tmp_path, "home")
    state.save(HELD)
    others = {".home.two.json.tmp", ".home.cloud.tmp", "home.json", "home.lock"}
    for name in (*others, ".home.json.tmp", ".home.token.tmp"):
        (tmp_path / name).touch()
    os.utime(tmp_path / ".home.token.tmp", (0, 0))
    state.path.write_text("{}")
    state.load()
    assert {path.name for path in tmp_path.iterdir()} == others


@given(content=st.binary())
def test_no_content_raises(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever the file holds, there is a state."""
    state = State(tmp_path_factory.getbasetemp(), "wild")
    state.path.write_bytes(content)
    assert isinstance(state.load(), dict)


NAMES = st.text() | st.text(alphabet="./\\~%\0aA\udc80", min_size=1) | st.text(min_size=200)


@given(names=st.tuples(NAMES, NAMES))
def test_names_stay_in_the_directory(
    names: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No name leads out of the directory, and no two names share a file."""
    assume(names[0] != names[1])
    directory = tmp_path_factory.mktemp("state")
    first, second = (State(directory, name) for name in names)
    assert first.path != second.path
    first.save({"name": 1})
    second.save({"name": 2})
    assert first.load() == {"name": 1}
    assert sorted(directory.glob("*.json")) == sorted([first.path, second.path])
    assert {path.parent for path in directory.rglob("*")} == {directory}


def test_unwritable_directory_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure to write is logged when it begins and when it ends, and never raised."""
    caplog.set_level(logging.INFO, "exporter")
    (tmp_path / "state").write_text("in the way")
    state = State(tmp_path / "state", "home")
    state.save(HELD)
    state.save(HELD)
    assert not state.healthy
    (message,) = messages(caplog)
    assert message.startswith("state cannot be written (")
    (tmp_path / "state").unlink()
    state.save(HELD)
    assert state.healthy
    assert [record.getMessage() for record in caplog.records] == ["state can be written again"]
    assert State(tmp_path / "state", "home").load() == HELD


def test_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    """An incomplete file never replaces the old one, and no temporary file is left."""
    State(tmp_path, "home").save(HELD)
    script = (
        "import resource, sys; from pathlib import Path; from exporter.state import State;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
        "state = State(Path(sys.argv[1]), 'home'); state.save({'token': 'x' * 1000});"
        "sys.exit(42 if not state.healthy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == 42
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home.json", "home.lock"]
    assert State(tmp_path, "home").load() == HELD


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Make the disk hang until this is set, with short timeouts."""
    goes_on = threading.Event()
    written = os.fsync

    def hang(descriptor: int) -> None:
        goes_on.wait(600)  # a busy machine takes its time to get to the end of the test
        written(descriptor)

    monkeypatch.setattr(os, "fsync", hang)
    monkeypatch.setattr("exporter.state._PATIENCE", 0.05)
    monkeypatch.setattr("exporter.state._LAST_PATIENCE", 5)
    yield goes_on
    goes_on.set()


async def test_a_hanging_disk_costs_a_moment(
    hanging: threading.Event, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, writes do not pile up, and later ones succeed."""
    state = State(tmp_path, "home")
    threads = threading.active_count()
    for number in range(5):
        await state.keep({"number": number})
    assert threading.active_count() <= threads + 1
    assert not state.healthy
    [message] = messages(caplog)
    assert "the disk does not answer" in message
    hanging.set()
    await state.keep({"number": 5}, last=True)
    assert state.healthy
    assert State(tmp_path, "home").load() == {"number": 5}


async def test_a_hanging_disk_holds_up_no_poll(hanging: threading.Event, tmp_path: Path) -> None:
    """Polling goes on meanwhile, and its state is saved later."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(900)
        assert set(watched.samples()["enphase_collector_up"].values()) == {1}
        assert watched.value("enphase_up") == 1
        assert not State(tmp_path, "home").path.exists()
        hanging.set()
        await watched.pass_time(600)
        assert "counters" in State(tmp_path, "home").load()


async def test_a_save_that_is_cut_short_is_not_the_last_word(
    hanging: threading.Event, tmp_path: Path
) -> None:
    """After a cancelled save of an older state the newer one can still be saved."""
    state = State(tmp_path, "home")
    older = asyncio.create_task(state.keep({"number": 1}))
    await asyncio.sleep(0.01)
    older.cancel()
    await asyncio.gather(older, return_exceptions=True)
    hanging.set()
    await state.keep({"number": 2}, last=True)
    assert State(tmp_path, "home").load() == {"number": 2}
