"""What goes wrong with a device shows in the endpoints that tell of it, and only there."""

from typing import Any

import pytest

from exporter.simulator.physics import HomeSimulation
from tests.simulator.physics.sample_simulations import DAY, HOUR, group, house, read_json


def _after(
    levers: dict[str, Any], name: str = "battery-home", hours: float = 1.0
) -> HomeSimulation:
    it = house(name)
    it.set_all(levers)
    it.advance(it.now + hours * HOUR)
    return it


def test_a_battery_can_fall_silent() -> None:
    """Unheard it does nothing, its stamps stand still, and its capacity is gone."""
    it = _after({"battery.3.communicating": False})
    third, fourth = group(it, "ENCHARGE")[2:4]
    assert (third["communicating"], fourth["communicating"]) == (False, True)
    assert it.now - third["last_rpt_date"] > 3600
    assert it.now - fourth["last_rpt_date"] <= 300
    assert read_json(it, "/ivp/ensemble/secctrl")["Enc_max_available_capacity"] == 25_000
    assert read_json(it, "/ivp/ensemble/power")["devices:"][2]["real_power_mw"] == 0
    assert read_json(it, "/home")["comm"]["encharge"][0]["num"] == 5


def test_a_battery_left_alone_goes_flat() -> None:
    """A battery that does not communicate is not charged, and needs a technician within weeks."""
    it = house(past_days=0)
    it.set_all({"battery.3.communicating": False, "battery.3.soc": 0.1})
    it.advance(it.now + 4 * DAY)
    assert it.get("battery.3.exhausted")
    assert not it.get("battery.4.exhausted")


def test_a_battery_can_vanish() -> None:
    """It is gone from inventory and power, the others stay."""
    it = _after({"battery.2.listed": False})
    assert len(group(it, "ENCHARGE")) == len(read_json(it, "/ivp/ensemble/power")["devices:"]) == 5


def test_a_battery_can_be_stuck() -> None:
    """It says 99 % for ever and keeps drawing a few watts, on grid and off."""
    it = house()
    it.set("battery.1.stuck", 0.99)
    for hours in (1, 10, 20):
        it.advance(it.now + hours * HOUR)
        power = read_json(it, "/ivp/ensemble/power")["devices:"][0]
        assert (power["soc"], power["real_power_mw"]) == (99, -8000)
        device = group(it, "ENCHARGE")[0]
        assert (device["percentFull"], device["led_status"]) == (99, 12)
        assert device["admin_state_str"] == "ENCHG_STATE_READY"
    it.set_all({"grid.up": False, "battery.*.soc": 0.6})
    assert it.state().batteries[0].watts == -8


def test_a_battery_can_freeze() -> None:
    """Its telemetry stands still although it works."""
    it = house()
    before = it.state().batteries[4]
    it.set("battery.5.frozen", True)
    it.advance(it.now + 9 * HOUR)
    after = it.state().batteries[4]
    assert (before.reported, before.soc) == (after.reported, after.soc)
    it.set("battery.5.frozen", False)
    assert it.now - it.state().batteries[4].reported <= 300


def test_batteries_can_refuse_to_charge() -> None:
    """Below the reserve, in sunshine, and the charge stays where it is."""
    it = _after({"battery.*.soc": 0.1, "battery.*.charges": False}, hours=2)
    assert it.state().soc == pytest.approx(0.1)
    assert all(device["communicating"] for device in group(it, "ENCHARGE"))


@pytest.mark.parametrize(
    ("lever", "value", "key", "expected"),
    [
        ("firmware", "2.0.1", "img_pnum_running", "2.0.1"),
        ("bmu_firmware", "1.1", "bmu_fw_version", "1.1"),
        ("dc_switch_off", True, "dc_switch_off", True),
        ("admin", 11, "admin_state", 11),
        ("admin_name", "ODD", "admin_state_str", "ODD"),
        ("led", 17, "led_status", 17),
        ("inventory_soc", 0.1, "percentFull", 10),
        ("reported_temperature", 61, "temperature", 61),
        ("cell_temperature", 63, "maxCellTemp", 63),
    ],
)
def test_reported_values_of_a_battery_can_be_overridden(
    lever: str, value: Any, key: str, expected: Any
) -> None:
    """One battery differs, the others and its own truth do not; none gives it back."""
    it = _after({f"battery.1.{lever}": value})
    one, other = group(it, "ENCHARGE")[:2]
    assert one[key] == expected != other[key]
    it.set(f"battery.1.{lever}", False if value is True else None)
    assert group(it, "ENCHARGE")[0][key] == pytest.approx(other[key], abs=3)


