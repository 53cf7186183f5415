"""Recorded gateways: makes a `SimulatedGateway` of a folder of answers that an owner recorded.

The folder's format is that of `enphase-exporter capture`: a file per answer, named after its
request with `/`, `?` and `=` replaced by `_`, and beside it `<name>_log.json` with the status and
the headers. Without a log, JSON was answered with 200, an `ivp_meters` that is none with 401.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import Any

import orjson

from exporter.errors import CaptureError
from exporter.simulator.gateway import JSON_TYPE, HttpResponse, SimulatedGateway
from exporter.simulator.timeshift import TimestampedBody, newest_timestamp

#: what follows the name of an answer in that of its log
LOG_SUFFIX = "_log.json"
#: requests whose recording may have another name, because the gateway answers both alike
_ALTERNATIVES = {
    "/production.json?details=1": "production.json",
    "/inventory.json?deleted=1": "inventory",
}
#: `.json` files that are requests of their own, not a formatted twin of the file without suffix
_NO_TWINS = frozenset(_ALTERNATIVES.values()) | {"inventory.json"}
#: headers that belong to the connection or login of then, not to the answer
_THEN = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "keep-alive",
        "set-cookie",
        "transfer-encoding",
        "www-authenticate",
    }
)
_SERIAL = re.compile(rb"<sn>\s*([^<\s]+)\s*</sn>")
_SOFTWARE = re.compile(rb"<software>\s*[A-Z](\d+\.\d+[\w.]*)\s*</software>")
_UNNAMED = str.maketrans("/?=", "___")


@dataclass(frozen=True, slots=True)
class _Recording:
    """One recorded answer, and when it was given (epoch seconds) if that was recorded."""

    answer: HttpResponse
    date: int | None


class ReplayGateway(SimulatedGateway):
    """A gateway that gives recorded answers, either as they were or moved to the present."""

    def __init__(
        self,
        recordings: Mapping[str, _Recording],
        serial: str,
        firmware: str,
        now: Callable[[], float] | None,
    ) -> None:
        """Serve `recordings`, by name; with `now` (epoch seconds), their time stamps follow it."""
        self._serial = serial
        self._firmware = firmware
        self._recordings = recordings
        self._now = now
        self._recorded_at = _recorded_at(recordings)
        self._texts: dict[str, TimestampedBody] = {}
        self._moved: dict[str, tuple[int, HttpResponse]] = {}

    @property
    def serial(self) -> str:
        """See `SimulatedGateway.serial`."""
        return self._serial

    @property
    def firmware(self) -> str:
        """See `SimulatedGateway.firmware`."""
        return self._firmware

    @property
    def recorded_at(self) -> int | None:
        """The moment of the recording (epoch seconds); None if nothing in it tells."""
        return self._recorded_at

    def answer(self, target: str) -> HttpResponse | None:
        """Answer as recorded; see `SimulatedGateway.answer`."""
        name = file_name(target)
        recording = self._recordings.get(name)
        if recording is None and target in _ALTERNATIVES:
            name = _ALTERNATIVES[target]
            recording = self._recordings.get(name)
        if recording is None:
            return None
        if self._now is None:
            return recording.answer
        return self._at(name, target, recording.answer, int(self._now()))

    def _at(self, name: str, target: str, answer: HttpResponse, now: int) -> HttpResponse:
        """Return the answer as it would be given at `now` (epoch seconds)."""
        second, moved = self._moved.get(name, (None, answer))
        if second == now:
            return moved
        text = self._texts.get(name)
        if text is None:
            text = self._texts[name] = TimestampedBody(answer.body, target)
        shift = 0 if self._recorded_at is None else now - self._recorded_at
        headers = {**answer.headers, "Date": formatdate(now, usegmt=True)}
        moved = HttpResponse(answer.status, text.shifted(shift), headers)
        self._moved[name] = (now, moved)
        return moved


def load_capture(directory: Path, *, now: Callable[[], float] | None = None) -> ReplayGateway:
    """Read a capture folder.

    Without `now`, answers are byte for byte as recorded. With it (a function returning epoch
    seconds), every time stamp inside is moved by what has passed since the recording, and goes on
    moving with the clock, so that ages stay what they were.

    Raises `CaptureError` for a folder that is missing, incomplete or unreadable.
    """
    recordings = dict(_recordings(directory))
    if "info" not in recordings:
        raise CaptureError(
            f"{directory / 'info'} is missing: this is no capture of a gateway; "
            "make one with `enphase-exporter capture DIR`"
        )
    info = recordings["info"].answer.body
    serial, software = _SERIAL.search(info), _SOFTWARE.search(info)
    if serial is None or software is None:
        raise CaptureError(
            f"{directory / 'info'} names no serial number and firmware; record it again"
        )
    recorded_at = _recorded_at(recordings)
    if now is None and recorded_at is not None:
        recordings = {
            name: _dated(recording, recorded_at) for name, recording in recordings.items()
        }
    return ReplayGateway(recordings, serial[1].decode(), software[1].decode(), now)


def _recordings(directory: Path) -> Iterator[tuple[str, _Recording]]:
    """Yield the recorded answers of a folder, by name."""
    try:
        files = {path.name: path for path in sorted(directory.iterdir()) if path.is_file()}
    except OSError as error:
        raise CaptureError(
            f"{directory}: {error.strerror or error}; name the folder that holds the capture"
        ) from error
    for name, path in files.items():
        formatted_twin = name.endswith(".json") and name.removesuffix(".json") in files
        if name.startswith("_") or name.endswith(LOG_SUFFIX):
            continue
        if formatted_twin and name not in _NO_TWINS:
            continue
        log = files.get(f"{name}{LOG_SUFFIX}")
        yield name, _recording(name, _read(path), log)


def _recording(name: str, body: bytes, log: Path | None) -> _Recording:
    status, headers = (_guessed_status(name, body), {}) if log is None else _logged(log)
    kept = {
        key: value
        for key, value in headers.items()
        if key.lower() not in _THEN and value.isascii() and value.isprintable()
    }
    if not any(key.lower() == "content-type" for key in kept):
        kept["Content-Type"] = _content_type(body)
    date = next((value for key, value in headers.items() if key.lower() == "date"), None)
    return _Recording(HttpResponse(status, body, kept), _epoch(date))


def _logged(log: Path) -> tuple[int, dict[str, str]]:
    """Read status and headers of an answer from its log file."""
    try:
        content: dict[str, Any] = orjson.loads(_read(log))
        status = content["code"]
        if not isinstance(status, int) or not 100 <= status <= 599:
            raise ValueError(f"code is {status!r}")
        return status, {str(key): str(value) for key, value in content["headers"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CaptureError(
            f"{log}: no status and headers in it ({error}); record it again, or delete the file "
            "to have the answer served with 200"
        ) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CaptureError(
            f"{path}: {error.strerror or error}; make the file readable for this user"
        ) from error


def _dated(recording: _Recording, default: int) -> _Recording:
    """Return the recording with the `Date` header of its day."""
    answer = recording.answer
    date = formatdate(default if recording.date is None else recording.date, usegmt=True)
    headers = {**answer.headers, "Date": date}
    return _Recording(HttpResponse(answer.status, answer.body, headers), recording.date)


def _recorded_at(recordings: Mapping[str, _Recording]) -> int | None:
    """Return when the capture was made: the newest date header or time stamp in it.

    Headers alone do not do: some folders hold logs of an earlier day than their answers.
    """
    moments = [recording.date for recording in recordings.values()]
    moments += [
        newest_timestamp(recording.answer.body, f"/{name}")
        for name, recording in recordings.items()
    ]
    return max((moment for moment in moments if moment is not None), default=None)


def file_name(target: str) -> str:
    """Return the name of the file that holds the answer to a request, such as `/ivp/meters`."""
    return target.removeprefix("/").translate(_UNNAMED)


def _guessed_status(name: str, body: bytes) -> int:
    return 401 if name == "ivp_meters" and not _is_json(body) else 200


def _content_type(body: bytes) -> str:
    if body.lstrip().startswith(b"<?xml"):
        return "text/xml"
    return JSON_TYPE if _is_json(body) else "text/html"


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def _epoch(date: str | None) -> int | None:
    """Read the value of a `Date` header as epoch seconds."""
    try:
        return None if date is None else int(parsedate_to_datetime(date).timestamp())
    except ValueError:
        return None
