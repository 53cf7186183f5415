"""`enphase-exporter check`: what it prints, how it ends, and the token that it leaves behind."""

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from exporter.cli import dispatch
from exporter.diagnostics import STEPS
from exporter.diagnostics.saved_state import load_saved_state, save_token
from exporter.gateway.state_model import GatewayState
from exporter.state import State
from tests.cli import test_cli
from tests.diagnostics_helper import battery_home
from tests.fake_cloud import PASSWORD, USER, serving_cloud
from tests.thread_server import in_thread


async def command(tmp_path: Path, *words: str, **variables: str) -> tuple[int, str, str]:
    """Run the command; return status, stdout, stderr."""
    done = await asyncio.to_thread(test_cli.run, tmp_path, "check", *words, **variables)
    return done.returncode, done.stdout, done.stderr


async def test_the_command_on_several_gateways(tmp_path: Path) -> None:
    """Each gateway is a section, one failure is exit status 1, and one can be chosen."""
    config = tmp_path / "enphase.yml"
    async with battery_home() as well, battery_home() as ill:
        (tmp_path / "token").write_text(well.token)
        config.write_text(
            f"gateways:\n"
            f"  - {{host: '{well.host}', name: home, token_file: token}}\n"
            f"  - {{host: '{ill.host}', name: cabin}}\n"
        )
        flag = f"--config.file={config}"
        (both, output, error), (one, text, _) = await asyncio.gather(
            command(tmp_path, flag), command(tmp_path, flag, "--json", "--gateway=cabin")
        )
    assert (both, one, error) == (1, 1, "")
    assert "home: all is well\n" in output
    assert "cabin: failed: Login\n" in output
    assert " ✗ Login" in output
    assert "→ get one at https://entrez.enphaseenergy.com" in output
    report = json.loads(text)
    assert report["ok"] is False
    (cabin,) = report["checked"]
    assert (cabin["name"], cabin["host"], cabin["ok"]) == ("cabin", ill.host, False)
    steps = {step["step"]: step for step in cabin["steps"]}
    assert [*steps] == [step.key for step in STEPS]
    assert steps["login"]["status"] == "failed"
    assert steps["poll"]["message"] == "skipped, because this failed: Features"
    assert (tmp_path / "token").read_text() not in output + text


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--gateway=cabin"], 2, "no gateway is named 'cabin'"),
        (["--prometheus=ftp://localhost"], 2, "http://localhost:9090"),
        (["--prometheus=http://me:secret@localhost"], 2, "without user name and password"),
        (["--config.file=/missing"], 1, "/missing: cannot be read"),
    ],
)
def test_flags_that_do_not_fit(
    words: list[str],
    status: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A wrong flag ends with 2 and a broken configuration with 1, each with the reason."""
    monkeypatch.setenv("ENPHASE_HOST", "127.0.0.1:1")
    assert dispatch.run(["check", *words]) == status
    error = capsys.readouterr().err
    assert message in error
    assert "secret" not in error


def test_a_check_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the exporter has never been, nothing is made for it."""
    state = tmp_path / "state"
    monkeypatch.setenv("ENPHASE_HOST", "127.0.0.1:1")
    monkeypatch.setenv("ENPHASE_STATE_DIR", str(state))
    assert dispatch.run(["check"]) == 1
    assert not state.exists()


def test_a_token_of_the_account_is_left_for_the_exporter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One cloud request is enough: the next check and the exporter use the saved token."""
    with in_thread(serving_cloud(time.time)) as cloud, in_thread(battery_home()) as running:
        for variable, value in (
            ("ENPHASE_HOST", running.host),
            ("ENPHASE_NAME", "home"),
            ("ENPHASE_USERNAME", USER),
            ("ENPHASE_PASSWORD", PASSWORD),
            ("ENPHASE_STATE_DIR", str(tmp_path)),
        ):
            monkeypatch.setenv(variable, value)
        assert dispatch.run(["check"]) == 0
        assert dispatch.run(["check"]) == 0
        assert cloud.logins == 1
    assert load_saved_state(tmp_path, "home").token == cloud.tokens[0]
    assert (tmp_path / "home.token").stat().st_mode & 0o777 == 0o600


def test_a_terminal_without_unicode(tmp_path: Path) -> None:
    """Where signs cannot be encoded, letters replace them."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = test_cli.run(tmp_path, "check", ENPHASE_HOST="127.0.0.1:1", **plain)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.isascii()
    assert " x TCP " in done.stdout
    assert " - TLS " in done.stdout


def test_a_token_is_kept_beside_what_the_exporter_remembers(tmp_path: Path) -> None:
    """A token has a file of its own, private as that of the exporter, which is not touched."""
    State(tmp_path, "home").save({"serial": "1", "integrals": {"a": 1.0}})
    assert save_token(tmp_path, "home", "t1")
    saved = State(tmp_path, "home").read()
    assert saved == {"serial": "1", "integrals": {"a": 1.0}}
    assert (tmp_path / "home.token").stat().st_mode & 0o777 == 0o600
    assert load_saved_state(tmp_path, "home").token == "t1"


def test_a_file_of_another_user_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check by root must not lock the exporter out of its own state."""
    State(tmp_path, "home").save({"serial": "1"})
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert not save_token(tmp_path, "home", "t1")
    assert load_saved_state(tmp_path, "home").token is None


def test_recalling_makes_nothing(tmp_path: Path) -> None:
    """Looking into a state directory that is not there leaves it so."""
    assert load_saved_state(tmp_path / "state", "home") == GatewayState()
    assert not (tmp_path / "state").exists()
