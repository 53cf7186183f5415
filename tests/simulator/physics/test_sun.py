"""The sun rises and sets by place and season, and the sky lets through what it does."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.simulator.homes import SAMPLE_HOMES
from exporter.simulator.physics import HomeSimulation
from exporter.simulator.physics.local_time import LocalClock
from exporter.simulator.physics.pv_array import PanelPlane, Shade
from exporter.simulator.physics.sun import Sun, irradiance_on, surface_normal
from exporter.simulator.physics.weather import (
    Climate,
    Sky,
    constant_sky,
    seasonal_sky,
    sky_schedule,
)
from tests.simulator.physics.sample_simulations import DAY, HOUR, house, moment


def _day(*when: int, **how: object) -> float:
    """Return what is produced on a day, in kWh."""
    it = house("battery-home", *when, 0, **how)
    return it.at(it.now + 23.9 * HOUR).produced_today / 1000


@given(latitude=st.floats(-90, 90), now=st.floats(0, 4e9))
def test_light_is_light(latitude: float, now: float) -> None:
    """Nowhere and never is there less than no light, or more than above the atmosphere."""
    light = Sun(latitude, 0.0).light(now)
    assert 0 <= light.beam < 1353
    assert 0 <= light.diffuse < 200
    assert light.up > 0 or light.beam == 0
    for tilt, azimuth in ((0, 0), (30, 180), (90, 270)):
        on = irradiance_on(light, surface_normal(tilt, azimuth), light.beam, light.diffuse)
        assert 0 <= on < 1600


@pytest.mark.parametrize(
    ("latitude", "month", "height"),
    [(0.0, 3, 1.0), (51.5, 6, 0.883), (51.5, 12, 0.258), (-33.9, 12, 0.984), (70.0, 12, -1.0)],
)
def test_the_sun_stands_where_it_should_at_noon(latitude: float, month: int, height: float) -> None:
    """At solar noon its height is that of the almanac; in the polar night there is none."""
    noon = 12 * HOUR + {3: 1774051200, 6: 1782000000, 12: 1797811200}[month] // DAY * DAY
    assert Sun(latitude, 0.0).light(noon).up == pytest.approx(height, abs=0.01)


def test_noon_follows_the_time_zone() -> None:
    """Without a longitude, the sun is highest at noon of the zone's winter time."""
    assert LocalClock("America/Los_Angeles").meridian == -120
    assert LocalClock("Asia/Kolkata").meridian == 82.5
    assert LocalClock("Nowhere/Land").meridian == 0


def test_night_is_dark() -> None:
    """From dusk to dawn nothing is produced, and inverters fall silent and are gone."""
    it = house("battery-home", 2026, 6, 10, 22)
    last = max(inverter.reported for inverter in it.state().inverters)
    for _ in range(6):
        state = it.at(it.now + HOUR)
        assert state.sun == state.sun_reported == 0
        assert all(inverter.gone for inverter in state.inverters)
        assert max(inverter.reported for inverter in state.inverters) == last
    state = it.at(it.now + 5 * HOUR)
    assert state.sun > 1000
    assert not any(inverter.gone for inverter in state.inverters)
    assert all(it.now - inverter.reported < 300 for inverter in state.inverters)


def test_seasons_differ_more_towards_the_poles() -> None:
    """Summer gives more than winter, the more so the further north, and south it is reversed."""
    ratio = {
        latitude: _day(2026, 6, 21, latitude=latitude) / _day(2026, 12, 21, latitude=latitude)
        for latitude in (30.0, 52.0, -33.0)
    }
    assert 1.2 < ratio[30.0] < 2.5
    assert ratio[52.0] > 1.5 * ratio[30.0]
    assert ratio[-33.0] < 0.8
    assert 40 < _day(2026, 6, 21, latitude=37.0) < 75


def test_every_sky_lets_through_less_than_the_one_before() -> None:
    """Broken clouds take a part, an overcast sky most, snow on the panels nearly all."""
    skies: tuple[Sky, ...] = ("clear", "broken", "overcast", "snow")
    clear, broken, overcast, snow = (_day(2026, 2, 1, weather=constant_sky(sky)) for sky in skies)
    assert clear > 1.2 * broken
    assert broken > 1.5 * overcast
    assert overcast > 5 * snow > 0


def test_clouds_come_and_go() -> None:
    """Under broken clouds the power jumps; under a clear sky it does not."""
    jumps = {}
    for sky in ("clear", "broken"):
        it = house(weather=constant_sky(sky))
        powers = [it.at(it.now + 120).sun for _ in range(40)]
        jumps[sky] = max(abs(a - b) for a, b in pairwise(powers))
    assert jumps["clear"] < 300
    assert jumps["broken"] > 1500


def test_a_plan_of_spells_is_followed() -> None:
    """Each sky holds from its time on, the first also before."""
    plan = sky_schedule([(2000.0, "snow"), (1000.0, "clear")])
    assert [plan(at) for at in (0.0, 1000.0, 1999.0, 2000.0, 9e9)] == [
        *("clear", "clear", "clear"),
        *("snow", "snow"),
    ]


def test_snow_falls_where_it_is_cold() -> None:
    """A year of weather has all skies in the north, but no snow in the south of California."""
    times = [1.7e9 + 6 * HOUR * spell for spell in range(4 * 365)]
    for latitude, snow in ((60.0, True), (33.0, False)):
        plan = seasonal_sky(Climate(3, latitude, 0.0), 3)
        seen = {plan(time) for time in times}
        assert {"clear", "broken", "overcast"} < seen if snow else "snow" not in seen


def test_panels_look_where_they_look() -> None:
    """In the afternoon the west roof leads, and a tree takes the beam from those behind it."""
    planes = (
        PanelPlane(panels=8, tilt=30, azimuth=90),
        PanelPlane(panels=8, tilt=30, azimuth=270),
        PanelPlane(panels=8, tilt=30, azimuth=270, shade=Shade(225, 315, 60)),
    )
    it = HomeSimulation(
        SAMPLE_HOMES["battery-home"],
        seed=1,
        start=moment("battery-home", 2026, 6, 10, 17),
        weather=constant_sky("clear"),
        planes=planes,
    )
    watts = [inverter.watts for inverter in it.state().inverters]
    assert min(watts[8:16]) > 1.5 * max(watts[:8])
    assert max(watts[16:]) < 0.5 * min(watts[8:16])
    assert len(set(watts[8:16])) > 1
    assert max(watts[8:16]) < 1.06 * min(watts[8:16])
