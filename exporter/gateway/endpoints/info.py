"""`/info`: serial number, part, firmware and clock of the gateway, as XML."""

import string
from typing import Any
from xml.parsers import expat

from awesomeversion import AwesomeVersion

from exporter.errors import InvalidResponseError, LoginRedirectError
from exporter.gateway.endpoints.base import Endpoint, Model, Notes
from exporter.gateway.endpoints.fields import EpochText, FlagText, Text

_LETTERS = string.ascii_letters
#: levels of elements within each other; real answers have three
_DEEPEST = 32


class Info(Model):
    """Who the gateway is."""

    serial: Text = None
    part_number: Text = None
    firmware: Text = None
    #: the gateway's own clock
    time: EpochText = None
    metered: FlagText = None
    #: whether it lets in by token
    web_tokens: FlagText = None

    @property
    def version(self) -> AwesomeVersion | None:
        """The firmware without its release letter; None if it cannot be compared."""
        version = AwesomeVersion(self.firmware.lstrip(_LETTERS)) if self.firmware else None
        return version if version is not None and version.valid else None


def decode(body: bytes) -> dict[str, str]:
    """Return the texts of the elements we read; raise GatewayError for what is not `/info`."""
    elements = _Elements()
    try:
        elements.feed(body)
    except (expat.ExpatError, _NotInfoError, ValueError, LookupError) as error:
        if b"login" in body.lower():
            raise LoginRedirectError("the gateway sent its login page") from error
        raise InvalidResponseError(
            "/info is not what an Enphase gateway answers; check `host`"
        ) from error
    return {key: text for key, path in _PATHS.items() if (text := elements.texts.get(path))}


class _NotInfoError(Exception):
    """The document is one that no gateway sends."""


class _Elements:
    """The texts of the elements we read, by their path below the root.

    A document type is refused where the parser meets it, in whatever encoding and place: it could
    declare entities that fill all memory.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        #: names of the elements that are open, and the text of the innermost so far
        self._open: list[str] = []
        self._text: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append

    def feed(self, body: bytes) -> None:
        """Read a whole document; raise ExpatError, _NotInfoError, ValueError or LookupError."""
        self._parser.Parse(body, True)

    def _refuse(self, *declaration: object) -> None:
        raise _NotInfoError("a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(name)
        self._text.clear()
        if len(self._open) > _DEEPEST:
            raise _NotInfoError("too deep")

    def _end(self, name: str) -> None:
        path = "/".join(self._open[1:])
        if path in _READ:
            # The first of several counts.
            self.texts.setdefault(path, "".join(self._text).strip())
        self._open.pop()
        self._text.clear()


_PATHS = {
    "serial": "device/sn",
    "part_number": "device/pn",
    "firmware": "device/software",
    "time": "time",
    "metered": "device/imeter",
    "web_tokens": "web-tokens",
}
_READ = frozenset(_PATHS.values())


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the identity of the gateway."""
    info = Info.read(document, notes)
    return {} if info is None else {"info": info}


ENDPOINT = Endpoint("/info", "gateway", read, deadline=20, decode=decode)
