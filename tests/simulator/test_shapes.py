"""Simulated gateways answer in the shape of real ones: no key is missing, no type is another."""

import re
from pathlib import Path

import pytest

from exporter.simulator.homes import SAMPLE_HOME_NAMES, sample_home
from exporter.simulator.replay import load_capture
from tests.conftest import capture_names
from tests.gateway.endpoints.samples import SAMPLES
from tests.simulator.reference_homes import NOW, TARGETS, Shape, document_shape, shape, twins

#: what sample homes do not have, by target: pattern of the path, and why
EXCEPTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "/admin/lib/tariff": ((r"tiers\[\]", "no sample home pays by the amount"),),
    "/home": ((r"\[wifi\]\.ip", "a gateway on a cable has no address on Wi-Fi"),),
    "/ivp/ensemble/status": (
        (r"^\.(counters|profile|fakeit)", "diagnostics of the gateway's software before 8.2.4264"),
    ),
    "/ivp/pdm/device_data": (
        (r"\.<eim>", "meters, which pyenphase skips; `/ivp/meters/readings` has them"),
        (r"\.<acb>", "AC Batteries, which pyenphase skips; `/inventory.json` has them"),
    ),
}
_NOT_RECORDED = "not among the endpoints that were recorded"
#: endpoints that no capture has, and why; a sample of the documented answer stands for them
WITHOUT_CAPTURE: dict[str, str] = {
    "/datatab/event_dt.rb?iDisplayStart=0&iDisplayLength=100": _NOT_RECORDED,
    "/installer/pcu_comm_check": "needs an installer, and loads the power line",
    "/ivp/arf/profile": _NOT_RECORDED,
    "/ivp/ensemble/errors": _NOT_RECORDED,
    "/ivp/ensemble/relay": _NOT_RECORDED,
    "/ivp/firmware_manager/state": _NOT_RECORDED,
    "/ivp/livedata/status": _NOT_RECORDED,
    "/ivp/mod/603980032/mode/power": "needs an installer",
    "/ivp/peb/devstatus": "needs an installer",
    "/ivp/ss/dpel": "needs an installer",
    "/ivp/ss/enc_settings": _NOT_RECORDED,
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
    paths = {path for path, _ in ours}
    return {(path, kind) for path, kind in theirs - ours if kind != "null" or path not in paths}


def _recorded(target: str, captures_dir: Path) -> Shape:
    """Return the shapes of an endpoint in all captures."""
    real: Shape = set()
    for name in capture_names():
        real |= shape(load_capture(captures_dir / name), target)
    return real


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
    """Sample homes have no key and no type that no real gateway and no document has."""
    real = _recorded(target, captures_dir)
    if target in WITHOUT_CAPTURE:
        real |= document_shape(SAMPLES[target])
    for home_name in SAMPLE_HOME_NAMES:
        invented = shape(sample_home(home_name, lambda: NOW), target) - real
        assert {each for each in invented if not _DOCUMENTED.search(each[0])} == set()


def test_documents_stand_only_for_what_was_never_recorded(captures_dir: Path) -> None:
    """As soon as a capture has an endpoint, it counts and the sample does not."""
    for target in WITHOUT_CAPTURE:
        assert _recorded(target, captures_dir) == set()


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
