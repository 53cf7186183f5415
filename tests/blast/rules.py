"""What one spoilt place of an answer may cost, and where that rule cannot hold."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.table import FlagSet, StateSet
from tests.blast.blast import Damage
from tests.blast.series import Series

#: values that a leaf may cost, those derived from it included
LIMIT = 6

#: path, place, kind of spoiling, as patterns; and why something else changes
CHANGES: tuple[tuple[str, str, str, str], ...] = (
    (
        "/ivp/pdm/device_data",
        "*",
        "*",
        "the plain list of inverters takes the place of a detail that cannot be read",
    ),
    (
        "/inventory.json*",
        "*",
        "*",
        "a capture has two devices of one serial number, as they were made unrecognizable",
    ),
    (
        "/home",
        "network.interfaces.*.ip",
        "null",
        "an interface without an address has null in its place",
    ),
    (
        "/home",
        "comm.*",
        "entry doubled",
        "links have no names: two that are alike can be two links",
    ),
)

#: path and place, as patterns, where null is a value like others, and why
NULLS: tuple[tuple[str, str, str], ...] = (
    ("/admin/lib/tariff", "*.storage_settings.mode", "no mode was ever set"),
    ("/admin/lib/tariff", "*.storage_settings.date", "the settings were never changed"),
)


def place_name(damage: Damage) -> str:
    """Return the place without serial numbers and positions."""
    return ".".join(
        "*" if isinstance(step, int) or step.isdecimal() else step for step in damage.place
    )


def values(series: frozenset[Series]) -> set[Series]:
    """Return the values behind series: a state set is one value, however many states it has."""
    broken = set()
    for name, labels in series:
        row = FAMILIES[name].row
        if isinstance(row, StateSet) and not isinstance(row, FlagSet):
            labels = tuple(label for label in labels if label[0] != row.label)  # noqa: PLW2901
        broken.add((name, labels))
    return broken


def violations(damage: Damage) -> Iterator[str]:
    """Yield what one spoilt place must not do and did."""
    where = f"{damage.path} {place_name(damage)}: {damage.kind}"
    if damage.error:
        yield f"{where}: raises {damage.error}"
    entry = damage.kind.startswith("entry")
    lost = values(damage.lost)
    if not entry and len(lost) > LIMIT:
        yield f"{where}: costs {len(lost)} values, {sorted({name for name, _ in lost})}"
    excused = any(
        fnmatchcase(damage.path, path)
        and fnmatchcase(place_name(damage), place)
        and fnmatchcase(damage.kind, kind)
        for path, place, kind, _ in CHANGES
    )
    # What an entry was part of may change when it is gone: a sum, a number of devices.
    if damage.changed and not excused and damage.kind != "entry missing":
        yield f"{where}: changes {sorted({name for name, _ in damage.changed})}"
    null = damage.kind == "null" and any(
        fnmatchcase(damage.path, path) and fnmatchcase(place_name(damage), place)
        for path, place, _ in NULLS
    )
    # What is not listed any more is missed by the inventory.
    counted = damage.counted or null or excused or damage.kind == "entry missing"
    if (lost or damage.changed) and not counted:
        yield f"{where}: is not counted"
