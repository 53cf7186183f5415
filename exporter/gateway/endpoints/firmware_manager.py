"""`/ivp/firmware_manager/state`: the update of the storage devices, and why the last one failed."""

import re
from typing import Any

from pydantic import Field

from exporter.gateway.endpoints.base import Endpoint, Model, Notes, as_object
from exporter.gateway.endpoints.fields import Code, Count, FlagText, PercentText, Text

_NOTHING_RUNS = 10
_DURATION = re.compile(r"^(\d{1,5})::?(\d{1,2})::?(\d{1,2})$")
_NO_REASON = frozenset({"", "none", "no failure", "not applicable", "n/a"})


class FirmwareUpdate(Model):
    """State of the update in words and as numbers."""

    status: Code = Field(None, alias="Current_Status")
    status_name: Text = Field(None, alias="Current_Status_str")
    last_status: Code = Field(None, alias="Last_Status")
    last_status_name: Text = Field(None, alias="Last_Status_str")
    kind: Code = Field(None, alias="Type")
    kind_name: Text = Field(None, alias="Type_str")
    time_left: Text = Field(None, alias="Estimated Time Left")
    duration: Text = Field(None, alias="Total Duration")
    image_version: Text = Field(None, alias="Current essimg version")
    failure_reason: Text = Field(None, alias="Failure Reason")
    zigbee_status: Code = Field(None, alias="Zigbee Dongle")
    zigbee_status_name: Text = Field(None, alias="Zigbee Status_str")
    zigbee_version: Text = Field(None, alias="Zigbee Firmware")
    automatic: FlagText = Field(None, alias="auto_update_enable")
    paused: FlagText = Field(None, alias="auto_update_8_hrs_disable")
    progress: PercentText = Field(None, alias="Progress")
    #: devices under update
    devices: Count = None

    @property
    def running(self) -> bool | None:
        """Whether an update is going on."""
        if self.status is not None:
            return self.status != _NOTHING_RUNS
        if self.status_name is not None:
            return "no update" not in self.status_name.lower()
        return None

    @property
    def failed(self) -> bool | None:
        """Whether the last update failed."""
        reason = (self.failure_reason or "").strip().lower()
        if reason not in _NO_REASON:
            return True
        if self.last_status_name is None:
            return None if self.failure_reason is None else False
        return "fail" in self.last_status_name.lower()

    @property
    def seconds_left(self) -> int | None:
        """How long the update will take."""
        return _seconds(self.time_left)

    @property
    def seconds_running(self) -> int | None:
        """How long the update has taken."""
        return _seconds(self.duration)


def _seconds(text: str | None) -> int | None:
    match = _DURATION.match(text.strip()) if text else None
    if match is None:
        return None
    hours, minutes, seconds = map(int, match.groups())
    return (hours * 60 + minutes) * 60 + seconds


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the state of the update; nothing for a gateway without storage devices."""
    raw = as_object(document)
    if not raw:
        return {}
    site, updates = raw.get("SiteSync"), raw.get("updates")
    count = len(updates) if isinstance(updates, list) else None
    if count is None and updates is not None:
        notes.unreadable("updates")
    if not isinstance(site, dict):
        notes.unreadable("SiteSync")
        return {}
    return {"firmware_update": FirmwareUpdate.read({**site, "devices": count}, notes, "SiteSync")}


ENDPOINT = Endpoint(
    "/ivp/firmware_manager/state", "firmware", read, max_age=300, deadline=20, optional=True
)
