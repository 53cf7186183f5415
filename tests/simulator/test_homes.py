"""Sample homes are gateways that pyenphase takes for real, with numbers that add up."""

import json
from typing import Any

import aiohttp
import pytest
from pyenphase import Envoy, EnvoyData
from pyenphase.const import SupportedFeatures

from exporter.errors import ExporterError
from exporter.simulator.homes import SAMPLE_HOME_NAMES, SAMPLE_HOMES, build_home, sample_home
from exporter.simulator.homes.models import UNUSED_CTS, HomeHardware
from exporter.simulator.homes.sample_state import sample_state
from exporter.simulator.server import serve

NOW = 1_800_000_000.0

_ALWAYS = SupportedFeatures.PRODUCTION | SupportedFeatures.INVERTERS
_METERED = (
    _ALWAYS
    | SupportedFeatures.METERING
    | SupportedFeatures.TOTAL_CONSUMPTION
    | SupportedFeatures.NET_CONSUMPTION
    | SupportedFeatures.CTMETERS
    | SupportedFeatures.TARIFF
)
_SPLIT = _METERED | SupportedFeatures.DUALPHASE
_STORAGE = _SPLIT | SupportedFeatures.ENCHARGE | SupportedFeatures.ENPOWER
_DETAILED = SupportedFeatures.DETAILED_INVERTERS


async def _read(name: str, client: aiohttp.ClientSession) -> tuple[Envoy, EnvoyData]:
    """Read everything a sample home offers, over the real protocol."""
    gateway = sample_home(name, lambda: NOW)
    async with serve(gateway) as running:
        envoy = Envoy(running.host, client, v2_acb_mode=False)
        await envoy.setup()
        await envoy.authenticate(token=running.token if gateway.uses_tls else None)
        await envoy.probe()
        return envoy, await envoy.update()


def _json(name: str, target: str, now: float = NOW) -> Any:
    answer = sample_home(name, lambda: now).answer(target)
    assert answer is not None
    return json.loads(answer.body)


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("battery-home", _STORAGE | _DETAILED),
        ("solar-only", _ALWAYS | SupportedFeatures.TARIFF),
        ("three-phase", _METERED | SupportedFeatures.THREEPHASE | _DETAILED),
        (
            "collar",
            _SPLIT | SupportedFeatures.ENCHARGE | SupportedFeatures.COLLAR | SupportedFeatures.C6CC,
        ),
        ("acb", _METERED | SupportedFeatures.ENCHARGE | SupportedFeatures.ACB),
        (
            "generator",
            _STORAGE
            | _DETAILED
            | SupportedFeatures.GENERATOR
            | SupportedFeatures.GENERATOR_SCHEDULE,
        ),
        ("legacy", _ALWAYS | SupportedFeatures.TARIFF),
        ("big-home", _STORAGE),
    ],
)
async def test_pyenphase_finds_the_hardware(
    name: str, features: SupportedFeatures, client: aiohttp.ClientSession
) -> None:
    """A sample home offers what its hardware and firmware have, and every device of it."""
    envoy, data = await _read(name, client)
    site = SAMPLE_HOMES[name]

    assert envoy.supported_features == features
    assert len(data.inverters) == site.inverters
    assert len(data.encharge_inventory or {}) == site.batteries
    assert len(data.encharge_power or {}) == site.batteries
    assert len(data.acb_inventory or {}) == site.acbs
    assert set(data.ctmeters) == set(site.cts) - UNUSED_CTS
    assert len(data.dry_contact_settings) == (4 if site.controller else 0)
    assert (data.enpower is not None) == site.controller
    assert (data.collar is not None) == site.collar
    assert (data.c6cc is not None) == site.combiner
    assert (data.generator is not None) == site.generator
    assert (data.generator_mode is not None) == site.generator


def test_every_home_is_tested_by_name() -> None:
    """The homes on offer are those the command line documents."""
    assert set(SAMPLE_HOME_NAMES) == set(SAMPLE_HOMES)
    assert SAMPLE_HOME_NAMES[0] == "battery-home"


@pytest.mark.parametrize("name", SAMPLE_HOME_NAMES)
def test_what_flows_in_flows_out(name: str) -> None:
    """Production, import and discharge equal consumption, export and charge: now and ever since."""
    state = sample_state(SAMPLE_HOMES[name], NOW)
    batteries = state.battery + state.acb

    assert state.sun + max(state.grid, 0) + max(batteries, 0) == pytest.approx(
        state.load + max(-state.grid, 0) + max(-batteries, 0)
    )
    assert state.produced + state.imported + state.discharged == pytest.approx(
        state.consumed + state.exported + state.charged
    )
    assert state.consumed > 0


