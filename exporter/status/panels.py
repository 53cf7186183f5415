"""The panels: the power of each, and which of them are silent by day.

Whether it is day follows from the siblings, not from a clock: an inverter is silent when its last
report is too old while the median of those that report gives a fair share of its best.
"""

from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

from exporter.metrics.units import seconds, watts
from exporter.status.device_models import PanelStatus
from exporter.status.view import SnapshotView

#: seconds after which a report is old, where the gateway does not report its interval; otherwise
#: two intervals and the time between two polls, within these limits
_DEFAULT_AGE = 2700.0
_MIN_AGE, _MAX_AGE, _POLL_INTERVAL = 900.0, 4500.0, 300.0
#: share of its maximum that the median inverter gives when it is certainly day
_DAYLIGHT_RATIO = 0.1


def panels(view: SnapshotView, *, islanded: bool) -> tuple[PanelStatus, ...]:
    """Return all present inverters and those seen before, by array, name and serial.

    Off the grid full batteries hold inverters back, so none is called silent there.
    """
    labels = view.devices("inverters", "inverter_labels")
    listed = [
        _reported(serial, device, labels.get(serial), view)
        for serial, device in view.devices("inverters", "inverters").items()
    ]
    presence = view.devices("inverters", "inverter_presence")
    gone = {serial for serial, entry in presence.items() if not entry.present}
    gone |= view.missing_since("inverter").keys() - {panel.serial for panel in listed}
    listed += [PanelStatus(serial, "missing", *_label(labels.get(serial))) for serial in gone]
    day = not islanded and _daylight(listed)
    levels = view.devices("plc", "plc_levels")
    listed = [
        replace(p, plc_level=levels[p.serial].level) if p.serial in levels else p for p in listed
    ]
    panels = (replace(p, state="silent") if day and p.state == "dark" else p for p in listed)
    return tuple(sorted(panels, key=lambda p: (p.array, natural_order(p.name), p.serial)))


def _reported(serial: str, device: Any, label: Any, view: SnapshotView) -> PanelStatus:
    stamp = view.to_local_time(getattr(device, "last_report_date", None))
    interval = seconds(getattr(device, "last_report_duration", None))
    limit = _DEFAULT_AGE
    if interval:
        limit = min(max(2 * interval + _POLL_INTERVAL, _MIN_AGE), _MAX_AGE)
    recent = stamp is not None and view.now - stamp < limit
    return PanelStatus(
        serial,
        "not known" if stamp is None else "reporting" if recent else "dark",
        *_label(label),
        watts(device.last_report_watts) if recent else None,
        watts(getattr(device, "max_report_watts", None)),
        stamp,
    )


def _label(label: Any) -> tuple[str, str, float | None, float | None]:
    return ("", "", None, None) if label is None else (label.name, label.array, label.x, label.y)


def _daylight(panels: list[PanelStatus]) -> bool:
    loads = [p.watts / p.max_watts for p in panels if p.watts is not None and p.max_watts]
    return len(loads) * 2 >= len(panels) > 0 and median(loads) > _DAYLIGHT_RATIO


def natural_order(name: str) -> tuple[Any, ...]:
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


def by_array(panels: tuple[PanelStatus, ...]) -> Mapping[str, list[PanelStatus]]:
    """Return the panels by array, in the order in which they come."""
    arrays: dict[str, list[PanelStatus]] = {}
    for panel in panels:
        arrays.setdefault(panel.array, []).append(panel)
    return arrays
