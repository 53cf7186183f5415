"""No counter that was exported once is ever exported smaller, also when the process is killed."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.clock import VirtualClock
from exporter.gateway.counter_journal import CounterJournal
from exporter.gateway.counters import CounterGuard
from exporter.gateway.state_model import GatewayState
from tests.polled_gateway import START

PRODUCTION = ("system_production", "watt_hours_lifetime")
NET = ("system_net_consumption", "watt_hours_lifetime")
FEW_WH = st.floats(0, 200)


class Life:
    """An exporter that is killed now and then, and its state directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = VirtualClock(START)
        self.saved: dict[str, Any] = GatewayState().dump()
        self.exported: dict[tuple[str, ...], float] = {}
        self.start()

    def start(self) -> None:
        """Start with what was saved last."""
        self.state = GatewayState.load(self.saved)
        self.journal = CounterJournal.open(self.folder / "home.counters")
        self.guard = CounterGuard(self.state, self.clock, 60, journal=self.journal)
        self.save()  # the first thing that a poller does

    def save(self, *, closing: bool = False) -> None:
        """Write the state file."""
        self.saved = self.state.dump(closing=closing)

    def kill(self) -> None:
        """End without saving, and start again."""
        self.guard.close()  # the kernel closes the files of a killed process
        self.start()

    def end(self) -> None:
        """End decently, and start again."""
        self.save(closing=True)
        self.guard.close()
        self.start()

    def begin_again(self, how: str) -> None:
        """Start again after an end of this kind; `lose` loses the state file, too."""
        if how == "end":
            self.end()
            return
        if how == "lose":
            self.saved = {}
        self.kill()

    async def read(self, production: float, net: float, watts: float) -> None:
        """Poll, and check that nothing fell."""
        await self.clock.sleep(30)
        data = {
            "system_production": SimpleNamespace(watt_hours_lifetime=production),
            "system_net_consumption": SimpleNamespace(watt_hours_lifetime=net),
        }
        exported: dict[tuple[str, ...], float] = {
            path: value
            for path, value in self.guard.judge("production", data).items()
            if path in (PRODUCTION, NET)
        }
        exported |= self.guard.integrate(("encharge_power", "1"), watts)
        for path, value in exported.items():
            assert value >= self.exported.get(path, 0.0), path
        self.exported |= exported


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """Return an exporter that has just started."""
    one = Life(tmp_path)
    yield one
    one.guard.close()


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("read"), FEW_WH, st.floats(-200, 200), st.floats(-9000, 9000)),
            st.tuples(
                st.sampled_from(["kill", "save", "end", "replace", "wrap", "dip", "zero", "lose"])
            ),
        ),
        max_size=40,
    )
)
async def test_no_counter_falls_whenever_the_process_is_killed(
    steps: list[tuple[Any, ...]],
) -> None:
    """Kills, lost files, other gateways, steps of 2^32 J and dips at night, in any order."""
    with TemporaryDirectory() as folder:
        life = Life(Path(folder))
        production, net = 30_000_000.0, -5000.0
        for step in steps:
            match step:
                case ("read", up, change, watts):
                    production, net = production + up, net + change
                    await life.read(production, net, watts)
                case ("replace",):
                    production, net = 120_000.0, 10.0
                    life.guard.expect_other_registers()
                    life.save()  # what a poller does for another gateway
                case ("wrap",):
                    production -= 2**32 / 3600
                    for _ in range(14):
                        await life.read(max(1.0, production), net, 0)
                case ("dip",):
                    production -= 0.4
                case ("zero",):
                    await life.read(0, net, 100)
                case ("save",):
                    life.save()
                case _:
                    life.begin_again(step[0])
            production = max(1.0, production)
        life.guard.close()


async def test_a_sum_goes_on_where_it_was_when_the_process_was_killed(life: Life) -> None:
    """Not where it was saved, and not from zero."""
    for _ in range(20):
        await life.read(1000, 0, 3600)
    before = life.exported["encharge_power", "1", "discharged"]
    assert before == 19 * 30 * 3600
    life.kill()
    await life.read(1000, 0, 3600)
    assert life.exported["encharge_power", "1", "discharged"] == before


async def test_a_state_file_that_was_deleted_lets_no_counter_fall(life: Life) -> None:
    """The journal knows where each counter stood, and it goes on from there."""
    await life.read(1000, 0, 3600)
    await life.read(1000, 0, 3600)
    life.saved = {}
    life.kill()
    await life.read(500, -7, 3600)
    assert life.exported[PRODUCTION] == 1000 * 3600
    assert life.exported["encharge_power", "1", "discharged"] == 30 * 3600
    await life.read(510, -5, 3600)
    assert life.exported[PRODUCTION] == 1010 * 3600
    assert life.exported[NET] == 2 * 3600


async def test_a_state_directory_that_was_deleted_begins_with_the_registers(life: Life) -> None:
    """Without the journal nothing is known of what was exported."""
    await life.read(1000, 0, 3600)
    await life.read(1000, 0, 3600)
    life.saved, life.exported = {}, {}
    (life.folder / "home.counters").unlink()
    life.kill()
    await life.read(500, 0, 3600)
    assert life.exported[PRODUCTION] == 500 * 3600
    assert life.exported["encharge_power", "1", "discharged"] == 0


async def test_more_counters_than_a_slot_holds_make_it_grow(tmp_path: Path) -> None:
    """Thousands of inverters are no reason to lose one."""
    path = tmp_path / "many.counters"
    journal = CounterJournal.open(path)
    assert journal is not None
    few = {"a/b": 1.0}
    many = {f"inverters/{serial}/lifetime_energy": float(serial) for serial in range(5000)}
    for totals in (few, many, {**many, "inverters/7/lifetime_energy": 8.0}):
        journal.write(totals)
    journal.close()
    again = CounterJournal.open(path)
    assert again is not None
    assert again.totals == {**many, "inverters/7/lifetime_energy": 8.0}
    again.close()


@pytest.mark.parametrize("keep", range(0, 60, 7))
def test_a_write_that_was_cut_off_costs_only_itself(tmp_path: Path, keep: int) -> None:
    """Whatever bytes of a slot are wrong, the other slot is read."""
    path = tmp_path / "home.counters"
    journal = CounterJournal.open(path)
    assert journal is not None
    journal.write({"a": 1.0})
    journal.write({"a": 2.0})
    journal.close()
    content = bytearray(path.read_bytes())
    newest = content.rindex(b'"a":2.0') - 70
    content[newest + keep] ^= 0xFF
    path.write_bytes(content)
    again = CounterJournal.open(path)
    assert again is not None
    assert again.totals in ({"a": 1.0}, {"a": 2.0}, None)
    again.close()


def test_a_journal_has_one_writer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A second process on the same state directory cannot spoil it."""
    path = tmp_path / "home.counters"
    first = CounterJournal.open(path)
    assert first is not None
    assert CounterJournal.open(path) is None
    assert "counter journal unavailable" in caplog.text
    first.close()


@pytest.mark.parametrize("content", [b"", b"junk", b"\0" * 65536, b"EEXJ" * 16384])
def test_any_file_is_worth_a_journal(tmp_path: Path, content: bytes) -> None:
    """What is not a journal is an empty one."""
    path = tmp_path / "home.counters"
    path.write_bytes(content)
    journal = CounterJournal.open(path)
    assert journal is not None
    assert journal.totals is None
    journal.write({"a": 1.0})
    journal.close()
    again = CounterJournal.open(path)
    assert again is not None
    assert again.totals == {"a": 1.0}
    again.close()
