"""The commands' own documentation: help with examples that run, a manual, completion."""

import io
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from exporter.cli import dispatch
from exporter.simulator.homes import sample_home
from exporter.simulator.server import RunningGateway, serve
from tests.cli.test_cli import PATIENCE, run
from tests.conftest import ROOT
from tests.mdns import announce, announcement
from tests.thread_server import in_thread
from tools import cli_docs

COMMANDS = {command.name: command for command in cli_docs.commands()}
EXAMPLES = [(name, example) for name, command in COMMANDS.items() for example in command.examples]
#: commands whose examples are run from beginning to end; the others have servers or weeks in them,
#: and tests of their own
RUN = ("discover", "init", "check")
#: keeps an example on loopback, away from the Enphase cloud
ADDED = {
    "discover": " --interface=127.0.0.1 --timeout=1.5s",
    "init": " --interface=127.0.0.1 --no-test --force",
    "check": "",
}
#: answers to the questions of `init`: which gateway, name, login, its file, where to write
TYPED = "127.0.0.1\nhome\n1\ntoken.txt\nenphase-exporter.yml\n"
#: name and password, where the user name is given
TYPED_ACCOUNT = "home\nhunter2-hunter2\n"


def words(example: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables and the words of an example, as a shell would read it."""
    command, _, _ = example.partition(" > ")
    split = shlex.split(command.replace(" <token.txt", ""))
    at = split.index("enphase-exporter")
    variables = dict(each.split("=", 1) for each in split[:at])
    return variables, split[at + 1 :]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_and_an_end(name: str) -> None:
    """Help describes a command in a sentence and has an example."""
    command = COMMANDS[name]
    assert command.paragraphs[0].endswith((".", "`."))
    assert command.examples or command.commands


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_is_understood(name: str, example: str) -> None:
    """Commands and flags in the examples exist, and are of the command that shows them."""
    variables, given = words(example)
    assert all(key.startswith("ENPHASE_") for key in variables)
    command = cli_docs.tree()
    parents = None
    path: list[str] = []
    while True:
        parents = command.make_context(
            path[-1] if path else "enphase-exporter",
            [each for each in given if each not in ("-h", "--help")],
            parent=parents,
            ignore_unknown_options=False,
        )
        if not getattr(command, "commands", None):
            break
        _, command, given = command.resolve_command(parents, [*given])
        path.append(command.name)
    assert not name or path[0] == name.split(maxsplit=1)[0]


@dataclass
class Prepared:
    """A gateway, a Prometheus, and a folder in which the examples find what they name."""

    gateway: RunningGateway
    prometheus: str
    folder: Path


@asynccontextmanager
async def _served() -> AsyncIterator[tuple[RunningGateway, str]]:
    answers = {
        "/api/v1/status/buildinfo": {"version": "3.0"},
        "/api/v1/targets": {"activeTargets": []},
        "/api/v1/query": {"result": [{"metric": {"gateway": "home"}, "value": [0, "1"]}]},
    }

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.json_response({"status": "success", "data": answers[request.path]})

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with serve(sample_home("battery-home", time.time)) as gateway:
        port = int(gateway.host.rpartition(":")[2])
        async with announce(announcement("envoy", port)):
            yield gateway, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """Return what the examples need."""
    folder = tmp_path_factory.mktemp("examples")
    with in_thread(_served()) as (gateway, prometheus):
        (folder / "token.txt").write_text(gateway.token)
        yield Prepared(gateway, prometheus, folder)


@pytest.mark.parametrize(
    ("name", "example"),
    [
        (name, example)
        for name, example in EXAMPLES
        if name in RUN or {"--help", "--list", "--config.check"} & {*shlex.split(example)}
    ],
)
def test_an_example_runs(
    name: str,
    example: str,
    prepared: Prepared,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Typed as printed, the examples work; only the addresses differ."""
    host = prepared.gateway.host
    line = example + ADDED.get(name, "")
    for pattern, meant in (
        ("envoy.local", host),
        ("--interface=192.0.2.7", "--interface=127.0.0.1"),
        ("192.0.2.10", host),
        ("http://localhost:9090", prepared.prometheus),
    ):
        line = line.replace(pattern, meant)
    variables, given = words(line)
    piped = TYPED_ACCOUNT if "--username" in line else TYPED
    if " <token.txt" in line:
        piped = prepared.gateway.token
    monkeypatch.chdir(prepared.folder)
    monkeypatch.setenv("HOME", str(prepared.folder))
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "stdin", io.StringIO(piped))
    Path("enphase-exporter.yml").write_text(
        f"gateways: [{{host: '{host}', name: home, token_file: token.txt}}]\n"
    )
    assert dispatch.run(given) == 0
    output = capsys.readouterr()
    assert output.out
    assert output.err == ""


