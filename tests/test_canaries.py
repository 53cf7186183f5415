"""Canaries: secrets in every possible place, searched for wherever one may leak.

A real exporter at debug level, with a gateway and a cloud that misbehave and repeat what they
received. Environment variables of a process can be read by its own user; a `…_FILE` avoids that.
"""

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import aiohttp
import bcrypt
import pytest
import yaml
from aiohttp import web

from exporter.clock import SystemClock
from exporter.gateway.paths import CHECK_JWT
from exporter.simulator import tokens
from exporter.simulator.access import TokenAccessCheck
from exporter.simulator.cloud import CloudMode, SimulatedCloud, serve_cloud
from exporter.simulator.faults import Fault, PendingResponse, plain
from exporter.simulator.gateway import HttpResponse
from exporter.simulator.homes import SAMPLE_HOMES, sample_home
from exporter.simulator.server import RunningGateway, serve
from tests.conftest import ROOT
from tests.process import ExporterProcess, exporter_process
from tests.web.listener import basic

USER = "canary-user@example.invalid"
PASSWORD = 'canary pass/word+&"é'
SCRAPER = "canary-scraper"
PROXY = "canary-proxy"
PAGES = ("/", "/metrics", "/-/healthy", "/-/ready", "/nothing", "/metrics?token=canary-query")


@dataclass(frozen=True, slots=True)
class EchoFault(Fault):
    """An answer that repeats all that was sent, in its body and in its headers."""

    code: int = 200
    kind: str = "text/html"

    async def send(self, call: PendingResponse) -> web.StreamResponse:
        """See `Fault`."""
        received = repr(sorted(call.request.headers.items()))
        headers = {
            "Content-Type": self.kind,
            "Location": f"https://127.0.0.1:1/?received={quote(received)}",
            "X-Received": received,
        }
        return plain(HttpResponse(self.code, f"<html>{received}</html>".encode(), headers))


#: each endpoint repeats the request in another way
ECHOES: dict[str, Fault] = {
    "/ivp/ensemble/inventory": EchoFault(code=401),
    "/ivp/meters/readings": EchoFault(code=302),
    "/ivp/ensemble/secctrl": EchoFault(code=500),
    "/ivp/ensemble/power": EchoFault(kind="application/json"),
    "/api/v1/production": EchoFault(code=403),
    "/api/v1/production/inverters": EchoFault(code=200),
    "/home": EchoFault(code=307),
    "/admin/lib/tariff": EchoFault(kind="application/json"),
}
#: requests after which a gateway has repeated enough
ENOUGH = 8
#: a mistake of ours at the worst place, with all secrets in its message
MISTAKE = """
from exporter.gateway.poller import Poller
def mistake(self, schedule, response, duration):
    login = self._client._auth
    raise RuntimeError(repr((vars(login), login.token.value, login.auth.headers,
                             list(self._client._http.cookie_jar), login._config.credentials())))
Poller._take = mistake
"""


@dataclass
class LeakCase:
    """How the exporter is configured, and what goes wrong."""

    #: keys of the gateway in the configuration file; a file name stands for its content
    keys: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, Fault] = field(default_factory=dict)
    mode: CloudMode = "ok"
    home: str = "battery-home"
    format: str = "logfmt"
    first: str = ""


TOKEN = "{token}"
ACCOUNT = {"username": USER, "password": PASSWORD}
CASES: dict[str, LeakCase] = {
    "token": LeakCase({"token": TOKEN}, faults=ECHOES),
    "token-json": LeakCase({"token": TOKEN}, faults=ECHOES, format="json"),
    "token-file": LeakCase({"token_file": TOKEN}, faults={CHECK_JWT: EchoFault(code=401)}),
    "token-variable": LeakCase(
        variables={"ENPHASE_TOKEN": TOKEN}, faults={CHECK_JWT: EchoFault(code=302)}
    ),
    "mistake": LeakCase({"token": TOKEN, **ACCOUNT}, first=MISTAKE),
    "account": LeakCase(ACCOUNT, faults=ECHOES),
    "account-files": LeakCase(
        {"username_file": USER, "password_file": PASSWORD}, faults=ECHOES, format="json"
    ),
    "account-variables": LeakCase(
        variables={"ENPHASE_USERNAME": USER, "ENPHASE_PASSWORD": PASSWORD}, mode="wrong password"
    ),
    "mfa": LeakCase(ACCOUNT, mode="mfa"),
    "not-registered": LeakCase(ACCOUNT, mode="not registered"),
    "cut-off": LeakCase(ACCOUNT, mode="cut off"),
    "digest": LeakCase(
        {"username": "installer", "password": PASSWORD}, home="legacy", faults=ECHOES
    ),
}