async def test_the_battery_home_adds_up_as_read(client: aiohttp.ClientSession) -> None:
    """What pyenphase reads of the demo is a sunny noon whose numbers fit together."""
    _, data = await _read("battery-home", client)

    assert data.system_production is not None
    assert data.system_consumption is not None
    assert data.system_net_consumption is not None
    batteries = sum(power.real_power_mw for power in (data.encharge_power or {}).values()) / 1000
    assert data.system_production.watts_now > 5000
    assert batteries < -1000
    assert data.system_net_consumption.watts_now < -1000
    # total consumption is production and net, so that it has the charging of batteries in it
    total = data.system_consumption.watts_now
    assert data.system_production.watts_now + data.system_net_consumption.watts_now == (
        pytest.approx(total, abs=2)
    )
    assert total + batteries == pytest.approx(
        sample_state(SAMPLE_HOMES["battery-home"], NOW).load, abs=2
    )
    inverters = sum(inverter.last_report_watts for inverter in data.inverters.values())
    assert inverters == pytest.approx(data.system_production.watts_now, rel=0.02)


@pytest.mark.parametrize("name", ["battery-home", "three-phase"])
async def test_legs_add_up_to_the_whole(name: str, client: aiohttp.ClientSession) -> None:
    """The legs of a meter share its power, energy and voltage."""
    _, data = await _read(name, client)

    for kind, meter in data.ctmeters.items():
        parts = [part for part in data.ctmeters_phases[kind].values() if part]
        assert meter is not None
        assert len(parts) == SAMPLE_HOMES[name].legs
        assert sum(part.active_power for part in parts) == pytest.approx(meter.active_power, abs=2)
        assert sum(part.voltage for part in parts) == pytest.approx(meter.voltage)
        assert sum(part.energy_delivered for part in parts) == pytest.approx(
            meter.energy_delivered, abs=2
        )


@pytest.mark.parametrize("name", SAMPLE_HOME_NAMES)
def test_values_stand_still_and_stamps_follow_the_clock(name: str) -> None:
    """An hour later the same values are reported an hour later."""
    target = "/api/v1/production/inverters"
    for old, new in zip(_json(name, target), _json(name, target, NOW + 3600), strict=True):
        assert new == old | {"lastReportDate": old["lastReportDate"] + 3600}
        assert NOW - 900 < old["lastReportDate"] <= NOW


def test_one_gateway_follows_its_clock() -> None:
    """An answer is made again when time has passed, and its date header with it."""
    now = [NOW]
    gateway = sample_home("battery-home", lambda: now[0])
    dates = []
    for _ in range(2):
        answer = gateway.answer("/ivp/meters/readings")
        assert answer is not None
        dates.append((json.loads(answer.body)[0]["timestamp"], answer.headers["Date"]))
        now[0] += 1
    assert dates == [
        (1_800_000_000, "Fri, 15 Jan 2027 08:00:00 GMT"),
        (1_800_000_001, "Fri, 15 Jan 2027 08:00:01 GMT"),
    ]


def test_home_has_the_local_time() -> None:
    """`/home` has the date and time of its zone, and the last report to the cloud."""
    answer = _json("three-phase", "/home")
    assert (answer["current_date"], answer["current_time"]) == ("01/15/2027", "09:00")
    assert answer["network"]["last_enlighten_report_time"] == NOW - 190


def test_device_data_ends_at_fifty_inverters() -> None:
    """A large array is beyond what device data lists, so pyenphase takes the plain list."""
    listed = _json("big-home", "/ivp/pdm/device_data")
    assert (listed["deviceCount"], listed["deviceDataLimit"]) == (100, 50)
    assert len(listed) == 52


async def test_combined_batteries_have_one_aggregate(client: aiohttp.ClientSession) -> None:
    """AC Batteries and Encharge together have the capacity of both."""
    _, data = await _read("acb", client)

    assert data.battery_aggregate is not None
    assert data.battery_aggregate.max_available_capacity == 3500 + 3 * 1240
    assert data.acb_power is not None
    assert data.acb_power.batteries == 3


async def test_hardware_can_be_anything(client: aiohttp.ClientSession) -> None:
    """A gateway can be built for counts of one's own."""
    site = HomeHardware(serial="122199000099", firmware="8.2.1", inverters=3, batteries=1, legs=1)
    async with serve(build_home(site, lambda: NOW)) as running:
        envoy = Envoy(running.host, client, v2_acb_mode=False)
        await envoy.setup()
        await envoy.authenticate(token=running.token)
        data = await envoy.update()
    assert len(data.inverters) == 3
    assert len(data.encharge_inventory or {}) == 1


def test_an_unknown_home_is_an_error() -> None:
    """The error names the homes there are."""
    with pytest.raises(ExporterError, match="'castle'; choose one of battery-home, solar-only"):
        sample_home("castle", lambda: NOW)
