"""On every capture each value is the one that pyenphase reads, or differs for a stated reason."""

import dataclasses
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pyenphase import Envoy
from pyenphase.models.envoy import EnvoyData
from pyenphase.ssl import NO_VERIFY_SSL_CONTEXT

from exporter.simulator import replay as captures
from exporter.simulator.server import serve
from tests.conftest import capture_names
from tests.gateway.endpoints.reading import read_capture

#: a firmware that answers nothing pyenphase can read
UNSUPPORTED = "3.7.0"

_STRUCTURE = "ours has the prices as objects, of which metrics take the ones in force"
_METER = "belongs to the meter, where it is read"
_STALE = "the section was read days before the rest"
_NO_BATTERY = "the gateway has no battery, and reports one of capacity 0 all the same"
_IMPOSSIBLE = "no site of this size can do that in the time"
_DAYS = "the list of inverters was recorded days before the rest"
_SINCE_START = "today, the week before it and the lifetime cannot be the same"
_JUNK = "comes from a section that counts no device"

#: capture, path of the value, why ours is another one; patterns as in file names
DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    ("*", "ctmeters_phases.*.*.state", _METER),
    ("*", "ctmeters_phases.*.*.measurement_type", _METER),
    ("*", "ctmeters_phases.*.*.metering_status", _METER),
    ("*", "ctmeters_phases.*.*.status_flags", _METER),
    ("*", "tariff.logger", "a name inside the gateway"),
    ("*", "tariff.currency", _STRUCTURE),
    ("*", "tariff.single_rate", _STRUCTURE),
    ("*", "tariff.seasons", _STRUCTURE),
    ("*", "tariff.seasons_sell", _STRUCTURE),
    ("*", "tariff.date", "a number, not its text"),
    ("*", "tariff.storage_settings.date", "a number, not its text"),
    ("*", "generator_schedule.schedule", "a calendar, which is no measurement"),
    ("3.17.3", "inverters.*.last_report_watts", "the others reported hours later"),
    ("3.9.36", "inverters.*.last_report_watts", _DAYS),
    ("7.6.175", "inverters.*.last_report_watts", _DAYS),
    ("7.3.466_metered_disabled_cts", "system_production.watt_hours_*", _JUNK),
    ("8.2.4264_metered_noct", "system_production.watt_hours_*", _JUNK),
    ("7.3.466_with_cts_3phase", "system_*", _STALE),
    ("7.3.517_system_2", "system_production.watt_hours_last_7_days", _IMPOSSIBLE),
    ("8.2.127_*", "system_production.watt_hours_last_7_days", _IMPOSSIBLE),
    ("8.2.4345_with_device_data", "encharge_aggregate.*", _NO_BATTERY),
    ("8.3.5169_with_generator", "encharge_aggregate.*", _NO_BATTERY),
    ("8.2.4382_ACB", "acb_power.*", "the AC Batteries were last read 41 hours before"),
    ("8.3.1598_collar", "system_*.watt_hours_last_7_days", _SINCE_START),
    ("8.3.1598_collar", "system_*.watt_hours_today", _SINCE_START),
    ("8.3.1598_collar", "ctmeters.*.power_factor", "this firmware adds up those of the legs"),
)


async def read_by_pyenphase(folder: Path) -> EnvoyData:
    """Return what bare pyenphase reads from a gateway that replays a capture."""
    async with (
        serve(captures.load_capture(folder)) as gateway,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=NO_VERIFY_SSL_CONTEXT)) as client,
    ):
        envoy = Envoy(gateway.host, client=client, v2_acb_mode=False)
        await envoy.setup()
        if gateway.gateway.uses_tls:
            await envoy.authenticate(token=gateway.token)
        else:
            await envoy.authenticate()
        return await envoy.update()


def leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield path and value of everything in a member that is set."""
    if value is None or value == {}:
        return
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, dict) and path[-1] not in {"currency", "single_rate", "schedule"}:
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)))
    else:
        yield path, value


def value_at(node: Any, path: tuple[str, ...]) -> Any:
    """Return what stands at a path of our members, or None."""
    for step in path:
        node = node.get(step) if isinstance(node, Mapping) else getattr(node, step, None)
        if node is None:
            return None
    return node


def differences_of(capture: str) -> set[str]:
    """Return the patterns of the paths that may differ on a capture."""
    return {path for name, path, _ in DIFFERENCES if fnmatch(capture, name)}


async def differing(folder: Path) -> dict[str, tuple[Any, Any]]:
    """Return pyenphase's value and ours for each path where they are not the same."""
    ours = read_capture(folder)
    theirs = await read_by_pyenphase(folder)
    differences = {}
    for member in dataclasses.fields(theirs):
        # `ctmeter_*` are older names for entries of `ctmeters`.
        if member.name == "raw" or member.name.startswith("ctmeter_"):
            continue
        for path, value in leaves(getattr(theirs, member.name), (member.name,)):
            own = value_at(ours, path)
            if own != value:
                differences[".".join(path)] = value, own
    return differences


async def test_every_value_is_that_of_pyenphase(capture: Path) -> None:
    """What pyenphase reads of a real gateway we read too, and alike."""
    if capture.name == UNSUPPORTED:
        pytest.skip("pyenphase cannot read it")
    allowed = differences_of(capture.name)
    assert {
        path: values
        for path, values in (await differing(capture)).items()
        if not any(fnmatch(path, pattern) for pattern in allowed)
    } == {}


async def test_no_difference_is_out_of_date(captures_dir: Path) -> None:
    """Each row of the table names something that does differ."""
    differences = {
        (name, path)
        for name in capture_names()
        if name != UNSUPPORTED
        for path in await differing(captures_dir / name)
    }
    assert [
        (name, pattern)
        for name, pattern, _ in DIFFERENCES
        if not any(fnmatch(folder, name) and fnmatch(path, pattern) for folder, path in differences)
    ] == []


def test_a_capture_read_twice_is_read_alike(captures_dir: Path) -> None:
    """Reading has no memory."""
    folder = captures_dir / "8.2.127_with_3cts_and_battery_split"
    assert read_capture(folder) == read_capture(folder)
