"""`/datatab/event_dt.rb`: the gateway's own log of events, newest first."""

import re
from dataclasses import dataclass
from typing import Any

from exporter.gateway.endpoints.base import MAX_TEXT, Endpoint, Notes, as_object, identity

#: `: Set` or `: Clear` at the end of a text says whether the condition began or ended
_ACTION = re.compile(r"^(?P<event>.*?)\s*:\s*(?P<action>set|clear)\s*$", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(r"<[^>]{0,200}>")
#: events of a usual response, and of one that has the whole log, of some hundred events
PAGE, _WHOLE = 100, 1000
_PATH = "/datatab/event_dt.rb?iDisplayStart=0&iDisplayLength="
WHOLE_LOG = f"{_PATH}{_WHOLE}"


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """An event: its number, what it is, whether it began or ended, which device, local time."""

    id: int
    event: str
    action: str
    serial: str
    device: str
    time: str


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the events by number, oldest first."""
    raw = as_object(document)
    rows = raw.get("aaData", raw.get("data"))
    if not isinstance(rows, list):
        notes.unreadable("aaData")
        return {}
    events = {}
    for row in rows[:_WHOLE]:
        event = _event(row)
        if event is None:
            notes.unreadable("aaData")
        else:
            events[event.id] = event
    return {"events": {number: events[number] for number in sorted(events)}}


def _event(row: Any) -> GatewayEvent | None:
    if not isinstance(row, list) or len(row) < 2:
        return None
    number, text, *rest = [_text(cell) for cell in row]
    if not number.isdecimal() or not text:
        return None
    match = _ACTION.match(text)
    serial, device, time = (*rest, "", "", "")[:3]
    return GatewayEvent(
        id=int(number),
        event=match["event"] if match else text,
        action=match["action"].lower() if match else "",
        serial=serial,
        device=device.lower(),
        time=time,
    )


def _text(cell: Any) -> str:
    return _MARKUP.sub("", identity(cell) or "").strip()[:MAX_TEXT]


ENDPOINT = Endpoint(
    f"{_PATH}{PAGE}",
    "events",
    read,
    max_age=300,
    deadline=30,
    sometimes_installer=True,
    optional=True,
)
