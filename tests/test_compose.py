"""compose.yaml, compared with the files, commands and pages that it uses."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from exporter.address import parse
from exporter.clock import SystemClock
from exporter.config import load
from exporter.manager import PollerManager
from exporter.simulator.scenario import scenario_names
from exporter.web.app import application
from exporter.web.config import WebConfig
from tests.conftest import ROOT

TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
#: those that run our own image
OURS = ("exporter", "demo")
ALERTMANAGER = ROOT / "alertmanager"
_DEFAULTED = re.compile(r"\$\{(\w+):-([^}]*)\}")
_PORT = 10055

each = pytest.mark.parametrize("name", SERVICES)
our = pytest.mark.parametrize("name", OURS)


def defaults(text: str) -> str:
    """Return a value as compose fills it in where nothing is set."""
    return _DEFAULTED.sub(lambda match: match[2], text)


def words(name: str) -> list[str]:
    """Return the command of a service."""
    return [defaults(str(word)) for word in SERVICES[name].get("command", [])]


def flags(name: str) -> dict[str, str]:
    """Return the flags of a service's command, and their values."""
    options = [word.partition("=") for word in words(name) if word.startswith("--")]
    return {flag: value for flag, _, value in options}


def volumes(name: str) -> list[tuple[str, str, bool]]:
    """Return what a service has mounted: the source, where, and whether it may write there."""
    split = [volume.split(":") for volume in SERVICES[name].get("volumes", [])]
    return [(source, where, mode != ["ro"]) for source, where, *mode in split]


@each
def test_what_is_mounted_is_there(name: str) -> None:
    """Docker would create an empty folder for a misspelt one without an error."""
    for source, _, writable in volumes(name):
        if source.startswith("."):
            assert (ROOT / source).exists()
            assert not writable
        else:
            assert source in COMPOSE["volumes"]


@each
def test_nobody_is_root_and_nothing_writes_but_to_its_volumes(name: str) -> None:
    """Least privilege, for all of them."""
    service = SERVICES[name]
    user, _, _ = service["user"].partition(":")
    assert int(user) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"


@each
def test_images_are_pinned_and_name_no_registry(name: str) -> None:
    """A version by its tag, or what is built from this folder."""
    image, _, tag = SERVICES[name]["image"].partition(":")
    if SERVICES[name].get("build"):
        assert (ROOT / SERVICES[name]["build"] / "Dockerfile").is_file()
        assert tag == ""
    else:
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag)
        assert "." not in image.partition("/")[0]


def test_all_share_one_network_as_the_configuration_expects() -> None:
    """What prometheus.yml, alertmanager.yml and the data source call localhost is one place."""
    assert [n for n, s in SERVICES.items() if s.get("network_mode") != "service:network"] == [
        "network"
    ]
    # ports can only be published where the network belongs to
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["network"]


