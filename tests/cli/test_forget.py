"""Hardware that was removed for good is retired by name, and can be taken back."""

from pathlib import Path

import pytest

from exporter.cli import dispatch
from exporter.gateway.retired import RetiredFile
from exporter.gateway.state_model import GatewayState, InventoryEntry
from exporter.state import State


@pytest.fixture(autouse=True)
def retired_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RetiredFile:
    """Know a battery that is missing and an inverter that is there; return what is retired."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "enphase-exporter.yml").write_text(
        f"state_dir: {tmp_path / 'state'}\n"
        "gateways: [{host: envoy.local, name: home, retired: ['482100000009']}]\n"
    )
    state = State(tmp_path / "state", "home")
    state.save(
        GatewayState(
            inventory={
                "battery": {"122000000001": InventoryEntry(1.0, 1765000000.0, {"x"}, {"x"})},
                "inverter": {"482100000001": InventoryEntry(1.0, None, {"y"}, set())},
                "meter": {
                    "storage": InventoryEntry(1.0, 1765000000.0, {"z"}, {"z"}),
                    "production": InventoryEntry(1.0, None, {"z"}, set()),
                },
                "quantity": {"power": InventoryEntry(1.0, None, {"z"}, set())},
            }
        ).dump()
    )
    state.release()
    return RetiredFile(tmp_path / "state", "home")


def test_a_missing_device(retired_file: RetiredFile, capsys: pytest.CaptureFixture[str]) -> None:
    """What is missing is forgotten without a question, and the state file is not touched."""
    path = retired_file.path.with_suffix(".json")
    before = path.read_bytes()
    assert dispatch.run(["forget", "home", "122000000001"]) == 0
    assert retired_file.read() == {"122000000001"}
    assert retired_file.path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == before
    assert "applies it within a minute" in capsys.readouterr().out
    assert dispatch.run(["forget", "home", "122000000001", "--undo"]) == 0
    assert retired_file.read() == frozenset()


def test_a_device_that_is_there(
    retired_file: RetiredFile, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hardware that the gateway still reports is only ignored if the owner insists."""
    assert dispatch.run(["forget", "home", "482100000001"]) == 1
    assert "give --yes to forget hardware that is still there" in capsys.readouterr().err
    assert retired_file.read() == frozenset()
    assert dispatch.run(["forget", "home", "482100000001", "--yes"]) == 0
    assert retired_file.read() == {"482100000001"}


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Without serial numbers it lists the devices and their state, not what is no device."""
    assert dispatch.run(["forget", "home", "122000000001"]) == 0
    capsys.readouterr()
    assert dispatch.run(["forget", "home"]) == 0
    battery, inverter, meter, storage, configured = capsys.readouterr().out.splitlines()
    assert battery.split() == ["battery", "122000000001", "retired"]
    assert inverter.split() == ["inverter", "482100000001", "present"]
    assert meter.split() == ["meter", "production", "present"]
    assert storage.split()[:3] == ["meter", "storage", "missing"]
    assert configured.split() == ["482100000009", "retired"]


def test_a_meter_that_was_switched_off(retired_file: RetiredFile) -> None:
    """It is known by what it measured, and can go once it is missing."""
    assert dispatch.run(["forget", "home", "storage"]) == 0
    assert retired_file.read() == {"storage"}


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["home", "production", "--yes"], 1, "meter production: is still reported"),
        (["home", "1", "2"], 1, "home: unknown serial number 1, 2: `enphase-exporter forget home`"),
        (["home", "power"], 1, "unknown serial number power"),
        (["cabin", "1"], 2, "no gateway is named 'cabin'"),
    ],
)
def test_mistakes(
    words: list[str],
    status: int,
    message: str,
    retired_file: RetiredFile,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An unknown serial number or gateway is refused, and nothing is written."""
    assert dispatch.run(["forget", *words]) == status
    assert message in " ".join(capsys.readouterr().err.split())
    assert not retired_file.path.exists()


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1}', b"\xff\x00", b"[1, null]"])
def test_a_broken_file(content: bytes, retired_file: RetiredFile) -> None:
    """A broken file retires nothing, and the next command replaces it."""
    retired_file.path.write_bytes(content)
    assert retired_file.read() == frozenset()
    assert dispatch.run(["forget", "home", "122000000001"]) == 0
    assert retired_file.read() == {"122000000001"}
