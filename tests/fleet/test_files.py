"""The files of `deploy/fleet`, as far as they can be held to account without a fleet."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from exporter.config import load
from exporter.metrics.catalogue import FAMILIES
from tests.alerts.rule_files import RULES
from tests.fleet import running
from tests.fleet.placing import ADDRESSES, EXPORTERS, FOLDER, README, addresses
from tests.fleet.running import sharded, until, write_pager
from tests.manifests import flags_of_serve
from tools.stack import config_files, programs
from tools.stack.ports import LOOPBACK, Ports, free_port_numbers
from tools.stack.processes import running as children
from tools.stack.programs import Tools

RULE_TESTS = Path(__file__).with_name("fleet_test.yml")
PROMETHEUS = ("prometheus-agent.yml", "prometheus-central.yml")
_WINDOW = re.compile(r"(?:\[|offset )(\d+)([smhdwy])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


def read(name: str) -> Any:
    """Return what a file of the folder holds."""
    return yaml.safe_load((FOLDER / name).read_text())


def run(*words: str | Path) -> str:
    """Return the output of a command; it has to succeed."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("count", [1, 3])
def test_agents_share_all_gateways_and_exporters(promtool: str, tmp_path: Path, count: int) -> None:
    """The command in the README makes a valid file for each, and no two keep the same part."""
    parts: set[tuple[str, str]] = set()
    for number in range(count):
        path = sharded(number, count, tmp_path)
        assert "SUCCESS" in run(promtool, "check", "config", "--agent", path)
        *split, itself = yaml.safe_load(path.read_text())["scrape_configs"]
        for job in split:
            hashed, kept, *_ = job["relabel_configs"]
            assert (hashed["action"], hashed["modulus"]) == ("hashmod", count)
            assert (kept["action"], kept["source_labels"]) == ("keep", [hashed["target_label"]])
            parts.add((job["job_name"], kept["regex"]))
        assert itself["static_configs"][0]["labels"] == {"instance": f"agent-{number}"}
    jobs = ("enphase", "enphase-exporter")
    assert parts == {(job, str(number)) for job in jobs for number in range(count)}


def test_the_middle_loads_the_rules_of_a_house_and_those_of_a_fleet(
    promtool: str, tmp_path: Path
) -> None:
    """With the setup from the README, promtool finds every rule file and no mistake."""
    shutil.copy(FOLDER / "prometheus-central.yml", tmp_path)
    shutil.copy(FOLDER / "fleet.rules.yml", tmp_path)
    shutil.copytree(RULES[0].parent, tmp_path / "rules")
    output = run(promtool, "check", "config", tmp_path / "prometheus-central.yml")
    assert f"{len(RULES) + 1} rule files found" in output


@pytest.mark.slow
def test_the_rule_tests_pass(promtool: str) -> None:
    """Agents and gateways that fall silent are missed in time, and for a day."""
    assert "SUCCESS" in run(promtool, "test", "rules", RULE_TESTS)


def test_the_middle_remembers_as_long_as_rules_look_back() -> None:
    """No rule queries data beyond the retention."""
    rules = [*RULES, FOLDER / "fleet.rules.yml"]
    windows = [window for path in rules for window in _WINDOW.findall(path.read_text())]
    longest = max(int(number) * _SECONDS[unit] for number, unit in windows)
    texts = README, (FOLDER / "prometheus-central.yml").read_text()
    for text in texts:
        [(number, unit)] = re.findall(r"--storage.tsdb.retention.time=(\d+)([a-z])", text)
        assert int(number) * _SECONDS[unit] > longest + _SECONDS["d"]


def test_the_parts_find_each_other() -> None:
    """Every address belongs to a part of the fleet, and every exporter in the list is scraped."""
    assert set().union(*(addresses((FOLDER / name).read_text()) for name in PROMETHEUS)) == {
        *ADDRESSES
    }
    gateways, exporters, _ = read("prometheus-agent.yml")["scrape_configs"]
    asked = [source["url"] for source in gateways["http_sd_configs"]]
    assert asked == [f"http://{address}/sd" for address in EXPORTERS]
    assert exporters["static_configs"] == [{"targets": [*EXPORTERS]}]


def test_jobs_are_called_as_the_alerts_expect() -> None:
    """EnphaseExporterDown looks for jobs whose names begin with enphase."""
    jobs = [job["job_name"] for job in read("prometheus-agent.yml")["scrape_configs"]]
    assert all(job.startswith("enphase") for job in jobs)


