"""The format of a capture folder: how requests become file names, and how a folder is read.

One file per response, named after its request with `/`, `?` and `=` replaced by `_`, and next to it
`<name>_log.json` with status and headers. Without a log, JSON was answered with 200 and an
`ivp_meters` that is not JSON with 401.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import orjson

from exporter.errors import CaptureError

#: what the name of a log has after the name of its response
LOG_SUFFIX = "_log.json"
#: requests whose recording may have another name, because the gateway answers both alike
ALTERNATIVE_NAMES: Mapping[str, str] = {
    "/production.json?details=1": "production.json",
    "/inventory.json?deleted=1": "inventory",
}
#: `.json` files that are requests of their own, not a formatted copy of the file without suffix
_NOT_COPIES = frozenset(ALTERNATIVE_NAMES.values()) | {"inventory.json"}
#: headers that belong to the connection or login of the recording, not to the response
_CONNECTION_HEADERS = frozenset(
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
_SPECIAL = str.maketrans("/?=", "___")


@dataclass(frozen=True, slots=True)
class CapturedResponse:
    """One recorded response."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    #: epoch seconds of its `Date` header, if that was recorded
    date: int | None


@dataclass(frozen=True, slots=True)
class CaptureFolder:
    """The responses of one gateway by file name, and which gateway it is."""

    responses: Mapping[str, CapturedResponse]
    serial: str
    firmware: str

    def name(self, target: str) -> str | None:
        """Return the name under which a request is recorded, None if it is not."""
        for name in (file_name(target), ALTERNATIVE_NAMES.get(target)):
            if name in self.responses:
                return name
        return None


def file_name(target: str) -> str:
    """Return the name of the file with the response to a request, such as `/ivp/meters`."""
    return target.removeprefix("/").translate(_SPECIAL)


def read_folder(directory: Path) -> CaptureFolder:
    """Read a capture folder; raise `CaptureError` if it is missing, incomplete or unreadable."""
    responses = dict(_responses(directory))
    if "info" not in responses:
        raise CaptureError(
            f"{directory / 'info'} is missing: this is not a capture of a gateway; "
            "make one with `enphase-exporter capture DIR`"
        )
    info = responses["info"].body
    serial, software = _SERIAL.search(info), _SOFTWARE.search(info)
    if serial is None or software is None:
        raise CaptureError(
            f"{directory / 'info'} has no serial number and firmware; record it again"
        )
    return CaptureFolder(responses, serial[1].decode(), software[1].decode())


def _responses(directory: Path) -> Iterator[tuple[str, CapturedResponse]]:
    """Yield the recorded responses of a folder, by name."""
    try:
        files = {path.name: path for path in sorted(directory.iterdir()) if path.is_file()}
    except OSError as error:
        raise CaptureError(
            f"{directory}: {error.strerror or error}; name the folder that holds the capture"
        ) from error
    for name, path in files.items():
        formatted_copy = name.endswith(".json") and name.removesuffix(".json") in files
        if name.startswith("_") or name.endswith(LOG_SUFFIX):
            continue
        if formatted_copy and name not in _NOT_COPIES:
            continue
        log = files.get(f"{name}{LOG_SUFFIX}")
        yield name, _response(name, _read(path), log)


def _response(name: str, body: bytes, log: Path | None) -> CapturedResponse:
    status, headers = (_default_status(name, body), {}) if log is None else _read_log(log)
    kept = {
        key: value
        for key, value in headers.items()
        if key.lower() not in _CONNECTION_HEADERS and value.isascii() and value.isprintable()
    }
    if not any(key.lower() == "content-type" for key in kept):
        kept["Content-Type"] = _content_type(body)
    date = next((value for key, value in headers.items() if key.lower() == "date"), None)
    return CapturedResponse(status, kept, body, _parse_date(date))


def _read_log(log: Path) -> tuple[int, dict[str, str]]:
    """Read status and headers of a response from its log."""
    try:
        content: dict[str, Any] = orjson.loads(_read(log))
        status = content["code"]
        if not isinstance(status, int) or not 100 <= status <= 599:
            raise ValueError(f"code is {status!r}")
        return status, {str(key): str(value) for key, value in content["headers"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CaptureError(
            f"{log}: no status and headers in it ({error}); record it again, or delete the file "
            "to have the response served with 200"
        ) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CaptureError(
            f"{path}: {error.strerror or error}; make the file readable for this user"
        ) from error


def _default_status(name: str, body: bytes) -> int:
    return 401 if name == "ivp_meters" and not _is_json(body) else 200


def _content_type(body: bytes) -> str:
    if body.lstrip().startswith(b"<?xml"):
        return "text/xml"
    return "application/json" if _is_json(body) else "text/html"


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def _parse_date(date: str | None) -> int | None:
    """Return the value of a `Date` header as epoch seconds."""
    try:
        return None if date is None else int(parsedate_to_datetime(date).timestamp())
    except ValueError:
        return None
