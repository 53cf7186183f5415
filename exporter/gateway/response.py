"""A complete HTTP response of a gateway, and what it says besides its data.

Gateways answer for an endpoint that they do not have in several ways, and with their login page
where a session has ended: these are distinguished here from data that cannot be read.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from yarl import URL

from exporter.errors import (
    BadStatusError,
    EndpointAbsentError,
    LoginRedirectError,
    NotJsonError,
)

REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_REDIRECTS = (301, 302, 303, 307, 308)
# Two steps, each through the body once: one pattern for both begins again at every `<html`.
_PAGE = re.compile(rb"<html", re.I)
_ASKS_FOR_LOGIN = re.compile(rb"""login|type=["']?password""", re.I)
#: bytes; what says that there is nothing is short
_LONGEST_NOTHING = 512


@dataclass(slots=True)
class Response:
    """A complete response.

    The body of a response that repeats the one before is the very object of that one. `read_at` is
    by the monotonic clock.
    """

    url: str
    status: int
    body: bytes
    headers: Mapping[str, str]
    read_at: float
    #: the gateway's own clock in epoch seconds
    date: float | None = None
    #: the body as parsed when it came, until somebody asks for it
    _parsed: Any = None

    async def read(self) -> bytes:
        """Return the body, for callers that parse it themselves."""
        self._parsed = None
        return self.body

    def document(self) -> Any:
        """Return the parsed body, which is the caller's own; raise JSONDecodeError."""
        parsed, self._parsed = self._parsed, None
        return orjson.loads(self.body) if parsed is None else parsed

    def has_json(self) -> bool:
        """Return whether the body is JSON that can hold something; `null` cannot."""
        if self._parsed is None:
            with suppress(orjson.JSONDecodeError):
                self._parsed = orjson.loads(self.body)
        return isinstance(self._parsed, (dict, list))


def check(path: str, response: Response, *, worked: bool) -> None:
    """Raise GatewayError unless a response says something; `worked` if the path ever did."""
    if is_login(response):
        raise LoginRedirectError(
            f"{path}: the gateway sends its login page: it does not accept the login any more"
        )
    if response.status == HTTPStatus.NOT_FOUND or response.status in _REDIRECTS:
        raise EndpointAbsentError(f"{path}: this gateway has no such page")
    if not 200 <= response.status < 300:
        raise BadStatusError(f"{path}: status {response.status}")
    if not worked and _says_nothing(response.body):
        raise EndpointAbsentError(f"{path}: this gateway has nothing there")
    if response.body.lstrip()[:1] == b"<":
        raise NotJsonError(f"{path}: a web page instead of data")


def is_login(response: Response) -> bool:
    """Return whether a response is the login page, or sends us there."""
    if response.status in _REDIRECTS:
        location = response.headers.get("Location", "")
        try:
            return "login" in URL(location).path.lower()
        except ValueError:
            return False
    if response.status != HTTPStatus.OK or response.body.lstrip()[:1] != b"<":
        return False
    page = _PAGE.search(response.body)
    return page is not None and _ASKS_FOR_LOGIN.search(response.body, page.end()) is not None


def _says_nothing(body: bytes) -> bool:
    """Return whether a body is what gateways send in place of an endpoint they do not have."""
    text = body.strip()
    if not text or text[:1] == b"<":
        return True
    if len(text) > _LONGEST_NOTHING:
        return False
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return document in ({}, [], None) or (isinstance(document, dict) and "error" in document)
