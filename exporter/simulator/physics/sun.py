"""Where the sun is and how strong it shines under a clear sky, by latitude and time.

Good to a degree and a few percent: what a simulated roof needs, not what a telescope does. The
formulas are the usual series for declination and equation of time, and a clear sky whose beam is
weakened by the air it crosses.
"""

from math import asin, cos, degrees, pi, radians, sin
from typing import NamedTuple

_YEAR = 365.2425 * 86400
#: beam above the atmosphere in W/m², how much of it one thickness of air lets through
_SOLAR, _CLEAR = 1353.0, 0.7
#: scattered light of a clear sky, as a share of the beam
_SCATTERED = 0.11
#: share of the light that the ground reflects
_GROUND = 0.2
#: the season changes slowly: declination and equation of time hold for an hour
_HOUR = 3600


class Sunlight(NamedTuple):
    """Sunlight at a moment: direction of the sun, and its strength in W/m²."""

    #: parts of the unit vector towards the sun; `up` is below zero at night
    east: float
    north: float
    up: float
    #: on a surface that faces the sun
    beam: float
    #: from the rest of the sky, on a horizontal surface
    diffuse: float


DARK = Sunlight(0.0, 0.0, -1.0, 0.0, 0.0)


class SurfaceNormal(NamedTuple):
    """Unit vector at a right angle to a surface."""

    east: float
    north: float
    up: float


class Sun:
    """The sun over one place; latitude and longitude in degrees, north and east positive."""

    def __init__(self, latitude: float, longitude: float) -> None:
        self._sin_latitude = sin(radians(latitude))
        self._cos_latitude = cos(radians(latitude))
        self._longitude = longitude
        self._hour: int | None = None
        self._sin_declination = 0.0
        self._cos_declination = 1.0
        self._solar_offset = 0.0

    def light(self, now: float) -> Sunlight:
        """Return the light of a clear sky at `now` (epoch seconds)."""
        hour = int(now // _HOUR)
        if hour != self._hour:
            self._season(hour)
        angle = (now + self._solar_offset) % 86400 / 86400 * 2 * pi - pi
        cos_angle = cos(angle)
        sin_declination, cos_declination = self._sin_declination, self._cos_declination
        up = self._sin_latitude * sin_declination + self._cos_latitude * cos_declination * cos_angle
        if up <= 0.0:
            return DARK
        east = -cos_declination * sin(angle)
        north = (
            self._cos_latitude * sin_declination - self._sin_latitude * cos_declination * cos_angle
        )
        # air crossed, in thicknesses of the atmosphere; finite at the horizon
        air = 1.0 / (up + 0.50572 * (degrees(asin(min(1.0, up))) + 6.07995) ** -1.6364)
        beam = _SOLAR * _CLEAR ** (air**0.678)
        return Sunlight(east, north, up, beam, _SCATTERED * beam * (0.3 + 0.7 * up))

    def _season(self, hour: int) -> None:
        self._hour = hour
        year = hour * _HOUR % _YEAR / _YEAR * 2 * pi
        declination = (
            0.006918
            - 0.399912 * cos(year)
            + 0.070257 * sin(year)
            - 0.006758 * cos(2 * year)
            + 0.000907 * sin(2 * year)
        )
        minutes = 229.18 * (
            0.000075
            + 0.001868 * cos(year)
            - 0.032077 * sin(year)
            - 0.014615 * cos(2 * year)
            - 0.040849 * sin(2 * year)
        )
        self._sin_declination = sin(declination)
        self._cos_declination = cos(declination)
        self._solar_offset = self._longitude * 240 + minutes * 60


def surface_normal(tilt: float, azimuth: float) -> SurfaceNormal:
    """Return how a surface faces: tilt from horizontal, azimuth clockwise from north, degrees."""
    slope, turn = radians(tilt), radians(azimuth)
    return SurfaceNormal(sin(slope) * sin(turn), sin(slope) * cos(turn), cos(slope))


def irradiance_on(light: Sunlight, surface: SurfaceNormal, beam: float, diffuse: float) -> float:
    """Return W/m² on a surface, with this beam and diffuse light left by the weather."""
    direct = light.east * surface.east + light.north * surface.north + light.up * surface.up
    sky = diffuse * (1 + surface.up) / 2
    ground = _GROUND * (beam * light.up + diffuse) * (1 - surface.up) / 2
    return beam * max(0.0, direct) + sky + ground
