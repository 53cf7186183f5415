"""Lines are rendered again only where something changed, and are those that a fresh look gives."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from exporter.encoder import GatewayEncoder, TableEncoder
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.table import EnergyCounter, Table, gauge
from exporter.metrics.units import number
from exporter.snapshot import Reading, Snapshot
from tests.polled_gateway import START, polled_gateway

POWER, CHARGE, ENERGY = range(3)
THINGS = Table(
    "Things",
    "things",
    "things.*",
    (
        gauge("enphase_thing_watts", "Power.", "watts", number),
        gauge("enphase_thing_ratio", "Charge.", "charge", number),
        EnergyCounter("enphase_thing_joules_total", "Energy.", "energy"),
    ),
    keys=("serial",),
)


def reading(joules: float | None = 5, **things: Any) -> Reading:
    """Return a reading of things, given as power and charge by serial."""
    data = {
        serial: SimpleNamespace(watts=watts, charge=charge)
        for serial, (watts, charge) in things.items()
    }
    counters: dict[tuple[str, ...], float] = {
        ("things", serial, "energy"): joules for serial in things if joules is not None
    }
    return Reading({"things": data}, START, counters=counters)


def changed(lines: TableEncoder, read: Reading | None) -> dict[int, bytes]:
    """Return the lines of the rows that a reading changes."""
    return dict(lines.update(read))


def test_only_rows_with_other_values_are_rendered() -> None:
    """A value that changes costs its own row, whether field or counter."""
    lines = TableEncoder(THINGS, "home")
    assert changed(lines, reading(a=(1, 2))).keys() == {POWER, CHARGE, ENERGY}
    assert changed(lines, reading(a=(1, 2))) == {}
    assert changed(lines, reading(a=(1, 3))) == {
        CHARGE: b'enphase_thing_ratio{gateway="home",serial="a"} 3\n'
    }
    assert changed(lines, reading(6, a=(1, 3))) == {
        ENERGY: b'enphase_thing_joules_total{gateway="home",serial="a"} 6\n'
    }


def test_a_value_that_is_lost_takes_its_line_along() -> None:
    """What becomes unknown leaves nothing behind, and so does a reading that expires."""
    lines = TableEncoder(THINGS, "home")
    changed(lines, reading(a=(1, 2)))
    assert changed(lines, reading(None, a=(None, 2))) == {POWER: b"", ENERGY: b""}
    assert changed(lines, None) == {POWER: b"", CHARGE: b"", ENERGY: b""}
    assert changed(lines, None) == {}


@pytest.mark.parametrize("things", [{"b": (1, 2)}, {"a": (1, 2), "b": (1, 2)}, {}])
def test_other_objects_are_other_lines(things: dict[str, Any]) -> None:
    """The same values of another object, or of one more or less, are not mistaken for them."""
    lines = TableEncoder(THINGS, "home")
    changed(lines, reading(a=(1, 2)))
    assert changed(lines, reading(**things)) == changed(
        TableEncoder(THINGS, "home"), reading(**things)
    ) | (dict.fromkeys((POWER, CHARGE, ENERGY), b"") if not things else {})


async def test_cached_and_rendered_lines_are_the_same(tmp_path: Path) -> None:
    """After hours of changes every family reads as if it had just been rendered."""
    taken: list[Snapshot] = []
    async with polled_gateway("battery-home", tmp_path) as watched:
        publish, watched.poller._publish = watched.poller._publish, taken.append
        await watched.pass_time(60)
        kept = GatewayEncoder(taken[-1])
        for _ in range(20):
            kept.refresh(watched.clock.monotonic())
            await watched.pass_time(437)
            kept.update(taken[-1])
        now = watched.clock.monotonic()
        fresh = GatewayEncoder(taken[-1])
        assert kept.refresh(now)
        assert fresh.refresh(now)
        assert kept.families() == fresh.families()
        assert kept.all_lines() == fresh.all_lines()
        assert sum(map(bool, fresh.families())) > 100
        watched.poller._publish = publish


async def test_packed_lines_are_the_same_lines(tmp_path: Path) -> None:
    """What is kept in one piece reads the same, until something newer replaces it."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(60)
        lines = watched.exposition._gateways["home"]
        now = watched.clock.monotonic()
        lines.refresh(now)
        before, each = lines.all_lines(), lines.families()
        lines.compact()
        assert lines.all_lines() == before
        assert [lines.family(name) for name in FAMILIES] == each
        assert not lines.refresh(now)
        lines.compact()
        assert lines.families() == each
        await watched.pass_time(300)
        assert lines.refresh(watched.clock.monotonic())
        assert lines.all_lines() != before
        lines.clear()
        assert lines.all_lines() == b""
        lines.compact()
        assert not any(lines.families())
