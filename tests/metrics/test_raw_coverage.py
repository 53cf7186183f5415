"""Every number in every answer of a real gateway has a metric, or is left out for a reason."""

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from exporter.capture.folder import file_name
from exporter.gateway.endpoints import ENDPOINTS
from tests.blast.blast import Target
from tests.blast.spoiling import at, leaves, replaced
from tests.conftest import capture_names

_IDENTITY = "identifies a part of the answer, which labels contain in another form"
_SECTION = "the CT's own reading has it; of a computed section, the meter report"
_DUPLICATE = "the same value is in its own response"
_PLAN = "part of a plan or tariff, which is no measurement"
_SAME_TIME = "always the time of the last report"
_INTERNAL = "counts what the gateway does inside"

#: path and place, as patterns, and why there is no metric
EXCEPTIONS: tuple[tuple[str, str, str], ...] = (
    ("/production", "*", "only read where `/production.json` cannot be had"),
    ("/production.json*", "*.activeCount", "believed or not, a count is one of each section"),
    ("/production.json*", "*.apprntPwr", _SECTION),
    ("/production.json*", "*.reactPwr", _SECTION),
    ("/production.json*", "*.pwrFactor", _SECTION),
    ("/production.json*", "*.rms*", _SECTION),
    ("/production.json*", "*.va*", _SECTION),
    ("/admin/lib/tariff", "schedule.*", _PLAN),
    ("/admin/lib/tariff", "tariff.seasons.*.tiers.*", "a tier depends on what was used so far"),
    ("/admin/lib/tariff", "*.must_charge_*", _PLAN),
    ("/admin/lib/tariff", "*.enable_discharge_to_grid", _PLAN),
    ("/ivp/ss/gen_schedule", "schedule.*", _PLAN),
    ("/home", "comm.num", "the sum over the kinds of devices"),
    ("/home", "comm.level", "the worst over the kinds of devices"),
    ("/home", "wireless_connection.*.signal_strength*", "0 of 0 bars mean nothing"),
    ("/inventory.json*", "*.chaneid", _IDENTITY),
    ("/inventory.json*", "*.gficlearset", "a command that was given, not a state"),
    ("/ivp/ensemble/secctrl", "*_q[58]*", "the bias once more, as fixed-point number"),
    ("/ivp/ensemble/secctrl", "offgrid_secctrl.*", "inner values of a control loop"),
    ("/ivp/ensemble/status", "counters.*", _INTERNAL),
    ("/ivp/ensemble/status", "secctrl.*", _DUPLICATE),
    ("/ivp/ensemble/status", "relay.*", _DUPLICATE),
    ("/ivp/ensemble/status", "fakeit.*", "a mode that only its makers use"),
    ("/ivp/ensemble/status", "*.installed", "always 1 of a device that is listed"),
    ("/ivp/ensemble/status", "*.prop_set", "the inventory has it among the conditions"),
    ("/ivp/ensemble/status", "*.phase", "the inventory has it in words"),
    ("/ivp/meters", "*.eid", _IDENTITY),
    ("/ivp/meters", "*.phaseCount", "what the readings show counts where they show more"),
    ("/ivp/meters/readings", "*.eid", _IDENTITY),
    ("/ivp/meters/readings", "*.instantaneousDemand", "always the active power"),
    ("/ivp/pdm/device_data", "*.eid", _IDENTITY),
    ("/ivp/pdm/device_data", "*.chanEid", _IDENTITY),
    ("/ivp/pdm/device_data", "*.interval_type", _IDENTITY),
    ("/ivp/pdm/device_data", "*.active", "a device that is not is left out"),
    ("/ivp/pdm/device_data", "*.created", _SAME_TIME),
    ("/ivp/pdm/device_data", "*.lifetime.duration", "how long the device has been counted"),
    ("/ivp/pdm/device_data", "*.l[123]NAcVoltageInmV", "0 V at an inverter on one phase"),
    ("/ivp/pdm/device_data", "*.SOC", _DUPLICATE),
    ("/ivp/pdm/device_data", "*.maxCellTemp", _DUPLICATE),
    ("/ivp/pdm/device_data", "*.curr_w", "of a CT, which has readings of its own"),
    ("/ivp/pdm/device_data", "*.freq_mhz", "of a CT, which has readings of its own"),
    ("/ivp/pdm/device_data", "*.rms_m*", "of a CT, which has readings of its own"),
    ("/ivp/pdm/device_data", "*_cum", "of a CT, which has readings of its own"),
    ("/ivp/pdm/device_data", "*.wh_*", "of a CT, which has readings of its own"),
    ("/ivp/pdm/device_data", "deviceCount", "whether all devices fit into the response"),
    ("/ivp/pdm/device_data", "deviceDataLimit", "whether all devices fit into the response"),
)

