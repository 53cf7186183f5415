"""Lines are rendered anew only where something changed, and are those that a fresh look gives."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.table import EnergyCounter, Table, gauge
from exporter.metrics.units import number
from exporter.rendering import GatewayLines, TableLines
from exporter.snapshot import Reading, Snapshot
from tests.watching import START, watching

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


def changed(lines: TableLines, read: Reading | None) -> dict[int, bytes]:
    """Return the lines of the rows that a reading changes."""
    return dict(lines.render(read))


def test_only_the_rows_that_say_something_else_are_rendered() -> None:
    """A value that moves costs its own row, be it a field or a counter."""
    lines = TableLines(THINGS, "home")
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
    lines = TableLines(THINGS, "home")
    changed(lines, reading(a=(1, 2)))
    assert changed(lines, reading(None, a=(None, 2))) == {POWER: b"", ENERGY: b""}
    assert changed(lines, None) == {POWER: b"", CHARGE: b"", ENERGY: b""}
    assert changed(lines, None) == {}


@pytest.mark.parametrize("things", [{"b": (1, 2)}, {"a": (1, 2), "b": (1, 2)}, {}])
def test_other_objects_are_other_lines(things: dict[str, Any]) -> None:
    """The same values of another object, or of one more or less, are not mistaken for them."""
    lines = TableLines(THINGS, "home")
    changed(lines, reading(a=(1, 2)))
    assert changed(lines, reading(**things)) == changed(
        TableLines(THINGS, "home"), reading(**things)
    ) | (dict.fromkeys((POWER, CHARGE, ENERGY), b"") if not things else {})


async def test_lines_kept_and_lines_made_anew_are_the_same(tmp_path: Path) -> None:
    """After hours of changes every family reads as if it had just been rendered."""
    taken: list[Snapshot] = []
    async with watching("battery-home", tmp_path) as watched:
        publish, watched.poller._publish = watched.poller._publish, taken.append
        await watched.pass_time(60)
        kept = GatewayLines(taken[-1])
        for _ in range(20):
            kept.bring_up_to_date(watched.clock.monotonic())
            await watched.pass_time(437)
            kept.take(taken[-1])
        now = watched.clock.monotonic()
        fresh = GatewayLines(taken[-1])
        assert kept.bring_up_to_date(now)
        assert fresh.bring_up_to_date(now)
        assert kept.by_family() == fresh.by_family()
        assert kept.whole() == fresh.whole()
        assert sum(map(bool, fresh.by_family())) > 100
        watched.poller._publish = publish


async def test_packed_lines_are_the_same_lines(tmp_path: Path) -> None:
    """What is kept in one piece reads the same, until something newer replaces it."""
    async with watching("battery-home", tmp_path) as watched:
        await watched.pass_time(60)
        lines = watched.exposition._gateways["home"]
        now = watched.clock.monotonic()
        lines.bring_up_to_date(now)
        before, each = lines.whole(), lines.by_family()
        lines.pack()
        assert lines.whole() == before
        assert [lines.of_family(name) for name in FAMILIES] == each
        assert not lines.bring_up_to_date(now)
        lines.pack()
        assert lines.by_family() == each
        await watched.pass_time(300)
        assert lines.bring_up_to_date(watched.clock.monotonic())
        assert lines.whole() != before
        lines.forget()
        assert lines.whole() == b""
        lines.pack()
        assert not any(lines.by_family())
