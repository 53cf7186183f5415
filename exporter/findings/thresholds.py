"""The thresholds of the alerts: defaults shipped with the package, overridden by configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml


@dataclass(frozen=True, slots=True)
class Threshold:
    """One number that owners may change."""

    default: float
    #: `ratio`, `seconds`, `celsius` or `volts`
    unit: str
    #: completes "An alert fires ..."
    meaning: str


@cache
def thresholds() -> Mapping[str, Threshold]:
    """Return all thresholds by name."""
    document = yaml.safe_load(files("exporter.findings").joinpath("thresholds.yml").read_text())
    return MappingProxyType(
        {
            name: Threshold(float(entry["default"]), entry["unit"], entry["meaning"])
            for name, entry in document.items()
        }
    )


def resolve(*overrides: Mapping[str, float]) -> dict[str, float]:
    """Return the value of each threshold; the last of `overrides` that has one wins."""
    values = {name: threshold.default for name, threshold in thresholds().items()}
    for override in overrides:
        values |= {name: value for name, value in override.items() if name in values}
    return values
