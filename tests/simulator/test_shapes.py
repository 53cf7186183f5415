"""Simulated gateways answer in the shape of real ones: no key is missing, no type is another."""

import re
from pathlib import Path

import pytest

from exporter.simulator.homes import SAMPLE_HOME_NAMES, sample_home
from exporter.simulator.replay import load_capture
from tests.conftest import capture_names
from tests.simulator.reference_homes import NOW, TARGETS, Shape, shape, twins

#: what sample homes do not have, by target: pattern of the path, and why
EXCEPTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "/admin/lib/tariff": ((r"tiers\[\]", "no sample home pays by the amount"),),
    "/home": ((r"\[wifi\]\.ip", "a gateway on a cable has no address on Wi-Fi"),),
    "/ivp/pdm/device_data": (
        (r"\.<eim>", "meters, which pyenphase skips; `/ivp/meters/readings` has them"),
        (r"\.<acb>", "AC Batteries, which pyenphase skips; `/inventory.json` has them"),
    ),
}
#: what no capture has: IQ Relays are known from documents alone
_DOCUMENTED = re.compile(r"\[NSRB\]|<nsrb>")
#: too old for pyenphase
_UNSUPPORTED = "3.7.0"

_captures = pytest.mark.parametrize("name", [n for n in capture_names() if n != _UNSUPPORTED])


def _excepted(target: str, path: str) -> set[str]:
    return {each for each, _ in EXCEPTIONS.get(target, ()) if re.search(each, path)}


def _missing(theirs: Shape, ours: Shape) -> Shape:
    """Return what a capture has and a twin has not; null goes with any type."""
    known = {path for path, _ in ours}
    return {(path, kind) for path, kind in theirs - ours if kind != "null" or path not in known}


@_captures
@pytest.mark.parametrize("target", TARGETS)
def test_a_twin_has_the_shape_of_the_capture(name: str, target: str, captures_dir: Path) -> None:
    """A simulated home with the same firmware and hardware has every key, with the same type."""
    theirs = shape(load_capture(captures_dir / name), target)
    for twin in twins(captures_dir / name):
        missing = _missing(theirs, shape(twin, target))
        assert {each for each in missing if not _excepted(target, each[0])} == set()


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_invented(target: str, captures_dir: Path) -> None:
    """Sample homes have no key and no type that no real gateway has."""
    real: Shape = set()
    for name in capture_names():
        real |= shape(load_capture(captures_dir / name), target)
    for home_name in SAMPLE_HOME_NAMES:
        invented = shape(sample_home(home_name, lambda: NOW), target) - real
        assert {each for each in invented if not _DOCUMENTED.search(each[0])} == set()


def test_every_exception_is_needed(captures_dir: Path) -> None:
    """Each exception stands for something that a capture has and its twin has not."""
    used = set()
    for name in capture_names():
        if name != _UNSUPPORTED:
            twin = twins(captures_dir / name)[0]
            for target in EXCEPTIONS:
                for path, _ in _missing(
                    shape(load_capture(captures_dir / name), target), shape(twin, target)
                ):
                    used |= {(target, each) for each in _excepted(target, path)}
    assert used == {(target, each) for target, rows in EXCEPTIONS.items() for each, _ in rows}
