"""What real gateways did to real readers, and what the whole poller makes of it in some hours.

Each situation was reported in public and is rebuilt from a capture by the change described.
"""

from typing import Any

import pytest

from exporter.simulator.faults import Edit, Fault, Hang, login_page, redirect, status
from tests.field_cases.answers import (
    DETAILED,
    DETAILS,
    GHOSTS,
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
from tests.field_cases.stories import (
    HOUR,
    MINUTE,
    Watch,
    down,
    failures,
    missing,
    of_inverters,
    rejected,
    watch,
)
from tests.polled_gateway import START, PolledGateway

__all__ = ["watch"]


@pytest.mark.parametrize("capture", [THREE_PHASE, DETAILED, SPLIT, SIMPLE])
def test_nothing_is_missing_at_a_healthy_site(watch: Watch, capture: str) -> None:
    """What a gateway never had is not expected of it, after an hour either."""

    async def story(polled: PolledGateway) -> None:
        for _ in range(12):
            await polled.pass_time(5 * MINUTE)
            assert missing(polled) == set()
            assert down(polled) == set()
        assert rejected(polled) == 0

    watch(capture, story)


@pytest.mark.field_case(2)
def test_production_below_zero_at_night(watch: Watch) -> None:
    """It is shown as it is, the counter stands, and nothing is rejected."""

    async def story(polled: PolledGateway) -> None:
        def draw(report: Any) -> Any:
            passed = polled.clock.monotonic() / HOUR
            for part in report.values():
                for entry in part:
                    entry["readingTime"] = int(polled.clock.time())
            production = section(report, "production")
            production["wNow"] = -40
            for key in ("whToday", "whLifetime"):
                production[key] = production[key] + 5000 - 40 * passed
            for line in production.get("lines", ()):
                line["wNow"] = -13
            return report

        polled.gateway.faults[REPORT] = Edit(draw)
        await polled.pass_time(5 * MINUTE)
        assert polled.value("enphase_production_watts") == -40
        before = polled.value("enphase_production_joules_total")
        await polled.pass_time(6 * HOUR)
        assert polled.value("enphase_production_watts") == -40
        assert polled.value("enphase_production_joules_total") == before
        assert before is not None
        assert rejected(polled) == 0
        assert missing(polled) == set()

    watch(THREE_PHASE, story)


@pytest.mark.field_case(3)
def test_an_inverter_that_never_reported(watch: Watch) -> None:
    """It has no time stamp, the others have theirs, and nothing is missing."""

    async def story(polled: PolledGateway) -> None:
        def never(listed: Any) -> Any:
            listed[0] |= {"lastReportDate": 0, "lastReportWatts": 0}
            return listed

        await polled.pass_time(10 * MINUTE)
        name = "enphase_inverter_last_report_timestamp_seconds"
        before = of_inverters(polled, name)
        polled.gateway.faults[INVERTERS] = Edit(never)
        await polled.pass_time(20 * MINUTE)
        assert len(of_inverters(polled, name)) == len(before) - 1
        assert len(of_inverters(polled, "enphase_inverter_watts")) == len(before)
        assert (missing(polled), down(polled)) == (set(), set())

    watch(SIMPLE, story)


@pytest.mark.field_case(10)
def test_a_section_without_devices_for_some_polls(watch: Watch) -> None:
    """Its leftovers are no readings: the gauges go, the counters stand, and then all is there."""

    async def story(polled: PolledGateway) -> None:
        def silent(report: Any) -> Any:
            for name in ("production", "total-consumption", "net-consumption"):
                section(report, name).update(activeCount=0, wNow=17.0, whLifetime=5.0)
            return report

        totals = [f"enphase_{name}_joules_total" for name in ("production", "consumption")]
        await polled.pass_time(5 * MINUTE)
        before = [polled.value(name) for name in totals]
        assert None not in before
        polled.gateway.faults[REPORT] = Edit(silent)
        await polled.pass_time(2 * MINUTE)
        assert polled.value("enphase_consumption_watts") is None
        assert 17 not in polled.samples().get("enphase_production_watts", {}).values()
        for name, value in zip(totals, before, strict=True):
            assert polled.value(name) in (None, value)
        polled.gateway.faults.clear()
        await polled.pass_time(2 * MINUTE)
        assert [polled.value(name) for name in totals] == before
        assert polled.value("enphase_consumption_watts") is not None
        assert rejected(polled) == 0

    watch(DETAILED, story)


@pytest.mark.field_case(17)
@pytest.mark.parametrize("begins", [0.0, 10 * MINUTE])
def test_a_path_that_refuses_us_costs_its_collector(watch: Watch, begins: float) -> None:
    """It is reported as not permitted, and everything else goes on."""

    async def story(polled: PolledGateway) -> None:
        await polled.pass_time(begins)
        polled.gateway.faults[POWER] = status(401)
        await polled.pass_time(30 * MINUTE)
        assert down(polled) == {"battery_power"}
        collectors = polled.poller.readings["self"].data["self"].collectors
        assert collectors["battery_power"].reason == "not_permitted"
        assert polled.value("enphase_up") == 1
        assert polled.value("enphase_meter_watts", meter="production") == 1714
        assert polled.value("enphase_grid_connected") == 1

    watch(SPLIT, story)


@pytest.mark.field_case(18)
def test_a_production_report_that_hangs_for_an_hour(watch: Watch) -> None:
    """Grid, meters and batteries go on, and the power of the house is that of the CTs."""

    async def story(polled: PolledGateway) -> None:
        await polled.pass_time(5 * MINUTE)
        for path in ("/production.json", "/production", "/api/v1/production"):
            polled.gateway.faults[path] = Hang()
        for _ in range(12):
            await polled.pass_time(5 * MINUTE)
            assert polled.value("enphase_grid_connected") == 1
            assert polled.value("enphase_meter_watts", meter="production") == 1714
            assert polled.value("enphase_house_watts") == 1202
            assert len(polled.samples()["enphase_encharge_soc_ratio"]) == 5
        assert "production" in down(polled)
        polled.gateway.faults.clear()
        await polled.pass_time(3 * MINUTE)
        assert down(polled) == set()
        assert polled.value("enphase_production_watts") == 1714

    watch(SPLIT, story)


@pytest.mark.field_case(23)
@pytest.mark.parametrize("open_paths", [("/info", "/auth/check_jwt"), ("/info",)])
@pytest.mark.parametrize("fault", [redirect("/login.html", code=302), login_page()])
def test_a_login_page_everywhere_is_a_refused_login(
    watch: Watch, fault: Fault, open_paths: tuple[str, ...]
) -> None:
    """The owner is sent to the login and not to the breaker."""

    async def story(polled: PolledGateway) -> None:
        await polled.pass_time(5 * MINUTE)
        polled.gateway.faults["*"] = fault
        polled.gateway.faults |= dict.fromkeys(open_paths, Fault())
        await polled.pass_time(15 * MINUTE)
        assert failures(polled)
        assert failures(polled) <= {"login_redirect", "login_refused"}
        assert polled.value("enphase_up") == 0
        reasons = {
            report.reason
            for report in polled.poller.readings["self"].data["self"].collectors.values()
        }
        assert reasons & {"login_redirect", "login_refused"}
        polled.gateway.faults.clear()
        await polled.pass_time(10 * MINUTE)
        assert down(polled) == set()
        assert polled.value("enphase_up") == 1

    watch(SPLIT, story)


@pytest.mark.field_case(31)
def test_a_leg_that_is_not_read_every_fifth_time(watch: Watch) -> None:
    """Half of the power is never served as the whole."""
    count = 0

    def drop(listed: Any) -> Any:
        nonlocal count
        count += 1
        if count % 5 == 0:
            meter = listed[0]
            channel = meter["channels"][1]
            for key in channel.keys() - {"eid", "timestamp"}:
                meter[key] -= channel[key]
                channel[key] = 0
        return listed

    async def story(polled: PolledGateway) -> None:
        polled.gateway.faults[READINGS] = Edit(drop)
        served = set()
        for _ in range(240):
            await polled.pass_time(15)
            served.add(polled.value("enphase_meter_watts", meter="production"))
            assert polled.value("enphase_solar_watts") in (None, 1714)
        assert served - {None} == {1714}
        assert rejected(polled) == 0
        assert count > 60

    watch(SPLIT, story)


@pytest.mark.field_case(33)
def test_ten_minutes_of_503_after_a_restart_of_the_gateway(watch: Watch) -> None:
    """The same token lets us in, all is there half a minute after the end, and nothing is lost."""

    async def story(polled: PolledGateway) -> None:
        await polled.pass_time(10 * MINUTE)
        expiry = polled.value("enphase_token_expiry_timestamp_seconds")
        polled.gateway.faults["*"] = status(503)
        await polled.pass_time(10 * MINUTE)
        assert polled.value("enphase_up") == 0
        polled.gateway.faults.clear()
        await polled.pass_time(30)
        assert polled.value("enphase_up") == 1
        assert polled.value("enphase_grid_connected") == 1
        assert polled.value("enphase_token_expiry_timestamp_seconds") == expiry
        await polled.pass_time(15 * MINUTE)
        assert (missing(polled), down(polled)) == (set(), set())
        assert rejected(polled) == 0

    watch(SPLIT, story)


@pytest.mark.field_case(38)
def test_a_page_of_inverters_that_takes_forty_seconds(watch: Watch) -> None:
    """It is read all the same, and goes on to be."""

    async def story(polled: PolledGateway) -> None:
        polled.gateway.faults[INVERTERS] = Fault(delay=40)
        await polled.pass_time(10 * MINUTE)
        for _ in range(6):
            assert len(of_inverters(polled, "enphase_inverter_watts")) > 0
            assert "inverters" not in down(polled)
            assert polled.value("enphase_production_watts") is not None
            await polled.pass_time(10 * MINUTE)
        assert failures(polled) <= {"timeout"}

    watch(SIMPLE, story)


@pytest.mark.field_case(40)
def test_a_report_of_last_spring(watch: Watch) -> None:
    """An inverter that is silent for 200 days has no power now, and can be retired by name."""

    def age(devices: Any) -> Any:
        first = next(iter(devices.values()))["channels"][0]
        first["watts"]["now"] = 99
        first["lastReading"]["endDate"] -= 200 * 86400
        return devices

    serials: list[str] = []

    async def story(polled: PolledGateway) -> None:
        polled.gateway.faults[DETAILS] = Edit(age)
        polled.gateway.faults[INVERTERS] = status(404)
        await polled.pass_time(20 * MINUTE)
        name = "enphase_inverter_last_report_timestamp_seconds"
        times = of_inverters(polled, name)
        silent = min(times, key=times.__getitem__)
        assert times[silent] < START - 199 * 86400
        powers = of_inverters(polled, "enphase_inverter_watts")
        assert silent not in powers
        assert len(powers) == len(times) - 1
        serials.append(silent)

    async def retired(polled: PolledGateway) -> None:
        polled.gateway.faults[DETAILS] = Edit(age)
        polled.gateway.faults[INVERTERS] = status(404)
        await polled.pass_time(20 * MINUTE)
        assert f'"{serials[0]}"' not in polled.text()
        assert missing(polled) == set()

    watch(DETAILED, story)
    watch(DETAILED, retired, retired=tuple(serials))


@pytest.mark.field_case(41)
def test_the_voltage_of_the_grid_without_a_meter(watch: Watch) -> None:
    """The inverters measure it, too."""

    def high(devices: Any) -> Any:
        for device in devices.values():
            for channel in device.get("channels", ()) if isinstance(device, dict) else ():
                channel["lastReading"]["acVoltageINmV"] = 264_000
        return devices

    async def story(polled: PolledGateway) -> None:
        polled.gateway.faults[DETAILS] = Edit(high)
        polled.gateway.faults[METERS] = Edit(
            lambda listed: [{**meter, "state": "disabled"} for meter in listed]
        )
        await polled.pass_time(20 * MINUTE)
        assert set(of_inverters(polled, "enphase_inverter_ac_volts").values()) == {264}
        assert "enphase_meter_volts" not in polled.names()

    watch(DETAILED, story)


@pytest.mark.field_case(44)
def test_a_gateway_that_takes_twelve_seconds_for_everything(watch: Watch) -> None:
    """The grid state stays, at a slower pace, and so does everything else."""

    async def story(polled: PolledGateway) -> None:
        polled.gateway.faults["*"] = Fault(delay=12)
        await polled.pass_time(10 * MINUTE)
        asked = polled.gateway.count(INVENTORY)
        for _ in range(100):
            await polled.pass_time(30)
            assert polled.value("enphase_grid_connected") == 1
            assert polled.value("enphase_meter_watts", meter="production") == 1714
        assert polled.gateway.count(INVENTORY) >= asked + 30
        assert polled.value("enphase_up") == 1

    watch(SPLIT, story)


@pytest.mark.field_case(53)
def test_six_ghost_panels(watch: Watch) -> None:
    """Devices that only have zeros are listed with them, and nothing is missing."""

    async def story(polled: PolledGateway) -> None:
        polled.gateway.faults[INVERTERS] = Edit(lambda listed: [*listed, *GHOSTS])
        await polled.pass_time(HOUR)
        ghosts = {s for s in of_inverters(polled, "enphase_inverter_watts") if s.startswith("9900")}
        assert len(ghosts) == 6
        assert (missing(polled), down(polled)) == (set(), set())
        assert rejected(polled) == 0

    watch(SIMPLE, story)


@pytest.mark.field_case(28)
def test_a_relay_of_which_nothing_is_known(watch: Watch) -> None:
    """No grid state is served, and that is reported: an outage would go unnoticed."""

    def lose(groups: Any) -> Any:
        for group in groups:
            if group["type"] == "ENPOWER":
                group["devices"][0]["mains_oper_state"] = "unknown"
        return groups

    async def story(polled: PolledGateway) -> None:
        await polled.pass_time(5 * MINUTE)
        polled.gateway.faults[INVENTORY] = Edit(lose)
        await polled.pass_time(5 * MINUTE)
        assert polled.value("enphase_grid_connected") is None
        assert ("quantity", "grid_state") in missing(polled)
        assert polled.value("enphase_storage_soc_ratio") is not None

    watch(SPLIT, story)
