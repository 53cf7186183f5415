"""What real gateways did to real readers' energies, and what the whole poller counts of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.gateway.retired import RetiredFile
from exporter.simulator.faults import Edit
from tests.field_cases.answers import (
    DETAILED,
    DETAILS,
    METERS,
    READINGS,
    REPORT,
    SIMPLE,
    SPLIT,
    THREE_PHASE,
    WITHOUT_CONSUMPTION,
    section,
)
from tests.field_cases.stories import HOUR, MINUTE, Watch, missing, of_inverters, rejected, watch
from tests.polled_gateway import START, PolledGateway

__all__ = ["watch"]

KWH = 3.6e6


def counters(polled: PolledGateway) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return all counters of energy."""
    return {
        (name, labels): value
        for name, samples in polled.samples().items()
        if name.endswith("_joules_total")
        for labels, value in samples.items()
    }


def assert_none_fell(polled: PolledGateway, before: dict[Any, float]) -> None:
    """Check that no counter is below what it was; one that is absent did not fall."""
    after = counters(polled)
    assert {key: (before[key], after[key]) for key in before.keys() & after.keys()} == {
        key: (before[key], max(before[key], after[key])) for key in before.keys() & after.keys()
    }


def of_legs(polled: PolledGateway, name: str) -> dict[str, float]:
    """Return the values of a metric by leg."""
    return {dict(labels)["phase"]: value for labels, value in polled.samples()[name].items()}


def fresh(polled: PolledGateway, report: Any) -> None:
    """Make all sections of a report as new as the gateway's clock."""
    for part in report.values():
        for entry in part:
            entry["readingTime"] = int(polled.clock.time())


@pytest.mark.field_case(1)
def test_a_leg_of_the_total_that_falls(watch: Watch) -> None:
    """Its power is shown, nothing is rejected for hours, and the other legs are as they were."""

    async def story(polled: PolledGateway) -> None:
        falling = False

        def fall(report: Any) -> Any:
            fresh(polled, report)
            if falling:
                passed = polled.clock.monotonic() / HOUR
                leg = section(report, "total-consumption")["lines"][2]
                leg |= {"whLifetime": -1259.672 - 210 * passed, "wNow": -210}
            return report

        polled.gateway.faults[REPORT] = Edit(fall)
        await polled.pass_time(5 * MINUTE)
        watts, total = "enphase_consumption_phase_watts", "enphase_consumption_phase_joules_total"
        before = of_legs(polled, watts), of_legs(polled, total)
        falling = True
        for _ in range(6):
            was = counters(polled)
            await polled.pass_time(30 * MINUTE)
            assert of_legs(polled, watts) == {**before[0], "L3": -210}
            assert of_legs(polled, total) == before[1]
            assert_none_fell(polled, was)
        assert rejected(polled) <= 20  # until a register of another sign has proved itself
        known = rejected(polled)
        await polled.pass_time(2 * HOUR)
        assert rejected(polled) == known
        assert missing(polled) == set()

    watch(THREE_PHASE, story)


def every_figure_is_the_lifetime(report: Any) -> Any:
    """Let today and the week be the lifetime."""
    for part in report.values():
        for entry in part:
            if entry["type"] == "eim":
                for balance in (entry, *entry.get("lines", ())):
                    balance["whToday"] = balance["whLastSevenDays"] = balance["whLifetime"]
    return report


def today_is_twelve_megawatt_hours(report: Any) -> Any:
    """Let today be what no home can reach, as after an outage."""
    for name in ("production", "total-consumption"):
        section(report, name)["whToday"] = 12_345_700
    return report


@pytest.mark.field_case(4, 5)
@pytest.mark.parametrize(
    ("healthy", "zone"), [(0.0, "Europe/Berlin"), (0.0, None), (20 * MINUTE, "Europe/Berlin")]
)
@pytest.mark.parametrize(
    ("capture", "change"),
    [
        (DETAILED, every_figure_is_the_lifetime),
        (SPLIT, every_figure_is_the_lifetime),
        (THREE_PHASE, today_is_twelve_megawatt_hours),
    ],
)
def test_figures_of_the_day_that_cannot_be_true(
    watch: Watch,
    capture: str,
    change: Callable[[Any], Any],
    healthy: float,
    zone: str | None,
) -> None:
    """No energy of a day or a week is one that no home has; the counters go on."""

    def figures(polled: PolledGateway) -> Iterator[tuple[str, float]]:
        for name, samples in polled.samples().items():
            if name.endswith(("_today_joules", "_yesterday_joules", "_previous_week_joules")):
                for value in samples.values():
                    yield name, value

    async def story(polled: PolledGateway) -> None:
        def spoil(report: Any) -> Any:
            fresh(polled, report)
            return change(report) if polled.clock.time() >= START + healthy else report

        polled.gateway.faults[REPORT] = Edit(spoil)
        for _ in range(4):
            await polled.pass_time(15 * MINUTE)
            week = [(name, value) for name, value in figures(polled) if "week" in name]
            day = [(name, value) for name, value in figures(polled) if "week" not in name]
            assert [one for one in day if one[1] > 150 * KWH] == []
            assert [one for one in week if one[1] > 7 * 150 * KWH] == []
        assert polled.value("enphase_production_joules_total") is not None
        assert rejected(polled) == 0

    watch(capture, story, timezone=zone)