def test_ports_are_open_to_this_machine_only() -> None:
    """And are those at which the services listen."""
    opened = [port.split(":") for port in SERVICES["network"]["ports"]]
    assert {host for host, _, _ in opened} == {"127.0.0.1"}
    assert all(outside == inside for _, outside, inside in opened)
    config = yaml.safe_load((ALERTMANAGER / "prometheus.yml").read_text())
    job = config["scrape_configs"][0]
    [manager] = config["alerting"]["alertmanagers"]
    [scraped] = job["static_configs"][0]["targets"]
    [alerts] = manager["static_configs"][0]["targets"]
    [source, _] = yaml.safe_load(
        (ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text()
    )["datasources"]
    served = {parse(scraped).port, parse(alerts).port, urlsplit(source["url"]).port, 3000}
    assert {int(inside) for _, _, inside in opened} == served
    assert parse(scraped).port == _PORT


@our
def test_our_command_and_its_flags_exist(name: str) -> None:
    """As `--help` of the command lists them."""
    command, *_ = words(name)
    help_text = subprocess.run(
        [sys.executable, "-m", "exporter", command, "--help"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert [flag for flag in flags(name) if flag not in help_text] == []


def test_the_demo_runs_at_the_pace_of_prometheus() -> None:
    """On the port that is scraped, with a scenario that there is."""
    given = flags("demo")
    assert given["--speed"] == "1"
    assert parse(given["--web.listen-address"]).port == _PORT
    assert given["--scenario"] in scenario_names()
    # both want the port, so that one is started at a time
    assert (SERVICES["demo"]["profiles"], SERVICES["exporter"]["profiles"]) == (["demo"], ["home"])


def test_the_exporter_understands_its_flags(tmp_path: Path) -> None:
    """Every variable is one that the configuration reads, and what is not set is left out."""
    given = {name: defaults(value) for name, value in SERVICES["exporter"]["environment"].items()}
    mounted = {where: source for source, where, _ in volumes("exporter")}
    secret = tmp_path / "secret"
    secret.write_text("word\n")
    read = load(None, {**given, "ENPHASE_HOST": "192.0.2.10", "ENPHASE_STATE_DIR": "/state"})
    [gateway] = read.gateways
    assert (gateway.host, gateway.name) == ("192.0.2.10", "home")
    assert gateway.credentials().token is None
    # each of them does something
    for name in given:
        changed = load(None, {**given, "ENPHASE_HOST": "192.0.2.10", **_other(name, secret)})
        assert changed.gateways[0] != gateway, name
    assert mounted["/run/enphase"] == "./secrets"
    assert mounted["/state"] == "state"
    assert "ENPHASE_STATE_DIR=/state" in (ROOT / "Dockerfile").read_text()


def _other(name: str, secret: Path) -> dict[str, str]:
    """Return another value for a variable, with the variables that it needs."""
    account = {"ENPHASE_USERNAME": "owner", "ENPHASE_PASSWORD_FILE": str(secret)}
    return {
        "ENPHASE_HOST": {"ENPHASE_HOST": "192.0.2.11"},
        "ENPHASE_NAME": {"ENPHASE_NAME": "cabin"},
        "ENPHASE_TOKEN_FILE": {"ENPHASE_TOKEN_FILE": str(secret)},
        "ENPHASE_USERNAME": account,
        "ENPHASE_PASSWORD_FILE": account,
    }[name]


@our
def test_the_health_check_asks_what_the_exporter_serves(name: str, tmp_path: Path) -> None:
    """It requests an existing page at the right port."""
    test = " ".join(SERVICES[name]["healthcheck"]["test"])
    [url] = [urlsplit(address) for address in re.findall(r"http://[^']+", test)]
    assert url.netloc == f"localhost:{_PORT}"
    app = application(PollerManager(tmp_path, SystemClock()), WebConfig.load(None))
    assert url.path in {resource.get_info().get("path") for resource in app.router.resources()}


@each
def test_every_server_is_asked_whether_it_is_well(name: str) -> None:
    """With patience at the start; what only holds the network has nothing to answer."""
    if name == "network":
        assert "healthcheck" not in SERVICES[name]
        return
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "start_period"} <= set(check)


@pytest.mark.parametrize(
    ("name", "flag"), [("prometheus", "--config.file"), ("alertmanager", "--config.file")]
)
def test_servers_read_the_shipped_configuration(name: str, flag: str) -> None:
    """It is mounted in its place, next to rules and templates; data goes to a volume."""
    path = PurePosixPath(flags(name)[flag])
    mounted = {where: source for source, where, _ in volumes(name)}
    folder = (ROOT / mounted[str(path.parent)]).resolve()
    assert (folder / path.name).is_file()
    config = yaml.safe_load((folder / path.name).read_text())
    beside = config.get("rule_files") or config.get("templates")
    assert beside
    assert all(list(folder.glob(pattern)) for pattern in beside)
    data = flags(name).get("--storage.tsdb.path") or flags(name).get("--storage.path")
    assert mounted[str(data)] == name


def test_no_password_is_left_open() -> None:
    """Compose refuses to start without one for Grafana, and names the variable to set."""
    environment = SERVICES["grafana"]["environment"]
    password = environment["GF_SECURITY_ADMIN_PASSWORD"]
    match = re.fullmatch(r"\$\{(\w+):\?(.+)\}", password)
    assert match
    assert match[1] in match[2]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert environment["GF_USERS_ALLOW_SIGN_UP"] == "false"
    # the environment of our own service has no secret
    assert not {"ENPHASE_TOKEN", "ENPHASE_PASSWORD"} & set(SERVICES["exporter"]["environment"])


def test_secrets_are_never_committed() -> None:
    """The folder is there, and git takes nothing that is put into it."""
    kept = subprocess.run(
        ["git", "check-ignore", "--quiet", "secrets/token"], cwd=ROOT, check=False
    )
    assert kept.returncode == 0
