"""Time stamps inside recorded responses, and how to move them without touching anything else.

A recording is old: its inverters last reported years ago. Moved by the time that has passed since,
the same responses look current. The text is split at its time stamps once, so that moving them is a
join of bytes and every other byte stays as it was recorded.

What counts as a time stamp is decided by name first and value second. The name is `timestamp`,
`installed` or `last_update`, begins with `created`, or its last word is date or time
(`last_rpt_date`, `readingTime`, but not `whLifetime`); the value is a whole number of ten digits
between 2001 and 2039, quoted or not. Numbers under other names are never touched: meter and channel
ids have ten digits as well. In `/info` it is `<time>`; in `/home` the local `current_date` and
`current_time` move too, in the event log the local time of each row, and in the rows of
`/ivp/peb/devstatus` whatever looks like one. Texts such as `2023-05-11 19:46:56 UTC` stay.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EPOCH = rb"(?:1\d{9}|2[01]\d{8})"
_NAME = (
    rb"(?:timestamp|installed|created\w*|date|time|last_update"
    rb"|\w*(?:_date|Date|_time|Time|_timestamp))"
)
_STAMP = re.compile(
    rb'"%b"\s*:\s*"?(?P<json>%b)(?![\d.])|<time>\s*(?P<xml>%b)\s*</time>' % (_NAME, _EPOCH, _EPOCH)
)
# rows of /ivp/peb/devstatus have no names; serial numbers in them are quoted
_ROW_STAMP = re.compile(rb"(?<=[\[,])\s*(?P<json>%b)(?=\s*[,\]])" % _EPOCH)
# /inv abbreviates its keys: created, last report, image load; elsewhere they mean other things
_INV_STAMP = re.compile(rb'"(?:cd|ld|id)"\s*:\s*"(?P<json>%b)"' % _EPOCH)

_ZONE = re.compile(rb'"timezone"\s*:\s*"([\w/+-]+)"')
_LOCAL = {
    "%m/%d/%Y": re.compile(rb'"current_date"\s*:\s*"(\d\d/\d\d/\d{4})"'),
    "%H:%M": re.compile(rb'"current_time"\s*:\s*"(\d\d:\d\d)"'),
}

_EVENT_LOG = "/datatab/event_dt.rb"
_EVENT_FORM = "%a %b %d, %Y %I:%M %p"
_EVENT_TIME = re.compile(rb'"(\w{3} \w{3} \d\d, \d{4} \d\d:\d\d [AP]M)(?: \w+)?"')

#: a piece of an answer: bytes as they are, or what to write for a shift in seconds
_Piece = bytes | Callable[[int], bytes]


class TimestampedBody:
    """A recorded body that can be had with its time stamps moved."""

    __slots__ = ("_pieces",)

    def __init__(self, body: bytes, target: str) -> None:
        """Find the time stamps in the body recorded for a request target such as `/inv`."""
        places = [
            (match.span(match.lastgroup or 0), _epoch(int(match[match.lastgroup or 0])))
            for match in _pattern(target).finditer(body)
        ]
        if target == "/home":
            places += _local_time(body)
        if target.startswith(_EVENT_LOG):
            places += _event_times(body)
        pieces: list[_Piece] = []
        end = 0
        for (start, stop), piece in sorted(places, key=lambda part: part[0]):
            pieces += (body[end:start], piece)
            end = stop
        pieces.append(body[end:])
        self._pieces = pieces

    def shifted(self, seconds: int) -> bytes:
        """Return the body with every time stamp moved by this many seconds."""
        return b"".join(
            piece if isinstance(piece, bytes) else piece(seconds) for piece in self._pieces
        )


def newest_timestamp(body: bytes, target: str) -> int | None:
    """Return the latest time stamp in a body (epoch seconds), None if it has none."""
    times = (int(match[match.lastgroup or 0]) for match in _pattern(target).finditer(body))
    return max(times, default=None)


def _pattern(target: str) -> re.Pattern[bytes]:
    return _PATTERNS.get(target, _STAMP)


_PATTERNS = {"/inv": _INV_STAMP, "/ivp/peb/devstatus": _ROW_STAMP}


def _epoch(stamp: int) -> Callable[[int], bytes]:
    return lambda seconds: b"%d" % (stamp + seconds)


def _local_time(body: bytes) -> list[tuple[tuple[int, int], Callable[[int], bytes]]]:
    """Find the two parts of the local time of `/home`; they only move together."""
    parts = {form: pattern.search(body) for form, pattern in _LOCAL.items()}
    texts = [match[1].decode() for match in parts.values() if match]
    if len(texts) != len(_LOCAL):
        return []
    try:
        local = datetime.strptime(" ".join(texts), " ".join(_LOCAL)).replace(tzinfo=_zone(body))
    except ValueError:
        return []

    def piece(form: str) -> Callable[[int], bytes]:
        # through UTC: the shift may cross into or out of daylight saving time
        return lambda seconds: (
            (local.astimezone(UTC) + timedelta(seconds=seconds))
            .astimezone(local.tzinfo)
            .strftime(form)
            .encode()
        )

    return [(match.span(1), piece(form)) for form, match in parts.items() if match]


def _event_times(body: bytes) -> list[tuple[tuple[int, int], Callable[[int], bytes]]]:
    """Find the local times of the event log; the name of the zone after them stays."""
    places: list[tuple[tuple[int, int], Callable[[int], bytes]]] = []
    for match in _EVENT_TIME.finditer(body):
        try:
            local = datetime.strptime(match[1].decode(), _EVENT_FORM).replace(tzinfo=UTC)
        except ValueError:
            continue
        if _event_time(local, 0) == match[1]:
            places.append((match.span(1), partial(_event_time, local)))
    return places


def _event_time(local: datetime, seconds: int) -> bytes:
    return (local + timedelta(seconds=seconds)).strftime(_EVENT_FORM).encode()


def _zone(body: bytes) -> ZoneInfo | None:
    """Return the time zone a `/home` body names, or that of the machine if it is not known here."""
    match = _ZONE.search(body)
    try:
        return ZoneInfo(match[1].decode()) if match else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
