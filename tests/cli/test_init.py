"""A configuration by question and answer: tried first, never over another one, no secret in it."""

import dataclasses
import io
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cli.init import InitOptions
from exporter.cli.init import dialogue as init_dialogue
from exporter.cli.init.dialogue import InitDialogue
from exporter.cli.init.files import Answers, plan, render, without_gateway, write
from exporter.config import Config, load
from exporter.discovery import Announced
from exporter.errors import ConfigError
from exporter.gateway.tokens import token_path
from exporter.simulator.faults import status
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve
from tests.cli.test_cli import run
from tests.fake_cloud import PASSWORD, USER, CloudMode, SimulatedCloud, serving_cloud
from tests.thread_server import in_thread

NOTHING: dict[str, Any] = {field.name: None for field in dataclasses.fields(InitOptions)} | {
    "interfaces": (),
    "yes": True,
    "force": False,
    "test": True,
}


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, without any setting of the machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ENPHASE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def gateway() -> Iterator[RunningGateway]:
    """Return a gateway with batteries."""
    with in_thread(serve(sample_home("battery-home", time.time))) as running:
        yield running


@pytest.fixture
def cloud() -> Iterator[SimulatedCloud]:
    """Return the cloud."""
    with in_thread(serving_cloud(time.time)) as cloud:
        yield cloud


@contextmanager
def typed(*lines: str) -> Iterator[None]:
    """Give these answers on standard input, as an owner without a terminal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        yield


def init(*answers: str, piped: str = "", **flags: Any) -> None:
    """Run it with these flags; with answers on a terminal, without them on a pipe with `piped`."""
    options = InitOptions(**{**NOTHING, "yes": not answers, **flags})
    with typed(*(answers or (piped,))), InitDialogue(options) as dialogue:
        dialogue.run()


def written(path: Path = Path("enphase-exporter.yml")) -> Config:
    """Return the configuration that was written."""
    return load(path, {"HOME": "/nowhere"})


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return path.stat().st_mode & 0o777


# --- by flags ----------------------------------------------------------------------------------


def test_a_token_file(
    gateway: RunningGateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that holds a token is tested and configured, and the next steps are printed."""
    token = tmp_path / "token.txt"
    token.write_text(gateway.token)
    init(host=gateway.host, token_file=Path("token.txt"))
    (one,) = written().gateways
    assert (one.name, one.host, one.token_file) == ("home", gateway.host, token)
    assert one.wanted.storage_mode is None
    output = capsys.readouterr().out
    assert "9 of 9 collectors" in output
    assert "Wrote enphase-exporter.yml\n" in output
    assert 'targets: ["localhost:10055"]' in output
    assert "enphase-exporter check --config.file=enphase-exporter.yml\n" in output
    for part in (
        "systemd",
        "enphase-exporter rules --",
        "Alertmanager",
        "alerting init --",
        "test",
    ):
        assert part in output
    assert gateway.token not in output + Path("enphase-exporter.yml").read_text()


def test_a_token_from_standard_input(gateway: RunningGateway) -> None:
    """A token that comes by pipe goes into a file that only its owner reads."""
    init(host=gateway.host, name="my home", login="token", piped=gateway.token)
    (one,) = written().gateways
    assert one.credentials().token == gateway.token
    assert one.token_file is not None
    assert one.token_file.name == "my%20home.token"
    assert mode(one.token_file) == 0o600
    assert gateway.token not in Path("enphase-exporter.yml").read_text()


def test_an_account(gateway: RunningGateway, cloud: SimulatedCloud, tmp_path: Path) -> None:
    """The token is fetched and kept for the exporter; the password stays in its file."""
    (tmp_path / "password").write_text(PASSWORD)
    init(
        host=gateway.host,
        username=USER,
        password_file=Path("password"),
        storage_mode="backup",
        reserve="40%",
        output=Path("conf/home.yml"),
    )
    (one,) = written(Path("conf/home.yml")).gateways
    assert one.credentials().password == PASSWORD
    assert one.password_file == tmp_path / "password"
    assert (one.wanted.storage_mode, one.wanted.reserve_soc) == ("backup", 40)
    saved = token_path(tmp_path / "state", "home")
    assert saved.read_text().strip() == cloud.tokens[0]
    assert mode(saved) == 0o600
    assert cloud.logins == 1


def test_old_firmware_needs_no_login(tmp_path: Path) -> None:
    """Before firmware 7 there are no questions."""
    with in_thread(serve(sample_home("legacy", time.time))) as old:
        init(host=old.host, state_dir=Path("memory"))
    config = written()
    assert config.gateways[0].credentials().token is None
    assert config.state_dir == tmp_path / "memory"


