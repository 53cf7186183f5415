"""The height of the sun over a configured place."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporter.sun import position
from tests.polled_gateway import polled_gateway


@pytest.mark.parametrize(
    ("latitude", "longitude", "moment", "elevation"),
    [
        (52.5, 13.4, "2026-06-21 11:08", 60.9),
        (52.5, 13.4, "2026-12-21 11:05", 14.1),
        (37.8, -122.4, "2026-06-21 08:10", -28.8),
        (0.0, 0.0, "2026-03-20 12:07", 89.9),
        (69.6, 18.9, "2026-12-21 11:00", -3.0),
    ],
)
def test_the_sun_stands_where_almanacs_have_it(
    latitude: float, longitude: float, moment: str, elevation: float
) -> None:
    """To within a degree, which is far better than clouds allow."""
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    assert position(latitude, longitude, now).elevation == pytest.approx(elevation, abs=1)


async def test_a_site_with_a_location_has_the_height_of_its_sun(tmp_path: Path) -> None:
    """It needs no answer of the gateway; without a location nothing is claimed."""
    place = {"latitude": 37.8, "longitude": -122.4}
    async with polled_gateway("solar-only", tmp_path, location=place) as watched:
        elevation = watched.value("enphase_sun_elevation_degrees")
    assert elevation is not None
    assert 20 < elevation < 50  # in the afternoon
    async with polled_gateway("solar-only", tmp_path) as watched:
        assert watched.value("enphase_sun_elevation_degrees") is None
