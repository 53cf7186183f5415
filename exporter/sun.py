"""The height of the sun: whether there is light for the panels."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class SunPosition:
    """Where the sun is; the elevation is in degrees above the horizon."""

    elevation: float


def position(latitude: float, longitude: float, now: float) -> SunPosition:
    """Return where the sun is at a place (degrees) at `now` (epoch seconds)."""
    # Only sites with a configured location need it.
    from astral import Observer  # noqa: PLC0415 - see above
    from astral.sun import elevation  # noqa: PLC0415 - see above

    moment = datetime.fromtimestamp(now, UTC)
    # A tenth of a degree is half a minute: more digits would only change with every poll.
    return SunPosition(round(elevation(Observer(latitude, longitude), moment), 1))
