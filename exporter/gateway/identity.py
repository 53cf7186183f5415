"""Who a gateway is: serial number, part, firmware, from its `/info`.

pyenphase reads `/info` on its own, with retries that nobody counts and redirects that it follows.
Here it only gets to read an response that was asked for like any other.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import aiohttp
from awesomeversion import AwesomeVersion, AwesomeVersionException
from pyenphase import Envoy
from pyenphase.const import AUTH_TOKEN_MIN_VERSION
from pyenphase.exceptions import EnvoyError

from exporter.errors import InvalidResponseError
from exporter.gateway.response import Response

#: longer ones are nobody's, and would become labels
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the gateway is."""

    serial: str
    part_number: str
    firmware: AwesomeVersion
    metered: bool

    @property
    def wants_token(self) -> bool:
        """Whether it lets in by token; firmware before 7 does by user and password."""
        return _wants_token(self.firmware)


@lru_cache(64)
def _wants_token(firmware: AwesomeVersion) -> bool:
    # compared by regular expressions, and asked for with every request
    return bool(firmware >= AUTH_TOKEN_MIN_VERSION)


class _PreparedClient:
    """The part of an HTTP client that pyenphase reads `/info` with, given the response."""

    closed = False

    def __init__(self, response: Response) -> None:
        self._answer = response

    async def get(self, url: str, **options: Any) -> Response:
        return self._answer


async def read_identity(host: str, response: Response) -> tuple[Identity, Envoy]:
    """Return who `/info` says it is, and pyenphase's idea of it; raise InvalidResponseError."""
    prepared = cast("aiohttp.ClientSession", _PreparedClient(response))
    envoy = Envoy(host, client=prepared, v2_acb_mode=False)
    try:
        await envoy.setup()
        firmware: Any = envoy.firmware
        if firmware is None or not firmware.valid:
            raise InvalidResponseError("/info names no firmware; is this an Enphase gateway?")
        if len(envoy.serial_number or "") > _LONGEST or len(envoy.part_number or "") > _LONGEST:
            raise InvalidResponseError("/info is not what an Enphase gateway says; check `host`")
        if not envoy.serial_number:
            raise InvalidResponseError("/info names no serial number; is this an Enphase gateway?")
        identity = Identity(
            envoy.serial_number, envoy.part_number or "", firmware, bool(envoy.is_metered)
        )
        identity.wants_token  # noqa: B018 - a firmware that cannot be compared is none
    except (
        EnvoyError,
        AwesomeVersionException,
        SyntaxError,
        ValueError,
        TypeError,
        AttributeError,
    ):
        # lxml's and ElementTree's parse errors are SyntaxErrors
        raise InvalidResponseError(
            "/info is not what an Enphase gateway says; check `host`"
        ) from None
    return identity, envoy
