"""The state of the house in a terminal, as on the status page, from exporter or gateway."""

import io
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import bcrypt
import orjson
import pexpect
import pytest
from aiohttp import web

from exporter import __version__
from exporter.cli import dispatch
from exporter.diagnostics.saved_state import load_saved_state
from exporter.simulator.faults import Edit
from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from exporter.simulator.server import RunningGateway, serve
from exporter.state import State
from exporter.status import api
from exporter.status.models import GatewayStatus
from tests.cli.test_cli import COMMAND, PATIENCE, environment
from tests.conftest import ROOT
from tests.fake_cloud import PASSWORD, USER, serving_cloud
from tests.thread_server import in_thread
from tests.web.certificates import Authority
from tests.web.serving import Served, serving

PREFIX = "enphase-exporter: error: "
RUNBOOKS = "/alertmanager/runbooks/"
SERIAL = SAMPLE_HOMES["battery-home"].serial

Asked = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Asked:
    """Return what runs the command: exit status, stdout and stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        status = dispatch.run(["status", *words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def _open(inventory: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the inventory of a house whose grid relay is open without a command."""
    for group in inventory:
        if group["type"] == "ENPOWER":
            group["devices"][0]["mains_oper_state"] = "open"
    return inventory


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return an exporter with three gateways, one of which is not there."""
    state = tmp_path_factory.mktemp("state")
    there = {"home": "battery-home", "roof": "solar-only", "gone": None}
    with in_thread(serving(state, there)) as served:
        yield served


# --- from an exporter --------------------------------------------------------------------------


def test_a_house_on_the_grid(homes: Served, ask: Asked) -> None:
    """The output has a summary, power flows, battery bars, panels, gateway and collectors."""
    status, output, error = ask(f"--url={homes.url}", "--gateway=home")
    assert (status, error) == (0, "")
    assert output.startswith("✓ home: All is well\nNow        On grid. Batteries 64 %, charging. ")
    assert re.search(r"^Power +Solar [\d.]+ kW → grid .* kW, batteries .* kW, house ", output, re.M)
    assert re.search(r"^Batteries +█{13}░{7} 64 %, charging with [\d.]+ kW; ", output, re.M)
    assert (
        len(re.findall(r"^ +█{13}░{7}  64 %, charging with 600 W, 2\d °C, 49", output, re.M)) == 6
    )
    assert re.search(r"^Panels +24 of 24 report, ", output, re.M)
    assert f"serial {SERIAL}; token ends in 365 d" in output
    assert re.search(r"^Collectors +(\d+) of \1 work$", output, re.M)
    assert "\x1b" not in output


def test_an_island(tmp_path: Path, ask: Asked) -> None:
    """Problems come first, with the remedy and the runbook; the exit status is still 0."""
    faults = {
        "/ivp/ensemble/inventory": Edit(_open),
        "/ivp/ensemble/relay": Edit(lambda relay: relay | {"mains_oper_state": "open"}),
    }
    with in_thread(serving(tmp_path, {"home": "battery-home"}, faults)) as served:
        status, output, _ = ask(f"--url={served.url}")
    assert status == 0
    assert output.startswith("✗ home: Act now\nNow        Off grid. Batteries ")
    assert re.search(r"^Wrong      .+ \(critical\)\n {11}First: ", output, re.M)
    assert f"{RUNBOOKS}EnphaseGridOutage.md" in output
    assert re.search(r"^Power .*; grid off$", output, re.M)
    assert output.index("Wrong") < output.index("Power")


def test_a_gateway_that_is_gone(homes: Served, ask: Asked) -> None:
    """Unknown values are omitted, and the reason is printed."""
    status, output, _ = ask(f"--url={homes.url}", "--gateway=gone")
    assert status == 0
    assert output.startswith("✗ gone: Act now\nNow        The gateway does not answer.")
    assert f"{RUNBOOKS}EnphaseGatewayUnreachable.md" in output
    assert "Gateway    127.0.0.1:1 does not answer" in output
    assert "gateway: /info: cannot connect" in output
    assert "Power" not in output
    assert "Batteries " not in output


def test_several_gateways(homes: Served, ask: Asked) -> None:
    """Each gateway is a line, worst first, with its problem."""
    status, output, _ = ask(f"--url={homes.url}")
    assert status == 0
    first, *rows, paging, last = output.splitlines()
    assert first == "3 gateways. 1 critical, 2 well."
    assert [row.split()[1] for row in rows] == ["gone", "home", "roof"]
    assert "Problem: The gateway does not answer: 127.0.0.1:1." in rows[0]
    assert paging.startswith("Nobody may be paged (EnphaseNobodyPaged): No receiver is set up")
    assert "On grid. Batteries 64 %" in rows[1]
    assert "--gateway=NAME" in last


def test_several_gateways_in_a_terminal(
    homes: Served, ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a terminal they are a table, in colour."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    status, output, _ = ask(f"--url={homes.url}")
    assert status == 0
    assert "\x1b[1;31m✗" in output
    assert re.sub(r"\x1b\[[\d;]*m", "", output).splitlines()[1].split() == [
        *("Gateway", "State", "House", "Problem")
    ]


def test_json_is_the_exporters_document(homes: Served, ask: Asked) -> None:
    """With the same fields, for one gateway or all."""
    status, output, _ = ask(f"--url={homes.url}", "--json")
    document = orjson.loads(output)
    assert (status, document["version"]) == (0, __version__)
    assert [each["gateway"] for each in document["gateways"]] == ["gone", "home", "roof"]
    _, output, _ = ask(f"--url={homes.url}/", "--json", "--gateway=home")
    assert [each["contact"] for each in orjson.loads(output)["gateways"]] == ["answers"]


def test_a_file_with_another_encoding(
    homes: Served, ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If only ASCII can be written, signs are replaced, and nothing breaks."""
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", output)
    assert dispatch.run(["status", f"--url={homes.url}", "--gateway=home"]) == 0
    output.seek(0)
    text = output.read()
    assert text.startswith("+ home: All is well")
    assert "#############......." in text
    assert " -> grid" in text


