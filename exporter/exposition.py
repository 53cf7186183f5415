"""Serves the metrics: bodies that are rendered before anybody scrapes.

Lines are encoded when the reading behind them changes, and joined by metric family once for all
scrapes to come. With many gateways the whole body is too large to keep; it is streamed
(`exporter.fleet.stream`), and only the lines of the gateways asked for last are kept.
prometheus_client renders the metrics of the process itself at the moment of the scrape, and knows
which formats and versions a scraper accepts.
"""

import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Iterator
from functools import lru_cache
from typing import NamedTuple

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as TEXT_TYPE
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS_TYPE
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter.clock import Clock
from exporter.encoder import GatewayEncoder, header
from exporter.fleet.gzip_parts import GzipPart, join_gzip
from exporter.fleet.stream import compress, join_families, yield_to_loop
from exporter.metrics.catalogue import FAMILIES
from exporter.own_metrics import OwnMetrics
from exporter.pager import Pager
from exporter.snapshot import Snapshot

_OPENMETRICS = "application/openmetrics-text"
_EOF = b"# EOF\n"
#: with more gateways than this their common body, megabytes large, is streamed
FLEET_THRESHOLD = 16
#: bodies of single gateways that are kept, and gateways of a fleet whose lines are kept; each has
#: some hundred kilobytes
_CACHE_SIZE = 32

_HEADERS = {
    openmetrics: {
        name: header(family.row, openmetrics=openmetrics) for name, family in FAMILIES.items()
    }
    for openmetrics in (False, True)
}


