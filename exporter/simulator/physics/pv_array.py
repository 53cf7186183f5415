"""The roof: panels with their inverters, by the plane they lie in.

Light is computed once for each plane. What an inverter made follows from the energy of its plane
and from its own factor, so that a step costs the same for six panels and for a hundred.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import asin, atan2, degrees
from typing import NamedTuple

from exporter.simulator.homes.models import HomeHardware
from exporter.simulator.physics.inverter import PlaneOutput, SimulatedInverter
from exporter.simulator.physics.rng import random_value
from exporter.simulator.physics.sun import Sunlight, irradiance_on, surface_normal
from exporter.simulator.physics.weather import WeatherState

#: rated power of a panel by that of its inverter, and what dust, wires and the inverter leave
_OVERSIZED, _LEFT = 1.15, 0.94
#: loss per degree above 25 °C, and how much warmer than the air a W/m² makes a panel
_PER_DEGREE, _WARMED = 0.0035, 0.03
#: below this share of its rating an inverter sleeps
_ASLEEP = 0.003
#: inverters differ by this much, up and down
_SPREAD = 0.025


class Shade(NamedTuple):
    """Something in the way: between two azimuths, up to a height; degrees, clockwise from north."""

    left: float
    right: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelPlane:
    """Panels side by side: tilt from horizontal and azimuth clockwise from north in degrees."""

    panels: int
    tilt: float
    azimuth: float
    shade: Shade | None = None
    #: dry contact that connects them, such as `NO1`
    contact: str | None = None


def default_planes(site: HomeHardware, latitude: float) -> tuple[PanelPlane, ...]:
    """Return the roof of an ordinary house with the site's number of panels.

    Most look to the equator, the rest west, two of those behind a tree. With a system controller,
    a few are on a garage roof behind its dry contact for solar power.
    """
    equator = 180.0 if latitude >= 0 else 0.0
    garage = site.inverters // 6 if site.controller else 0
    west = (site.inverters - garage) // 3
    behind_tree = min(2, west)
    return (
        PanelPlane(panels=site.inverters - garage - west, tilt=24, azimuth=equator),
        PanelPlane(panels=west - behind_tree, tilt=24, azimuth=265),
        PanelPlane(panels=behind_tree, tilt=24, azimuth=265, shade=Shade(245, 300, 28)),
        PanelPlane(panels=garage, tilt=8, azimuth=equator, contact="NO1"),
    )


class _PlaneState(PlaneOutput):
    """A plane at work: its panels get the same light."""

    __slots__ = ("contact", "facing", "members", "shade")

    def __init__(self, plane: PanelPlane) -> None:
        super().__init__()
        self.facing = surface_normal(plane.tilt, plane.azimuth)
        self.shade = plane.shade
        self.contact = plane.contact
        self.members: list[SimulatedInverter] = []

    def shine(self, light: Sunlight, weather: WeatherState) -> None:
        """Set the power by the light of this moment."""
        beam = weather.beam
        if self.shade is not None and beam > 0.0 and _behind(self.shade, light):
            beam = 0.0
        received = irradiance_on(light, self.facing, beam, weather.diffuse) * weather.through_snow
        warmth = weather.air + _WARMED * received - 25.0
        power = _OVERSIZED * _LEFT * received / 1000 * (1 - _PER_DEGREE * warmth)
        self.awake = power >= _ASLEEP
        self.power = min(1.0, power) if self.awake else 0.0

    def sleep(self) -> None:
        """Make nothing."""
        self.awake, self.power = False, 0.0


class PvArray:
    """All panels of a home."""

    def __init__(self, site: HomeHardware, planes: Iterable[PanelPlane], seed: int) -> None:
        """Lay out the panels; every plane takes the next inverters of the site."""
        #: whether the breaker of the panels is closed
        self.connected = True
        self.inverters: list[SimulatedInverter] = []
        self._fields: list[_PlaneState] = []
        for plane in planes:
            if not plane.panels:
                continue
            field = _PlaneState(plane)
            self._fields.append(field)
            for _ in range(plane.panels):
                index = len(self.inverters)
                spread = 1 + _SPREAD * (2 * random_value(seed, "panel", index) - 1)
                inverter = SimulatedInverter(index, spread * site.inverter_watts, field)
                field.members.append(inverter)
                self.inverters.append(inverter)

    def shine(self, light: Sunlight, weather: WeatherState, cut: frozenset[str]) -> float:
        """Take the light of this moment; returns the power that is possible, in watts.

        `cut` are the dry contacts that are open.
        """
        possible = 0.0
        for field in self._fields:
            if light.up <= 0.0 or not self.connected or field.contact in cut:
                field.sleep()
                continue
            field.shine(light, weather)
            if field.awake:
                possible += field.power * sum([member.watts for member in field.members])
        return possible

    def curtail(self, share: float) -> None:
        """Make only this share of what is possible: 0 to 1."""
        for field in self._fields:
            field.power *= share

    def sleep(self) -> None:
        """Make nothing: there is no mains voltage to follow."""
        for field in self._fields:
            field.sleep()

    def commit(self, seconds: float) -> None:
        """Let time pass."""
        for field in self._fields:
            field.energy += field.power * seconds / 3600

    def report(self, now: float) -> None:
        """Let every inverter report whose turn it is at `now` (epoch seconds)."""
        for field in self._fields:
            if field.awake:
                for member in field.members:
                    member.report(now)

    def new_day(self) -> None:
        """Note the energy of every inverter at midnight."""
        for inverter in self.inverters:
            inverter.new_day()


def _behind(shade: Shade, light: Sunlight) -> bool:
    azimuth = degrees(atan2(light.east, light.north)) % 360
    return shade.left <= azimuth <= shade.right and degrees(asin(light.up)) < shade.height
