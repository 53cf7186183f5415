"""A failing endpoint costs its own collector's series, nothing else, and only while it lasts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.gateway.policy import CHECK_JWT, ENDPOINTS, INFO
from exporter.metrics.catalogue import FAMILIES
from exporter.simulator.faults import Edit, Fault, Hang, Reset, Truncated, body, status
from tests.faults import gateways
from tests.polled_gateway import PolledGateway, impatient, polled_gateway

__all__ = ["impatient"]

#: endpoints that are asked for data, by the sample home that shows them
ASKED = [(home, endpoint) for home, endpoint in gateways.ASKED if endpoint not in gateways.PLAIN]


def without_keys(told: Any) -> Any:
    """Take every value out of a JSON document but leave its outermost shape."""
    if isinstance(told, dict):
        return {"unexpected": True}
    return [{"unexpected": True} for _ in told]


FAULTS: dict[str, Callable[[], Fault]] = {
    "status 500": lambda: status(500),
    "garbage": lambda: body(b"\x00\xff not json"),
    "truncated": lambda: Truncated(0.5),
    "keys removed": lambda: Edit(without_keys),
    "reset": Reset,
    "hang": Hang,
}


def of_collector(name: str) -> set[str]:
    """Return the metrics that come from this collector."""
    return {
        family
        for family, told in FAMILIES.items()
        if name in {table.collector for table in told.tables}
    }


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("home", "endpoint"), ASKED)
async def test_a_failing_endpoint_costs_only_its_collector(
    home: str, endpoint: str, fault: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Its series go when they expire, all others stay, and they come back by themselves."""
    if fault == "hang":
        request.getfixturevalue("impatient")
    collector = ENDPOINTS[endpoint].collector
    async with polled_gateway(home, tmp_path) as watched:
        await watched.pass_time(330)
        before = watched.names()
        mine = of_collector(collector) & before
        assert mine

        watched.gateway.faults[endpoint] = FAULTS[fault]()
        await watched.pass_time(life(watched, endpoint))
        during = watched.names()
        assert watched.value("enphase_collector_up", collector=collector) == 0
        assert before - during <= mine
        assert mine & during <= shown_by_others(endpoint, fault)
        assert watched.value("enphase_up") == 1

        watched.gateway.faults.clear()
        await watched.pass_time(2 * cadence(watched, endpoint) + 15)
        assert watched.value("enphase_collector_up", collector=collector) == 1
        assert watched.names() >= before


def shown_by_others(endpoint: str, fault: str) -> set[str]:
    """Return the metrics that may stand on another endpoint as well."""
    collector = ENDPOINTS[endpoint].collector
    shared = {
        family
        for family, told in FAMILIES.items()
        if {table.collector for table in told.tables} != {collector}
    }
    if fault == "keys removed" and collector == "generator":
        # pyenphase reads the four endpoints apart when one answers something else.
        member = endpoint.rpartition("/")[2].replace("gen_", "generator_")
        shared |= {f for f, told in FAMILIES.items() if told.tables[0].source != member}
    return shared


def cadence(watched: PolledGateway, endpoint: str) -> float:
    """Return how often the collector behind an endpoint runs."""
    return watched.poller.cadences[ENDPOINTS[endpoint].collector]


def life(watched: PolledGateway, endpoint: str) -> float:
    """Return after how long the data of an endpoint is neither kept nor served any more."""
    limit = ENDPOINTS[endpoint].age_limit(watched.poller.cadences)
    return limit + max(3 * cadence(watched, endpoint), 120) + 1


def test_every_endpoint_is_tried() -> None:
    """No endpoint that is asked for data is left out of this test."""
    same = {"/production", "/production.json"}
    tried = {endpoint for _, endpoint in ASKED}
    assert set(ENDPOINTS) - {INFO, CHECK_JWT} - same == tried
