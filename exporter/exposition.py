"""The exposition: bytes that are ready before anybody scrapes.

Samples are rendered table by table when the reading behind them changes, and joined by family when
a snapshot changes. A scrape sends what lies there. prometheus_client renders what has to be asked
at the moment of the scrape, the process itself, and knows what formats and versions a scraper
accepts.
"""

import gzip
import struct
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import choose_encoder, gzip_accepted
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter import __version__
from exporter.clock import Clock
from exporter.metrics.catalogue import FAMILIES, TABLES
from exporter.metrics.table import Row, Table
from exporter.snapshot import Reading, Snapshot

_OPENMETRICS = "application/openmetrics-text"
_GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
#: fast is what matters here, and repetitive text shrinks to a tenth at any level
_LEVEL = 1
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})


def sample_lines(table: Table, reading: Reading, gateway: str) -> dict[str, bytes]:
    """Return the rendered samples of one table for one gateway, by metric name."""
    lines: dict[str, list[str]] = {row.name: [] for row in table.rows}
    own = f'gateway="{_escaped(gateway)}"'
    for labels, path, item in table.objects(reading.data):
        told = "".join(
            f',{name}="{_escaped(value)}"' for name, value in zip(table.keys, labels, strict=True)
        )
        for row in table.rows:
            for extra, value in row.samples(item, reading, path):
                more = "".join(f',{name}="{_escaped(told)}"' for name, told in extra)
                lines[row.name].append(f"{row.name}{{{own}{told}{more}}} {value!r}\n")
    return {name: "".join(rendered).encode() for name, rendered in lines.items() if rendered}


def _escaped(value: str) -> str:
    return value.translate(_ESCAPES)


def _header(row: Row, *, openmetrics: bool) -> bytes:
    """Return HELP and TYPE; OpenMetrics names a family without the suffix of its samples."""
    name, kind = row.name, str(row.kind)
    if openmetrics:
        name = name.removesuffix({"counter": "_total", "info": "_info"}.get(kind, ""))
        about = row.help.translate(_ESCAPES)
    else:
        kind = "gauge" if kind == "info" else kind
        about = row.help.translate(_HELP_ESCAPES)
    return f"# HELP {name} {about}\n# TYPE {name} {kind}\n".encode()


_HEADERS = {
    openmetrics: {
        name: _header(family.row, openmetrics=openmetrics) for name, family in FAMILIES.items()
    }
    for openmetrics in (False, True)
}


@dataclass
class _Site:
    """What is rendered of one gateway: the readings shown and their lines, both by table."""

    snapshot: Snapshot
    shown: list[Reading | None] = field(default_factory=lambda: [None] * len(TABLES))
    lines: list[Mapping[str, bytes]] = field(default_factory=lambda: [{}] * len(TABLES))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a body, as it is and deflated up to a byte boundary."""

    plain: bytes
    deflated: bytes

    @classmethod
    def of(cls, plain: bytes, flush: int) -> "_Piece":
        """Deflate `plain`, leaving the stream open or ending it."""
        deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        return cls(plain, deflate.compress(plain) + deflate.flush(flush))


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
        """Take a new snapshot of a gateway."""
        site = self._sites.setdefault(snapshot.gateway, _Site(snapshot))
        site.snapshot = snapshot
        self._render(site)

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
        content_type = choose_encoder(accept)[1]
        openmetrics = content_type.startswith(_OPENMETRICS)
        compressed = gzip_accepted(accept_encoding)
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        if compressed:
            headers["Content-Encoding"] = "gzip"
        if not names:
            return self._body(openmetrics, compressed), headers
        self._drop_expired()
        body = self._joined(openmetrics, names) + self._tail(openmetrics, names)
        return gzip.compress(body, _LEVEL) if compressed else body, headers

    def _body(self, openmetrics: bool, compressed: bool) -> bytes:
        self._drop_expired()
        # What the process says of itself never stands still; once a second is often enough.
        second = int(self._clock.monotonic())
        kept = self._bodies.get((openmetrics, compressed))
        if kept and kept[0] == second:
            return kept[1]
        first = self._pieces.get(openmetrics)
        if first is None:
            first = _Piece.of(self._joined(openmetrics), zlib.Z_FULL_FLUSH)
            self._pieces[openmetrics] = first
        last = self._tail(openmetrics)
        body = _gzipped(first, _Piece.of(last, zlib.Z_FINISH)) if compressed else first.plain + last
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
        self._drop_expired()
        end = f" {at:.3f}\n".encode()
        lines = (b"".join(b.values()) for site in self._sites.values() for b in site.lines if b)
        return b"".join(lines).replace(b"\n", end)

    def _drop_expired(self) -> None:
        if self._clock.monotonic() >= self._expires:
            for site in self._sites.values():
                self._render(site)

    def _render(self, site: _Site) -> None:
        """Render what changed since the gateway was last rendered."""
        now = self._clock.monotonic()
        changed = False
        for index, table in enumerate(TABLES):
            reading = site.snapshot.fresh(table.collector, now)
            if reading is not site.shown[index]:
                changed = True
                site.shown[index] = reading
                site.lines[index] = (
                    sample_lines(table, reading, site.snapshot.gateway) if reading else {}
                )
        self._expires = min(other.snapshot.next_expiry(now) for other in self._sites.values())
        if changed:
            self._changed()

    def _changed(self) -> None:
        self._pieces.clear()
        # The formats stay known, the bodies are stale.
        self._bodies = dict.fromkeys(self._bodies, (-1, b""))
