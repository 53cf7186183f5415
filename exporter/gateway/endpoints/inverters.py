"""`/api/v1/production/inverters`: the last report of each microinverter and AC Battery."""

from typing import Any, ClassVar

from pydantic import Field

from exporter.gateway.endpoints.base import (
    LARGE_BODY,
    Endpoint,
    Model,
    Notes,
    as_list,
    by_identity,
    entries,
    newest,
)
from exporter.gateway.endpoints.fields import Code, Epoch, InverterWatts, Text

_AC_BATTERY = 11


class DeviceReport(Model):
    """The last report of one device, which a device of type 11 makes as AC Battery."""

    required: ClassVar[frozenset[str]] = frozenset(
        {"serialNumber", "lastReportDate", "lastReportWatts", "maxReportWatts"}
    )

    serial_number: Text = Field(None, alias="serialNumber")
    last_report_date: Epoch = Field(None, alias="lastReportDate")
    last_report_watts: InverterWatts = Field(None, alias="lastReportWatts")
    max_report_watts: InverterWatts = Field(None, alias="maxReportWatts")
    device_type: Code = Field(None, alias="devType")


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the reports of the inverters and those of the AC Batteries, by serial."""
    inverters: dict[str, DeviceReport] = {}
    batteries: dict[str, DeviceReport] = {}
    listed = entries(as_list(document), notes, "inverters")
    by_serial = by_identity(
        listed, "serialNumber", notes, "inverters", rank=newest("lastReportDate")
    )
    for serial, entry in by_serial.items():
        report = DeviceReport.read(entry, notes, "inverters")
        if report is None:
            continue
        if report.device_type in (None, 1):
            inverters[serial] = report
        elif report.device_type == _AC_BATTERY:
            batteries[serial] = report
    return {"inverter_reports": inverters, "acb_reports": batteries}


ENDPOINT = Endpoint(
    "/api/v1/production/inverters", "inverters", read, deadline=60, max_body=LARGE_BODY
)
