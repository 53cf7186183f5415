"""What real gateways left out of an answer, and the very series that it costs at `/metrics`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from exporter.metrics.catalogue import FAMILIES
from exporter.simulator.faults import Edit, Fault, Rewrite
from exporter.snapshot import SELF
from tests.field_cases.answers import (
    DETAILED,
    INVERTERS,
    METERS,
    POWER,
    READINGS,
    REPORT,
    SIMPLE,
    SPLIT,
    section,
)
from tests.field_cases.stories import MINUTE, Watch, watch
from tests.polled_gateway import PolledGateway

__all__ = ["watch"]

SECCTRL = "/ivp/ensemble/secctrl"
CONTACTS = "/ivp/ss/dry_contact_settings"
TARIFF = "/admin/lib/tariff"
MISSING: Any = object()
#: what goes on while an answer is odd
_MOVING = ("_joules_total", "_timestamp_seconds", "_today_joules")

Series = tuple[str, frozenset[tuple[str, str]]]


def put(*place: Any, value: Any = MISSING) -> Edit:
    """Return a fault that sets a value of an answer, or takes it out."""

    def change(document: Any) -> Any:
        node = document
        for step in place[:-1]:
            node = node[step]
        if value is MISSING:
            del node[place[-1]]
        else:
            node[place[-1]] = value
        return document

    return Edit(change)


def sections(*kept: str) -> Edit:
    """Return a fault that leaves these sections of consumption, or none of it."""

    def change(report: Any) -> Any:
        found = [section(report, name) for name in kept]
        return {**report, "consumption": found}

    return Edit(change)


def another_meter(**fields: Any) -> Edit:
    """Return a fault that lists one more CT in the set-up."""

    def change(listed: Any) -> Any:
        other = {**listed[0], "eid": 704643999, "state": "disabled"}
        del other["measurementType"]
        return [*listed, {**other, **fields}]

    return Edit(change)


@dataclass(frozen=True)
class OddAnswer:
    """What is odd about an answer of a capture, and of which metrics a series each is lost."""

    capture: str
    path: str
    fault: Fault
    lost: Sequence[str]


_NO_BATTERY_POWER = (
    "enphase_encharge_watts",
    "enphase_storage_watts",
    "enphase_battery_charge_watts",
    "enphase_battery_discharge_watts",
    "enphase_house_watts",
)
_NO_TOTAL = (
    "enphase_consumption_watts",
    "enphase_consumption_joules_total",
    "enphase_consumption_today_joules",
    "enphase_consumption_previous_week_joules",
    "enphase_production_section_devices",
    "enphase_production_section_reading_timestamp_seconds",
)
_NO_NET = (
    "enphase_net_consumption_watts",
    "enphase_net_consumption_joules_total",
    "enphase_net_consumption_lifetime_joules",
    "enphase_net_consumption_today_joules",
    "enphase_net_consumption_previous_week_joules",
    "enphase_production_section_devices",
    "enphase_production_section_reading_timestamp_seconds",
)
_OTHER_ENCODING = Rewrite(lambda body: body.replace(b'"load_name":""', b'"load_name":"K\xfcche"'))

_FIRST_BATTERY = ("devices:", 0, "real_power_mw")
_PRICES = ("enphase_tariff_import_price", "enphase_tariff_export_price")

#: answers by the number of the case and what is odd
ANSWERS: Mapping[str, OddAnswer] = {
    f"{number} {what}": OddAnswer(capture, path, fault, lost)
    for number, what, capture, path, fault, lost in (
        (11, "null", SPLIT, POWER, put(*_FIRST_BATTERY, value=None), _NO_BATTERY_POWER),
        (11, "a word", SPLIT, POWER, put(*_FIRST_BATTERY, value="odd"), _NO_BATTERY_POWER),
        (11, "missing", SPLIT, POWER, put(*_FIRST_BATTERY), _NO_BATTERY_POWER),
        (
            12,
            "missing",
            SPLIT,
            SECCTRL,
            put("ENC_agg_backup_energy"),
            ("enphase_storage_reserve_joules",),
        ),
        (13, "no frequency", SPLIT, READINGS, put(0, "freq"), ("enphase_meter_hertz",)),
        (
            13,
            "no power factor",
            SPLIT,
            READINGS,
            put(0, "pwrFactor"),
            ("enphase_meter_power_factor_ratio",),
        ),
        (13, "null", SPLIT, READINGS, put(0, "activePower", value=None), ("enphase_meter_watts",)),
        (
            13,
            "a word",
            SPLIT,
            READINGS,
            put(0, "activePower", value="much"),
            ("enphase_meter_watts",),
        ),
        (14, "one", DETAILED, REPORT, sections("net-consumption"), _NO_TOTAL),
        (14, "none", DETAILED, REPORT, sections(), (*_NO_TOTAL, *_NO_NET)),
        (14, "missing", DETAILED, REPORT, put("consumption"), (*_NO_TOTAL, *_NO_NET)),
        (
            15,
            "missing",
            SIMPLE,
            INVERTERS,
            put(0, "maxReportWatts"),
            ("enphase_inverter_max_watts",),
        ),
        (19, "a byte", SPLIT, CONTACTS, _OTHER_ENCODING, ()),
        (21, "no currency", SPLIT, TARIFF, put("tariff", "currency"), _PRICES),
        (21, "no seasons", SPLIT, TARIFF, put("tariff", "seasons"), _PRICES[:1]),
        (27, "missing", SPLIT, METERS, another_meter(), ()),
        (27, "null", SPLIT, METERS, another_meter(measurementType=None), ()),
    )
}


def of_gateway(metric: str) -> bool:
    """Return whether a metric is about the gateway, and does not only name a source."""
    return (
        metric in FAMILIES
        and metric != "enphase_power_source_info"
        and all(table.collector != SELF for table in FAMILIES[metric].tables)
    )


def series(polled: PolledGateway) -> dict[Series, float]:
    """Return what is exported of the gateway, without what the exporter says of itself."""
    return {
        (name, labels): value
        for name, samples in polled.samples().items()
        if of_gateway(name)
        for labels, value in samples.items()
    }


@pytest.mark.field_case(11, 12, 13, 14, 15, 19, 21, 27)
@pytest.mark.parametrize("name", ANSWERS)
def test_an_odd_answer_costs_its_own_series(watch: Watch, name: str) -> None:
    """Nothing else is lost, added or changed; afterwards all is as before."""
    answer = ANSWERS[name]

    async def story(polled: PolledGateway) -> None:
        await polled.pass_time(15 * MINUTE)
        before = series(polled)
        polled.gateway.faults[answer.path] = answer.fault
        await polled.pass_time(16 * MINUTE)
        during = series(polled)
        assert Counter(metric for metric, _ in before.keys() - during.keys()) == Counter(
            answer.lost
        )
        assert during.keys() <= before.keys()
        assert {key: during[key] for key in during if not key[0].endswith(_MOVING)} == {
            key: before[key] for key in during if not key[0].endswith(_MOVING)
        }
        polled.gateway.faults.clear()
        await polled.pass_time(16 * MINUTE)
        assert series(polled).keys() == before.keys()

    watch(answer.capture, story, timezone="America/New_York")
