"""`/datatab/event_dt.rb`: the gateway's own event log, newest first."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exporter.simulator.homes.models import HomeHardware, HomeState

#: entries of a page by default, and at most
_PAGE, _MAXIMUM = 10, 500


def events(site: HomeHardware, state: HomeState, query: str) -> Any:
    """Return a page of the log, as the gateway's web page requests it."""
    start, length = _number(query, "iDisplayStart", 0), _number(query, "iDisplayLength", _PAGE)
    newest_first = state.log[::-1]
    page = newest_first[start : start + min(length, _MAXIMUM)]
    zone = _zone(site.timezone)
    return {
        "iTotalRecords": len(newest_first),
        "recordsTotal": len(newest_first),
        "iTotalDisplayRecords": len(newest_first),
        "recordsFiltered": len(newest_first),
        "aaData": [
            [
                str(event.number),
                f"{event.text}: {'Set' if event.set else 'Clear'}",
                event.serial,
                f"{event.kind} ",
                datetime.fromtimestamp(event.at, zone).strftime("%a %b %d, %Y %I:%M %p %Z"),
            ]
            for event in page
        ],
    }


def _number(query: str, name: str, default: int) -> int:
    values = parse_qs(query).get(name, [""])
    return int(values[0]) if values[0].isascii() and values[0].isdigit() else default


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        return None
