"""What Alertmanager posts, and whether somebody is paged."""

import io
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.alerting.record import end_test, request_test
from exporter.clock import VirtualClock
from exporter.pager import MAX_ALERTS, MAX_BODY, SILENCE, Pager
from tests.web.serving import Served, serving
from tests.web.test_rendering import PageParser

NOW = 1_782_000_000.0
URL = "/-/alerts"
HOSTILE = "<script>alert(1)</script>\u202e"


def alert(name: str, status: str = "firing", **labels: str) -> dict[str, Any]:
    """Return an alert as Alertmanager's webhook has it."""
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "critical", "gateway": "home", **labels},
        "annotations": {"summary": "The house has lost the grid.", "description": "Since noon."},
        "startsAt": "2026-06-20T22:40:00.000Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": json.dumps([name, labels]),
    }


def notification(*alerts: dict[str, Any]) -> bytes:
    """Return the body of a notification."""
    return json.dumps({"version": "4", "status": "firing", "alerts": alerts}).encode()


async def post(served: Served, body: bytes, kind: str = "application/json") -> int:
    """Post a notification and return the status."""
    async with (
        aiohttp.ClientSession(served.url) as client,
        client.post(URL, data=io.BytesIO(body), headers={"Content-Type": kind}) as response,
    ):
        return response.status


async def get(served: Served, path: str) -> str:
    """Return a page."""
    async with aiohttp.ClientSession(served.url) as client, client.get(path) as response:
        assert response.status == 200
        return await response.text()


async def test_what_fires_is_on_the_page_until_it_is_resolved(tmp_path: Path) -> None:
    """Summary, description and runbook of a firing alert are on the page and in the JSON."""
    async with serving(tmp_path, {"home": "battery-home"}) as served:
        assert await post(served, notification(alert("EnphaseGridOutage"))) == 200
        page = PageParser(await get(served, "/"))
        assert "1 firing in Alertmanager" in page.text
        assert "The house has lost the grid." in page.text
        assert ("href", "/runbooks/EnphaseGridOutage") in [a for _, tag in page.tags for a in tag]
        document = json.loads(await get(served, "/api/v1/status"))
        (firing,) = document["pager"]["alerts"]
        assert (firing["alert"], firing["severity"]) == ("EnphaseGridOutage", "critical")
        assert firing["since_timestamp_seconds"] == NOW - 4800
        assert await post(served, notification(alert("EnphaseGridOutage", "resolved"))) == 200
        assert "firing in Alertmanager" not in PageParser(await get(served, "/")).text


async def test_nothing_is_well_while_an_alert_fires(tmp_path: Path) -> None:
    """What only hours of readings show colours the page of its gateway, and no other."""
    homes = {"home": "battery-home", "other": "solar-only"}
    stuck = alert("EnphaseBatteryStuckCharging", severity="warning")
    async with serving(tmp_path, homes) as served:
        assert await post(served, notification(stuck)) == 200
        status = served.manager.status_store.status
        assert (status("home").health, status("home").firing) == ("attention", "warning")
        assert status("other").health == "well"
        assert "Needs attention" in await get(served, "/?gateway=home")
        assert "Firing: EnphaseBatteryStuckCharging." in await get(served, "/")
        assert await post(served, notification({**stuck, "status": "resolved"})) == 200
        assert status("home").health == "well"


async def test_texts_of_others_are_text(tmp_path: Path) -> None:
    """A notification cannot put a tag or a change of writing direction into the page."""
    async with serving(tmp_path, {"home": "solar-only"}) as served:
        bad = alert("EnphaseGridOutage", gateway="")
        bad["annotations"] = {"summary": HOSTILE, "description": HOSTILE}
        assert await post(served, notification(bad)) == 200
        body = await get(served, "/")
    assert "<script" not in body
    assert "\u202e" not in body
    assert "alert(1)" in PageParser(body).text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"alerts": 1}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 10_000, "application/json", 400),
        (notification(), "text/plain", 415),
        (notification(), "application/x-www-form-urlencoded", 415),
        (b" " * (MAX_BODY + 1), "application/json", 413),
        (b'{"alerts": [1, null, {"labels": []}]}', "application/json", 200),
    ],
)
async def test_what_is_no_notification_is_refused(
    body: bytes, kind: str, status: int, tmp_path: Path
) -> None:
    """Nor can a form of a web site elsewhere post one."""
    async with serving(tmp_path, {"home": None}) as served:
        assert await post(served, body, kind) == status
        assert served.manager.pager.status().alerts == ()


def pager(tmp_path: Path) -> tuple[Pager, VirtualClock]:
    """Return a new pager and its clock."""
    clock = VirtualClock(NOW)
    return Pager(clock, tmp_path), clock


