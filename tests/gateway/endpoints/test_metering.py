"""Meters and the production report: legs, sections, and what is believed of them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from awesomeversion import AwesomeVersion

from exporter.errors import GatewayStartingError
from exporter.gateway.endpoints import (
    ENDPOINTS,
    assemble,
    meters,
    paths_needed,
    production_report,
    production_v1,
)
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.context import Context

NOW = 1_764_300_100
CONTEXT = Context(gateway_time=float(NOW), firmware=AwesomeVersion("8.3.5000"), metered=True)
REPORT = production_report.JSON.path
PLAIN = production_report.PLAIN.path
TOTALS = production_v1.ENDPOINT.path
SETUP = meters.SETUP.path
READINGS = meters.READINGS.path


def parse(documents: Mapping[str, Any]) -> dict[str, Parsed]:
    """Return the parsed responses by path."""
    return {
        path: ENDPOINTS[path].parse(json.dumps(document).encode())
        for path, document in documents.items()
    }


def setup(*kinds: str, phases: int = 2, **more: Any) -> list[dict[str, Any]]:
    """Return the set-up of enabled meters."""
    return [
        {
            "eid": 0x2A000000 + 0x100 * number,
            "state": "enabled",
            "measurementType": kind,
            "phaseMode": "split",
            "phaseCount": phases,
            "meteringStatus": "normal",
            "statusFlags": [],
            **more,
        }
        for number, kind in enumerate(kinds, start=1)
    ]


def reading(eid: int, watts: float, **more: Any) -> dict[str, Any]:
    """Return what a meter or channel measures."""
    return {
        "eid": eid,
        "timestamp": NOW - 3,
        "actEnergyDlvd": 1000.0,
        "actEnergyRcvd": 10.0,
        "activePower": watts,
        "pwrFactor": 0.9,
        "voltage": 120.0,
        "current": 4.0,
        "freq": 60.0,
        **more,
    }


def meter(number: int, *watts: float, **more: Any) -> dict[str, Any]:
    """Return the reading of a meter with its channels."""
    channels = [
        reading(0x6A000010 + 0x100 * number + leg, power)
        for leg, power in enumerate(watts, start=1)
    ]
    total = reading(0x2A000000 + 0x100 * number, sum(watts), voltage=120.0 * len(watts), **more)
    return {**total, "channels": channels}


def section(kind: str, watts: float, *lines: float, **more: Any) -> dict[str, Any]:
    """Return a section of the report; a line's lifetime is a thousand times its power."""
    return {
        "type": "eim",
        "activeCount": 1,
        "measurementType": kind,
        "readingTime": NOW - 5,
        "wNow": watts,
        "whLifetime": watts * 1000,
        "whToday": 10.0,
        "whLastSevenDays": 70.0,
        "lines": [
            {"wNow": line, "whLifetime": line * 1000, "whToday": 5.0, "whLastSevenDays": 35.0}
            for line in lines
        ],
        **more,
    }


def report(*sections: dict[str, Any]) -> dict[str, Any]:
    """Return a report of these sections, with inverters beside them."""
    inverters = {
        "type": "inverters",
        "activeCount": 10,
        "readingTime": NOW - 60,
        "wNow": 999,
        "whLifetime": 5000,
    }
    return {
        "production": [inverters, *(s for s in sections if s["measurementType"] == "production")],
        "consumption": [s for s in sections if s["measurementType"] != "production"],
        "storage": [],
    }


PRODUCTION = section("production", 300.0, 100.0, 200.0)
TOTAL = section("total-consumption", 500.0, 200.0, 300.0)
NET = section("net-consumption", 200.0, 100.0, 100.0)


def produced(
    setup: Any, report: Any, totals: Any = None, context: Context = CONTEXT
) -> dict[str, Any]:
    """Return what is produced and consumed."""
    documents = {SETUP: setup, REPORT: report} | ({} if totals is None else {TOTALS: totals})
    return assemble("production", parse(documents), context)


BOTH = setup("production", "net-consumption")


def test_sections_have_legs() -> None:
    """As many as the enabled meters measure on."""
    data = produced(BOTH, report(PRODUCTION, TOTAL, NET))
    assert data["system_production"].watts_now == 300
    legs = data["system_production_phases"]
    assert {leg: part.watts_now for leg, part in legs.items()} == {"L1": 100, "L2": 200}
    assert data["system_net_consumption_phases"]["L2"].watt_hours_lifetime == 100_000