# --- trouble on the way to the exporter --------------------------------------------------------


def test_no_exporter_is_one_line(ask: Asked) -> None:
    """With the remedy, and exit status 1."""
    status, output, error = ask("--url=http://127.0.0.1:1")
    assert (status, output) == (1, "")
    assert error.startswith(f"{PREFIX}http://127.0.0.1:1: no exporter is running there: start")
    assert error.count("\n") == 1


def test_an_unknown_gateway_is_one_line(homes: Served, ask: Asked) -> None:
    """The exporter has none of that name."""
    status, _, error = ask(f"--url={homes.url}", "--gateway=nobody")
    assert status == 1
    assert error == (
        f"{PREFIX}{homes.url}: has no gateway named 'nobody': remove --gateway to see all\n"
    )


@asynccontextmanager
async def _answering(status: int, body: bytes) -> AsyncIterator[str]:
    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(status=status, body=body, content_type="application/json")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"<html>", "is not an enphase-exporter"),
        (200, b"{}", "is not an enphase-exporter"),
        (
            200,
            b'{"version":"1","timestamp_seconds":0,"gateways":[{}]}',
            "is not an enphase-exporter",
        ),
        (302, b"", "is not an enphase-exporter"),
        (404, b"", "is not an enphase-exporter"),
        (503, b"", "failed with status 503:"),
    ],
)
def test_another_server_is_one_line(status: int, body: bytes, message: str, ask: Asked) -> None:
    """Any other server behind the URL is one line of error."""
    with in_thread(_answering(status, body)) as url:
        code, output, error = ask(f"--url={url}")
    assert (code, output) == (1, "")
    assert message in error
    assert error.count("\n") == 1


def test_thousands_of_gateways(ask: Asked) -> None:
    """An answer of megabytes is read whole, and each gateway is a line."""
    statuses = [
        GatewayStatus(f"site {number}", "h", 1e9, "answers", summary="On grid. " * 50)
        for number in range(3000)
    ]
    with in_thread(_answering(200, api.dump(statuses, 1e9))) as url:
        status, output, _ = ask(f"--url={url}")
    assert status == 0
    assert len(output.splitlines()) == 3002


def test_tls_and_users(tmp_path: Path, ask: Asked) -> None:
    """A CA and a password come from a file; a missing file is named."""
    certificate, key = Authority(tmp_path).issue("exporter")
    hashed = bcrypt.hashpw(b"canary-password", bcrypt.gensalt(4)).decode()
    (tmp_path / "web.yml").write_text(
        f"tls_server_config: {{cert_file: {certificate}, key_file: {key}}}\n"
        f"basic_auth_users: {{jo: '{hashed}'}}\n"
    )
    (tmp_path / "password").write_text("canary-password\n")
    tls = "tls_config: {ca_file: ca.pem}"
    files = {
        "good": f"{tls}\nbasic_auth: {{username: jo, password_file: password}}",
        "careless": "tls_config: {insecure_skip_verify: true}\n"
        "basic_auth: {username: jo, password: canary-password}",
        "nobody": tls,
        "wrong": f"{tls}\nbasic_auth: {{username: jo, password: canary-guess}}",
        "both": "basic_auth: {username: jo, password: canary-guess, password_file: password}",
        "unknown": "oauth2: {}",
        "no ca": "tls_config: {ca_file: nowhere.pem}",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    web_config = tmp_path / "web.yml"
    with in_thread(
        serving(tmp_path / "state", {"home": "battery-home"}, web_config=web_config)
    ) as served:
        url = served.url.replace("http:", "https:")
        outcomes = {
            name: ask(f"--url={url}", f"--http.config.file={tmp_path / name}") for name in files
        }
        outcomes["nothing"] = ask(f"--url={url}")
    assert [name for name, (status, *_) in outcomes.items() if status == 0] == ["good", "careless"]
    messages = {
        "nobody": "needs a user name and password",
        "wrong": "needs a user name and password",
        "both": "give one of password and password_file",
        "unknown": "unknown key",
        "no ca": "nowhere.pem: cannot be read",
        "nothing": "its certificate is not trusted: set tls_config.ca_file",
    }
    assert {name: text for name, text in messages.items() if text not in outcomes[name][2]} == {}
    assert not any("canary" in output + error for _, output, error in outcomes.values())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--direct", "--url=http://a"], "remove --url"),
        (["--config.file=a.yml"], "is only for --direct"),
        (["--watch", "--json"], "cannot be combined with --json"),
        (["--url=ftp://localhost"], "such as http://localhost:10055"),
        (["--url=http://jo:canary@a"], "without user name and password"),
    ],
)
def test_flags_that_do_not_fit(words: list[str], message: str, ask: Asked) -> None:
    """The exit status is 2, and no request is made."""
    status, output, error = ask(*words)
    assert (status, output) == (2, "")
    assert message in " ".join(error.split())
    assert "canary" not in error


