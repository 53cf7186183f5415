"""The exposition: bytes that are ready before anybody scrapes.

Samples are rendered table by table when the reading behind them changes, and joined by family when
a snapshot changes, once for all scrapes to come. A scrape sends what lies there. prometheus_client
renders what has to be asked at the moment of the scrape, the process itself, and knows what formats
and versions a scraper accepts.
"""

import gzip
import struct
import zlib
from collections.abc import Collection, Mapping
from functools import cached_property, lru_cache

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as TEXT_TYPE
from prometheus_client.exposition import choose_encoder, gzip_accepted
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS_TYPE
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter import __version__
from exporter.clock import Clock
from exporter.metrics.catalogue import FAMILIES, TABLES
from exporter.rendering import TableLines, header
from exporter.snapshot import Reading, Snapshot

_OPENMETRICS = "application/openmetrics-text"
_GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
#: fast is what matters here, and repetitive text shrinks to a tenth at any level
_LEVEL = 1

_HEADERS = {
    openmetrics: {
        name: header(family.row, openmetrics=openmetrics) for name, family in FAMILIES.items()
    }
    for openmetrics in (False, True)
}


@lru_cache(64)
def _wants_openmetrics(accept: str) -> bool:
    """Return whether a scraper asks for OpenMetrics in a version that we speak, or for any."""
    try:
        return choose_encoder(accept)[1].startswith(_OPENMETRICS)
    except (TypeError, ValueError):
        # A version that is no number.
        return False


