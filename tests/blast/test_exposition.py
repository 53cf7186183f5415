"""A spoilt place of one answer, seen from the outside: in what a running exporter serves."""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from exporter.gateway.endpoints import (
    ENDPOINTS,
    ensemble_inventory,
    ensemble_power,
    ensemble_secctrl,
    meters,
    production_report,
)
from exporter.metrics.catalogue import FAMILIES
from exporter.simulator import replay as captures
from exporter.simulator.gateway import HttpResponse, WrappedGateway
from exporter.snapshot import SELF
from tests.blast.rules import LIMIT, values
from tests.blast.spoiling import leaves, replaced
from tests.polled_gateway import PolledGateway, polled_gateway

#: plays whole scenarios for minutes
pytestmark = pytest.mark.proof

#: answers that are read every minute at least, so that a spoiling is soon noticed
_SOON = (
    ensemble_inventory.ENDPOINT.path,
    ensemble_power.ENDPOINT.path,
    ensemble_secctrl.ENDPOINT.path,
    meters.READINGS.path,
    production_report.JSON.path,
)
_NOTICED = 150.0
_SPOILINGS = 8
#: what is derived of several answers, and may come from the next best of them
_DERIVED = ("House", "Energy")


class SpoiltGateway(WrappedGateway):
    """A capture of which answers can be replaced while it is served."""

    def __init__(self, folder: Path) -> None:
        super().__init__(captures.load_capture(folder))
        self.bodies: dict[str, bytes] = {}

    def answer(self, target: str) -> HttpResponse | None:
        """Answer as recorded, or with what replaces it."""
        response = self._inner.answer(target)
        body = self.bodies.get(target)
        if response is None or body is None:
            return response
        return HttpResponse(response.status, body, response.headers)

    def document(self, target: str) -> Any:
        """Return the JSON of a recorded answer, None where it was not given."""
        response = self._inner.answer(target)
        return orjson.loads(response.body) if response and response.status == 200 else None


def series(polled: PolledGateway) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return what the gateway's own values are, without what the exporter says of itself."""
    return {
        (name, tuple(sorted(labels))): value
        for name, samples in polled.samples().items()
        if name in FAMILIES
        and not name.endswith("_total")
        and all(
            table.collector != SELF and table.title not in _DERIVED
            for table in FAMILIES[name].tables
        )
        for labels, value in samples.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["8.2.127_with_3cts_and_battery_split", "8.3.1598_collar", "7.3.517_system_2"]
)
async def test_a_spoilt_place_costs_its_own_series_alone(
    name: str, captures_dir: Path, tmp_path: Path
) -> None:
    """While it lasts a few values are gone and counted; afterwards everything is as before."""
    chance = random.Random(name)  # noqa: S311 - the same places each time
    gateway = SpoiltGateway(captures_dir / name)
    async with polled_gateway(gateway, tmp_path) as polled:
        await polled.pass_time(1800)  # until what is read least often was read, too
        before = series(polled)
        assert len(before) > 200
        for _ in range(_SPOILINGS):
            path = chance.choice(_SOON)
            document = gateway.document(path)
            place = chance.choice(list(leaves(document)))
            gateway.bodies[path] = orjson.dumps(replaced(document, place, None))
            await polled.pass_time(_NOTICED)
            during = series(polled)
            gone = before.keys() - during.keys()
            assert len(values(frozenset(gone))) <= LIMIT, (path, place)
            assert {key for key in during.keys() & before.keys() if during[key] != before[key]} == (
                set()
            ), (path, place)
            if gone:
                unreadable = polled.samples()["enphase_unreadable_values_total"]
                assert any(("endpoint", path) in labels for labels in unreadable), (path, place)
            del gateway.bodies[path]
            await polled.pass_time(_NOTICED)
            assert series(polled) == before, (path, place)


def test_the_answers_that_are_spoilt_are_read_often() -> None:
    """The test waits long enough for each of them."""
    assert all((ENDPOINTS[path].max_age or 0) < _NOTICED for path in _SOON)
