"""The captures that the cases are about, the paths of their answers, and what is changed there."""

from typing import Any

THREE_PHASE = "7.3.466_with_cts_3phase"
DETAILED = "8.2.4345_with_device_data"
SPLIT = "8.2.127_with_3cts_and_battery_split"
SIMPLE = "7.3.130"
WITHOUT_CONSUMPTION = "7.3.130_no_consumption"

REPORT = "/production.json?details=1"
METERS, READINGS = "/ivp/meters", "/ivp/meters/readings"
POWER = "/ivp/ensemble/power"
INVENTORY = "/ivp/ensemble/inventory"
SECCTRL = "/ivp/ensemble/secctrl"
INVERTERS = "/api/v1/production/inverters"
DETAILS = "/ivp/pdm/device_data"
CONTACTS = "/ivp/ss/dry_contact_settings"
TARIFF = "/admin/lib/tariff"

MISSING: Any = object()
#: inverters that only have zeros
GHOSTS = [
    {
        "serialNumber": f"9900000000{number:02}",
        "lastReportDate": 0,
        "devType": 1,
        "lastReportWatts": 0,
        "maxReportWatts": 0,
    }
    for number in range(6)
]


def put(node: Any, key: Any, value: Any) -> None:
    """Set a value in a document, or take it out."""
    if value is MISSING:
        del node[key]
    else:
        node[key] = value


def section(report: Any, name: str) -> Any:
    """Return a section of a production report by what it measures."""
    return next(
        entry
        for part in report.values()
        for entry in part
        if entry.get("measurementType", entry["type"]) == name
    )
