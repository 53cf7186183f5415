"""No series vanishes unnoticed: whatever a gateway stops saying, alert or status page names it.

Each answer of a capture is taken away while the poller runs, in each of the ways that gateways have
been seen to take one away.
"""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from exporter.errors import GatewayError
from exporter.gateway.endpoints import ENDPOINTS
from exporter.gateway.paths import INFO
from exporter.metrics.catalogue import FAMILIES
from exporter.simulator import replay
from exporter.simulator.faults import Edit, Fault, body, status
from exporter.snapshot import SELF
from tests.conftest import capture_names
from tests.field_cases.answers import SPLIT
from tests.field_cases.stories import MINUTE, down, missing
from tests.polled_gateway import START, PolledGateway, polled_gateway
from tests.virtual_loop import LoopClock, VirtualLoop, run

#: the capture with the most kinds of hardware, and the loss that looks most like an answer
CHOSEN = SPLIT, "lists nothing"
#: within which a loss has to show; the alert on missing data waits for most of it
NOTICED = 20 * MINUTE
#: the first look at everything, and a first zero that is believed
SETTLED = 12 * MINUTE


def _emptied(document: object) -> object:
    """Return a document of the same shape that lists nothing."""
    if isinstance(document, dict):
        return {key: [] if isinstance(value, list) else value for key, value in document.items()}
    return []


#: how an answer goes away
LOSSES: dict[str, Callable[[], Fault]] = {
    "404": lambda: status(404),
    "empty": lambda: body(b"[]"),
    "null": lambda: body(b"null"),
    "lists nothing": lambda: Edit(_emptied),
}
#: reported by the exporter about itself, not by the gateway
_OWN = {name for name, family in FAMILIES.items() if {t.collector for t in family.tables} == {SELF}}


def series(polled: PolledGateway) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """Return name and labels of all series that come from the gateway."""
    return {
        (name, labels)
        for name, series in polled.samples().items()
        if name.startswith("enphase_") and name not in _OWN
        for labels in series
    }


def _loses(polled: PolledGateway, path: str, loss: str) -> bool:
    """Return whether an answer has something that this loss takes away."""
    answer = polled.gateway.gateway.answer(path)
    assert answer is not None
    try:
        has_data = bool(ENDPOINTS[path].parse(answer.body).data)
    except GatewayError:
        return False
    if not has_data or loss != "lists nothing":
        return has_data
    document = orjson.loads(answer.body)
    return bool(_emptied(document) != document)


async def _lose(polled: PolledGateway, path: str, fault: Fault) -> set[str]:
    """Take an answer away and assert that its loss is noticed; return the metrics that vanish."""
    before = series(polled)
    polled.gateway.faults[path] = fault
    try:
        await polled.pass_time(NOTICED)
    finally:
        polled.gateway.faults.pop(path, None)
    vanished = {name for name, _ in before - series(polled)}
    if vanished:
        state = polled.status()
        noticed = missing(polled) | {("collector", name) for name in down(polled)}
        noticed |= {("value", each.id) for each in state.missing if each.kind == "value"}
        assert noticed, f"{path}: {sorted(vanished)} vanished and nothing is missing"
        assert state.missing or state.problems, f"{path}: the page does not say so"
        assert state.health in ("act", "blind"), f"{path}: the page says {state.health}"
    return vanished


def _watch(folder: Path, state: Path, loss: str) -> None:
    async def main(loop: VirtualLoop) -> None:
        clock = LoopClock(loop, START)
        gateway = replay.load_capture(folder, now=clock.time)
        async with polled_gateway(gateway, state, clock) as polled:
            await polled.pass_time(SETTLED)
            vanished: set[str] = set()
            losable = False
            for path in ENDPOINTS.keys() - {INFO}:
                if "200" in polled.codes(path):
                    losable |= _loses(polled, path, loss)
                    vanished |= await _lose(polled, path, LOSSES[loss]())
                    await polled.pass_time(SETTLED)
            # else this test has seen nothing
            assert bool(vanished) is losable

    run(main)


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        pytest.param(name, loss, marks=() if (name, loss) == CHOSEN else pytest.mark.proof)
        for name in capture_names() or ["none"]
        for loss in LOSSES
    ],
)
def test_nothing_vanishes_unnoticed(
    name: str, loss: str, captures_dir: Path, tmp_path: Path
) -> None:
    """Within twenty minutes every lost series is expected and missing, or its collector down.

    What is no device, meter or section of its own, such as a radio, is a value that is missed.
    """
    _watch(captures_dir / name, tmp_path, loss)
