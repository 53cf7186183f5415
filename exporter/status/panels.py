"""The panels: what each gives, and which of them are silent though it is day.

The sun is told from the siblings, not from a clock: an inverter is silent when its last report is
too old while the middle one of those that are heard gives a fair share of its best.
"""

from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

from exporter.metrics.units import seconds, watts
from exporter.status.models import PanelStatus
from exporter.status.view import SnapshotView

#: seconds after which a report is old, where the gateway does not tell its interval; two intervals
#: and the time between two polls elsewhere, within these limits
_OLD = 2700.0
_LEAST, _MOST, _POLL = 900.0, 4500.0, 300.0
#: share of its best that the middle one gives when it is certainly day
_DAYLIGHT = 0.1


def panels(fresh: SnapshotView, *, islanded: bool) -> tuple[PanelStatus, ...]:
    """Return all inverters that there are, or were before, by array, name and serial.

    Off the grid full batteries hold inverters back, so none is called silent there.
    """
    labels = fresh.all("inverters", "inverter_labels")
    found = [
        _reported(serial, device, labels.get(serial), fresh)
        for serial, device in fresh.all("inverters", "inverters").items()
    ]
    found += [
        _named(PanelStatus(serial, "missing"), labels.get(serial))
        for serial, seen in fresh.all("inverters", "inverter_presence").items()
        if not seen.present
    ]
    day = not islanded and _daylight(found)
    told = (replace(p, state="silent") if day and p.state == "dark" else p for p in found)
    return tuple(sorted(told, key=lambda p: (p.array, _natural(p.name), p.serial)))


def _reported(serial: str, device: Any, label: Any, fresh: SnapshotView) -> PanelStatus:
    stamp = fresh.stamp(getattr(device, "last_report_date", None))
    interval = seconds(getattr(device, "last_report_duration", None))
    limit = _OLD if not interval else min(max(2 * interval + _POLL, _LEAST), _MOST)
    heard = stamp is not None and fresh.now - stamp < limit
    panel = PanelStatus(
        serial,
        "not known" if stamp is None else "reporting" if heard else "dark",
        watts=watts(device.last_report_watts) if heard else None,
        max_watts=watts(getattr(device, "max_report_watts", None)),
        last_report_timestamp_seconds=stamp,
    )
    return _named(panel, label)


def _named(panel: PanelStatus, label: Any) -> PanelStatus:
    if label is None:
        return panel
    return replace(panel, name=label.name, array=label.array, x=label.x, y=label.y)


def _daylight(found: list[PanelStatus]) -> bool:
    loads = [p.watts / p.max_watts for p in found if p.watts is not None and p.max_watts]
    return len(loads) * 2 >= len(found) > 0 and median(loads) > _DAYLIGHT


def _natural(name: str) -> tuple[Any, ...]:
    """Return what to sort names by so that row 2 comes before row 10."""
    parts: list[tuple[int, int | str]] = []
    digits = ""
    for character in f"{name} ":
        if character.isascii() and character.isdigit():
            digits += character
            continue
        if digits:
            parts.append((0, int(digits[:18])))
            digits = ""
        parts.append((1, character))
    return tuple(parts)


def by_array(found: tuple[PanelStatus, ...]) -> Mapping[str, list[PanelStatus]]:
    """Return the panels by array, in the order in which they come."""
    arrays: dict[str, list[PanelStatus]] = {}
    for panel in found:
        arrays.setdefault(panel.array, []).append(panel)
    return arrays