def test_a_wrong_charge_can_be_reported() -> None:
    """The power list tells another charge than the inventory."""
    it = _after({"battery.*.soc": 0.5, "battery.2.reported_soc": 0.99}, hours=0)
    charges = [device["soc"] for device in read_json(it, "/ivp/ensemble/power")["devices:"]]
    assert charges == [50, 99, 50, 50, 50, 50]


def test_capacity_and_health_can_be_lost() -> None:
    """Less of what was installed can be used, and the state of health is reported."""
    it = _after({"battery.1.capacity": 0.4, "battery.*.health": 0.7})
    secctrl = read_json(it, "/ivp/ensemble/secctrl")
    assert secctrl["Enc_commissioned_capacity"] == 30_000
    assert secctrl["Enc_max_available_capacity"] == 27_000
    assert secctrl["ENC_agg_soh"] == 70
    assert _after({"battery.1.temperature_offset": 40}).state().batteries[0].temperature > 50


def test_inverters_can_fail_each_in_its_way() -> None:
    """Dead and silent ones stop reporting, a weak one makes less, a vanished one is not listed."""
    it = house("battery-home", 2026, 6, 10, 9)
    it.set_all(
        {
            "inverter.1.output": 0,
            "inverter.2.silent": True,
            "inverter.3.output": 0.3,
            "inverter.4.listed": False,
            "inverter.6.interval": 900,
        }
    )
    before = it.energy.produced
    it.advance(it.now + 3 * HOUR)
    listed = {
        device["serialNumber"][-2:]: device
        for device in read_json(it, "/api/v1/production/inverters")
    }
    assert "04" not in listed
    assert it.now - listed["01"]["lastReportDate"] > 10_000
    assert it.now - listed["02"]["lastReportDate"] > 10_000
    assert listed["03"]["lastReportWatts"] < 0.4 * listed["05"]["lastReportWatts"]
    devices = read_json(it, "/ivp/pdm/device_data")
    by_serial = {
        device["sn"][-2:]: device for device in devices.values() if isinstance(device, dict)
    }
    assert [by_serial[serial]["modGone"] for serial in ("01", "02", "03", "05")] == [
        *(True, True),
        *(False, False),
    ]
    sixth = by_serial["06"]["channels"][0]["lastReading"]
    assert sixth["duration"] == 900
    assert sixth["joulesProduced"] / 900 == pytest.approx(listed["06"]["lastReportWatts"], abs=1)
    # the silent and the vanished still produce
    missing = 1.7 / 24
    healthy = house("battery-home", 2026, 6, 10, 9)
    possible = healthy.energy.produced
    healthy.advance(healthy.now + 3 * HOUR)
    assert it.energy.produced - before == pytest.approx(
        (healthy.energy.produced - possible) * (1 - missing), rel=0.02
    )


def test_a_tripped_breaker_stops_the_sun() -> None:
    """In bright daylight nothing is produced, and no inverter communicates."""
    it = _after({"solar.connected": False})
    assert it.state().sun == 0
    assert all(inverter.gone for inverter in it.state().inverters)


def test_meters_can_fail() -> None:
    """A CT that does not meter says 0 and counts nothing; a disabled one is not active."""
    it = house()
    before = read_json(it, "/ivp/meters/readings")[0]["actEnergyDlvd"]
    it.set_all(
        {
            "meter.production.status": "not-metering",
            "meter.net-consumption.enabled": False,
            "meter.net-consumption.flags": ["negative-production"],
        }
    )
    it.advance(it.now + HOUR)
    production, net = read_json(it, "/ivp/meters")
    assert (production["meteringStatus"], production["state"]) == ("not-metering", "enabled")
    assert (net["state"], net["statusFlags"]) == ("disabled", ["negative-production"])
    reading = read_json(it, "/ivp/meters/readings")[0]
    assert reading["activePower"] == 0
    assert reading["actEnergyDlvd"] == pytest.approx(before)
    assert it.state().sun > 1000
    sections = read_json(it, "/production.json?details=1")
    assert [section["activeCount"] for section in sections["consumption"]] == [0, 0]
    it.set("meter.production.status", "normal")
    assert read_json(it, "/ivp/meters/readings")[0]["activePower"] > 1000
    assert read_json(it, "/ivp/meters/readings")[0]["actEnergyDlvd"] == pytest.approx(before)


