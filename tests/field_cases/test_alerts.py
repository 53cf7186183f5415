"""What real gateways did to real readers, and what rings for it by the shipped rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from exporter.simulator.faults import Edit, Fault, Hang, login_page, redirect, status
from tests.field_cases.answers import (
    DETAILED,
    DETAILS,
    INVENTORY,
    INVERTERS,
    METERS,
    POWER,
    READINGS,
    REPORT,
    SIMPLE,
    SPLIT,
    THREE_PHASE,
    section,
)
from tests.field_cases.stories import HOUR, MINUTE, ScrapedGateway, Watch, watch
from tests.polled_gateway import START, PolledGateway

__all__ = ["watch"]

#: evaluates all rules on hours of scrapes
pytestmark = pytest.mark.proof

#: local midnight, where no sun is missed
NIGHT = START - 6 * HOUR
Faults = Mapping[str, Fault]


def night_draw(report: Any) -> Any:
    """Let the panels draw 40 W."""
    for part in report.values():
        for entry in part:
            entry["readingTime"] += int(16 * MINUTE)
    production = section(report, "production")
    production["wNow"] = -40
    for key in ("whToday", "whLifetime"):
        production[key] -= 2
    for line in production["lines"]:
        line["wNow"] = -13
    return report


def never_reported(listed: Any) -> Any:
    """Let one inverter never have reported."""
    listed[0] |= {"lastReportDate": 0, "lastReportWatts": 0}
    return listed


def ghosts(listed: Any) -> Any:
    """List six panels of zeros."""
    zeros = dict.fromkeys(("lastReportDate", "lastReportWatts", "maxReportWatts"), 0)
    more = [{"serialNumber": f"99000000000{n}", "devType": 1, **zeros} for n in range(6)]
    return [*listed, *more]


def relay(state: Any) -> Edit:
    """Return a fault by which the controller's word for its relay is this."""

    def change(groups: Any) -> Any:
        for group in groups:
            if group["type"] == "ENPOWER":
                group["devices"][0]["mains_oper_state"] = state
        return groups

    return Edit(change)


def high_voltage(devices: Any) -> Any:
    """Let all inverters measure 264 V."""
    for device in devices.values():
        for channel in device.get("channels", ()) if isinstance(device, dict) else ():
            channel["lastReading"]["acVoltageINmV"] = 264_000
    return devices


def disabled(listed: Any) -> Any:
    """Let all CTs be disabled."""
    return [{**meter, "state": "disabled"} for meter in listed]


def first(count: int) -> Edit:
    """Return a fault that lists the power of so many batteries."""
    return Edit(lambda answer: {"devices:": answer["devices:"][:count]})


@dataclass(frozen=True)
class FieldAlarm:
    """Faults on a capture after some healthy minutes, and what must ring within so many seconds.

    `rings` is empty where nothing may ring, not even for what is read the same day. Alerts besides
    it are none of this test, unless they are `wrong`.
    """

    capture: str
    faults: Faults
    lasts: float
    rings: Mapping[str, float] = field(default_factory=dict)
    wrong: frozenset[str] = frozenset()
    start: float = START


_LOGIN = {"EnphaseAuthenticationFailing": 10 * MINUTE}
_UNREACHABLE = frozenset({"EnphaseGatewayUnreachable"})
_GRID = frozenset({"EnphaseGridStateUnknown", "EnphaseGridOutage", "EnphaseDataMissing"})
_OPEN_PATHS = dict.fromkeys(("/info", "/auth/check_jwt"), Fault())
_MISSING = {"EnphaseDataMissing": 15 * MINUTE}
_UNKNOWN = {"EnphaseGridStateUnknown": 15 * MINUTE}

