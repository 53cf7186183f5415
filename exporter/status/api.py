"""The status of all gateways as one JSON document: that of `/api/v1/status`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import orjson
from pydantic import TypeAdapter

from exporter import __version__
from exporter.pager import PagerStatus
from exporter.status.models import GatewayStatus


@dataclass(frozen=True, slots=True)
class Document:
    """All gateways of an exporter at a moment (epoch seconds), worst first."""

    version: str
    timestamp_seconds: float
    gateways: tuple[GatewayStatus, ...]
    #: whether somebody is paged; None where no exporter runs that could know
    pager: PagerStatus | None = None


def dump(statuses: Sequence[GatewayStatus], now: float, pager: PagerStatus | None = None) -> bytes:
    """Return the document of these statuses; `now` in epoch seconds."""
    return orjson.dumps(Document(__version__, now, tuple(statuses), pager))


def load(content: bytes) -> Document:
    """Read a document, of a newer exporter too; raise ValueError for anything else."""
    return _adapter().validate_json(content)


@cache
def _adapter() -> TypeAdapter[Document]:
    return TypeAdapter(Document)
