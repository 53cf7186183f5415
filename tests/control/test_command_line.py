"""`control` as its owner types it: real processes, a real terminal, exit statuses."""

import json
import re
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from exporter.cli import dispatch
from exporter.cli.control import app
from exporter.gateway.control import COMMANDS
from tests.cli.test_cli import COMMAND, PATIENCE, environment, run, running
from tests.control.harness import read_audit_log
from tests.control.reference_homes import Beside, beside

TARIFF = "PUT /admin/lib/tariff"


@pytest.fixture(scope="module")
def house() -> Iterator[Beside]:
    """Return a house that all tests of this file command."""
    with beside() as beside_it:
        yield beside_it


@pytest.fixture
def login(house: Beside, tmp_path: Path) -> dict[str, str]:
    """Return the environment of an authorized owner; the house is reset."""

    def restore(running: object) -> None:
        house.gateway.house.set_all({"storage.reserve": 0.2, "storage.mode": "self-consumption"})
        house.gateway.ignored.clear()
        house.gateway.refused.clear()

    house.do(restore)
    house.do(lambda running: running.requests.clear())
    return {
        "ENPHASE_HOST": house.host,
        "ENPHASE_NAME": "home",
        "ENPHASE_TOKEN": house.token,
        "ENPHASE_STATE_DIR": str(tmp_path / "state"),
    }


def terminal(home: Path, *words: str, **variables: str) -> "pexpect.spawn[str]":
    """Type a command into a terminal."""
    env = {**environment(home, variables), "TERM": "xterm", "COLUMNS": "200"}
    return pexpect.spawn(
        COMMAND[0],
        [*COMMAND[1:], *words],
        env=env,
        encoding="utf-8",
        timeout=PATIENCE,
        dimensions=(50, 200),
        cwd=str(Path(__file__).parents[2]),
    )


def plain(text: str) -> str:
    """Return what a terminal shows, without its colours."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_done(house: Beside, login: dict[str, str], tmp_path: Path) -> None:
    """State, what is sent, how it ended; exit status 0."""
    done = run(tmp_path, "control", "storage", "reserve", "60", "--yes", **login)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "home: set the reserve for outages to 60 %"
    assert "  reserve percent      20 → 60" in lines
    assert any(line.startswith(f"  sends  {TARIFF} {{") for line in lines)
    assert lines[-1].startswith("home: done: reserve percent 60")
    assert "\x1b" not in done.stdout
    assert house.writes() == [TARIFF]
    assert [line["event"] for line in read_audit_log(tmp_path / "state")] == ["sending", "result"]

    again = run(tmp_path, "control", "storage", "reserve", "60", "--yes", **login)
    assert again.returncode == 0
    assert again.stdout.splitlines()[-1].startswith("home: nothing to do: already")
    assert house.writes() == [TARIFF]


def test_a_dry_run(house: Beside, login: dict[str, str], tmp_path: Path) -> None:
    """Everything that would be sent is printed, and nothing is sent."""
    done = run(tmp_path, "control", "storage", "mode", "backup", "--dry-run", **login)
    assert (done.returncode, done.stderr) == (0, "")
    (sends,) = re.findall(r"^  sends  PUT \S+ (.*)$", done.stdout, re.M)
    assert json.loads(sends)["tariff"]["storage_settings"]["mode"] == "backup"
    assert done.stdout.splitlines()[-1] == "home: nothing was sent (--dry-run)"
    assert house.writes() == []
    assert not (tmp_path / "state").exists()


def test_for_programs(house: Beside, login: dict[str, str], tmp_path: Path) -> None:
    """With --json, stdout is one object; what was not done is one line on stderr as well."""
    words = ["control", "storage", "reserve", "--json"]
    done = run(tmp_path, *words, "61", "--yes", **login)
    response = json.loads(done.stdout)
    assert (done.returncode, response["result"], response["gateway"]) == (0, "done", "home")
    assert response["before"]["reserve_percent"] == 20
    assert response["after"]["reserve_percent"] == 61
    assert response["desired"] == {"reserve_percent": 61}
    house.gateway.ignored.add("/admin/lib/tariff")
    done = run(tmp_path, *words, "62", "--yes", "--timeout=1", **login)
    response = json.loads(done.stdout)
    assert (done.returncode, response["result"]) == (1, "ignored")
    line = "home: the gateway accepted it, but did not apply it within 1 s: "
    assert response["line"].startswith(line)
    assert done.stderr == f"enphase-exporter: error: {response['line']}\n"
    done = run(tmp_path, *words, "62", "--dry-run", **login)
    response = json.loads(done.stdout)
    assert (done.returncode, response["result"], response["desired"]) == (
        0,
        "planned",
        {"reserve_percent": 62},
    )


def test_what_cannot_be(house: Beside, login: dict[str, str], tmp_path: Path) -> None:
    """A command that this gateway does not support fails with one line."""
    done = run(tmp_path, "control", "contact", "open", "NC9", "--yes", **login)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "enphase-exporter: error: home: nothing was sent: there is no dry contact 'NC9'; the"
        " gateway has NC1, NC2, NO1, NO2\n"
    )
    assert house.writes() == []


def test_a_gateway_that_is_not_there(tmp_path: Path) -> None:
    """A gateway that cannot be reached is one line."""
    variables = {"ENPHASE_HOST": "127.0.0.1:1", "ENPHASE_NAME": "home", "ENPHASE_TOKEN": "a.b.c"}
    done = run(tmp_path, "control", "grid", "on", "--yes", **variables)
    assert done.returncode == 1
    assert done.stderr.startswith("enphase-exporter: error: home: nothing was sent: /info: cannot")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["storage", "reserve", "101"], "less than or equal to 100"),
        (["storage", "reserve", "-1"], "-1"),
        (["storage", "mode", "party"], "'party'"),
        (["contact", "set", "NC1"], "give at least one setting"),
        (["contact", "set", "NC1", "--soc-low=nan"], "Invalid value for '--soc-low'"),
        (["contact", "set", "NC1", "--schedule-start=25:00"], "is not a time of day"),
        (["contact", "set", "NC1", "--grid-action=explode"], "'explode'"),
        (["acb", "sleep"], "SERIAL"),
        (["acb", "sleep", "1", "--min-soc=30", "--max-soc=20"], "--min-soc is above --max-soc"),
        (["generator", "mode", "loud"], "'loud'"),
        (["generator", "schedule"], "give at least one setting"),
        (["generator", "schedule", "--exercise-minutes=15"], "steps of 10"),
        (["grid", "off", "--timeout=0"], "greater than or equal to 1"),
        (["grid", "sideways"], "sideways"),
    ],
)
def test_wrong_use(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown commands and values out of range end with 2 before any request."""
    assert dispatch.run(["control", *words]) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert output.out == ""