@pytest.mark.parametrize(
    ("lines", "legs"),
    [
        ((100.0, 200.0, 0.0), {"L1", "L2"}),
        # A CT on a phase that is not used picks something up.
        ((100.0, 200.0, 0.05), {"L1", "L2"}),
        ((100.0,), set()),
        ((), set()),
        ((100.0, 100.0, 200.0), {"L1", "L2"}),
        ((50.0, 100.0, 150.0), set()),
        ((1.0, 2.0, 3.0, 4.0), set()),
    ],
)
def test_lines_that_do_not_fit_the_service_are_no_legs(
    lines: tuple[float, ...], legs: set[str]
) -> None:
    """Lines have no names: if one is missing, it is unknown which."""
    data = produced(BOTH, report(section("production", 300.0, *lines)))
    assert set(data.get("system_production_phases", ())) == legs
    assert data["system_production"].watts_now == 300


def test_a_leg_that_was_not_read_takes_the_sum_with_it() -> None:
    """A register does not fall to 0 by itself; the other leg and other sections stay."""
    register_path = ("system_production_phases", "L2", "watt_hours_lifetime")
    context = replace(CONTEXT, register=lambda path: 9.0 if path == register_path else None)
    half = report(section("production", 100.0, 100.0, 0.0), NET)
    data = produced(BOTH, half, context=context)
    assert "system_production" not in data
    assert set(data["system_production_phases"]) == {"L1"}
    assert data["system_net_consumption"].watts_now == 200


def test_a_section_of_another_meter_is_not_that_of_the_cts() -> None:
    """A revenue grade meter beside the CTs measures production too."""
    document = report(PRODUCTION)
    document["production"].append({**section("production", 1.0), "type": "rgm"})
    assert produced(BOTH, document)["system_production"].watts_now == 300


def test_an_old_section_is_not_believed() -> None:
    """By the gateway's own clock; the time of the reading is exported all the same."""
    old = section("net-consumption", 200.0, readingTime=NOW - 1000)
    data = produced(BOTH, report(PRODUCTION, old))
    assert "system_net_consumption" not in data
    assert data["production_sections"]["net-consumption"].reading_time == NOW - 1000


@pytest.mark.parametrize(
    ("kinds", "believed"),
    [
        (("production", "net-consumption"), {"production", "consumption", "net_consumption"}),
        (("total-consumption",), {"production", "consumption"}),
        (("net-consumption",), {"production", "net_consumption"}),
        (("production",), {"production"}),
        ((), {"production"}),
    ],
)
def test_a_section_stands_on_its_cts(kinds: tuple[str, ...], believed: set[str]) -> None:
    """A total of a production that nothing measures is no total."""
    data = produced(setup(*kinds), report(PRODUCTION, TOTAL, NET))
    assert {name for name in data if name.startswith("system_") and "phases" not in name} == {
        f"system_{name}" for name in believed
    }


def test_a_total_that_is_only_the_exchange_is_mended() -> None:
    """Some firmware overwrites it; house is what came from the grid and from the panels."""
    false = section("total-consumption", 200.0, 100.0, 100.0)
    data = produced(BOTH, report(PRODUCTION, false, NET))
    assert data["system_consumption"].watts_now == 500
    assert data["system_consumption"].watt_hours_lifetime == 500_000
    assert data["system_consumption_phases"]["L2"].watts_now == 300


