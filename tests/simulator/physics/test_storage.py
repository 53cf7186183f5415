"""What batteries do on grid: by mode, price, reserve and charge."""

import pytest

from exporter.simulator.physics import HomeSimulation
from exporter.simulator.physics.weather import constant_sky
from tests.simulator.physics.sample_simulations import HOUR, group, house, read_json


def _settings(it: HomeSimulation) -> dict[str, object]:
    settings: dict[str, object] = read_json(it, "/admin/lib/tariff")["tariff"]["storage_settings"]
    return settings


def test_self_consumption_keeps_the_grid_out() -> None:
    """The sun charges what is left over, and at night the batteries feed the house."""
    it = house("battery-home", 2026, 6, 10, 9)
    it.set("battery.*.soc", 0.5)
    morning = it.at(it.now + 600)
    assert morning.battery < -1000
    assert abs(morning.grid) < 1
    night = it.at(it.now + 13 * HOUR)
    assert night.battery == pytest.approx(night.load)
    assert night.grid == pytest.approx(0)
    assert _settings(it)["mode"] == "self-consumption"


def test_the_reserve_is_kept() -> None:
    """However dark and hungry it is, on grid the batteries do not give what is reserved."""
    it = house("battery-home", 2026, 12, 10, 18, weather=constant_sky("overcast"))
    it.set_all({"storage.reserve": 0.35, "battery.*.soc": 0.5, "load.extra": 4000})
    for _ in range(12):
        state = it.at(it.now + HOUR)
        assert state.soc >= 0.35 - 1e-9
    assert state.soc == pytest.approx(0.35)
    assert state.grid == pytest.approx(state.load)
    secctrl = read_json(it, "/ivp/ensemble/secctrl")
    assert secctrl["configured_backup_soc"] == 35
    assert secctrl["ENC_agg_backup_energy"] == 10500
    assert secctrl["ENC_agg_soc"] == 35


def test_below_the_reserve_they_charge() -> None:
    """After an outage the reserve is filled up, at night from the grid."""
    it = house("battery-home", 2026, 6, 10, 22)
    it.set("battery.*.soc", 0.05)
    state = it.at(it.now + 600)
    assert state.battery < -1000
    assert state.grid > 1000
    assert it.at(it.now + 6 * HOUR).soc == pytest.approx(0.2, abs=0.02)


def test_backup_mode_fills_them() -> None:
    """In backup mode they are charged from anything, and then hold what they have."""
    it = house("battery-home", 2026, 6, 10, 21)
    it.set_all({"battery.*.soc": 0.5, "storage.mode": "backup"})
    assert it.at(it.now + 600).battery < -1000
    assert it.at(it.now + 6 * HOUR).soc == pytest.approx(1.0)
    assert it.at(it.now + 2 * HOUR).battery == pytest.approx(0)
    assert _settings(it)["mode"] == "backup"


def test_savings_mode_follows_the_prices() -> None:
    """Cheap hours leave the batteries alone, dear ones are bridged, and the sun sold then."""
    it = house("battery-home", 2026, 6, 10, 2)
    it.set_all({"battery.*.soc": 0.8, "storage.mode": "savings-mode"})
    assert it.at(it.now + 60).battery == 0
    it.set("battery.*.soc", 0.5)
    noon = it.at(it.now + 11 * HOUR)
    assert noon.battery < 0 or noon.soc == 1
    it.set("battery.*.soc", 0.5)
    peak = it.at(it.now + 4 * HOUR)
    assert (peak.battery, peak.sun > peak.load) == (0, True)
    assert peak.grid < -1000
    evening = it.at(it.now + 3 * HOUR)
    assert evening.battery > 0
    assert evening.grid == pytest.approx(0)


def test_cheap_power_charges_them_where_that_is_allowed() -> None:
    """In savings mode with charge from grid, the night fills them."""
    it = house("battery-home", 2026, 6, 10, 1)
    it.set_all({"battery.*.soc": 0.3, "storage.mode": "economy"})
    assert it.at(it.now + 60).battery == 0
    it.set("storage.charge_from_grid", True)
    assert it.at(it.now + 60).battery < -1000
    assert _settings(it)["charge_from_grid"] is True


def test_optimisation_follows_prices_whatever_the_mode() -> None:
    """With the vendor's schedules on, self-consumption is only what the settings say."""
    it = house("battery-home", 2026, 6, 10, 2)
    it.set("storage.opt_schedules", True)
    state = it.at(it.now + 60)
    assert state.battery == 0
    assert (_settings(it)["mode"], _settings(it)["opt_schedules"]) == ("self-consumption", True)


def test_without_time_of_use_there_is_nothing_to_save() -> None:
    """On a flat tariff, savings mode is self-consumption."""
    it = house("generator", 2026, 6, 10, 1)
    it.set_all({"battery.*.soc": 0.8, "storage.mode": "savings-mode"})
    assert it.state().battery == pytest.approx(it.state().load)


def test_they_take_less_and_less_towards_full_but_get_there() -> None:
    """The last percents take longer, and then it is 100 % and quiet."""
    it = house("battery-home", 2026, 6, 10, 10)
    it.set("battery.*.soc", 0.93)
    powers = [it.at(it.now + 300).battery for _ in range(24)]
    assert min(powers) < -2000
    assert powers[-1] == pytest.approx(0, abs=1)
    assert [battery["percentFull"] for battery in group(it, "ENCHARGE")] == [100] * 6


def test_changed_settings_have_a_date() -> None:
    """The tariff says when the storage settings were last changed."""
    it = house()
    old = _settings(it)["date"]
    it.set("storage.reserve", 0.4)
    assert (old, _settings(it)["date"]) == (str(int(it.now) - 20 * 86400), str(int(it.now)))


def test_power_warms_and_weather_cools() -> None:
    """A battery at work is warmer than one at rest, and summer is warmer than winter."""
    it = house("battery-home", 2026, 6, 10, 8)
    it.set_all({"battery.*.soc": 0.3, "battery.1.dc_switch_off": True})
    batteries = it.at(it.now + 3 * HOUR).batteries
    assert batteries[1].temperature > batteries[0].temperature + 1
    winter = house("battery-home", 2026, 1, 10, 11).state().batteries
    assert winter[1].temperature < batteries[1].temperature - 3
    assert all(0 < battery.temperature < 45 for battery in (*winter, *batteries))
