"""More odd answers of real gateways, and the very series that each costs at `/metrics`."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from exporter.simulator.faults import Edit, Rewrite
from tests.field_cases.answers import (
    DETAILED,
    DETAILS,
    INVENTORY,
    INVERTERS,
    METERS,
    READINGS,
    REPORT,
    SIMPLE,
    SPLIT,
)
from tests.field_cases.stories import MINUTE, Watch, missing, rejected, watch
from tests.field_cases.test_alone import Series, series
from tests.polled_gateway import START, PolledGateway

__all__ = ["watch"]

#: what goes on while an answer is odd
_MOVING = ("_joules_total", "_timestamp_seconds", "_today_joules")
YEAR = 365 * 86400


def of_first(change: Callable[[Any], Any]) -> Edit:
    """Return a fault that changes the first entry of a list."""
    return Edit(lambda listed: [change(listed[0]), *listed[1:]])


def postdated(report: Any) -> Any:
    """Date an inverter's report as a gateway does that has lost its clock."""
    return {**report, "lastReportDate": int(START) + 5 * YEAR}


def printed(value: bytes) -> Rewrite:
    """Return a fault that prints a power factor as `printf` prints what is no number."""
    return Rewrite(lambda body: body.replace(b'"pwrFactor": 0.817', b'"pwrFactor": ' + value, 1))


def capitals(listed: Any) -> Any:
    """Write what the meters measure, and that they are enabled, in capitals."""
    return [
        {**meter, "measurementType": meter["measurementType"].upper(), "state": "ENABLED"}
        for meter in listed
    ]


def renamed(groups: Any) -> Any:
    """Give the batteries the name that they have on the shelf."""
    return [
        {**group, "type": "IQ BATTERY" if group["type"] == "ENCHARGE" else group["type"]}
        for group in groups
    ]


def with_ghost(devices: Any) -> Any:
    """List an inverter once more as it was last year."""
    first = next(iter(devices.values()))
    channel = first["channels"][0]
    reading = {**channel["lastReading"], "endDate": channel["lastReading"]["endDate"] - YEAR}
    lifetime = {**channel["lifetime"], "joulesProduced": 0}
    ghost = {**channel, "lastReading": reading, "lifetime": lifetime, "watts": {"now": 0}}
    return {**devices, "1": {**first, "modGone": True, "channels": [ghost]}}


def with_spare_meter(listed: Any) -> Any:
    """Keep a disabled set-up of the production meter."""
    return [*listed, {**listed[0], "eid": 704643999, "state": "disabled"}]


#: capture, path, what is odd, and of which metrics a series each is lost
ANSWERS: Mapping[str, tuple[str, str, Edit | Rewrite, tuple[str, ...]]] = {
    "an inverter of the future": (
        SIMPLE,
        INVERTERS,
        of_first(postdated),
        ("enphase_inverter_last_report_timestamp_seconds",),
    ),
    "an inverter twice": (DETAILED, DETAILS, Edit(with_ghost), ()),
    "a number that is none": (
        SPLIT,
        READINGS,
        printed(b"-nan"),
        ("enphase_meter_power_factor_ratio",),
    ),
    "a number left out": (SPLIT, READINGS, printed(b""), ("enphase_meter_power_factor_ratio",)),
    "a comma too many": (SPLIT, READINGS, Rewrite(lambda b: b.rstrip()[:-1] + b",]\0"), ()),
    "capitals": (SPLIT, METERS, Edit(capitals), ()),
    "batteries of a new name": (SPLIT, INVENTORY, Edit(renamed), ()),
    "a spare meter": (SPLIT, METERS, Edit(with_spare_meter), ()),
}


def still(found: Mapping[Series, float]) -> dict[Series, float]:
    """Return the values that do not go on by themselves."""
    return {key: value for key, value in found.items() if not key[0].endswith(_MOVING)}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_odd_answer_of_more_kinds_costs_its_own_series(watch: Watch, name: str) -> None:
    """Nothing else is lost, added or changed."""
    capture, path, fault, lost = ANSWERS[name]

    async def story(polled: PolledGateway) -> None:
        await polled.pass_time(15 * MINUTE)
        before = series(polled)
        polled.gateway.faults[path] = fault
        await polled.pass_time(16 * MINUTE)
        during = series(polled)
        gone = before.keys() - during.keys()
        assert Counter(metric for metric, _ in gone) == Counter(lost)
        assert during.keys() <= before.keys()
        kept = {key: value for key, value in still(before).items() if key not in gone}
        assert still(during) == kept
        assert rejected(polled) == 0

    watch(capture, story)


def test_a_gateway_that_has_not_read_its_meters_yet(watch: Watch) -> None:
    """For some minutes after its start nothing is 0 W; no counter moves, and then all is back."""

    def unread(report: Any) -> Any:
        for part in report.values():
            for entry in part:
                entry |= {"readingTime": 0, "wNow": 0}
                entry |= {key: 0 for key in entry if key.startswith("wh")}
        return report

    def blank(listed: Any) -> Any:
        for meter in listed:
            for balance in (meter, *meter["channels"]):
                balance.update(dict.fromkeys(balance.keys() - {"eid", "timestamp", "channels"}, 0))
        return listed

    powers = ("enphase_production_watts", "enphase_consumption_watts", "enphase_meter_watts")
    totals = ("enphase_production_joules_total", "enphase_meter_delivered_joules_total")

    async def story(polled: PolledGateway) -> None:
        await polled.pass_time(15 * MINUTE)
        before = series(polled)
        polled.gateway.faults |= {REPORT: Edit(unread), READINGS: Edit(blank)}
        await polled.pass_time(2 * MINUTE)
        during = series(polled)
        assert not [key for key in during if key[0] in powers]
        assert not [value for key, value in during.items() if key[0] == "enphase_grid_import_watts"]
        polled.gateway.faults.clear()
        await polled.pass_time(10 * MINUTE)
        after = series(polled)
        assert after.keys() == before.keys()
        assert {key: after[key] for key in after if key[0] in (*powers, *totals)} == {
            key: before[key] for key in before if key[0] in (*powers, *totals)
        }
        assert missing(polled) == set()

    watch(DETAILED, story)