def test_what_was_found_on_the_network(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A single discovered gateway is used; with two, a flag has to choose."""
    announced = [Announced("envoy.local", "1", "8.2.1", (gateway.host,), True)]

    async def discover(seconds: float, interfaces: object) -> list[Announced]:
        return announced

    monkeypatch.setattr(init_dialogue, "discover", discover)
    (tmp_path / "token").write_text(gateway.token)
    init(token_file=Path("token"))
    assert written().gateways[0].host == gateway.host
    announced.append(announced[0])
    with pytest.raises(ConfigError, match="2 gateways were found: choose one"):
        init(token_file=Path("token"), force=True)
    announced.clear()
    with pytest.raises(ConfigError, match="no gateways were found: choose one"):
        init(token_file=Path("token"), force=True)


def test_untried(tmp_path: Path) -> None:
    """Without a gateway to test, it writes what the options contain."""
    (tmp_path / "token").write_text("t0ken-for-later")
    init(host="envoy.local", token_file=Path("token"), test=False)
    assert written().gateways[0].credentials().token == "t0ken-for-later"
    init(host="192.0.2.1", output=Path("old.yml"), test=False)
    assert written(Path("old.yml")).gateways[0].host == "192.0.2.1"


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"host": "https://envoy.local"}, "--host: 'https://envoy.local' has a scheme"),
        ({"host": "127.0.0.1:1"}, "nothing was written, because this failed: TCP"),
        ({"reserve": "0.3"}, "--reserve: '0.3' is a ratio: write 30, in percent"),
        ({"name": "a\nb"}, "--name: 'a\\\\nb' has control characters"),
        ({"token_file": Path("/missing")}, "/missing cannot be read"),
        ({}, "this firmware needs a login: give --token-file"),
        ({"login": "account"}, "give --username"),
        ({"login": "token"}, "Token: standard input is empty"),
    ],
)
def test_what_cannot_be_is_one_line(
    flags: dict[str, Any], message: str, gateway: RunningGateway, tmp_path: Path
) -> None:
    """Without an answer from the owner nothing is guessed or written."""
    with pytest.raises(ConfigError, match=message):
        init(**{"host": gateway.host, **flags})
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("cloud_mode", "message"),
    [("mfa", "second factor (MFA)"), ("wrong password", "rejects the user name or password")],
)
def test_an_account_that_gives_no_token(
    cloud_mode: CloudMode,
    message: str,
    gateway: RunningGateway,
    cloud: SimulatedCloud,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A required second factor is reported clearly, and no file is left behind."""
    cloud.mode = cloud_mode
    Path("password").write_text(PASSWORD)
    with pytest.raises(ConfigError, match="nothing was written, because this failed: Login;"):
        init(host=gateway.host, username=USER, password_file=Path("password"))
    output = capsys.readouterr().out
    assert message in output
    assert PASSWORD not in output
    assert [path.name for path in Path().iterdir()] == ["password"]


def test_nothing_is_overwritten_unasked(gateway: RunningGateway) -> None:
    """Existing files stay, unless they are the same or the owner agrees."""
    Path("token").write_text(gateway.token)
    config = Path("enphase-exporter.yml")
    config.write_text("mine")
    with pytest.raises(ConfigError, match=r"enphase-exporter\.yml: exists already: --force"):
        init(host=gateway.host, token_file=Path("token"))
    assert config.read_text() == "mine"
    init(host=gateway.host, token_file=Path("token"), force=True)
    first = config.read_text()
    init(host=gateway.host, token_file=Path("token"))
    assert config.read_text() == first


def test_a_folder_that_cannot_be_written(gateway: RunningGateway) -> None:
    """The remedy is another place."""
    Path("token").write_text(gateway.token)
    with pytest.raises(ConfigError, match=r"cannot be written \(.*: choose another --output"):
        init(host=gateway.host, token_file=Path("token"), output=Path("/proc/self/enphase.yml"))


# --- by questions ------------------------------------------------------------------------------


def test_questions_are_asked_again_until_they_fit(
    gateway: RunningGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each wrong answer is explained, and the other answers are kept."""
    init("cabin", "4", "token", gateway.token, "saving", "backup", "my.yml", host=gateway.host)
    (one,) = written(Path("my.yml")).gateways
    assert (one.name, one.wanted.storage_mode) == ("cabin", "backup")
    output = capsys.readouterr().out
    assert "choose one of token-file, token, account, or paste a token" in output
    assert "choose one of backup, self-consumption, economy, none" in output


def test_going_back(gateway: RunningGateway) -> None:
    """`back` returns to the last printed question and skips those that options answered."""
    init(
        *("cabin", "back", "barn", "token", "back", gateway.token, "back", "token-file"),
        *(gateway.token, "", "back", "economy", "my.yml"),
        host=gateway.host,
    )
    (one,) = written(Path("my.yml")).gateways
    assert (one.name, one.wanted.storage_mode) == ("barn", "economy")
    assert one.credentials().token == gateway.token


def test_going_back_after_a_wrong_answer(gateway: RunningGateway) -> None:
    """A question that was asked again is one question, and `back` leaves it."""
    init(*("cabin", "4", "back", "barn", "token", gateway.token, "", "my.yml"), host=gateway.host)
    (one,) = written(Path("my.yml")).gateways
    assert one.name == "barn"


def test_input_that_ends(gateway: RunningGateway) -> None:
    """Without an answer there is one line, and nothing is written."""
    with pytest.raises(ConfigError, match="standard input has ended"):
        init("cabin", host=gateway.host)
    assert list(Path().iterdir()) == []


def test_another_address_and_another_login(
    gateway: RunningGateway, cloud: SimulatedCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """What fails can be answered again, without starting over."""
    cloud.mode = "mfa"
    init(
        *("y", gateway.host),
        *("home", "account", USER, PASSWORD, "y"),
        *("token", gateway.token, "", "", ""),
        host="127.0.0.1:1",
    )
    (one,) = written().gateways
    assert one.credentials().token == gateway.token
    # the present mode is the desired one, unless the owner chooses another
    assert one.wanted.storage_mode == "self-consumption"
    output = capsys.readouterr().out
    assert "second factor (MFA)" in output
    assert PASSWORD not in output
    assert not Path("home.password").exists()


def test_a_gateway_that_is_broken_today(gateway: RunningGateway) -> None:
    """The owner can have it written despite the failure."""
    Path("token").write_text(gateway.token)
    gateway.faults["/auth/check_jwt"] = status(503)
    flags: dict[str, Any] = {"host": gateway.host, "name": "home", "token_file": Path("token")}
    with pytest.raises(ConfigError, match="because this failed: Login"):
        init("n", "n", **flags)
    init("n", "y", "later.yml", **flags)
    assert written(Path("later.yml")).gateways[0].host == gateway.host


def test_an_owner_who_declines(gateway: RunningGateway) -> None:
    """Without consent the file stays as it was."""
    Path("token").write_text(gateway.token)
    Path("enphase-exporter.yml").write_text("mine")
    with pytest.raises(
        ConfigError, match=r"nothing was written: enphase-exporter\.yml is unchanged"
    ):
        init("", "", "n", host=gateway.host, name="home", token_file=Path("token"))
    assert Path("enphase-exporter.yml").read_text() == "mine"


# --- what is written ---------------------------------------------------------------------------


def test_what_is_written_passes_the_check_of_serve(tmp_path: Path) -> None:
    """The comments are as valid as the keys: taken out of comment, they are configuration."""
    files = plan(
        Answers(host="[fd00::5]:8443", name="null", secrets={"token": "t0k"}), Path("a.yml")
    )
    write(files, without_gateway({"HOME": str(tmp_path), "ENPHASE_HOST": "elsewhere"}))
    done = run(tmp_path, "serve", f"--config.file={tmp_path / 'a.yml'}", "--config.check")
    assert (done.returncode, done.stderr) == (0, "")
    sample = render(Answers(host="envoy.local", name="home", timezone="Europe/Berlin"))
    keys = "timezone|wanted|storage_mode|reserve_soc|inverters|482200001001|log|level|format|web"
    bare = re.sub(rf"^( *)# ( *(?:{keys}|listen_address|cadences):)", r"\1\2", sample, flags=re.M)
    (tmp_path / "b.yml").write_text(bare)
    config = load(tmp_path / "b.yml", {"HOME": str(tmp_path)})
    (one,) = config.gateways
    assert one.timezone == "Europe/Berlin"
    assert (one.wanted.storage_mode, one.wanted.reserve_soc) == ("self-consumption", 30)
    assert one.inverters["482200001001"].array == "South roof"
    assert (config.log.level, config.web.listen_address) == ("info", ":10055")


@given(name=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60))
def test_any_name_survives(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever the owner calls it, it is read back as that, and its files stay in the folder."""
    folder = tmp_path_factory.mktemp("init")
    answers = Answers(host="envoy.local", name=name, secrets={"token": "t0k"}, username=None)
    files = plan(answers, folder / "a.yml")
    assert {path.parent for path in files} == {folder}
    write(files, {"HOME": str(folder)})
    (one,) = load(folder / "a.yml", {"HOME": str(folder)}).gateways
    assert (one.name, one.credentials().token) == (name, "t0k")
