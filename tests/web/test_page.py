"""The status page and its JSON, requested over HTTP."""

import json
import re
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from exporter import __version__
from exporter.clock import VirtualClock
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.homes.device_states import inverter_serial
from exporter.snapshot import Snapshot
from exporter.status.models import GatewayStatus
from exporter.web.fleet import PAGE_SIZE
from exporter.web.rendering import printable
from grafana.kit import colours
from tests.polled_gateway import polled_gateway
from tests.web.serving import Served, serving
from tests.web.test_rendering import PageParser

KILOBYTE = 1000
HOSTILE = "</title><script>alert(1)</script>\"\n'&"


async def get(served: Served, path: str) -> tuple[int, str, Any]:
    """Return status, body and headers."""
    async with aiohttp.ClientSession() as client, client.get(served.url + path) as response:
        return response.status, await response.text(), response.headers


async def test_a_big_home_fits_into_a_small_page(tmp_path: Path) -> None:
    """100 panels and 20 batteries, each listed, take less than 100 kB."""
    places = {
        inverter_serial(number): {"name": f"Panel {number}", "x": number % 20, "y": number // 20}
        for number in range(100)
    }
    async with serving(tmp_path, {"big": "big-home"}, inverters=places) as served:
        status, body, headers = await get(served, "/")
        gateway = served.manager.status_store.status("big")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert len(body.encode()) < 100 * KILOBYTE
    assert len(gateway.panels) == SAMPLE_HOMES["big-home"].inverters == 100
    assert len(gateway.batteries) == 20
    serials = [panel.serial for panel in gateway.panels]
    serials += [battery.serial for battery in gateway.batteries]
    assert [serial for serial in serials if serial not in body] == []


async def test_the_page_refreshes_itself_unless_disabled(tmp_path: Path) -> None:
    """A header makes browsers refresh the page; a parameter turns that off."""
    async with serving(tmp_path, {"home": None}) as served:
        _, body, headers = await get(served, "/")
        assert headers["Refresh"] == "15"
        assert headers["Cache-Control"] == "no-store"
        assert 'href="/?refresh=0"' in body
        _, body, headers = await get(served, "/?refresh=0")
        assert "Refresh" not in headers
        assert 'href="/"' in body


async def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    """The page is one piece: no script, no other file, and its policy allows none."""
    async with serving(tmp_path, {"home": "battery-home"}) as served:
        _, body, headers = await get(served, "/")
    tags = PageParser(body).tags
    assert "script" not in {name for name, _ in tags}
    loaded = [
        value or ""
        for name, attributes in tags
        for key, value in attributes
        if name != "a" and key in ("src", "srcset", "href", "xlink:href", "data")
    ]
    assert [value for value in loaded if not value.startswith("data:")] == []
    assert not any(key == "style" or key.startswith("on") for _, a in tags for key, _ in a)
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_colours_mean_what_they_mean_on_the_dashboards() -> None:
    """The colours of the page are those of the dashboards."""
    style = files("exporter.web").joinpath("templates", "page.css").read_text()
    style_colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", style[: style.index("@media")]))
    names = ("SOLAR", "HOUSE", "IMPORT", "EXPORT", "CHARGE", "DISCHARGE", "OUTAGE")
    assert {name: style_colours[name.lower()] for name in names} == {
        name: getattr(colours, name).lower() for name in names
    }


async def test_names_are_text_wherever_they_stand(tmp_path: Path) -> None:
    """Gateways and panels may be called what they like; no tag and no attribute comes of it."""
    labels = {"489900000001": {"name": HOSTILE, "array": HOSTILE}}
    homes = {HOSTILE.replace("\n", ""): "solar-only", "other": None}
    async with serving(tmp_path, homes, inverters=labels) as served:
        _, overview, _ = await get(served, "/")
        href = next(
            value
            for name, attributes in PageParser(overview).tags
            for key, value in attributes
            if name == "a" and key == "href" and value and "gateway=" in value
            and "other" not in value
        )  # fmt: skip
        status, body, _ = await get(served, href)
    assert status == 200
    for page in (overview, body):
        assert "<script" not in page
        assert "alert(1)" in PageParser(page).text
    assert PageParser(body).text.count("alert(1)") > 4


async def test_content_of_the_gateway_is_escaped(tmp_path: Path) -> None:
    """A device name that contains a script is displayed as text."""
    async with serving(tmp_path, {"home": "battery-home"}) as served:
        status_store = served.manager.status_store
        async with polled_gateway("battery-home", tmp_path) as watched:
            await watched.pass_time(1)
            readings = dict(watched.poller.readings)
        for name, member in (("battery_power", "encharge_power"), ("inverters", "inverters")):
            old = readings[name]
            renamed = {
                f"<script>{HOSTILE}{serial}": device for serial, device in old.data[member].items()
            }
            readings[name] = type(old)({**old.data, member: renamed}, old.read_at)
        await served.manager.close()
        status_store.update(Snapshot("home", readings), HOSTILE)
        _, body, _ = await get(served, "/")
        _, text, _ = await get(served, "/api/v1/status")
    assert "<script" not in body
    assert PageParser(body).text.count(printable(HOSTILE)) > 30
    serials = {battery["serial"] for battery in json.loads(text)["gateways"][0]["batteries"]}
    assert f"<script>{HOSTILE}492900000001" in serials


async def test_many_gateways_are_listed_page_by_page(tmp_path: Path) -> None:
    """A thousand of them make a small page: the worst, a link to each, and a way to the rest."""
    async with serving(tmp_path, {"worst": None}) as served:
        now = VirtualClock(time.time())
        async with polled_gateway("battery-home", tmp_path, now) as watched:
            await watched.pass_time(1)
            readings = dict(watched.poller.readings)
        fresh = {
            name: type(reading)(reading.data, reading.read_at) for name, reading in readings.items()
        }
        for index in range(999):
            served.manager.status_store.update(Snapshot(f"house {index:03}", fresh))
        _, body, _ = await get(served, "/")
        assert len(body.encode()) < 100 * KILOBYTE
        assert "1000 gateways" in body
        assert body.index(">worst</a>") < body.index(">house 000</a>")
        assert body.count('href="/?gateway=') == PAGE_SIZE
        names = {name for page in range(1, 21) for name in await linked(served, page)}
        assert len(names) == 1000
        assert await linked(served, 9999) == await linked(served, 20)
        for nonsense in ("0", "-1", "x", "1e3", "9" * 50):
            assert await linked(served, nonsense) == await linked(served, 1)
        status, body, _ = await get(served, "/?gateway=house+500")
        assert status == 200
        assert 'href="/">All gateways' in body


async def linked(served: Served, page: object) -> list[str]:
    """Return what a page of the overview links to."""
    _, body, _ = await get(served, f"/?page={page}")
    return [
        value or ""
        for name, attributes in PageParser(body).tags
        for key, value in attributes
        if name == "a" and key == "href" and value and value.startswith("/?gateway=")
    ]


@pytest.mark.parametrize("path", ["/?gateway=nobody", "/api/v1/status?gateway=nobody"])
async def test_a_gateway_that_is_not_there_is_not_found(path: str, tmp_path: Path) -> None:
    """An unknown name is 404, never an empty page."""
    async with serving(tmp_path, {"home": None}) as served:
        status, body, _ = await get(served, path)
    assert (status, body) == (404, "404: Not Found\n")


async def test_without_gateways_the_page_says_so(tmp_path: Path) -> None:
    """There can be a moment with none."""
    async with serving(tmp_path, {"home": None}) as served:
        served.manager.status_store.remove("home")
        status, body, _ = await get(served, "/")
        _, text, _ = await get(served, "/api/v1/status")
    assert status == 200
    assert "No gateway is configured." in body
    assert json.loads(text)["gateways"] == []


async def test_the_json_has_the_data_of_the_page(tmp_path: Path) -> None:
    """Every field of the model is there by its name; not known is null."""
    homes = {"full": "battery-home", "solar": "solar-only", "gone": None}
    async with serving(tmp_path, homes) as served:
        _, text, headers = await get(served, "/api/v1/status")
        status = json.loads(text)
        _, text, _ = await get(served, "/api/v1/status?gateway=solar")
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    assert status["version"] == __version__
    gateways = {gateway["gateway"]: gateway for gateway in status["gateways"]}
    assert next(iter(gateways)) == "gone"
    assert gateways.keys() == homes.keys()
    for gateway in status["gateways"]:
        assert set(gateway) == set(GatewayStatus.__slots__)
    full = gateways["full"]
    assert full["contact"] == "answers"
    assert full["grid"]["connected"] is True
    assert full["power"]["solar_watts"] == 7296
    assert full["storage"]["soc_ratio"] == 0.64
    assert full["batteries"][0]["serial"] == "492900000001"
    assert full["problems"] == []
    assert gateways["solar"]["grid"]["connected"] is None
    assert gateways["solar"]["power"]["house_watts"] is None
    assert gateways["solar"]["storage"] is None
    assert gateways["gone"]["problems"][0]["alert"] == "EnphaseGatewayUnreachable"
    assert [gateway["gateway"] for gateway in json.loads(text)["gateways"]] == ["solar"]
