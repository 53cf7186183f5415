"""The runbooks as pages of the exporter."""

import re
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from exporter.web.runbooks import runbook_files
from tests.alerts.rule_files import ALERTS, RUNBOOKS
from tests.web.serving import serving
from tests.web.test_rendering import PageParser


async def test_every_runbook_is_a_page_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    """All of them are listed and served, whole, and whatever they link to here is there."""
    async with (
        serving(tmp_path, {"home": None}) as served,
        aiohttp.ClientSession(served.url) as client,
    ):
        async with client.get("/runbooks/") as response:
            index = await response.text()
        assert set(re.findall(r'href="/runbooks/(\w+)"', index)) == {p.stem for p in RUNBOOKS}
        for path in RUNBOOKS:
            async with client.get(f"/runbooks/{path.stem}") as response:
                assert response.status == 200
                assert response.content_type == "text/html"
                body = await response.text()
            read = PageParser(body)
            assert path.stem in read.text
            assert "## " not in read.text
            assert "Mitigation" in read.text or path.stem == "EnphaseWatchdog"
            assert "script" not in {name for name, _ in read.tags}
            for target in re.findall(r'href="([\w./-]+\.md)"', body):
                async with client.get(f"/runbooks/{target}") as response:
                    assert response.status == 200, target


async def test_the_list_begins_with_what_is_critical(tmp_path: Path) -> None:
    """Each alert is there with its summary, by severity."""
    async with (
        serving(tmp_path, {"home": None}) as served,
        aiohttp.ClientSession(served.url) as client,
        client.get("/runbooks/") as response,
    ):
        text = PageParser(await response.text()).text
    assert text.index("Critical: act now") < text.index("Warning: the same day")
    severities = Counter(alert.name for alert in ALERTS)
    for rule in ALERTS:
        assert rule.annotations["summary"] in text or severities[rule.name] > 1


@pytest.mark.parametrize(
    "name",
    ["Nothing", "..%2f..%2fREADME", "EnphaseGridOutage.md.md", "a%00b", "x" * 3000],
)
async def test_other_names_are_not_found(name: str, tmp_path: Path) -> None:
    """No name leads to another file."""
    async with (
        serving(tmp_path, {"home": None}) as served,
        aiohttp.ClientSession(served.url) as client,
        client.get(f"/runbooks/{name}") as response,
    ):
        assert response.status == 404


def test_an_installation_without_runbooks_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they were left out, the list is empty and nothing raises."""
    runbook_files.cache_clear()
    for name in ("_PACKAGED", "_CHECKOUT"):
        monkeypatch.setattr(f"exporter.web.runbooks.{name}", Path("/nowhere"))
    assert runbook_files() == {}
    runbook_files.cache_clear()