async def test_somebody_is_paged_once_all_links_are_there(tmp_path: Path) -> None:
    """Scrapes, watchdog, a receiver and its test: each one that lacks is named."""
    pages, clock = pager(tmp_path)
    assert [w.partition(":")[0] for w in pages.status().warnings] == ["No receiver is set up"]
    await clock.sleep(SILENCE + 1)
    assert pages.status().warnings[0] == "Prometheus does not scrape this exporter."
    pages.scraped()
    assert pages.status().warnings[0].startswith("No notification arrives from Alertmanager")
    pages.notify(notification(alert("EnphaseWatchdog", severity="none")))
    assert pages.status().last_watchdog_timestamp_seconds == clock.time()
    assert pages.status().alerts == ()
    file = tmp_path / "alerting.json"
    file.write_text('{"receiver": "ntfy", "tested_at": null}')
    pages.read_receiver()
    assert pages.status().warnings == (
        "Receiver ntfy is not tested: run `enphase-exporter alerting test`.",
    )
    file.write_text(f'{{"receiver": "ntfy", "tested_at": {NOW}}}')
    pages.read_receiver()
    assert pages.status().warnings == ()
    await clock.sleep(SILENCE + 1)
    pages.scraped()
    assert len(pages.status().warnings) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"receiver": 1}', "\x00", '{"a": ' * 999])
def test_a_broken_file_is_no_receiver(content: str, tmp_path: Path) -> None:
    """Whatever is in the file, it neither raises nor counts as a test."""
    pages, _ = pager(tmp_path)
    (tmp_path / "alerting.json").write_text(content)
    pages.read_receiver()
    assert (pages.receiver, pages.tested_at) == (None, None)


async def test_a_test_is_wanted_until_it_ends(tmp_path: Path) -> None:
    """It ends when it is taken back, or by itself; nonsense in the file asks for nothing."""
    pages, clock = pager(tmp_path)
    request_test(tmp_path, "0a1b2c3d", NOW + 300)
    assert pages.requested_test is None
    pages.read_receiver()
    assert pages.requested_test == "0a1b2c3d"
    await clock.sleep(301)
    assert pages.requested_test is None
    request_test(tmp_path, "0a1b2c3d", clock.time() + 300)
    pages.read_receiver()
    assert pages.requested_test == "0a1b2c3d"
    end_test(tmp_path)
    end_test(tmp_path)
    pages.read_receiver()
    assert pages.requested_test is None
    for test, until in (("x" * 8, NOW + 500), ("0a1b2c3d", NOW + 1e6), ("0a1b2c3d", "soon")):
        (tmp_path / "alerting-test.json").write_text(json.dumps({"test": test, "until": until}))
        pages.read_receiver()
        assert pages.requested_test is None


async def test_the_list_is_bounded_and_forgets(tmp_path: Path) -> None:
    """At most so many alerts are kept, the latest, and none that nobody repeats for a day."""
    pages, clock = pager(tmp_path)
    for number in range(MAX_ALERTS + 100):
        pages.notify(notification(alert("EnphaseInverterSilent", serial=str(number))))
    assert len(pages.status().alerts) == MAX_ALERTS
    await clock.sleep(27 * 3600)
    assert pages.status().alerts == ()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["alerts", "labels", "alertname", "status", "startsAt"]) | st.text(),
            inner,
        )
    ),
)


@given(document=_JSON, alerts=st.lists(_JSON))
def test_wild_notifications_raise_nothing_else(document: Any, alerts: list[Any]) -> None:
    """Any JSON is accepted or refused; the status page works afterwards."""
    pages = Pager(VirtualClock(NOW), Path("/nowhere"))
    for body in (document, {"alerts": alerts}):
        try:
            pages.notify(json.dumps(body).encode())
        except ValueError:
            assert body is document
    assert len(pages.status().alerts) <= MAX_ALERTS


async def test_only_programs_count_as_scrapes(tmp_path: Path) -> None:
    """Somebody who looks at the metrics with a browser is no Prometheus."""
    async with (
        serving(tmp_path, {"home": None}) as served,
        aiohttp.ClientSession(served.url) as client,
    ):
        status = served.manager.pager.status
        for agent in ("Mozilla/5.0 (X11)", "curl/8.1"):
            async with client.get("/metrics", headers={"User-Agent": agent}):
                assert status().last_scrape_timestamp_seconds is None
        async with client.get("/probe?target=home", headers={"User-Agent": "Prometheus/2.42"}):
            assert status().last_scrape_timestamp_seconds is not None
