"""The pages for users: what they tell one to write works, and their links lead somewhere."""

import asyncio
import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, StrictUndefined

from exporter.config import load, load_alerts
from tests.conftest import ROOT
from tests.process import exporter_process
from tests.test_shutdown import configured, gateway
from tools.stack.ports import free_port_numbers

PAGES = sorted((ROOT / "docs").glob("*.md"))
#: seconds after which something is taken for hung; no test waits that long to succeed
PATIENCE = 120
_RECEIVER = ("--web.enable-remote-write-receiver", "--config.file=central.yml")


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    text = (ROOT / "docs" / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def block(page: str, language: str, word: str) -> str:
    """Return the only code block with this word."""
    [found] = [text for text in blocks(page, language) if word in text]
    return found


def test_the_readme_is_short() -> None:
    """A newcomer reads it to the end."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_every_page_is_linked_from_the_readme() -> None:
    """No page is found by accident only."""
    links = set(re.findall(r"\]\(docs/([\w-]+\.md)", (ROOT / "README.md").read_text()))
    reachable, todo = set(links), list(links)
    while todo:
        text = (ROOT / "docs" / todo.pop()).read_text()
        new = set(re.findall(r"\]\(([\w-]+\.md)", text)) - reachable
        reachable |= new
        todo += new
    assert {page.name for page in PAGES} <= reachable


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_are_valid_yaml(page: Path) -> None:
    """Every YAML example can be read."""
    for text in blocks(page.name, "yaml"):
        yaml.safe_load(text)


def test_thresholds_are_accepted(tmp_path: Path) -> None:
    """The configuration of the page on thresholds is one."""
    file = tmp_path / "enphase-exporter.yml"
    file.write_text(block("thresholds.md", "yaml", "host: 192"))
    config = load(file, {"ENPHASE_STATE_DIR": str(tmp_path)})
    assert config.alerts.thresholds["backup_runtime_seconds"] == 10800
    assert config.gateways[0].alerts.thresholds["backup_runtime_seconds"] == 28800
    file.write_text(block("thresholds.md", "yaml", "# alerts.yml"))
    alerts, gateways, alone = load_alerts(file, {})
    assert alone
    assert alerts.thresholds == {"backup_runtime_seconds": 10800}
    assert gateways["cabin"].thresholds == {"backup_runtime_seconds": 28800}


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_the_old_name_is_recorded(tmp_path: Path) -> None:
    """The rule for a renamed metric is one for Prometheus."""
    file = tmp_path / "old.yml"
    file.write_text(block("upgrading.md", "yaml", "old-names"))
    subprocess.run(["promtool", "check", "rules", file], check=True, capture_output=True)


async def test_home_assistant_reads_the_status(tmp_path: Path) -> None:
    """The templates have values for a real document, and say so where there is none."""
    async with gateway() as there:
        flag = configured(tmp_path, there.host, token=there.token)
        async with exporter_process(tmp_path, flag) as process:
            await process.full("enphase_storage_soc_ratio")
            url = f"{await process.url()}/api/v1/status"
            document = json.loads(await asyncio.to_thread(_get, url))
    [rest] = yaml.safe_load(block("home-assistant.md", "yaml", "resource:"))["rest"]
    assert urllib.parse.urlsplit(rest["resource"]).path == "/api/v1/status"
    values = {each["name"]: _rendered(each, document) for each in rest["sensor"]}
    assert float(values["Enphase battery"]) > 0
    assert values["Enphase state"]
    document["gateways"][0]["storage"] = None
    battery = next(each for each in rest["sensor"] if each["name"] == "Enphase battery")
    assert _rendered(battery, document) == "unavailable"


def _rendered(sensor: dict[str, Any], document: Any) -> str:
    """Return what Home Assistant shows for a sensor."""
    templates = Environment(undefined=StrictUndefined, autoescape=True)
    available = templates.from_string(sensor.get("availability", "True"))
    if available.render(value_json=document) != "True":
        return "unavailable"
    return templates.from_string(sensor["value_template"]).render(value_json=document)


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE) as response:  # noqa: S310 - of this test
        return str(response.read().decode())


@pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed")
async def test_a_site_writes_to_a_real_receiver(tmp_path: Path) -> None:
    """The agent of the page delivers what the exporter serves, and the password is not refused."""
    agent_port, receiver_port = free_port_numbers(2)
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(gateway())
        flag = configured(tmp_path, there.host, token=there.token)
        process = await stack.enter_async_context(exporter_process(tmp_path, flag))
        await process.full()
        target = (await process.url()).removeprefix("http://")
        (tmp_path / "password").write_text("secret")
        (tmp_path / "central.yml").write_text("{}\n")
        recipe = yaml.safe_load(block("remote-write.md", "yaml", "remote_write:"))
        # the site's addresses, and a pace that no test has to wait for
        recipe["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s"}
        [site] = recipe["scrape_configs"][0]["static_configs"]
        site["targets"] = [target]
        [write] = recipe["remote_write"]
        write["url"] = f"http://127.0.0.1:{receiver_port}/api/v1/write"
        write["basic_auth"]["password_file"] = str(tmp_path / "password")
        (tmp_path / "agent.yml").write_text(yaml.safe_dump(recipe))
        options = re.findall(r"--[\w.-]+(?:=[\w-]+)?", block("remote-write.md", "sh", "ARGS="))
        agent = [word for word in options if not word.startswith("--storage")]
        for words in (
            (
                "--config.file=central.yml",
                "--web.enable-remote-write-receiver",
                f":{receiver_port}",
            ),
            (*agent, "--storage.agent.path=agent", "--config.file=agent.yml", f":{agent_port}"),
        ):
            await stack.enter_async_context(_prometheus(tmp_path, *words))
        query = urllib.parse.quote('enphase_encharge_soc_ratio{job="enphase",instance="cabin"}')
        url = f"http://127.0.0.1:{receiver_port}/api/v1/query?query={query}"
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(_results, url):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.2)


@asynccontextmanager
async def _prometheus(folder: Path, *words: str) -> AsyncIterator[None]:
    """Run a Prometheus in a folder; the last word is its port."""
    process = await asyncio.create_subprocess_exec(
        *("prometheus", *words[:-1], f"--web.listen-address=127.0.0.1{words[-1]}"),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


def _results(url: str) -> list[Any]:
    try:
        return list(json.loads(_get(url))["data"]["result"])
    except OSError:
        return []
