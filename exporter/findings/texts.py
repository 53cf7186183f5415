"""The texts of the alert rules, for places that have no Prometheus to ask.

`alerts.json` is written by `python -m tools.alert_texts` from alertmanager/rules/.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import orjson


@dataclass(frozen=True, slots=True)
class AlertText:
    """What one alert says, as far as it is the same for every house."""

    summary: str
    #: what to do first; empty where there is nothing to do
    first: str
    runbook_url: str
    #: how long the condition lasts before the alert fires
    for_seconds: float


@cache
def alert_texts() -> Mapping[tuple[str, str], AlertText]:
    """Return the texts by name and severity of the alert."""
    entries = orjson.loads(files("exporter.findings").joinpath("alerts.json").read_bytes())
    return MappingProxyType(
        {
            (entry["alert"], entry["severity"]): AlertText(
                entry["summary"], entry["first"], entry["runbook_url"], entry["for_seconds"]
            )
            for entry in entries
        }
    )