def test_several_gateways(house: Beside, login: dict[str, str], tmp_path: Path) -> None:
    """Where there are several, one is named."""
    path = tmp_path / "enphase.yml"
    path.write_text(
        f"state_dir: state\ngateways: [{{host: '127.0.0.1:1', name: cabin}},"
        f" {{host: '{house.host}', name: home, token: {house.token}}}]"
    )
    words = ["control", "storage", "reserve", "64", "--yes", f"--config.file={path}"]
    done = run(tmp_path, *words)
    assert done.returncode == 2
    assert "there are several gateways, choose one of: cabin, home" in done.stderr
    done = run(tmp_path, *words, "--gateway=barn")
    assert done.returncode == 2
    assert "no gateway is named 'barn', choose one of: cabin, home" in done.stderr
    assert run(tmp_path, *words, "--gateway=home").returncode == 0
    assert house.writes() == [TARIFF]


def test_nobody_to_ask(house: Beside, login: dict[str, str], tmp_path: Path) -> None:
    """A script that forgot --yes sends nothing."""
    done = run(tmp_path, "control", "grid", "off", **login)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "enphase-exporter: error: there is no terminal for the confirmation: give --yes to send it"
        " without,"
        " or --dry-run to see what would be sent\n"
    )
    assert house.do(lambda running: len(running.requests)) == 0


def test_a_state_directory_that_cannot_be_written(
    house: Beside, login: dict[str, str], tmp_path: Path
) -> None:
    """Without a record nothing is sent."""
    (tmp_path / "state").write_text("in the way")
    done = run(tmp_path, "control", "storage", "reserve", "65", "--yes", **login)
    assert done.returncode == 1
    assert "home.control.lock cannot be opened" in done.stderr.splitlines()[-1]
    assert house.writes() == []