@pytest.mark.parametrize("key", ["wNow", "whLifetime"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_false_total_is_recognized_by_what_can_be_read(key: str, whole: bool) -> None:
    """One missing value costs that value: all others are mended as before."""
    false = section("total-consumption", 200.0, 100.0, 100.0)
    del (false if whole else false["lines"][1])[key]
    data = produced(BOTH, report(PRODUCTION, false, NET))
    part = data["system_consumption" if whole else "system_consumption_phases"]
    spoilt = part if whole else part["L2"]
    name, value = {
        "whLifetime": ("watts_now", 500 if whole else 300),
        "wNow": ("watt_hours_lifetime", 500_000 if whole else 300_000),
    }[key]
    assert getattr(spoilt, name) == value
    assert data["system_consumption_phases"]["L1"].watts_now == 200


def test_the_today_of_a_false_total_is_unknown() -> None:
    """It is that of the exchange, which with production added is not today's either."""
    false = section("total-consumption", 200.0, 100.0, 100.0)
    consumption = produced(BOTH, report(PRODUCTION, false, NET))["system_consumption"]
    assert consumption.watt_hours_today is None
    assert consumption.watt_hours_last_7_days is None


def test_a_total_that_cannot_be_mended_is_unknown() -> None:
    """Without production the consumption of the house is unknown."""
    false = section("total-consumption", 200.0)
    silent = section("production", 300.0, activeCount=0)
    assert "system_consumption" not in produced(BOTH, report(silent, false, NET))


TOTALS_NOW = {
    "wattsNow": 700,
    "wattHoursToday": 1000,
    "wattHoursSevenDays": 9000,
    "wattHoursLifetime": 80_000,
}


def test_without_production_ct_the_totals_of_the_inverters_count() -> None:
    """Their answer is one of its own."""
    old = replace(CONTEXT, firmware=AwesomeVersion("7.6.100"))
    data = produced(setup("net-consumption"), report(NET), TOTALS_NOW, old)
    assert data["system_production"].watts_now == 700


@pytest.mark.parametrize(
    "totals", [TOTALS_NOW, {**TOTALS_NOW, **dict.fromkeys(TOTALS_NOW, 0)}, None]
)
def test_totals_that_stall_are_not_believed(totals: dict[str, int] | None) -> None:
    """On newer firmware without CT they stand still; the inverters' section does not."""
    data = produced(setup(), report(), totals)
    assert data["system_production"].watts_now == 999


def test_a_ct_without_a_value_is_not_replaced_by_the_inverters() -> None:
    """What inverters add up to is another value, which must not come and go."""
    silent = section("production", 300.0, activeCount=0)
    data = produced(BOTH, report(silent), TOTALS_NOW)
    assert "system_production" not in data


def test_zeros_after_a_restart_are_not_served() -> None:
    """A register that was not 0 does not fall to 0."""
    register_path = ("system_production", "watt_hours_lifetime")
    context = replace(CONTEXT, register=lambda path: 9.0 if path == register_path else None)
    zero = section("production", 0.0, whToday=0.0, whLastSevenDays=0.0)
    with pytest.raises(GatewayStartingError):
        produced(BOTH, report(zero), context=context)
    assert produced(BOTH, report(zero))["system_production"].watts_now == 0


@pytest.mark.parametrize(
    ("documents", "refused", "asked"),
    [
        ({}, (), {REPORT, TOTALS}),
        ({SETUP: BOTH}, (), {REPORT}),
        ({SETUP: setup("net-consumption")}, (), {REPORT, TOTALS}),
        ({SETUP: BOTH}, (REPORT,), {PLAIN}),
        ({}, (TOTALS,), {REPORT}),
    ],
)
def test_production_is_asked_where_it_can_be_had(
    documents: dict[str, Any], refused: tuple[str, ...], asked: set[str]
) -> None:
    """The second report only instead of the first, the totals only without a CT."""
    assert set(paths_needed("production", parse(documents), refused)) == asked


def measured(*readings: Any, context: Context = CONTEXT, phases: int = 2) -> dict[str, Any]:
    """Return the data of the meters."""
    kinds = ("production", "net-consumption", "storage")[: len(readings)]
    documents = {SETUP: setup(*kinds, phases=phases), READINGS: list(readings)}
    return assemble("meters", parse(documents), context)


def test_legs_are_found_by_the_number_of_their_channel() -> None:
    """Not by their place in the answer."""
    turned = meter(1, 100.0, 200.0)
    turned["channels"].reverse()
    legs = measured(turned)["ctmeters_phases"]["production"]
    assert {leg: part.active_power for leg, part in legs.items()} == {"L1": 100, "L2": 200}


def test_a_meter_without_number_is_known_by_its_channels() -> None:
    """Their numbers are made of the meter's."""
    nameless = meter(2, 30.0, 40.0)
    del nameless["eid"]
    data = measured(meter(1, 100.0, 200.0), nameless)
    assert data["ctmeters"]["net-consumption"].active_power == 70


def test_meters_that_stand_still_have_no_values() -> None:
    """The time of the last reading is exported, so that it is noticed."""
    data = measured(meter(1, 100.0, 200.0, timestamp=NOW - 5000))
    assert data["ctmeters"]["production"].active_power is None
    assert data["ctmeters"]["production"].timestamp == NOW - 5000
    assert data["ctmeters_phases"] == {}


@pytest.mark.parametrize(
    ("factor", "expected"), [(0.97, 0.97), (1.94, 0.97), (-1.9, -0.95), (2.5, None), (5, None)]
)
def test_a_power_factor_is_never_above_one(factor: float, expected: float | None) -> None:
    """Some firmware has the sum of the legs for the whole."""
    data = measured(meter(1, 100.0, 200.0, pwrFactor=factor))
    assert data["ctmeters"]["production"].power_factor == expected


def test_a_disabled_meter_is_set_up_and_measures_nothing() -> None:
    """What disabled meters carry is junk."""
    documents = {
        SETUP: setup("production", state="disabled"),
        READINGS: [meter(1, 100.0, 200.0)],
    }
    data = assemble("meters", parse(documents), CONTEXT)
    assert data["meter_setup"]["production"].enabled is False
    assert data["ctmeters"] == {}


def test_a_setup_that_cannot_be_read_is_what_it_was() -> None:
    """A meter does not change its place on the wire by that."""
    documents = {SETUP: setup("production"), READINGS: [meter(1, 100.0, 200.0)]}
    before = parse(documents)
    documents[SETUP][0]["measurementType"] = None
    documents[SETUP][0]["state"] = 17.5
    context = replace(CONTEXT, previous=before)
    data = assemble("meters", parse(documents), context)
    assert data["ctmeters"]["production"].active_power == 300
