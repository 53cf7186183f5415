"""The status page in a real browser: its text, its layout and its accessibility."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # has none
from playwright.async_api import Browser, ConsoleMessage, Page

from exporter.simulator.faults import Edit, status
from exporter.simulator.homes.device_states import inverter_serial
from exporter.simulator.panel_labels import panel_labels
from exporter.simulator.scenario import find_scenario
from tests.web.serving import Served, serving
from tools.browser import browsing

# One browser for all of them, and it lives in one loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")

PHONE, DESK = 360, 1280
DAY_MINUTES = 24 * 60
RUNBOOKS = ("/runbooks/", "/runbooks/EnphaseGridOutage")
#: the roof of the demo's home
PLACED = panel_labels(find_scenario("sunny-day"))
#: a field of panels, far wider than a phone
FIELD = {
    inverter_serial(number): {"array": "Field", "x": number % 20, "y": number // 20}
    for number in range(100)
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """Return a running browser."""
    async with browsing(chromium) as browser:
        yield browser


@asynccontextmanager
async def opened(
    browser: Browser, url: str, width: int = DESK, scheme: str = "light"
) -> AsyncIterator[Page]:
    """Open a page; what the browser complains about on its console fails the test."""
    # axe is injected into the page, which the page's own policy rightly refuses.
    context = await browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,
    )
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    try:
        page = await context.new_page()
        page.on("console", on_console)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        response = await page.goto(url)
        assert response
        assert response.status == 200
        yield page
    finally:
        await context.close()
    assert complaints == []


async def text(page: Page, selector: str = "body") -> str:
    """Return what a reader sees, every space a plain one."""
    return " ".join((await page.locator(selector).inner_text()).split())


def islanding(inventory: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the inventory of a house whose grid relay is open without a command."""
    for group in inventory:
        if group["type"] == "ENPOWER":
            group["devices"][0]["mains_oper_state"] = "open"
    return inventory