def test_controller_and_collar_can_fall_silent() -> None:
    """The last values stay, with their time stamp; errors are reported."""
    it = house()
    it.set("switch.communicating", False)
    last = group(it, "ENPOWER")[0]["last_rpt_date"]
    it.set("grid.up", False)
    it.advance(it.now + HOUR)
    controller = group(it, "ENPOWER")[0]
    assert controller["communicating"] is False
    assert controller["mains_oper_state"] == "closed"
    assert controller["last_rpt_date"] == last
    it.set_all({"switch.communicating": True, "switch.fahrenheit": 170})
    controller = group(it, "ENPOWER")[0]
    assert (controller["mains_oper_state"], controller["temperature"]) == ("open", 170)

    it = _after({"switch.control_error": 3, "switch.collar_grid_state": "off_grid"}, "collar")
    collar = group(it, "COLLAR")[0]
    assert (collar["control_error"], collar["grid_state"]) == (3, "off_grid")
    assert collar["admin_state_str"] == "ENCMN_MDE_ON_GRID"


def test_the_cloud_can_be_lost() -> None:
    """Reports come every few minutes; then the last one stays the last."""
    it = house()
    ages = []
    for _ in range(60):
        it.advance(it.now + 60)
        ages.append(it.now - it.state().cloud.reported)
    assert 100 < min(ages) < 120
    assert max(ages) < 400
    last = it.state().cloud.reported
    it.set_all({"cloud.reporting": False, "cloud.connected": False})
    it.advance(it.now + 9 * HOUR)
    network = read_json(it, "/home")["network"]
    assert network["last_enlighten_report_time"] == last
    assert network["web_comm"] is False
    assert [port["type"] for port in network["interfaces"]] == ["ethernet", "wifi"]
    assert network["primary_interface"] == "eth0"


def test_the_cloud_can_be_reached_by_modem() -> None:
    """The modem is the way to the cloud then, four times a day; the network at home stays up."""
    it = _after({"cloud.cellular": True}, hours=30)
    assert it.now - it.state().cloud.reported < 6 * HOUR + 300
    network = read_json(it, "/home")["network"]
    carriers = {port["interface"]: port["carrier"] for port in network["interfaces"]}
    types = {port["interface"]: port["type"] for port in network["interfaces"]}
    assert types[network["primary_interface"]] == "cellular"
    assert carriers == {"ppp0": True, "eth0": True, "wlan0": False}


def test_the_clock_can_be_wrong() -> None:
    """All stamps move with the gateway's clock, the house does not."""
    it = house()
    right = it.state()
    it.set("gateway.clock_offset", -7200)
    wrong = it.state()
    assert wrong.now == right.now - 7200
    assert wrong.batteries[0].reported == right.batteries[0].reported - 7200
    assert wrong.inverters[0].reported == right.inverters[0].reported - 7200
    assert wrong.cloud.reported == right.cloud.reported - 7200
    assert wrong.sun == right.sun


def test_counters_can_lie() -> None:
    """An offset steps them, zero empties them, and the truth comes back."""
    it = house()
    true = it.state().produced
    it.set("counter.produced.offset", -(2**32) / 3600)
    assert it.state().produced == pytest.approx(true - 1_193_046.5, abs=1)
    it.set_all({"counter.produced.offset": 0, "counter.imported.zero": True})
    assert it.state().produced == true
    assert read_json(it, "/ivp/meters/readings")[1]["actEnergyDlvd"] == 0


def test_a_restart_shows_zeros() -> None:
    """Production is 0 and there are no inverters, until the gateway knows again."""
    it = _after({"gateway.zeros": True})
    assert read_json(it, "/api/v1/production/inverters") == []
    assert set(read_json(it, "/api/v1/production").values()) == {0}
    assert read_json(it, "/production.json?details=1")["production"][1]["whLifetime"] == 0
    it.set("gateway.zeros", False)
    assert len(read_json(it, "/api/v1/production/inverters")) == 24


def test_firmware_has_its_defects() -> None:
    """Total shows net, readings are old, today begins late."""
    it = _after({"gateway.total_is_net": True, "gateway.reading_lag": 147_600})
    total, net = read_json(it, "/production.json?details=1")["consumption"]
    assert total["wNow"] == net["wNow"]
    assert total["whLifetime"] == net["whLifetime"]
    assert it.now - total["readingTime"] == pytest.approx(147_600, abs=1)
    it = house("battery-home", 2026, 6, 10, 23)
    it.set("gateway.today_reset_delay", 1800)
    assert it.at(it.now + 5400 - 60).produced_today > 1000
    assert it.at(it.now + 120).produced_today == 0


def test_gateways_are_updated_and_replaced() -> None:
    """Another firmware or serial number shows in `/info`; a new gateway counts from zero."""
    it = _after({"gateway.firmware": "8.3.6000"})
    state = it.state()
    assert (state.firmware, state.serial) == ("8.3.6000", None)
    it.replace_gateway("202699000001")
    state = it.state()
    assert state.serial == "202699000001"
    assert state.produced == state.imported == state.produced_today == state.produced_week == 0
    assert it.at(it.now + HOUR).produced > 1000
    assert it.state().produced_today == pytest.approx(it.state().produced)
