"""Whatever the answers are made of, the exposition is valid; `make fuzz` runs for long."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from exporter.clock import VirtualClock
from exporter.exposition import Exposition
from tests.fuzz import exposition_checks
from tests.fuzz.examples import Covered, Example, examples, run
from tests.fuzz.gateways import ROUND, START, FuzzedExporter, FuzzedHome, Kept, clients, houses
from tests.fuzz.mutations import KINDS, ROUGH

#: plays whole scenarios for minutes
pytestmark = pytest.mark.proof

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
EXAMPLES = 5000 if LONG else 300


@pytest.fixture(scope="module")
def homes() -> list[FuzzedHome]:
    """Return the simulated homes; they never change."""
    return houses()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Return a loop for all examples."""
    with asyncio.Runner() as runner:
        yield runner


def test_nothing_impossible_is_exported(homes: list[FuzzedHome], runner: asyncio.Runner) -> None:
    """No exception leaves a collector, every exposition parses, and no counter falls."""
    covered = Covered()

    @settings(max_examples=EXAMPLES, derandomize=not LONG, database=None)
    @given(examples)
    def play(example: Example) -> None:
        runner.run(run(example, homes, covered))

    play()
    assert covered.examples >= EXAMPLES
    assert covered.houses.keys() == {house.name for house in homes}
    assert covered.kinds.keys() == {*KINDS, *ROUGH}


def test_the_double_is_a_gateway(homes: list[FuzzedHome], runner: asyncio.Runner) -> None:
    """In health every collector is up, or the fuzz would be one of a gateway that is down."""

    async def watch(house: FuzzedHome) -> set[float]:
        with clients(house) as client:
            client.begin(1, ())
            exporter = FuzzedExporter(house, client, Kept(), START + ROUND)
            await exporter.live(START + 2 * ROUND - 30)
            body = exporter.exposition.render("", "")[0].decode()
            await exporter.poller.close()
        up = [line for line in body.splitlines() if line.startswith("enphase_collector_up{")]
        assert len(up) >= 4
        return {float(line.rpartition(" ")[2]) for line in up}

    for house in homes:
        assert runner.run(watch(house)) == {1.0}, house.name


class FixedExposition(Exposition):
    """An exposition with a fixed body."""

    def __init__(self, body: str) -> None:
        super().__init__(VirtualClock(START))
        self._fixed_body = f"{UP}{body}".encode()

    def render(self, *_: object) -> tuple[bytes, dict[str, str]]:
        """See `Exposition`."""
        return self._fixed_body, {}


UP = '# HELP enphase_up x\n# TYPE enphase_up gauge\nenphase_up{gateway="home"} 1\n'


def gauge(name: str, *lines: str) -> str:
    """Return a family of gauges."""
    samples = "".join(f"{name}{line}\n" for line in lines)
    return f"# HELP {name} x\n# TYPE {name} gauge\n{samples}"


@pytest.mark.parametrize(
    "body",
    [
        gauge("enphase_production_watts", '{gateway="home"} NaN'),
        gauge("enphase_production_watts", '{gateway="home"} 1', '{gateway="home"} 1'),
        gauge("enphase_production_watts", '{gateway="a"b"} 1'),
        gauge("enphase_production_watts", '{gateway="home",more="x"} 1'),
        gauge("enphase_storage_soc_ratio", '{gateway="home"} 1.01'),
        gauge("enphase_unheard_of", '{gateway="home"} 1'),
        gauge("enphase_storage_mode", '{gateway="home",mode="backup"} 0'),
        gauge(
            "enphase_storage_mode",
            '{gateway="home",mode="backup"} 1',
            '{gateway="home",mode="unknown"} 1',
        ),
        UP,
    ],
)
def test_invalid_expositions_are_rejected(body: str) -> None:
    """An exposition that must never be exported fails the check."""
    assert exposition_checks.check_exposition(FixedExposition(""), both=False) == {}
    with pytest.raises((AssertionError, ValueError)):
        exposition_checks.check_exposition(FixedExposition(body), both=False)


def test_a_counter_that_falls_is_found() -> None:
    """The same series, lower than before."""
    key = ("enphase_production_joules_total", frozenset({("gateway", "home")}))
    assert exposition_checks.fell({key: 5.0}, {key: 4.0})
    assert not exposition_checks.fell({key: 5.0}, {key: 5.0})
    assert not exposition_checks.fell({key: 5.0}, {})