class Format(NamedTuple):
    """A format that a scraper can read."""

    openmetrics: bool
    compressed: bool

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a body in this format."""
        content_type = OPENMETRICS_TYPE if self.openmetrics else TEXT_TYPE
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        if self.compressed:
            headers["Content-Encoding"] = "gzip"
        return headers


def negotiate(accept: str, accept_encoding: str) -> Format:
    """Return the format that a scraper prefers, from its headers."""
    return Format(_accepts_openmetrics(accept), _accepts_gzip(accept_encoding))


@lru_cache(64)
def _accepts_openmetrics(accept: str) -> bool:
    """Return whether a scraper asks for OpenMetrics in a version that we write, or in any."""
    try:
        return choose_encoder(accept)[1].startswith(_OPENMETRICS)
    except (TypeError, ValueError):
        # a version that is not a number
        return False


@lru_cache(64)
def _accepts_gzip(accept_encoding: str) -> bool:
    """Return whether a scraper accepts gzip (RFC 9110, section 12.5.3); `q=0` refuses it."""
    weights: dict[str, float] = {}
    for entry in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in entry.split(";"))
        weights[coding] = min((_weight(each) for each in parameters), default=1.0)
    weight = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return weight > 0


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


class Exposition:
    """All that is served to scrapers."""

    def __init__(self, clock: Clock, pager: Pager | None = None) -> None:
        """Serve nothing yet; `pager` has the times of scrapes and notifications."""
        self._clock = clock
        self._gateways: dict[str, GatewayEncoder] = {}
        #: the samples of all gateways by format, until something changes
        self._samples: dict[bool, GzipPart] = {}
        #: complete bodies by format, with the second in which they were assembled
        self._bodies: dict[Format, tuple[int, bytes]] = {}
        #: bodies of single gateways, least recently used first
        self._single: OrderedDict[tuple[str, Format], bytes] = OrderedDict()
        #: gateways whose lines are kept, least recently used first
        self._encoded: OrderedDict[str, None] = OrderedDict()
        #: families that the owner leaves out
        self._dropped: frozenset[str] = frozenset()
        #: number of scrapers that are being sent a stream
        self._streams = 0
        self._process = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self._process)
        PlatformCollector(registry=self._process)
        GCCollector(registry=self._process)
        self._process.register(OwnMetrics(pager))

    @property
    def fleet(self) -> bool:
        """Whether there are so many gateways that their common body has to be streamed."""
        return len(self._gateways) > FLEET_THRESHOLD

    def update(self, snapshot: Snapshot) -> None:
        """Take a new snapshot of a gateway; it is encoded once, when it is next needed."""
        encoder = self._gateways.get(snapshot.gateway)
        if encoder is None:
            self._gateways[snapshot.gateway] = GatewayEncoder(snapshot)
        else:
            encoder.update(snapshot)

    def drop(self, families: frozenset[str]) -> None:
        """Leave these families out from now on, and no others."""
        if families != self._dropped:
            self._dropped = families
            for name in self._gateways:
                self._invalidate(name)

    def remove(self, gateway: str) -> None:
        """Drop a gateway that is no longer configured."""
        if self._gateways.pop(gateway, None):
            self._encoded.pop(gateway, None)
            self._invalidate(gateway)

    def prerender(self) -> None:
        """Render the formats that were asked for before, so that the next scrape need not wait."""
        if not self.fleet:
            for negotiated in tuple(self._bodies):
                self._body(negotiated)

    def render(
        self, accept: str, accept_encoding: str, names: Collection[str] = ()
    ) -> tuple[bytes, dict[str, str]]:
        """Return body and headers for a scrape of all gateways, from what the scraper accepts."""
        negotiated = negotiate(accept, accept_encoding)
        return self.render_all(negotiated, names), negotiated.headers

    def render_all(self, negotiated: Format, names: Collection[str] = ()) -> bytes:
        """Return the samples of all gateways; `names` restricts them to these metrics."""
        return (
            self.render_gateways(self._gateways, negotiated, names)
            if names
            else self._body(negotiated)
        )

    def render_gateways(
        self, gateways: Collection[str], negotiated: Format, names: Collection[str] = ()
    ) -> bytes:
        """Return the samples of some gateways only; raise KeyError for an unknown one."""
        chosen = [self._gateways[name] for name in dict.fromkeys(gateways)]
        self._refresh(gateways)
        body = b"".join(self._families(chosen, negotiated.openmetrics, names))
        self._evict()
        return self._with_process(GzipPart(body, zlib.Z_FULL_FLUSH), negotiated, names)

    def render_process(self, negotiated: Format, names: Collection[str] = ()) -> bytes:
        """Return the metrics of the exporter itself, without any gateway."""
        return self._with_process(GzipPart(b"", zlib.Z_FULL_FLUSH), negotiated, names)

    def render_gateway(self, gateway: str, negotiated: Format) -> bytes:
        """Return the samples of one gateway; raise KeyError for an unknown one."""
        encoder = self._gateways[gateway]
        self._refresh((gateway,))
        key = gateway, negotiated
        body = self._single.get(key)
        if body is None:
            openmetrics = negotiated.openmetrics
            part = GzipPart(
                b"".join(self._families([encoder], openmetrics)) + (_EOF if openmetrics else b""),
                zlib.Z_FINISH,
            )
            body = self._single[key] = join_gzip(part) if negotiated.compressed else part.plain
        self._single.move_to_end(key)
        while len(self._single) > _CACHE_SIZE:
            self._single.popitem(last=False)
        self._evict()
        return body

    async def stream(self, negotiated: Format, names: Collection[str] = ()) -> AsyncIterator[bytes]:
        """Yield a body of all gateways in chunks, letting other tasks run in between."""
        self._streams += 1
        try:
            chunks = self._chunks(negotiated.openmetrics, names)
            async for chunk in compress(chunks) if negotiated.compressed else chunks:
                yield chunk
        finally:
            self._streams -= 1
            if not self._streams:
                for name in self._gateways.keys() - self._encoded.keys():
                    self._gateways[name].clear()

    async def _chunks(self, openmetrics: bool, names: Collection[str]) -> AsyncIterator[bytes]:
        for name in list(self._gateways):
            if name in self._gateways:
                self._refresh((name,))
                self._evict()
                await yield_to_loop()
        headers = {
            name: text
            for name, text in _HEADERS[openmetrics].items()
            if (not names or name in names) and name not in self._dropped
        }
        async for chunk in join_families(headers, list(self._gateways.values())):
            yield chunk
        yield self._process_metrics(openmetrics, names)

    def with_timestamps(self, at: float) -> bytes:
        """Return the samples of all gateways, each with a time stamp (epoch seconds), for import.

        Without HELP and TYPE, so that repeated calls append to one OpenMetrics file.
        """
        self._refresh()
        end = f" {at:.3f}\n".encode()
        lines = b"".join([encoder.all_lines() for encoder in self._gateways.values()])
        return lines.replace(b"\n", end)

    def _body(self, negotiated: Format) -> bytes:
        self._refresh()
        # The metrics of the process change all the time; once a second is often enough.
        second = int(self._clock.monotonic())
        cached = self._bodies.get(negotiated)
        if cached and cached[0] == second:
            return cached[1]
        openmetrics = negotiated.openmetrics
        samples = self._samples.get(openmetrics)
        if samples is None:
            lines = b"".join(self._families(self._gateways.values(), openmetrics))
            samples = self._samples[openmetrics] = GzipPart(lines, zlib.Z_FULL_FLUSH)
        body = self._with_process(samples, negotiated)
        self._bodies[negotiated] = second, body
        return body

    def _with_process(
        self, samples: GzipPart, negotiated: Format, names: Collection[str] = ()
    ) -> bytes:
        process = GzipPart(self._process_metrics(negotiated.openmetrics, names), zlib.Z_FINISH)
        if negotiated.compressed:
            return join_gzip(samples, process)
        return samples.plain + process.plain

    def _process_metrics(self, openmetrics: bool, names: Collection[str] = ()) -> bytes:
        """Return the metrics of the process, which end the body."""
        registry = self._process.restricted_registry(names) if names else self._process
        return (generate_openmetrics if openmetrics else generate_latest)(registry)

    def _refresh(self, names: Collection[str] = ()) -> None:
        now = self._clock.monotonic()
        for name in names or self._gateways:
            self._encoded[name] = None
            self._encoded.move_to_end(name)
            if self._gateways[name].refresh(now):
                self._invalidate(name)

    def _evict(self) -> None:
        """Drop lines that nobody asked for lately; they are encoded again when somebody does.

        During a stream they are still needed, though not updated.
        """
        while len(self._encoded) > max(_CACHE_SIZE, FLEET_THRESHOLD):
            encoder = self._gateways[self._encoded.popitem(last=False)[0]]
            if self._streams:
                encoder.compact()
            else:
                encoder.clear()

    def _invalidate(self, gateway: str) -> None:
        self._samples.clear()
        # keep the formats, which `prerender` needs
        self._bodies = dict.fromkeys(self._bodies, (-1, b""))
        for key in [key for key in self._single if key[0] == gateway]:
            del self._single[key]

    def _families(
        self, gateways: Collection[GatewayEncoder], openmetrics: bool, names: Collection[str] = ()
    ) -> Iterator[bytes]:
        """Yield the samples of these gateways, family by family."""
        headers, dropped = _HEADERS[openmetrics], self._dropped
        every = (gateway.families() for gateway in gateways)
        for name, *lines in zip(FAMILIES, *every, strict=True):
            if any(lines) and (not names or name in names) and name not in dropped:
                yield headers[name]
                yield from lines
