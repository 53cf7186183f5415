"""No value vanishes unnoticed: what can no longer be read in an answer is named on the page.

What never could be read is not expected: a firmware may write a word where others write a number.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from exporter.errors import GatewayError
from exporter.gateway.endpoints import ENDPOINTS
from exporter.gateway.paths import INFO
from exporter.simulator import replay
from exporter.simulator.faults import Edit
from tests.field_cases.answers import INVERTERS, POWER, SIMPLE, SPLIT
from tests.field_cases.stories import MINUTE, Watch, watch
from tests.field_cases.test_nothing_vanishes import SETTLED, series
from tests.polled_gateway import START, PolledGateway, polled_gateway
from tests.virtual_loop import LoopClock, VirtualLoop, run

__all__ = ["watch"]  # a fixture

#: keys by which things are told apart: another word there is another thing
_IDENTITIES = ("serial", "eid", "snum", "type", "name", "interface")
Place = tuple[str, ...]


def _without_charge(powers: dict[str, Any]) -> dict[str, Any]:
    powers["devices:"][0]["soc"] = "?"
    return powers


def values_missing(polled: PolledGateway) -> dict[str, str]:
    """Return why values are not known, by collector."""
    return {each.id: each.reason for each in polled.status().missing if each.kind == "value"}


def test_a_charge_that_cannot_be_read_is_told(watch: Watch) -> None:
    """The page names the field and since when, also after a restart, until it is read again."""

    async def lost(polled: PolledGateway) -> None:
        await polled.pass_time(SETTLED)
        assert polled.status().health == "well"
        polled.gateway.faults[POWER] = Edit(_without_charge)
        await polled.pass_time(5 * MINUTE)
        (entry,) = polled.status().missing
        assert (entry.kind, entry.id) == ("value", "battery_power")
        assert entry.name == "Power and charge of each battery, some values"
        assert entry.reason.endswith("cannot be read: devices.soc")
        assert entry.since_timestamp_seconds is not None
        assert 3 * MINUTE < polled.clock.time() - entry.since_timestamp_seconds <= 5 * MINUTE
        assert polled.status().health == "blind"

    async def restarted(polled: PolledGateway) -> None:
        polled.gateway.faults[POWER] = Edit(_without_charge)
        await polled.pass_time(5 * MINUTE)
        assert values_missing(polled).keys() == {"battery_power"}
        del polled.gateway.faults[POWER]
        await polled.pass_time(5 * MINUTE)
        assert polled.status().health == "well"

    watch(SPLIT, lost)
    watch(SPLIT, restarted)


def test_what_never_could_be_read_is_not_expected(watch: Watch) -> None:
    """A word that stands there from the first answer on is counted, and leaves the page green."""

    async def story(polled: PolledGateway) -> None:
        polled.gateway.faults[POWER] = Edit(_without_charge)
        await polled.pass_time(SETTLED)
        assert polled.value("enphase_unreadable_values_total", field="devices.soc")
        assert values_missing(polled) == {}
        assert polled.status().health == "well"

    watch(SPLIT, story)


def test_a_report_of_days_to_come_is_told(watch: Watch) -> None:
    """A time stamp that cannot be is dropped, and that is counted and named."""

    async def story(polled: PolledGateway) -> None:
        def ahead(inverters: list[dict[str, Any]]) -> list[dict[str, Any]]:
            inverters[0]["lastReportDate"] += 10 * 86400
            return inverters

        await polled.pass_time(SETTLED)
        assert values_missing(polled) == {}
        polled.gateway.faults[INVERTERS] = Edit(ahead)
        await polled.pass_time(11 * MINUTE)
        assert values_missing(polled)["inverters"].endswith("lastReportDate")
        assert polled.value("enphase_unreadable_values_total", field="lastReportDate")
        del polled.gateway.faults[INVERTERS]
        await polled.pass_time(11 * MINUTE)
        assert values_missing(polled) == {}

    watch(SIMPLE, story)


def _places(node: Any, place: Place = ()) -> Iterator[Place]:
    """Yield where values stand; entries of a list share their place."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _places(value, (*place, key))
    elif isinstance(node, list):
        for value in node:
            yield from _places(value, (*place, "[]"))
    elif place and not any(word in place[-1].lower() for word in _IDENTITIES):
        yield place


def _spoilt(node: Any, place: Place) -> Any:
    """Return a document in which all values of a place are a word."""
    if not place:
        return "?"
    key, *rest = place
    if isinstance(node, list):
        return [_spoilt(value, tuple(rest)) for value in node]
    if isinstance(node, dict) and key in node:
        return {**node, key: _spoilt(node[key], tuple(rest))}
    return node


def _spoilable(polled: PolledGateway) -> Iterator[tuple[str, Place]]:
    for path in ENDPOINTS.keys() - {INFO}:
        answer = polled.gateway.gateway.answer(path)
        if answer is None or "200" not in polled.codes(path):
            continue
        try:
            ENDPOINTS[path].parse(answer.body)
            document = orjson.loads(answer.body)
        except (GatewayError, orjson.JSONDecodeError):
            continue
        for place in dict.fromkeys(_places(document)):
            yield path, place


def _counts(polled: PolledGateway) -> Counter[str]:
    """Return how many series each metric has; one with another word in a label is still there."""
    return Counter(name for name, _ in series(polled))


@pytest.mark.proof
@pytest.mark.parametrize("capture", [SPLIT, "8.2.4382_ACB", "8.3.1598_collar"])
def test_no_value_vanishes_unnoticed(capture: str, captures_dir: Path, tmp_path: Path) -> None:
    """Each value of a capture becomes a word: the series that vanish by it are missed by name."""

    async def main(loop: VirtualLoop) -> None:
        clock = LoopClock(loop, START)
        gateway = replay.load_capture(captures_dir / capture, now=clock.time)
        async with polled_gateway(gateway, tmp_path, clock) as polled:
            await polled.pass_time(SETTLED)
            vanished: set[str] = set()
            for path, place in _spoilable(polled):
                before = _counts(polled)
                polled.gateway.faults[path] = Edit(partial(_spoilt, place=place))
                # the slowest answers come every five minutes; what they say is kept for three times
                await polled.pass_time(6 * MINUTE)
                gone = set(before - _counts(polled))
                health = polled.status().health
                assert not gone or health in ("act", "blind"), f"{path}: {place}: {sorted(gone)}"
                vanished |= gone
                del polled.gateway.faults[path]
                await polled.pass_time(6 * MINUTE)
            assert vanished

    run(main)
