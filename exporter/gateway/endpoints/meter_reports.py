"""`/ivp/meters/reports`: what the CTs measure in every respect, also where one is only computed.

The report of total consumption exists on sites that have no CT for it.
"""

from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import (
    Endpoint,
    Model,
    Notes,
    as_list,
    by_identity,
    entries,
)
from exporter.gateway.endpoints.fields import (
    Amperes,
    Epoch,
    Hertz,
    Number,
    PowerFactor,
    Volts,
    WattHours,
    Watts,
)

_PHASES = ("L1", "L2", "L3")


class MeterReport(Model):
    """Powers in W, VA and var, energies in Wh, VAh and varh."""

    required: ClassVar[frozenset[str]] = frozenset({"currW", "rmsVoltage", "freqHz"})

    watts: Watts = Field(None, alias="currW")
    active_power: Watts = Field(None, alias="actPower")
    apparent_power: Number = Field(None, alias="apprntPwr")
    reactive_power: Number = Field(None, alias="reactPwr")
    energy_delivered: WattHours = Field(None, alias="whDlvdCum")
    energy_received: WattHours = Field(None, alias="whRcvdCum")
    reactive_energy_lagging: Number = Field(None, alias="varhLagCum")
    reactive_energy_leading: Number = Field(None, alias="varhLeadCum")
    apparent_energy: Number = Field(None, alias="vahCum")
    voltage: Volts = Field(None, alias="rmsVoltage")
    current: Amperes = Field(None, alias="rmsCurrent")
    power_factor: PowerFactor = Field(None, alias="pwrFactor")
    frequency: Hertz = Field(None, alias="freqHz")
    created_at: Epoch = Field(None, alias="createdAt")


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the report of each kind of measurement, and those of its lines by phase."""
    listed = entries(as_list(document), notes, "reports")
    reports: dict[str, MeterReport] = {}
    lines: dict[str, dict[str, MeterReport]] = {}
    for kind, entry in by_identity(listed, "reportType", notes, "reports").items():
        total = entry.get("cumulative")
        stamped = (
            {**total, "createdAt": entry.get("createdAt")} if isinstance(total, dict) else total
        )
        report = MeterReport.read(stamped, notes, "cumulative")
        if report is not None:
            reports[kind] = report
            legs = _legs(entry.get("lines", []), report, notes)
            if legs:
                lines[kind] = legs
    return {"meter_reports": reports, "meter_report_lines": lines}


def _legs(raw: Any, total: MeterReport, notes: Notes) -> dict[str, MeterReport]:
    """Return the lines by phase; none if one is missing: lines have no names.

    A line that is listed twice counts once, if the others add up to the total.
    """
    listed = list(entries(raw, notes, "lines"))
    if not isinstance(raw, list) or len(listed) != len(raw):
        return {}
    read = [line for item in listed if (line := MeterReport.read(item, notes, "lines"))]
    if not _add_up(total, read):
        notes.unreadable("lines")
        read = list(dict.fromkeys(read))
        if not _add_up(total, read):
            return {}
    return dict(zip(_PHASES, read, strict=False)) if 1 < len(read) <= len(_PHASES) else {}


def _add_up(total: MeterReport, lines: list[MeterReport]) -> bool:
    """Return whether lines are all of the total, or whether that cannot be determined."""
    parts = [line.energy_delivered for line in lines]
    if total.energy_delivered is None or None in parts:
        return True
    legs = [part or 0 for part in parts]
    return abs(total.energy_delivered - sum(legs)) <= 5 + 1e-5 * sum(map(abs, legs))


ENDPOINT = Endpoint(
    "/ivp/meters/reports", "meter_reports", read, max_age=300, deadline=30, optional=True
)