def test_exporters_split_the_list(tmp_path: Path) -> None:
    """The example is loaded, each gateway by one shard, and `/metrics` has none of them."""
    shutil.copytree(FOLDER, tmp_path / "fleet")
    listed = read("gateways.yml")
    secrets = {entry[key] for entry in listed for key in entry if key.endswith("_file")}
    (tmp_path / "fleet/tokens").mkdir()
    for name in secrets:
        (tmp_path / "fleet" / name).write_text("eyJ0")
    path = tmp_path / "fleet/enphase-exporter.yml"
    parts = [load(path, {"HOME": "/root"}, shard=f"{index}/2") for index in (0, 1)]
    names = [gateway.name for part in parts for gateway in part.gateways]
    assert sorted(names) == [entry["name"] for entry in listed]
    assert not any(part.gateways_on_metrics for part in parts)


def test_no_secret_stands_in_a_file() -> None:
    """Passwords and tokens are named by their files alone, in comments too."""
    for path in FOLDER.iterdir():
        words = re.findall(r"\b(token|password|credentials|bearer_token):", path.read_text())
        assert words == [], path.name


def test_every_alert_has_its_runbook() -> None:
    """The README has a part for each, and the address of the runbook leads there."""
    for group in read("fleet.rules.yml")["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["runbook_url"].endswith(
                f"/blob/main/deploy/fleet/README.md#{rule['alert'].lower()}"
            )
            _, _, runbook = README.partition(f"\n## {rule['alert']}\n")
            bold = re.findall(r"^\*\*(\w+)\.\*\*", runbook.partition("\n## ")[0], re.M)
            assert bold == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
            assert set(re.findall(r"enphase_\w+", rule["expr"])) <= FAMILIES.keys()


def test_flags_exist(pager: Tools, victoria: str) -> None:
    """Every flag in the files is one of the program that is meant."""
    texts = [path.read_text() for path in FOLDER.iterdir()]
    given = {flag for text in texts for flag in re.findall(r"\s(--?[a-z][\w.-]+)=", text)}
    result = subprocess.run(
        [pager.prometheus, "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    store = subprocess.run([victoria, "-help"], capture_output=True, text=True, check=False)
    flags = set(re.findall(r"--[a-z][\w.-]+", result.stdout + result.stderr)) | flags_of_serve()
    flags |= set(re.findall(r"^  (-\w+)", store.stdout + store.stderr, re.M))
    assert given - flags == set()
    assert {"--shard", "--enable-feature", "-retentionPeriod"} <= given


async def test_a_dead_exporter_is_one_page(pager: Tools, tmp_path: Path) -> None:
    """With the lines of the README, Alertmanager inhibits what follows from one cause."""
    down, unwatched = {"alertname": "EnphaseExporterDown"}, "EnphaseGatewayUnwatched"
    own = {**down, "job": "enphase-exporter", "instance": "exporter-0", "exporter": "exporter-0"}
    its = {**down, "job": "enphase", "instance": "site-0", "exporter": "exporter-0"}
    other = {**down, "job": "enphase", "instance": "site-1", "exporter": "exporter-1"}
    device = {"alertname": "EnphaseGridOutage", "gateway": "site-0"}
    lost = {"alertname": unwatched, "gateway": "site-2"}
    agent = {"alertname": "EnphaseAgentDown", "job": "enphase-agent", "instance": "agent-0"}
    port, phone = free_port_numbers(2)
    ports = Ports(alertmanager=port, phone=phone)
    config = config_files.place(ports, tmp_path)
    write_pager(config / "alertmanager.yml")
    url = f"http://{LOOPBACK}:{port}/api/v2/alerts"
    async with (
        children([programs.alertmanager(pager, ports, config, tmp_path)], tmp_path) as started,
        aiohttp.ClientSession() as client,
    ):
        await started.ready()
        alerts = [{"labels": labels} for labels in (own, its, other, device, lost, agent)]
        async with client.post(url, json=alerts) as response:
            assert response.ok

        async def inhibitions() -> list[tuple[dict[str, str], bool]]:
            async with client.get(url) as response:
                held = await response.json()
            suppressed = [(each["labels"], bool(each["status"]["inhibitedBy"])) for each in held]
            return suppressed if len(suppressed) == len(alerts) else []

        muted = [labels for labels, inhibited in await until(inhibitions) if inhibited]
    assert sorted(muted, key=str) == sorted([its, lost], key=str)


def test_what_runs_is_what_is_shipped() -> None:
    """The fleet of the other test is made from all files of this folder."""
    made = Path(running.__file__).read_text() + (Path(__file__).parent / "placing.py").read_text()
    names = {path.name for path in FOLDER.iterdir()} - {"gateways.yml"}
    assert {name for name in names if name not in made} == set()
