"""Durations as people write them, such as `90s` or `1d 6h`."""

import re
from typing import Any

_UNITS = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)([wdhms])", re.A)
DURATION = re.compile(r"(?:\d+(?:\.\d+)?[wdhms]\s*)+", re.A)
#: seconds; a longer duration is a typing error, and dates end somewhere as well
_MAXIMUM = 10 * 366 * 86400.0


def parse_duration(value: Any) -> float:
    """Return the seconds of a duration such as `90s`, `30m` or `1d 6h`; raise ValueError."""
    text = str(value).strip()
    total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if not DURATION.fullmatch(text) or total > _MAXIMUM:
        raise ValueError(
            f"'{_printable(text)}' is not a duration: write 90s, 30m, 2h, 1d 6h or 3w, up to ten"
            " years"
        )
    return total


def format_duration(duration: float) -> str:
    """Return a duration in its two largest units, such as `1d 6h`."""
    parts = []
    for unit, size in _UNITS.items():
        count, duration = divmod(duration, size)
        if count and unit != "w":
            parts.append(f"{count:g}{unit}")
        elif count:
            duration += count * size
    return " ".join(parts[:2]) or "0s"


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:80]