def test_a_yes(house: Beside, login: dict[str, str], tmp_path: Path) -> None:
    """In a terminal the owner sees what would be sent and agrees."""
    child = terminal(tmp_path, "control", "storage", "reserve", "66", **login)
    child.expect_exact("Send it? [y/N] ")
    assert house.writes() == []
    preview = plain(child.before or "")
    assert "reserve percent" in preview
    assert "20 → 66" in preview
    child.sendline("y")
    child.expect("done: reserve percent 66")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert house.writes() == [TARIFF]


def test_interrupting_the_confirmation(
    house: Beside, login: dict[str, str], tmp_path: Path
) -> None:
    """Ctrl-C at the question sends nothing."""
    child = terminal(tmp_path, "control", "storage", "reserve", "68", **login)
    child.expect_exact("Send it? [y/N] ")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert "Traceback" not in (child.before or "")
    assert house.writes() == []


SITE = {
    "production off": "PUT /ivp/mod/603980032/mode/power",
    "export limit 500": "POST /ivp/ss/dpel",
    "live stream on": "POST /ivp/livedata/stream",
}


@pytest.mark.parametrize("words", SITE)
def test_settings_of_the_site(
    words: str, house: Beside, login: dict[str, str], tmp_path: Path
) -> None:
    """Whatever is no yes sends nothing, a yes sends once; an owner's token may not."""
    installer = {**login, "ENPHASE_TOKEN": house.do(lambda running: running.issue("installer"))}
    for answer in ("", "nonsense", "\x04"):
        child = terminal(tmp_path, "control", *words.split(), **installer)
        child.expect(r"Send it\? \[y/N\] |to send it: ")
        child.send(answer if answer == "\x04" else f"{answer}\r")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 1
    assert house.writes() == []
    done = run(tmp_path, "control", *words.split(), "--yes", **installer)
    assert done.returncode == 0, done.stderr
    assert house.writes() == [SITE[words]]
    if not words.startswith("live"):
        refused = run(tmp_path, "control", *words.split(), "--yes", **login)
        assert refused.returncode == 1
        assert "installer" in refused.stderr
        assert house.writes() == [SITE[words]]


def test_leaving_the_grid_takes_more_than_a_yes(
    house: Beside, login: dict[str, str], tmp_path: Path
) -> None:
    """The house is not disconnected by a habit of typing y."""
    child = terminal(tmp_path, "control", "grid", "off", **login)
    child.expect_exact('Type "off grid" to send it: ')
    preview = plain(child.before or "")
    assert "the batteries are at" in preview
    assert "nothing else reconnects it" in preview
    child.sendline("yes")
    child.expect_exact("enphase-exporter: error: home: nothing was sent: not confirmed")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert house.writes() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupting_a_sent_command(
    number: signal.Signals, house: Beside, login: dict[str, str], tmp_path: Path
) -> None:
    """Interrupting a command reports and records that it may have been sent."""
    house.gateway.ignored.add("/admin/lib/tariff")
    words = ["control", "storage", "reserve", "67", "--yes"]
    with running(tmp_path, *words, **login) as process:
        assert process.stdout is not None
        assert any("sent; waiting" in line for line in process.stdout)
        process.send_signal(number)
        assert process.wait(PATIENCE) == 130
        assert process.stderr is not None
        assert process.stderr.read() == (
            "enphase-exporter: interrupted: it may have been sent; --dry-run shows the state\n"
        )
    assert read_audit_log(tmp_path / "state")[-1]["result"] == "interrupted"


@pytest.mark.parametrize(
    "words",
    [
        [],
        *(["grid", each] for each in ("off", "on")),
        *(["contact", each] for each in ("open", "close", "set")),
        *(["storage", each] for each in ("mode", "reserve", "charge-from-grid")),
        *(["acb", each] for each in ("sleep", "wake")),
        *(["generator", each] for each in ("mode", "schedule", "charge")),
    ],
)
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Help of each command shows how it is used, with examples that are commands."""
    assert dispatch.run(["control", *words, "--help"]) == 0
    examples_help = capsys.readouterr().out
    examples = re.findall(r"^ +enphase-exporter (control .*)$", examples_help, re.M)
    assert examples
    for example in examples:
        # --help after it: flags and arguments are those that there are
        assert dispatch.run([*shlex.split(example), "--help"]) == 0


def test_every_row_has_its_command() -> None:
    """Every row of the table is a command, and there are no others."""
    typed = {
        f"{group.name} {command.name}"
        for group in app.registered_groups
        if group.typer_instance
        for command in group.typer_instance.registered_commands
    }
    assert typed == set(COMMANDS)