# --- the manual --------------------------------------------------------------------------------


def test_the_manual_is_current() -> None:
    """`make docs` changes nothing."""
    assert cli_docs.document() == cli_docs.PATH.read_text(encoding="utf-8")


def test_the_manual_has_every_command_and_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """What `--help` lists, the manual lists."""

    def help_text(*given: str) -> str:
        dispatch.run([*given, "--help"])
        return capsys.readouterr().out

    manual = cli_docs.document()
    listed = re.findall(r"^  ([\w-]+) {2,}\S", help_text().split("Commands:")[1], re.M)
    assert {name for name in COMMANDS if name and " " not in name} == {*listed}
    for name in listed:
        section = manual.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for flag in re.findall(r"^  (--[a-z.-]+)", help_text(name), re.M):
            assert f"`{flag}" in section or "--help" in flag, f"{name} {flag}"


def test_links_in_the_manual_lead_somewhere() -> None:
    """Each link within the page has its heading, and each file that is named exists."""
    manual = cli_docs.document()
    headings = {
        line.lstrip("# ").lower().replace(" ", "-")
        for line in manual.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(([^)]+)\)", manual):
        if target.startswith("#"):
            assert target[1:] in headings
        else:
            assert (cli_docs.PATH.parent / target).is_file(), target


def test_check_detects_an_outdated_manual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--check` exits 1 without the file, 0 after writing it, and 1 after somebody edited it."""
    monkeypatch.setattr(cli_docs, "PATH", tmp_path / "docs" / "cli.md")
    assert cli_docs.main(["--check"]) == 1
    assert cli_docs.main([]) == 0
    assert cli_docs.main(["--check"]) == 0
    cli_docs.PATH.write_text("edited", encoding="utf-8")
    assert cli_docs.main(["--check"]) == 1


# --- completion --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("enphase-exporter dis", {"discover"}),
        ("enphase-exporter check --prom", {"--prometheus"}),
        ("enphase-exporter serve --config.", {"--config.file", "--config.check"}),
        ("enphase-exporter demo --scenario owners", {"owners-story"}),
    ],
)
def test_the_shell_completes(line: str, offered: set[str], tmp_path: Path) -> None:
    """Completion in bash offers commands and flags."""
    done = run(
        tmp_path,
        _ENPHASE_EXPORTER_COMPLETE="complete_bash",
        COMP_WORDS=line,
        COMP_CWORD=str(line.count(" ")),
    )
    assert (done.returncode, {*done.stdout.split()}) == (0, offered)


def test_completion_is_installed_for_the_shell(tmp_path: Path) -> None:
    """In bash, `--install-completion` writes what `--show-completion` shows, and bash reads it."""
    script = (
        f'enphase-exporter() {{ {sys.executable} -m exporter "$@"; }};'
        "enphase-exporter --show-completion; enphase-exporter --install-completion;"
        'eval "$(cat ~/.bash_completions/enphase-exporter.sh)"; complete -p enphase-exporter'
    )
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("complete -o default -F _enphase_exporter_completion") == 2


def test_a_command_does_not_pay_for_completion() -> None:
    """A command loads none of the other commands, unlike completion."""
    script = (
        "import sys; from exporter.cli import main; main(['serve', '--help']);"
        "sys.exit(bool({'zeroconf', 'exporter.cli.check'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