def forms(secret: str) -> Iterator[str]:
    """Yield what a secret may look like where it has leaked."""
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield repr(secret)[1:-1]
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
    if secret.startswith("eyJ"):
        # the first part is the same for all
        yield from secret.split(".")[1:]


def leaks(text: str, secrets: set[str]) -> list[str]:
    """Return which of the secrets a text gives away."""
    return sorted(s for s in secrets if any(form in text for form in forms(s)))


@asynccontextmanager
async def world(case: LeakCase) -> AsyncIterator[tuple[RunningGateway, SimulatedCloud]]:
    """Serve the gateway and the cloud of a case."""
    clock = SystemClock()
    async with (
        serve(sample_home(case.home, clock.time), now=clock.time) as gateway,
        serve_cloud(clock.time, username=USER, password=PASSWORD) as cloud,
    ):
        cloud.session, cloud.manager_token = "canary-session", "canary-manager-token"
        cloud.mode = case.mode
        gateway.faults |= case.faults
        yield gateway, cloud


def configured(folder: Path, case: LeakCase, gateway: RunningGateway, token: str) -> list[str]:
    """Write the files of a case, and return the flags that name them."""
    keys: dict[str, Any] = {"name": "home", "host": gateway.host}
    for key, value in case.keys.items():
        setting = value.replace(TOKEN, token)
        if key.endswith("_file"):
            (folder / key).write_text(setting)
            setting = str(folder / key)
        keys[key] = setting
    hashed = bcrypt.hashpw(SCRAPER.encode(), bcrypt.gensalt(4)).decode()
    (folder / "web.yml").write_text(f"basic_auth_users: {{prometheus: '{hashed}'}}")
    state = folder / "state"
    state.mkdir(mode=0o755)
    # from elsewhere, and open to everybody
    (state / "home.json").write_text("{}")
    (state / "home.json").chmod(0o644)
    config = {"gateways": [keys], "state_dir": str(state), "log": {"format": case.format}}
    (folder / "enphase.yml").write_text(yaml.safe_dump(config))
    return [
        f"--config.file={folder / 'enphase.yml'}",
        f"--web.config.file={folder / 'web.yml'}",
        "--log.level=debug",
    ]


def commandline(pid: int) -> str:
    """Return what everybody on the machine may see of a process."""
    return Path(f"/proc/{pid}/cmdline").read_text()