class _Site:
    """What is rendered of one gateway: by table, the reading shown and its lines."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        #: whether the snapshot is newer than the lines
        self.stale = True
        self.lines: list[Mapping[str, bytes]] = [{} for _ in TABLES]
        self._tables = [TableLines(table, snapshot.gateway) for table in TABLES]
        self._shown: list[Reading | None] = [None] * len(TABLES)

    def render(self, now: float) -> bool:
        """Render the tables whose reading is another one; return whether there was any."""
        self.stale = changed = False
        for index, table in enumerate(TABLES):
            reading = self.snapshot.fresh(table.collector, now)
            if reading is not self._shown[index]:
                changed = True
                self._shown[index] = reading
                self.lines[index] = self._tables[index].render(reading) if reading else {}
        return changed


class _Piece:
    """A part of a body, deflated up to a byte boundary when that is first asked for."""

    def __init__(self, plain: bytes, flush: int) -> None:
        self.plain = plain
        self._flush = flush

    @cached_property
    def deflated(self) -> bytes:
        """The deflated part, which leaves the stream open or ends it, as `flush` says."""
        deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        return deflate.compress(self.plain) + deflate.flush(self._flush)


def _gzipped(first: _Piece, last: _Piece) -> bytes:
    """Return two pieces as one gzip member, so that neither is compressed twice (RFC 1952)."""
    check = zlib.crc32(last.plain, zlib.crc32(first.plain))
    size = len(first.plain) + len(last.plain)
    return _GZIP_HEADER + first.deflated + last.deflated + struct.pack("<II", check, size)


class Exposition:
    """Everything that is served on `/metrics`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sites: dict[str, _Site] = {}
        #: monotonic time at which the next reading expires
        self._expires = float("inf")
        #: the samples of all gateways by format, until something changes
        self._pieces: dict[bool, _Piece] = {}
        #: whole bodies by format and compression, with the second that they were put together in
        self._bodies: dict[tuple[bool, bool], tuple[int, bytes]] = {}
        self._process = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self._process)
        PlatformCollector(registry=self._process)
        GCCollector(registry=self._process)
        build = Info("enphase_exporter_build", "Version of the exporter.", registry=self._process)
        build.info({"version": __version__})

    def update(self, snapshot: Snapshot) -> None:
        """Take a new snapshot of a gateway; it is rendered once, when it is next needed."""
        site = self._sites.get(snapshot.gateway)
        if site is None:
            site = self._sites[snapshot.gateway] = _Site(snapshot)
        site.snapshot, site.stale = snapshot, True

    def remove(self, gateway: str) -> None:
        """Forget a gateway that is not configured any more."""
        if self._sites.pop(gateway, None):
            self._changed()

    def warm(self) -> None:
        """Prepare the formats that were asked for before, so that the next scrape need not wait."""
        for openmetrics, compressed in tuple(self._bodies):
            self._body(openmetrics, compressed)

    def serve(
        self, accept: str, accept_encoding: str, names: Collection[str] = ()
    ) -> tuple[bytes, dict[str, str]]:
        """Return body and headers for a scrape; `names` restricts it to these metrics."""
        openmetrics = _wants_openmetrics(accept)
        compressed = gzip_accepted(accept_encoding)
        content_type = OPENMETRICS_TYPE if openmetrics else TEXT_TYPE
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        if compressed:
            headers["Content-Encoding"] = "gzip"
        if not names:
            return self._body(openmetrics, compressed), headers
        self._bring_up_to_date()
        body = self._joined(openmetrics, names) + self._tail(openmetrics, names)
        return gzip.compress(body, _LEVEL) if compressed else body, headers

    def _body(self, openmetrics: bool, compressed: bool) -> bytes:
        self._bring_up_to_date()
        # What the process says of itself never stands still; once a second is often enough.
        second = int(self._clock.monotonic())
        kept = self._bodies.get((openmetrics, compressed))
        if kept and kept[0] == second:
            return kept[1]
        first = self._pieces.get(openmetrics)
        if first is None:
            first = _Piece(self._joined(openmetrics), zlib.Z_FULL_FLUSH)
            self._pieces[openmetrics] = first
        last = self._tail(openmetrics)
        body = _gzipped(first, _Piece(last, zlib.Z_FINISH)) if compressed else first.plain + last
        self._bodies[openmetrics, compressed] = second, body
        return body

    def _joined(self, openmetrics: bool, names: Collection[str] = ()) -> bytes:
        """Return the samples of all gateways, each family in one piece."""
        blocks: dict[str, list[bytes]] = {}
        for site in self._sites.values():
            for lines in site.lines:
                for name, rendered in lines.items():
                    blocks.setdefault(name, []).append(rendered)
        headers = _HEADERS[openmetrics]
        parts: list[bytes] = []
        for name in FAMILIES:
            if name in blocks and (not names or name in names):
                parts.append(headers[name])
                parts += blocks[name]
        return b"".join(parts)

    def _tail(self, openmetrics: bool, names: Collection[str] = ()) -> bytes:
        """Return what the process says of itself, ending the body."""
        registry = self._process.restricted_registry(names) if names else self._process
        return (generate_openmetrics if openmetrics else generate_latest)(registry)

    def stamped(self, at: float) -> bytes:
        """Return the samples of all gateways, each with a time stamp (epoch seconds), for import.

        Without HELP and TYPE, so that what is appended time after time is one OpenMetrics file.
        """
        self._bring_up_to_date()
        end = f" {at:.3f}\n".encode()
        lines = (b"".join(b.values()) for site in self._sites.values() for b in site.lines if b)
        return b"".join(lines).replace(b"\n", end)

    def _bring_up_to_date(self) -> None:
        """Render what is newer than its lines, and drop what has expired."""
        now = self._clock.monotonic()
        expired = now >= self._expires
        stale = [site for site in self._sites.values() if expired or site.stale]
        if not stale:
            return
        changed = [site for site in stale if site.render(now)]
        if changed:
            self._changed()
        self._expires = min(site.snapshot.next_expiry(now) for site in self._sites.values())

    def _changed(self) -> None:
        self._pieces.clear()
        # The formats stay known, the bodies are stale.
        self._bodies = dict.fromkeys(self._bodies, (-1, b""))