def test_a_url_without_a_scheme_is_http(ask: Asked) -> None:
    """`--url=localhost:10055` is understood."""
    status, _, error = ask("--url=127.0.0.1:1")
    assert status == 1
    assert "http://127.0.0.1:1: no exporter is running there" in error


# --- from the gateway --------------------------------------------------------------------------


@asynccontextmanager
async def _gateway() -> AsyncIterator[RunningGateway]:
    async with serve(sample_home("battery-home", time.time)) as running:
        yield running


def _configured(folder: Path, **gateways: str) -> Path:
    """Write a configuration with these gateways; return its path."""
    entries = "".join(f"  - {{name: {name}, {rest}}}\n" for name, rest in gateways.items())
    path = folder / "enphase.yml"
    path.write_text(f"state_dir: {folder / 'state'}\ngateways:\n{entries}")
    return path


def test_a_gateway_is_asked_directly(tmp_path: Path, ask: Asked) -> None:
    """One poll is enough for the whole page, and the state of an exporter is unchanged."""
    with in_thread(_gateway()) as running:
        config = _configured(tmp_path, home=f"host: '{running.host}', token: {running.token}")
        state = State(tmp_path / "state", "home")
        state.save({"features": ["ENCHARGE"], "serial": SERIAL})
        before = state.path.read_bytes()
        status, output, error = ask("--direct", f"--config.file={config}")
        assert len(running.requests) <= 24
        assert running.max_concurrency == 1
    assert (status, error) == (0, "")
    assert output.startswith("✓ home: All is well\nNow        On grid. Batteries 64 %, charging. ")
    assert "24 of 24 report" in output
    assert state.path.read_bytes() == before
    assert {path.name for path in state.path.parent.iterdir()} == {"home.json", "home.lock"}


def test_one_of_several_gateways_directly(tmp_path: Path, ask: Asked) -> None:
    """Reachable and unreachable gateways are listed; only the chosen one is requested."""
    with in_thread(_gateway()) as running:
        there = f"host: '{running.host}', token: {running.token}"
        path = _configured(tmp_path, home=there, gone="host: '127.0.0.1:1'")
        config = f"--config.file={path}"
        status, output, _ = ask("--direct", config)
        assert status == 0
        assert output.startswith("2 gateways. 1 critical, 1 well.\n✗ gone")
        asked = len(running.requests)
        status, output, _ = ask("--direct", config, "--gateway=gone", "--json")
        assert (status, len(running.requests)) == (1, asked)
        assert orjson.loads(output)["gateways"][0]["contact"] == "silent"
        status, _, error = ask("--direct", config, "--gateway=nobody")
        assert status == 2
        assert "no gateway is named 'nobody', choose one of: home, gone" in " ".join(error.split())


def test_a_token_from_the_cloud_is_kept(tmp_path: Path, ask: Asked) -> None:
    """The cloud issues tokens rarely, so the next command reuses the saved one."""
    with in_thread(serving_cloud(time.time)) as cloud, in_thread(_gateway()) as running:
        account = f"host: '{running.host}', username: {USER}, password: {PASSWORD}"
        config = f"--config.file={_configured(tmp_path, home=account)}"
        assert ask("--direct", config)[0] == 0
        assert ask("--direct", config)[0] == 0
        assert cloud.logins == 1
    assert load_saved_state(tmp_path / "state", "home").token == cloud.tokens[0]


# --- again and again ---------------------------------------------------------------------------


def test_watching_in_a_terminal(tmp_path: Path) -> None:
    """The screen follows every change, even the end of the exporter, until Ctrl-C."""
    with in_thread(serving(tmp_path, {"home": "battery-home"})) as served:
        terminal = pexpect.spawn(
            COMMAND[0],
            [*COMMAND[1:], "status", f"--url={served.url}", "--watch", "--interval=1s"],
            cwd=str(ROOT),
            env={**environment(tmp_path, {}), "TERM": "xterm", "LANG": "C.UTF-8"},
            encoding="utf-8",
            timeout=PATIENCE,
            dimensions=(50, 120),
        )
        terminal.expect_exact("All is well")
        terminal.expect_exact("24 of 24 report")
        terminal.expect_exact("All is well")
    terminal.expect_exact("no exporter is running there")
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