def panels(devices: Any) -> Any:
    """Let the inverters give 2.6 kW."""
    inverters = [d for d in devices.values() if isinstance(d, dict) and d["devName"] == "pcu"]
    share = 2600 // len(inverters)
    for inverter in inverters:
        inverter["channels"][0]["watts"]["now"] = share
    inverters[0]["channels"][0]["watts"]["now"] += 2600 - share * len(inverters)
    return devices


def without_production_ct(listed: Any) -> Any:
    """Let the CT of production be disabled."""
    listed[0]["state"] = "disabled"
    return listed


def junk(report: Any) -> Any:
    """Let the sections be what a gateway makes of a production of nothing."""
    section(report, "inverters").update(wNow=2600)
    section(report, "production").update(wNow=0.0, whLifetime=0.0)
    for name in ("total-consumption", "net-consumption"):
        section(report, name).update(wNow=-2300.0)
    return report


def export(listed: Any) -> Any:
    """Let the CT of the grid measure that 2.3 kW are fed in."""
    for balance in (listed[1], listed[1]["channels"][0]):
        balance |= {"activePower": -2300.0, "instantaneousDemand": -2300.0}
    listed[0] |= {"actEnergyDlvd": 0.0, "actEnergyRcvd": 0.0}
    return listed


@pytest.mark.field_case(6)
def test_a_house_without_production_ct(watch: Watch) -> None:
    """Its power is that of the panels less what is fed in, and nothing is counted of junk."""

    async def story(polled: PolledGateway) -> None:
        polled.gateway.faults |= {
            METERS: Edit(without_production_ct),
            REPORT: Edit(junk),
            READINGS: Edit(export),
            DETAILS: Edit(panels),
            "/api/v1/production": Edit(lambda totals: {**totals, "wattsNow": 2600}),
        }
        await polled.pass_time(10 * MINUTE)
        for _ in range(6):
            before = counters(polled)
            await polled.pass_time(10 * MINUTE)
            assert polled.value("enphase_solar_watts") == 2600
            assert polled.value("enphase_grid_export_watts") == 2300
            assert polled.value("enphase_house_watts") == 300
            assert polled.value("enphase_consumption_watts") is None
            assert polled.value("enphase_consumption_joules_total") is None
            assert_none_fell(polled, before)
        assert rejected(polled) == 0

    watch(DETAILED, story)


STEP = 2**32 / 3600


def stepped(report: Any) -> Any:
    """Let all registers of a report have lost 2^32 J."""
    for part in report.values():
        for entry in part:
            if "whLifetime" in entry:
                entry["whLifetime"] -= STEP
    return report


@pytest.mark.field_case(49)
@pytest.mark.parametrize("lost", ["home.json", "nothing"])
def test_a_step_of_the_register_and_then_a_lost_state_file(
    watch: Watch, tmp_path: Path, lost: str
) -> None:
    """No counter ever falls, whether the state file was deleted meanwhile or not."""
    last: dict[Any, float] = {}

    async def healthy(polled: PolledGateway) -> None:
        await polled.pass_time(10 * MINUTE)
        before = counters(polled)
        assert before["enphase_production_joules_total", frozenset({("gateway", "home")})] > 0
        for path in ("/production.json", "/production"):
            polled.gateway.faults[path] = Edit(stepped)
        for _ in range(20):
            await polled.pass_time(2 * MINUTE)
            assert_none_fell(polled, before)
        assert counters(polled).keys() == before.keys()
        last.update(counters(polled))

    async def after(polled: PolledGateway) -> None:
        for path in ("/production.json", "/production"):
            polled.gateway.faults[path] = Edit(stepped)
        for _ in range(10):
            await polled.pass_time(2 * MINUTE)
            assert_none_fell(polled, last)
        assert counters(polled) == last

    watch(WITHOUT_CONSUMPTION, healthy)
    (tmp_path / lost).unlink(missing_ok=True)
    watch(WITHOUT_CONSUMPTION, after, start=START + HOUR)


@pytest.mark.field_case(49)
def test_one_device_is_forgotten_alone(watch: Watch, tmp_path: Path) -> None:
    """Whoever retires one serial number loses its series, and no counter falls."""

    async def story(polled: PolledGateway) -> None:
        await polled.pass_time(10 * MINUTE)
        name = "enphase_inverter_watts"
        inverters, before = of_inverters(polled, name), counters(polled)
        serial = min(inverters)
        RetiredFile(tmp_path, "home").write({serial})
        await polled.pass_time(MINUTE)
        assert of_inverters(polled, name).keys() == inverters.keys() - {serial}
        assert_none_fell(polled, before)
        assert missing(polled) == set()

    watch(SIMPLE, story)