def unknown_relay(inventory: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the inventory of a house whose controller reports nothing usable about its switch."""
    for group in inventory:
        if group["type"] == "ENPOWER":
            group["devices"][0]["mains_oper_state"] = "unknown"
    return inventory


ISLAND = {
    "/ivp/ensemble/inventory": Edit(islanding),
    "/ivp/ensemble/relay": Edit(lambda relay: {**relay, "mains_oper_state": "open"}),
}


async def test_on_grid(browser: Browser, tmp_path: Path) -> None:
    """The first sentence is the summary; power, batteries, panels and collectors follow."""
    async with (
        serving(tmp_path, {"home": "battery-home"}) as served,
        opened(browser, served.url) as page,
    ):
        state = await text(page, ".state")
        assert state.startswith("On grid. Batteries 64 %, charging. Last cloud report 3 min ago.")
        assert await text(page, ".hero .badge") == "All is well"
        assert (await page.title()).startswith("home: On grid. ")
        flow = await page.locator(".flow title").text_content()
        assert flow == (
            "Power now. Solar: 7.3 kW; Grid: 1.8 kW, to the grid; House: 1.9 kW;"
            " Batteries: 3.6 kW, 64 %, charging."
        )
        assert await page.locator(".cell").count() == 6
        assert await page.locator(".panels li").count() == 24
        assert "What is wrong" not in await text(page)
        collectors = served.manager.status_store.status("home").collectors
        assert await page.locator("td .ok").count() == len(collectors)
        assert not await page.locator("td .ok").first.is_visible()
        up = f"{len(collectors)} of {len(collectors)} collectors up"
        await page.get_by_text(f"Details {up}").click()
        assert await page.locator("td .ok").first.is_visible()
        await page.get_by_text("As a table").click()
        assert "489900000001" in await text(page, "details >> nth=0")


async def test_panels_lie_where_the_configuration_puts_them(
    browser: Browser, tmp_path: Path
) -> None:
    """The south roof right of the west roof, two rows of seven; no panel covers another."""
    async with (
        serving(tmp_path, {"home": "battery-home"}, inverters=PLACED) as served,
        opened(browser, served.url) as page,
    ):
        assert await page.locator(".arrays h3").all_inner_texts() == [
            *("West roof", "South roof", "Garage"),
        ]
        assert await page.locator(".panels").count() == 0
        assert await page.locator(".plan g").count() == 24
        south = page.get_by_role("img", name="South roof seen from above: 14 of 14 report")
        boxes = [await each.bounding_box() for each in await south.locator("rect").all()]
        corners = [(round(box["x"]), round(box["y"])) for box in boxes if box]
        assert len(set(corners)) == 14
        assert [len({corner[axis] for corner in corners}) for axis in (0, 1)] == [7, 2]
        wider = await page.locator(".plan g").evaluate_all(
            "all => all.filter(g => [...g.querySelectorAll('text')].some(text =>"
            " text.getBBox().width > g.querySelector('rect').getBBox().width)).length"
        )
        assert wider == 0


async def test_a_wide_plan_is_as_readable_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    """It scrolls by itself, by finger or key, and the page does not."""
    async with (
        serving(tmp_path, {"big": "big-home"}, inverters=FIELD) as served,
        opened(browser, served.url, PHONE) as page,
    ):
        panel = await page.locator(".plan rect").first.bounding_box()
        assert panel
        assert panel["width"] >= 50
        field = page.get_by_role("region", name="Field seen from above, wide")
        await field.focus()
        await page.keyboard.press("ArrowRight")
        await page.wait_for_function("document.querySelector('.broad').scrollLeft > 0")


async def test_panels_without_a_place_stand_beside_the_plan(
    browser: Browser, tmp_path: Path
) -> None:
    """Panels without a position are listed as before."""
    some = dict(list(PLACED.items())[:3])
    async with (
        serving(tmp_path, {"home": "battery-home"}, inverters=some) as served,
        opened(browser, served.url) as page,
    ):
        assert await page.locator(".plan g").count() == 3
        assert await page.locator(".panels li").count() == 21


async def test_islanded(browser: Browser, tmp_path: Path) -> None:
    """During an outage the page has its severity and what to do first."""
    async with (
        serving(tmp_path, {"home": "battery-home"}, ISLAND) as served,
        opened(browser, served.url) as page,
    ):
        assert "Off grid. " in await text(page, ".state")
        assert await text(page, ".hero .badge") == "Act now"
        wrong = await text(page, ".problems")
        assert "The house has lost the grid." in wrong
        assert "First: look whether the neighbors have power." in wrong
        await page.locator(".problems a").click()
        assert await text(page, "h1") == "EnphaseGridOutage"
        assert "Mitigation" in await text(page, "article")
        await page.go_back()
        assert await page.locator(".flow .cut").count() == 1
        assert "Grid: off, off grid" in str(await page.locator(".flow title").text_content())


async def test_gateway_down(browser: Browser, tmp_path: Path) -> None:
    """The page of a gateway that does not answer has that message only."""
    async with (
        serving(tmp_path, {"home": None}) as served,
        opened(browser, served.url) as page,
    ):
        assert await text(page, ".state") == (
            "The gateway does not answer. Grid, batteries and panels are not known."
        )
        wrong = await text(page, ".problems >> nth=0")
        assert "The gateway does not answer: 127.0.0.1:1." in wrong
        assert "Everything behind the gateway" in await text(page, ".problems >> nth=1")
        assert await page.locator(".flow").count() == 0
        collectors = served.manager.status_store.status("home").collectors
        assert f"0 of {len(collectors)} collectors up" in await text(page)


async def test_no_battery(browser: Browser, tmp_path: Path) -> None:
    """A house without batteries has no battery anywhere, and what nobody measures is a question."""
    async with (
        serving(tmp_path, {"home": "legacy"}) as served,
        opened(browser, served.url) as page,
    ):
        assert (await text(page, ".state")).startswith("Solar 4.2 kW. Last cloud report ")
        assert "atter" not in await text(page)
        flow = await page.locator(".flow title").text_content()
        assert str(flow).startswith("Power now. Solar: 4.2 kW; Grid: ?")
        assert "no device here can tell" in await text(page, ".facts >> nth=0")


async def test_three_gateways(browser: Browser, tmp_path: Path) -> None:
    """The overview has the worst first, and leads to each."""
    homes = {"north": "battery-home", "south": "solar-only", "west": None}
    async with (
        serving(tmp_path, homes) as served,
        opened(browser, served.url) as page,
    ):
        assert await text(page, ".hero") == "3 gateways 1 critical, 2 well."
        links = page.locator(".fleet a")
        assert await links.all_inner_texts() == ["west", "north", "south"]
        await links.nth(1).click()
        assert (await text(page, ".state")).startswith("On grid. ")
        assert await text(page, "h1") == "north All is well"
        await page.get_by_role("link", name="All gateways").click()
        assert await page.locator(".fleet li").count() == 3


async def test_gateways_are_found_without_a_script(browser: Browser, tmp_path: Path) -> None:
    """Search, state and order are a form; the address carries them, and so does a refresh."""
    homes = {"north": "battery-home", "south": "solar-only", "west": None}
    async with (
        serving(tmp_path, homes) as served,
        opened(browser, served.url + "/?refresh=0") as page,
    ):
        await page.get_by_label("Search").fill("TH")
        await page.get_by_label("Order").select_option("name")
        await page.get_by_role("button", name="Show").click()
        assert await page.locator(".fleet a").all_inner_texts() == ["north", "south"]
        assert "q=TH" in page.url
        assert "refresh=0" in page.url
        await page.get_by_label("State").select_option("well")
        await page.get_by_role("button", name="Show").click()
        assert await page.locator(".fleet a").all_inner_texts() == ["north", "south"]
        await page.get_by_role("link", name="Show all").click()
        assert await page.locator(".fleet li").count() == 3
        assert "sort=name" in page.url


async def test_partly_blind_has_a_colour_of_its_own(browser: Browser, tmp_path: Path) -> None:
    """A lost meter is named with the reason, and nothing claims that all is well."""
    faults = {
        "/ivp/ensemble/inventory": Edit(unknown_relay),
        "/ivp/ensemble/relay": Edit(lambda relay: {**relay, "mains_oper_state": "unknown"}),
        "/ivp/livedata/status": status(404),
    }
    async with (
        serving(tmp_path, {"home": "battery-home"}, faults) as served,
        opened(browser, served.url) as page,
    ):
        assert await text(page, ".hero .badge") == "Partly blind"
        missing = await text(page, ".card.blind .problems")
        assert "Grid state for an unknown time" in missing
        assert "The system controller reports no usable state of its switch." in missing
        colours = [
            await page.locator(".hero").evaluate("e => getComputedStyle(e).borderLeftColor"),
            await page.locator(".blind > .mark").evaluate(
                "e => getComputedStyle(e).backgroundColor"
            ),
        ]
        assert set(colours) == {"rgb(107, 63, 160)"}
        assert "All is well" not in await text(page)


def remember(served: Served, name: str) -> None:
    """Give a gateway a day of history with an outage and a gap, and a month of days."""
    history, now = served.manager.status_store.history(name), time.time()
    for minute in range(-30 * DAY_MINUTES, 0, 10):
        known = minute % DAY_MINUTES > 100
        powers = {"solar_watts": 2e3, "house_watts": 500.0, "grid_watts": -1500.0}
        sample = {**powers, "connected": float(minute % 1000 > 50)} if known else {}
        history.add(now + 60 * minute, sample, {}, blind=not known)


async def test_the_day_and_the_month_are_drawn_with_words_that_can_be_read(
    browser: Browser, tmp_path: Path
) -> None:
    """On a phone they are as large as elsewhere, and stand inside of their card."""
    async with serving(tmp_path, {"home": "battery-home"}) as served:
        remember(served, "home")
        for width in (PHONE, DESK):
            async with opened(browser, served.url, width) as page:
                curve = page.get_by_role("img", name="Power in the last 24 hours")
                assert await curve.count() == 1
                assert await page.locator(".strip > g").count() == 30
                assert "Off grid" in await text(page, ".legend >> nth=0")
                sizes = await page.locator(".chart text").evaluate_all(
                    "all => all.map(text => text.getBoundingClientRect()).filter("
                    "box => box.height < 11 || box.left < 0"
                    " || box.right > document.documentElement.clientWidth).length"
                )
                assert sizes == 0


async def test_everything_that_can_be_clicked_can_be_reached_by_key(
    browser: Browser, tmp_path: Path
) -> None:
    """The first key skips to the content; links and folds follow, and Enter opens a fold."""
    async with (
        serving(tmp_path, {"home": "battery-home"}, ISLAND) as served,
        opened(browser, served.url + "/?refresh=0") as page,
    ):
        focused = "document.activeElement.innerText.trim()"
        reached = []
        for _ in range(40):
            await page.keyboard.press("Tab")
            reached.append(await page.evaluate(focused))
            if reached[-1].startswith("Details"):
                break
        assert reached[0] == "Skip to content"
        for each in ("Metrics", "JSON", "Runbooks", "Runbook EnphaseGridOutage", "As a table"):
            assert each in reached
        await page.keyboard.press("Enter")
        assert await page.locator("td .ok").first.is_visible()


@pytest.fixture
def homes() -> dict[str, str | None]:
    """Return houses that between them show everything that a page can show."""
    return {"big": "big-home", "solar": "solar-only", "gone": None, "with a longer name" * 8: "acb"}


async def test_no_page_is_wider_than_a_phone(
    browser: Browser, homes: dict[str, str | None], tmp_path: Path
) -> None:
    """At 360 pixels nothing has to be scrolled sideways."""
    async with serving(tmp_path, homes, inverters=FIELD) as served:
        remember(served, "big")
        async for path, page in pages(browser, served, PHONE, more=RUNBOOKS):
            await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width == PHONE, path


@pytest.mark.parametrize(
    ("scheme", "width", "places"),
    [("light", PHONE, FIELD), ("dark", DESK, PLACED), ("dark", PHONE, {})],
)
async def test_axe_finds_nothing(
    scheme: str, width: int, places: dict[str, Any], browser: Browser, tmp_path: Path
) -> None:
    """Contrast, names, landmarks, headings: whoever cannot see it well can use it all the same."""
    homes = {"home": "battery-home", "gone": None}
    async with serving(tmp_path, homes, ISLAND, inverters=places) as served:
        remember(served, "home")
        async for path, page in pages(browser, served, width, scheme, RUNBOOKS):
            dark = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
            assert dark == (scheme == "dark")
            report = await Axe().run(page)
            assert report.response["violations"] == [], f"{path}: {report.generate_report()}"


async def pages(
    browser: Browser, served: Served, width: int, scheme: str = "light", more: Sequence[str] = ()
) -> AsyncIterator[tuple[str, Page]]:
    """Yield the overview, the page of each house, and more."""
    houses = (f"/?gateway={name}" for name in served.manager.status_store.names)
    for path in ("/", "/?q=o&state=act&sort=name", *houses, *more):
        async with opened(browser, served.url + path, width, scheme) as page:
            yield path, page
