"""A fleet end to end: real processes on the files of `deploy/fleet`, from gateway to page."""

from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.fleet import running
from tests.fleet.placing import EXPORTERS
from tests.fleet.running import Labels, RunningFleet, until
from tools.stack.programs import Tools

SITES = 12
ONCE = {"job": "enphase", "__name__": "enphase_up"}


@pytest.mark.proof
async def test_a_fleet_is_watched_once_and_pages(
    pager: Tools, victoria: str, tmp_path: Path
) -> None:
    """Every gateway arrives exactly once, a lost grid pages, a new gateway joins by the list."""
    async with (
        AsyncExitStack() as stack,
        running.fleet(pager, victoria, tmp_path, SITES) as fleet,
    ):
        await all_arrive(fleet)
        await the_work_is_shared(fleet)
        await watchers_are_watched(fleet)
        await an_outage_pages(fleet, "site-03")
        await running.add(fleet, stack, SITES)
        fleet.list_gateways()
        await all_arrive(fleet)
        assert {page["labels"]["alertname"] for page in fleet.pages} == {"EnphaseGridOutage"}


async def all_arrive(fleet: RunningFleet) -> None:
    """Wait until the store has all gateways; no series of theirs was ever there twice."""

    async def arrived() -> bool:
        return names(await fleet.store("enphase_up == 1")) == sorted(fleet.sites)

    await until(arrived)
    expected = [ONCE | {"instance": name, "gateway": name} for name in sorted(fleet.sites)]
    assert sorted(await fleet.ever("enphase_up"), key=by_gateway) == expected
    assert await fleet.store("count by (gateway) (enphase_up) != 1") == []
    # once at a time, too: a second scraper would double the samples
    assert await fleet.store("count_over_time(enphase_up[1m]) > 5") == []
    # a device or a sum that a home has once is one series
    for series in ("enphase_gateway_info", "enphase_grid_connected", "enphase_production_watts"):
        held = await fleet.ever(series)
        assert set(names(held)) <= fleet.sites.keys()
        assert len(held) == len(names(held)) == len(set(names(held))), series


async def the_work_is_shared(fleet: RunningFleet) -> None:
    """Check that each gateway has one exporter and one agent, and that none is idle."""
    scraped = [
        (agent, labels["instance"], labels["exporter"])
        for agent in fleet.agents
        for labels in await fleet.targets(agent)
        if labels["job"] == "enphase"
    ]
    assert sorted(name for _, name, _ in scraped) == sorted(fleet.sites)
    assert {agent for agent, _, _ in scraped} == {*fleet.agents}
    assert {at for _, _, at in scraped} == {fleet.addresses[name] for name in EXPORTERS}


async def watchers_are_watched(fleet: RunningFleet) -> None:
    """Check that exporters and agents have their own series, none of which has a gateway label."""

    async def arrived() -> bool:
        ups = Counter(labels["job"] for labels in await fleet.store("up == 1"))
        return ups == {
            "enphase": len(fleet.sites),
            "enphase-exporter": len(EXPORTERS),
            "enphase-agent": len(fleet.agents),
            "prometheus": 1,
        }

    await until(arrived)
    at = {fleet.addresses[name] for name in EXPORTERS}
    for series in ("enphase_exporter_build_info", "process_resident_memory_bytes"):
        held = await fleet.store(f'{series}{{job="enphase-exporter"}}')
        assert {labels["instance"] for labels in held} == at
        assert len(held) == len(at)
    assert await fleet.ever('{job="enphase-exporter",gateway!=""}') == []
    # the exporter is a label of `up` only, not of the series of devices
    assert {labels["exporter"] for labels in await fleet.ever('up{job="enphase"}')} == at
    assert await fleet.ever('{__name__=~"enphase_.+",exporter!=""}') == []


async def an_outage_pages(fleet: RunningFleet, name: str) -> None:
    """Check that the shipped rules fire centrally, for this gateway alone."""
    fleet.sites[name].put("grid.up", value=False)
    await until(lambda: fleet.pages)
    # Whoever scraped it and how it is labelled there must not make one fault two alerts.
    labels = {"alertname": "EnphaseGridOutage", "severity": "critical", "gateway": name}
    assert fleet.pages[0]["labels"] == labels
    assert f"{name} is off the grid" in fleet.pages[0]["annotations"]["description"]

    alert = 'ALERTS{alertname="EnphaseGridOutage",alertstate="firing"}'
    [stored] = await until(lambda: fleet.store(alert))
    assert stored == {**labels, "alertstate": "firing", "__name__": "ALERTS"}
    # what is recorded is evaluated at another time, and comes later
    assert names(await until(lambda: fleet.store("enphase:grid_islanded == 1"))) == [name]


def names(series: list[Labels]) -> list[str]:
    """Return the gateways of series, sorted."""
    return sorted(labels["gateway"] for labels in series)


def by_gateway(labels: Labels) -> str:
    """Return what to sort series by."""
    return labels["gateway"]
