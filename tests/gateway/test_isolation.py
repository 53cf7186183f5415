"""A failing endpoint costs its own collector's series, nothing else, and only while it lasts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.gateway.cadences import CADENCES, intervals
from exporter.gateway.endpoints import ENDPOINTS, events
from exporter.gateway.paths import INFO
from exporter.gateway.topology import collectors_of, readings_of
from exporter.metrics.catalogue import FAMILIES
from exporter.simulator.faults import Edit, Fault, Hang, Reset, Truncated, body, status
from exporter.simulator.homes import sample_home
from exporter.snapshot import HOUSE
from tests.faults import gateways
from tests.polled_gateway import impatient, polled_gateway

__all__ = ["impatient"]

#: polled endpoints with a sample home that has them
ASKED = [(home, endpoint) for home, endpoint in gateways.ASKED if endpoint not in gateways.PLAIN]


def without_keys(document: Any) -> Any:
    """Take every value out of a JSON document but leave its outermost shape."""
    if isinstance(document, dict):
        return {"unexpected": True}
    return [{"unexpected": True} for _ in document]


FAULTS: dict[str, Callable[[], Fault]] = {
    "status 500": lambda: status(500),
    "garbage": lambda: body(b"\x00\xff not json"),
    "truncated": lambda: Truncated(0.5),
    "keys removed": lambda: Edit(without_keys),
    "reset": Reset,
}


#: endpoints with a replacement when they fail
REPLACEABLE = {"/production.json?details=1", "/ivp/pdm/device_data"}

#: endpoints with which the sample homes have nothing to say, so that nothing is expected of them
SILENT = {events.ENDPOINT.path}


def of_collectors(names: set[str]) -> set[str]:
    """Return the metrics that come from these collectors."""
    return {
        name
        for name, family in FAMILIES.items()
        if names & {table.collector for table in family.tables}
    }


#: derived for each leg, from the meters alone
LEGS = {name for name in of_collectors({HOUSE}) if "_phase_" in name}


ENDPOINTS_WITH_DATA = pytest.mark.parametrize(
    ("home", "endpoint"), [asked for asked in ASKED if asked[1] not in SILENT]
)


# Classes, as the tests of each run one after the other in one process, and these are many.


class TestAnswers:
    """Endpoints that answer, but with nothing that can be used."""

    @pytest.mark.parametrize("fault", FAULTS)
    @ENDPOINTS_WITH_DATA
    async def test_a_failing_endpoint_costs_only_its_collector(
        self, home: str, endpoint: str, fault: str, tmp_path: Path
    ) -> None:
        """Its series go when they expire, all others stay, and they come back by themselves."""
        await costs_only_its_collector(home, endpoint, FAULTS[fault](), tmp_path)


class TestHanging:
    """Endpoints that do not answer."""

    @pytest.mark.usefixtures("impatient")
    @ENDPOINTS_WITH_DATA
    async def test_a_hanging_endpoint_costs_only_its_collector(
        self, home: str, endpoint: str, tmp_path: Path
    ) -> None:
        """Its series go when they expire, all others stay, and they come back by themselves."""
        await costs_only_its_collector(home, endpoint, Hang(), tmp_path)


async def costs_only_its_collector(home: str, endpoint: str, fault: Fault, folder: Path) -> None:
    """Poll a home whose endpoint fails for a while."""
    collector = ENDPOINTS[endpoint].collector
    async with polled_gateway(home, folder) as polled:
        await polled.pass_time(330)
        before = polled.names()
        polled.gateway.faults[endpoint] = fault
        await polled.pass_time(3 * interval(endpoint) + 121)
        during = polled.names()
        assert polled.value("enphase_collector_up", collector=collector) == 0
        assert before - during <= of_collectors(set(readings_of(endpoint))) | LEGS
        own = of_collectors(set(collectors_of(endpoint))) & before
        assert before - during or endpoint in REPLACEABLE or not own
        assert polled.value("enphase_up") == 1

        polled.gateway.faults.clear()
        await polled.pass_time(2 * interval(endpoint) + 15)
        assert polled.value("enphase_collector_up", collector=collector) == 1
        assert polled.names() >= before


def interval(endpoint: str) -> float:
    """Return the interval of an endpoint."""
    return intervals(CADENCES)[endpoint]


def test_every_endpoint_is_tried() -> None:
    """No endpoint that a sample home serves to its owner is left out of this test."""
    homes = [sample_home(name, lambda: 0.0) for name in gateways.HOMES]
    served = {
        path
        for path, endpoint in ENDPOINTS.items()
        if not endpoint.installer and any(home.answer(path) for home in homes)
    }
    assert served - {INFO, *gateways.ALIASES} == {endpoint for _, endpoint in ASKED}
