"""Counters by the day: today begins at the owner's midnight, the week is the seven days before."""

from itertools import pairwise

import pytest

from exporter.simulator.physics.local_time import LocalClock
from tests.simulator.physics.sample_simulations import DAY, HOUR, house, moment, read_json


@pytest.mark.parametrize(
    ("name", "when"),
    [
        ("battery-home", (2026, 6, 10, 22)),
        ("three-phase", (2026, 3, 29, 23)),
        # the nights in which the clock is put on and back
        ("battery-home", (2026, 3, 7, 22)),
        ("battery-home", (2026, 10, 31, 22)),
    ],
)
def test_today_begins_at_local_midnight(name: str, when: tuple[int, ...]) -> None:
    """Until the last minute of the day it grows, then it begins again; lifetime goes on."""
    it = house(name, *when, latitude=52.0)
    midnight = moment(name, *when[:3], 23) + HOUR
    before = it.at(midnight - 1)
    after = it.at(midnight + 61)
    assert before.produced_today > 1000
    assert before.consumed_today > 1000
    assert after.produced_today == 0
    assert after.consumed_today < 200
    assert after.produced == before.produced
    assert after.produced_week > 6 * before.produced_today


def test_the_days_add_up() -> None:
    """The week is the sum of its seven days, for the home and for each inverter."""
    it = house("battery-home", 2026, 6, 10, 23, weather=None)
    days = []
    for _ in range(7):
        days.append(it.state().produced_today)
        it.advance(it.now + DAY)
    it.advance(it.now + 2 * HOUR)
    state = it.state()
    week = [*days[1:], state.produced_week - sum(days[1:])]
    assert state.produced_week == pytest.approx(sum(week))
    assert all(day > 0 for day in week)
    assert sum(inverter.week for inverter in state.inverters) == pytest.approx(
        state.produced_week, rel=0.001
    )
    assert all(inverter.today == 0 for inverter in state.inverters)
    assert sum(inverter.yesterday for inverter in state.inverters) == pytest.approx(week[-1])


def test_all_endpoints_report_the_same_energy() -> None:
    """Lifetime and today agree between the endpoints of one moment."""
    it = house()
    state = it.state()
    summary = read_json(it, "/api/v1/production")
    production = read_json(it, "/production.json?details=1")["production"]
    assert summary["wattHoursLifetime"] == round(state.produced)
    assert production[1]["whLifetime"] == pytest.approx(state.produced, abs=0.01)
    assert production[1]["whToday"] == pytest.approx(state.produced_today, abs=0.01)
    devices = read_json(it, "/ivp/pdm/device_data").values()
    today = sum(
        device["channels"][0]["wattHours"]["today"]
        for device in devices
        if isinstance(device, dict)
    )
    assert today == pytest.approx(state.produced_today, rel=0.02)


def test_total_consumption_is_production_and_net() -> None:
    """As on real gateways, charging batteries count as consumption."""
    it = house("battery-home", 2026, 6, 10, 9)
    it.set("battery.*.soc", 0.4)
    state = it.state()
    total, net = read_json(it, "/production.json?details=1")["consumption"]
    assert state.battery < -1000
    assert total["wNow"] == pytest.approx(state.sun + net["wNow"], abs=0.01)
    assert total["wNow"] == pytest.approx(state.load - state.battery, abs=0.01)
    assert total["whLifetime"] == pytest.approx(state.produced + net["whLifetime"], abs=0.01)


def test_households_have_days_and_weeks() -> None:
    """More is used in the evening than at night, and weekends are not like weekdays."""
    it = house("battery-home", 2026, 4, 6, 0)
    hours: dict[int, list[float]] = {}
    days = []
    for day in range(28):
        begin = it.energy.used
        for hour in range(24):
            before = it.energy.used
            it.advance(it.now + HOUR)
            hours.setdefault(hour, []).append(it.energy.used - before)
        days.append((day % 7 >= 5, it.energy.used - begin))
    assert sum(hours[18]) > 3 * sum(hours[3])
    weekdays = [used for weekend, used in days if not weekend]
    weekends = [used for weekend, used in days if weekend]
    assert sum(weekends) / len(weekends) > 1.05 * sum(weekdays) / len(weekdays)
    assert all(6000 < used < 60_000 for used in (*weekdays, *weekends))
    assert all(one != other for one, other in pairwise(weekdays))


def test_local_time_follows_the_zone() -> None:
    """Weekday and time of day are those of the wall, before and after the clock change."""
    calendar = LocalClock("Europe/Berlin")
    for when, seconds in (((2026, 3, 29, 1), 3600), ((2026, 3, 29, 4), 4 * 3600)):
        local = calendar.local(moment("three-phase", *when))
        assert (local.weekday, local.seconds) == (6, seconds)