ALARMS: Mapping[str, FieldAlarm] = {
    "2 production below zero": FieldAlarm(
        THREE_PHASE, {REPORT: Edit(night_draw)}, 3 * HOUR, start=NIGHT
    ),
    "3 never reported": FieldAlarm(SIMPLE, {INVERTERS: Edit(never_reported)}, 4 * HOUR),
    "17 power refused": FieldAlarm(
        SPLIT, {POWER: status(401)}, 20 * MINUTE, {"EnphaseCollectorFailing": 15 * MINUTE}
    ),
    "18 production hangs": FieldAlarm(
        SPLIT,
        {path: Hang() for path in ("/production.json", "/production", "/api/v1/production")},
        20 * MINUTE,
        {"EnphaseCollectorFailing": 15 * MINUTE},
        _UNREACHABLE,
    ),
    "23 redirects": FieldAlarm(
        SPLIT,
        {"*": redirect("/login.html", code=302), **_OPEN_PATHS},
        15 * MINUTE,
        _LOGIN,
        _UNREACHABLE,
    ),
    "23 login page": FieldAlarm(
        SPLIT, {"*": login_page(), **_OPEN_PATHS}, 15 * MINUTE, _LOGIN, _UNREACHABLE
    ),
    "24 no meter": FieldAlarm(SPLIT, {READINGS: Edit(lambda _: [])}, 20 * MINUTE, _MISSING),
    "24 a meter less": FieldAlarm(
        SPLIT, {READINGS: Edit(lambda listed: listed[1:])}, 20 * MINUTE, _MISSING
    ),
    "25 no battery": FieldAlarm(
        SPLIT, {POWER: first(0)}, 20 * MINUTE, {"EnphaseCollectorFailing": 15 * MINUTE}
    ),
    "25 three of five": FieldAlarm(
        SPLIT, {POWER: first(3)}, 35 * MINUTE, {"EnphaseBatteryMissing": 30 * MINUTE}
    ),
    "28 unknown": FieldAlarm(SPLIT, {INVENTORY: relay("unknown")}, 20 * MINUTE, _UNKNOWN),
    "28 empty": FieldAlarm(SPLIT, {INVENTORY: relay("")}, 20 * MINUTE, _UNKNOWN),
    "28 null": FieldAlarm(SPLIT, {INVENTORY: relay(None)}, 20 * MINUTE, _UNKNOWN),
    "33 busy": FieldAlarm(SPLIT, {"*": status(503)}, 10 * MINUTE),
    "38 slow inverters": FieldAlarm(SIMPLE, {INVERTERS: Fault(delay=40)}, 2 * HOUR),
    "41 voltage": FieldAlarm(
        DETAILED,
        {DETAILS: Edit(high_voltage), METERS: Edit(disabled)},
        30 * MINUTE,
        {"EnphaseGridVoltageAbnormal": 25 * MINUTE},
    ),
    "44 slow gateway": FieldAlarm(
        SPLIT,
        {"*": Fault(delay=12)},
        45 * MINUTE,
        {"EnphaseCollectorFailing": 45 * MINUTE},
        _UNREACHABLE | _GRID,
    ),
    "53 ghosts": FieldAlarm(SIMPLE, {INVERTERS: Edit(ghosts)}, 4 * HOUR),
}


@pytest.mark.field_case(2, 3, 17, 18, 23, 24, 25, 28, 33, 38, 41, 44, 53)
@pytest.mark.parametrize("name", ALARMS)
def test_what_rings(watch: Watch, name: str) -> None:
    """The alert for it fires in time, and where nothing is wrong, none does."""
    alarm = ALARMS[name]

    async def story(polled: PolledGateway) -> None:
        scraped = ScrapedGateway(polled)
        await scraped.pass_time(20 * MINUTE)
        polled.gateway.faults |= alarm.faults
        began = polled.clock.time()
        await scraped.pass_time(alarm.lasts)
        if not alarm.rings:
            polled.gateway.faults.clear()
            await scraped.pass_time(20 * MINUTE)
        fired = {firing.alert: firing.begins - began for firing in scraped.alerts()}
        assert alarm.rings or not fired, fired
        late = {a: fired.get(a) for a, limit in alarm.rings.items() if fired.get(a, 1e9) > limit}
        assert not late, fired
        assert not alarm.wrong & fired.keys(), fired

    watch(alarm.capture, story, start=alarm.start)