#: recorded responses that are not read, and why
NOT_READ = {
    "inv": "the inventory once more, in short",
    "ivp_meters_pvReading": "the readings of the production CT once more",
    "ivp_meters_gridReading": "the readings of the grid CT once more",
    "ivp_pdm_device_data_1": "a second recording",
    "ivp_ss_gen_schedule.json": "a second recording",
    "production.json_details_1.json": "a second recording",
    "production.json": "the report without its lines",
    "inventory": "the inventory without what was removed",
}

#: places of one kind that are tried
_ENOUGH = 6
UNSUPPORTED = "3.7.0"


def shape(place: tuple[str | int, ...]) -> str:
    """Return a place without serial numbers and positions."""
    return ".".join("*" if isinstance(step, int) or step.isdecimal() else step for step in place)


def numbers(document: Any) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of numbers and booleans, of one kind only some."""
    seen: Counter[str] = Counter()
    for place in leaves(document):
        if isinstance(at(document, place), (int, float)):
            seen[shape(place)] += 1
            if seen[shape(place)] <= _ENOUGH:
                yield place


def coverage(folder: Path) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return path and shape of all numbers of a capture, and of those that make a series."""
    target = Target(folder)
    read: set[tuple[str, str]] = set()
    exported: set[tuple[str, str]] = set()
    for path, document in target.documents():
        for place in numbers(document):
            key = path, shape(place)
            read.add(key)
            if key not in exported:
                damage = target.damage(path, place, "null", replaced(document, place, None))
                if damage.lost or damage.changed or damage.added:
                    exported.add(key)
    return read, exported


@pytest.fixture(scope="module")
def covered(captures_dir: Path) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return path and shape of all numbers in all captures, and of those that make a series."""
    read: set[tuple[str, str]] = set()
    exported: set[tuple[str, str]] = set()
    for name in capture_names():
        if name != UNSUPPORTED:
            some, of_those = coverage(captures_dir / name)
            read |= some
            exported |= of_those
    return read, exported


Covered = tuple[set[tuple[str, str]], set[tuple[str, str]]]


def excused(path: str, place: str) -> bool:
    """Return whether an exception covers a place."""
    return any(
        fnmatchcase(path, path_pattern) and fnmatchcase(place, pattern)
        for path_pattern, pattern, _ in EXCEPTIONS
    )


def test_every_number_is_exported_or_excused(covered: Covered) -> None:
    """Every number makes a series, or is among the exceptions."""
    read, exported = covered
    assert sorted(key for key in read - exported if not excused(*key)) == []


def test_no_exception_is_out_of_date(covered: Covered) -> None:
    """An exception names something that is there and makes no series."""
    read, _ = covered
    assert [
        (path, place)
        for path, place, _ in EXCEPTIONS
        if not any(fnmatchcase(key[0], path) and fnmatchcase(key[1], place) for key in read)
    ] == []


def test_every_recorded_response_is_read_or_excused(captures_dir: Path) -> None:
    """Nothing that a capture has goes unread without a reason."""
    read = {file_name(path) for path in ENDPOINTS}
    recorded = {
        file.name
        for name in capture_names()
        for file in (captures_dir / name).iterdir()
        if not file.name.endswith("_log.json") and not file.name.startswith("_")
    }
    assert recorded - read - set(NOT_READ) == set()
