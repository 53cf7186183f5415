"""The format of a capture folder: how requests become file names, and how a folder is read.

One file per response, named after its request with `/`, `?` and `=` replaced by `_`, and next to it
`<name>_log.json` with status and headers. Without a log, JSON was answered with 200 and an
`ivp_meters` that is not JSON with 401.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import orjson
from multidict import CIMultiDict
from pydantic import BaseModel, ConfigDict, Field, ValidationError

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
        *("connection", "content-encoding", "content-length", "date", "keep-alive", "set-cookie"),
        *("transfer-encoding", "www-authenticate"),
    }
)
_SERIAL = re.compile(rb"<sn>\s*([^<\s]+)\s*</sn>")
_SOFTWARE = re.compile(rb"<software>\s*[A-Z](\d+\.\d+[\w.]*)\s*</software>")


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
        names = (file_name(target), ALTERNATIVE_NAMES.get(target))
        return next((name for name in names if name in self.responses), None)


class _Log(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    code: int = Field(ge=100, le=599, strict=True)
    headers: dict[str, str]


def file_name(target: str) -> str:
    """Return the name of the file with the response to a request, such as `/ivp/meters`."""
    return re.sub("[/?=]", "_", target.removeprefix("/"))


def read_folder(directory: Path) -> CaptureFolder:
    """Read a capture folder; raise `CaptureError` if it is missing, incomplete or unreadable."""
    try:
        files = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    except OSError as error:
        raise CaptureError(
            f"{error.filename or directory}: {error.strerror or error};"
            " name a folder that holds a capture, with files that this user can read"
        ) from error
    responses = {
        name: _response(directory / name, body, files.get(f"{name}{LOG_SUFFIX}"))
        for name, body in sorted(files.items())
        if not name.startswith("_") and not name.endswith(LOG_SUFFIX)
        # nor a formatted copy
        if name in _NOT_COPIES or not (name.endswith(".json") and name[:-5] in files)
    }
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


def _response(path: Path, body: bytes, log: bytes | None) -> CapturedResponse:
    is_json = False
    with suppress(orjson.JSONDecodeError):
        orjson.loads(body)
        is_json = True
    status, headers = 401 if path.name == "ivp_meters" and not is_json else 200, CIMultiDict[str]()
    if log is not None:
        try:
            parsed = _Log.model_validate_json(log)
        except ValidationError as error:
            raise CaptureError(
                f"{path}{LOG_SUFFIX}: no status and headers in it ({error.errors()[0]['msg']});"
                " record it again, or delete the file to have the response served with 200"
            ) from error
        status, headers = parsed.code, CIMultiDict(parsed.headers)
    date = None
    with suppress(KeyError, ValueError):
        date = int(parsedate_to_datetime(headers["Date"]).timestamp())
    markup = "text/xml" if body.lstrip().startswith(b"<?xml") else "text/html"
    kept = {
        key: value
        for key, value in headers.items()
        if key.lower() not in _CONNECTION_HEADERS and value.isascii() and value.isprintable()
    }
    if not any(key.lower() == "content-type" for key in kept):
        kept["Content-Type"] = "application/json" if is_json else markup
    return CapturedResponse(status, kept, body, date)
