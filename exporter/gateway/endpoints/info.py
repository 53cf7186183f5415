"""`/info`: serial number, part, firmware and clock of the gateway, as XML."""

import re
import string
from typing import Any
from xml.etree import ElementTree

from awesomeversion import AwesomeVersion

from exporter.errors import InvalidResponseError, LoginRedirectError
from exporter.gateway.endpoints.base import Endpoint, Model, Notes
from exporter.gateway.endpoints.fields import EpochText, FlagText, Text

_LETTERS = string.ascii_letters
#: an entity in a document from an untrusted host can be made to fill all memory
_DOCTYPE = re.compile(rb"<!\s*(doctype|entity)", re.IGNORECASE)


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
    if _DOCTYPE.search(body[:4096]):
        if b"login" in body.lower():
            raise LoginRedirectError("the gateway sent its login page")
        raise InvalidResponseError("/info is not what an Enphase gateway answers; check `host`")
    try:
        # No entities can be declared without a DOCTYPE, which is refused above.
        root = ElementTree.fromstring(body)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise InvalidResponseError(
            "/info is not what an Enphase gateway answers; check `host`"
        ) from error
    return {
        key: text.strip()
        for key, path in _PATHS.items()
        if (text := root.findtext(path)) is not None and text.strip()
    }


_PATHS = {
    "serial": "device/sn",
    "part_number": "device/pn",
    "firmware": "device/software",
    "time": "time",
    "metered": "device/imeter",
    "web_tokens": "web-tokens",
}


def read(document: Any, notes: Notes) -> dict[str, Any]:
    """Return the identity of the gateway."""
    info = Info.read(document, notes)
    return {} if info is None else {"info": info}


ENDPOINT = Endpoint("/info", "gateway", read, deadline=20, decode=decode)
