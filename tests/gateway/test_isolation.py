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
from exporter.simulator.faults import Edit, Fault, Hang, Reset, SlowDrip, Truncated, body, status
from exporter.simulator.homes import sample_home
from exporter.snapshot import HOUSE
from tests.faults import gateways
from tests.polled_gateway import START, PolledGateway, polled_gateway
from tests.virtual_loop import LoopClock, VirtualLoop, run

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


ENDPOINTS_WITH_DATA = [asked for asked in ASKED if asked[1] not in SILENT]
#: the fault with which every endpoint is tried by default; the others are proofs
USUAL = "status 500"


# Classes, as the tests of each run one after the other in one process, and these are many.


class TestAnswers:
    """Endpoints that answer, but with nothing that can be used."""

    @pytest.mark.parametrize(
        ("home", "endpoint", "fault"),
        [
            pytest.param(*asked, fault, marks=() if fault == USUAL else pytest.mark.proof)
            for asked in ENDPOINTS_WITH_DATA
            for fault in FAULTS
        ],
    )
    async def test_a_failing_endpoint_costs_only_its_collector(
        self, home: str, endpoint: str, fault: str, tmp_path: Path
    ) -> None:
        """Its series go when they expire, all others stay, and they come back by themselves."""
        async with polled_gateway(home, tmp_path) as polled:
            await costs_only_its_collector(polled, endpoint, FAULTS[fault]())


class TestHanging:
    """Endpoints that do not answer."""

    @pytest.mark.parametrize(("home", "endpoint"), ENDPOINTS_WITH_DATA)
    def test_a_hanging_endpoint_costs_only_its_collector(
        self, home: str, endpoint: str, tmp_path: Path
    ) -> None:
        """Its series go when they expire, all others stay, and they come back by themselves."""

        async def main(loop: VirtualLoop) -> None:
            async with polled_gateway(home, tmp_path, LoopClock(loop, START)) as polled:
                await costs_only_its_collector(polled, endpoint, Hang())

        run(main)

    def test_what_was_never_asked_is_asked_beside_an_endpoint_that_hangs(
        self, tmp_path: Path
    ) -> None:
        """A fault that is there from the start does not keep the rest of the home unknown."""
        slow = "/api/v1/production"

        async def main(loop: VirtualLoop) -> None:
            async with polled_gateway("legacy", tmp_path, LoopClock(loop, START)) as polled:
                polled.gateway.faults[slow] = SlowDrip(pause=1.0)
                await polled.pass_time(240)
                assert "enphase_inverter_watts" in polled.names()

        run(main)


async def costs_only_its_collector(polled: PolledGateway, endpoint: str, fault: Fault) -> None:
    """Poll a home whose endpoint fails for a while."""
    collector = ENDPOINTS[endpoint].collector
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
    # A request that hangs goes on for as long as it was given, which grows with each that hung.
    hanging = max(60.0, 4 * ENDPOINTS[endpoint].deadline) if isinstance(fault, Hang) else 0.0
    # Where the budget is spent, a turn comes an interval late.
    await polled.pass_time(3 * interval(endpoint) + 15 + hanging)
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