def private(folder: Path) -> str:
    """Return what the files of a folder hold, which nobody else may read."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_dir()} <= {0o700}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    return "\n".join(path.read_bytes().decode("latin-1") for path in files)


async def pages(process: ExporterProcess) -> list[str]:
    """Return all responses of the exporter, with and without a login."""
    output: list[str] = []
    url = await process.url()
    for authorization in (basic("prometheus", SCRAPER), basic("prometheus", "canary-guess")):
        async with aiohttp.ClientSession(headers={"Authorization": authorization}) as client:
            for path in PAGES:
                async with client.get(f"{url}{path}") as response:
                    output.append(f"{sorted(response.headers.items())} {await response.text()}")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    broken = f"GET / HTTP/1.1\r\nAuthorization: {basic('prometheus', SCRAPER)}\x01\r\n\r\n"
    writer.write(broken.encode())
    output.append((await reader.read()).decode())
    writer.close()
    return output


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_no_secret_is_found_where_it_does_not_belong(case: LeakCase, tmp_path: Path) -> None:
    """Not in logs, answers, tracebacks or the process list; the state has the token, privately."""
    async with world(case) as (gateway, cloud):
        token = tokens.make(SAMPLE_HOMES[case.home].serial, now=SystemClock().time())
        flags = configured(tmp_path, case, gateway, token)
        variables = {name: text.replace(TOKEN, token) for name, text in case.variables.items()}
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            variables[name] = f"http://proxy:{PROXY}@127.0.0.1:1"
        async with exporter_process(
            tmp_path, *flags, cloud=cloud, variables=variables, first=case.first
        ) as process:
            if case.faults == ECHOES:
                await process.until(lambda: len(gateway.requests) >= ENOUGH)
            else:
                await process.wait_for_log("reading failed" if case.first else r"reason\W+\w+")
            output = await pages(process)
            command = commandline(process.process.pid)
            process.process.terminate()
            assert await process.ended() == 0
        login = gateway.login
        sessions = set(login._sessions) if isinstance(login, TokenAccessCheck) else set()

    log = process.log.decode()
    assert "level=debug" in log or '"level": "debug"' in log
    secrets = {token, PASSWORD, USER, SCRAPER, "canary-guess", PROXY, "canary-query", *sessions}
    secrets |= {cloud.session, cloud.manager_token, *cloud.tokens}
    hashed = (tmp_path / "web.yml").read_text().split("'")[1]
    assert leaks(log, secrets | {hashed}) == []
    assert leaks("\n".join(output), secrets | {hashed}) == []
    assert leaks(command, secrets) == []

    tokens_only = secrets - {*cloud.tokens, token}
    assert leaks(private(tmp_path / "state"), tokens_only | {hashed}) == []


BAD = {
    "url": f"gateways: [{{host: 'https://me:{SCRAPER}@envoy.local'}}]",
    "url-without-scheme": f"gateways: [{{host: 'me:{SCRAPER}@envoy.local'}}]",
    "token-with-blanks": f"gateways: [{{host: a, token: '{SCRAPER} {SCRAPER}'}}]",
    "token-of-two-kinds": f"gateways: [{{host: a, token: {SCRAPER}, token_file: /dev/null}}]",
    "token-is-a-list": f"gateways: [{{host: a, token: [{SCRAPER}]}}]",
    "password-without-user": f"gateways: [{{host: a, password: {SCRAPER}}}]",
    "misspelt": f"gateways: [{{host: a, pasword: {SCRAPER}}}]",
    "misplaced": f"gateways: []\npassword: {SCRAPER}",
    "broken-yaml": f"gateways: [{{host: a, token: '{SCRAPER}}}]",
    "web-password": f"basic_auth_users: {{alice: {SCRAPER}}}",
    "web-broken-yaml": f"basic_auth_users: {{alice: '{SCRAPER}}}",
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_in_a_file_shows_no_secret(name: str, tmp_path: Path) -> None:
    """A mistake in the configuration is reported without the wrong value."""
    (tmp_path / "web.yml").write_text(BAD[name] if name.startswith("web") else "{}")
    (tmp_path / "enphase.yml").write_text(
        "gateways: [{host: a}]" if name.startswith("web") else BAD[name]
    )
    files = ("--config.file=enphase.yml", "--web.config.file=web.yml", "--log.level=debug")
    done = subprocess.run(
        [sys.executable, "-m", "exporter", "serve", *files, "--config.check"],
        capture_output=True,
        check=False,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1
    assert done.stderr
    assert SCRAPER not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "variable",
    [
        ("ENPHASE_HOST", f"https://me:{SCRAPER}@envoy.local"),
        ("ENPHASE_TOKEN", f"{SCRAPER} {SCRAPER}"),
        ("ENPHASE_TOKEN_FILE", f"/nowhere/{SCRAPER}"),
        ("ENPHASE_PASSWORD", SCRAPER),
    ],
    ids=lambda variable: variable[0],
)
def test_a_mistake_in_a_variable_shows_no_secret(variable: tuple[str, str], tmp_path: Path) -> None:
    """A wrong environment variable is reported without its value; a path is no secret."""
    name, value = variable
    done = subprocess.run(
        [sys.executable, "-m", "exporter", "serve", "--config.check", "--log.level=debug"],
        capture_output=True,
        check=False,
        text=True,
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "ENPHASE_HOST": "envoy.local",
            name: value,
        },
    )
    assert done.returncode == 1
    output = done.stdout + done.stderr
    assert (SCRAPER in output) == name.endswith("_FILE")
