"""The exposition: bytes that are ready before anybody scrapes.

Lines are rendered when the reading behind them changes, and joined by metric once for all scrapes
to come: a scrape sends what lies there. That is so for a house and for a street. Of a fleet the
whole is too large to lie about; it is put together piece by piece while it is sent, and what is
kept are the lines of the gateways that were asked for last. prometheus_client renders what has to
be asked at the moment of the scrape, the process itself, and knows what formats and versions a
scraper accepts.
"""

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Iterator
from functools import lru_cache
from typing import NamedTuple

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
from exporter.metrics.catalogue import FAMILIES
from exporter.pieces import LEVEL, Piece, gzipped
from exporter.rendering import GatewayLines, header
from exporter.snapshot import Snapshot

_OPENMETRICS = "application/openmetrics-text"
_END = b"# EOF\n"
#: more gateways than these are a fleet: their bodies together are megabytes
STREET = 16
#: bodies of single gateways that are kept, and gateways of a fleet whose lines are; each has some
#: hundred kilobytes
_KEPT = 32
#: bytes of a streamed body that are put together in one go: a millisecond's work
_PORTION = 2**17
#: turns of the event loop that it takes to accept a connection and to answer over it
_TURNS = 5

_HEADERS = {
    openmetrics: {
        name: header(family.row, openmetrics=openmetrics) for name, family in FAMILIES.items()
    }
    for openmetrics in (False, True)
}


class Form(NamedTuple):
    """What a scraper can read."""

    openmetrics: bool
    compressed: bool

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a body in this form."""
        content_type = OPENMETRICS_TYPE if self.openmetrics else TEXT_TYPE
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        if self.compressed:
            headers["Content-Encoding"] = "gzip"
        return headers


def form(accept: str, accept_encoding: str) -> Form:
    """Return the form that a scraper prefers, from its headers."""
    return Form(_wants_openmetrics(accept), gzip_accepted(accept_encoding))


@lru_cache(64)
def _wants_openmetrics(accept: str) -> bool:
    """Return whether a scraper asks for OpenMetrics in a version that we speak, or for any."""
    try:
        return choose_encoder(accept)[1].startswith(_OPENMETRICS)
    except (TypeError, ValueError):
        # A version that is no number.
        return False


class Exposition:
    """Everything that is served to scrapers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._gateways: dict[str, GatewayLines] = {}
        #: the samples of all gateways by format, until something changes
        self._pieces: dict[bool, Piece] = {}
        #: whole bodies by form, with the second that they were put together in
        self._bodies: dict[Form, tuple[int, bytes]] = {}
        #: bodies of single gateways, those asked for last at the end
        self._single: OrderedDict[tuple[str, Form], bytes] = OrderedDict()
        #: gateways that have lines, those asked for last at the end
        self._lined: OrderedDict[str, None] = OrderedDict()
        #: how many scrapers are being sent everything
        self._streams = 0
        self._process = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self._process)
        PlatformCollector(registry=self._process)
        GCCollector(registry=self._process)
        build = Info("enphase_exporter_build", "Version of the exporter.", registry=self._process)
        build.info({"version": __version__})

    @property
    def fleet(self) -> bool:
        """Whether there are so many gateways that all of them together are to be streamed."""
        return len(self._gateways) > STREET

    def update(self, snapshot: Snapshot) -> None:
        """Take a new snapshot of a gateway; it is rendered once, when it is next needed."""
        known = self._gateways.get(snapshot.gateway)
        if known is None:
            self._gateways[snapshot.gateway] = GatewayLines(snapshot)
        else:
            known.take(snapshot)

    def remove(self, gateway: str) -> None:
        """Forget a gateway that is not configured any more."""
        if self._gateways.pop(gateway, None):
            self._lined.pop(gateway, None)
            self._changed(gateway)

    def warm(self) -> None:
        """Prepare the forms that were asked for before, so that the next scrape need not wait."""
        if not self.fleet:
            for asked in tuple(self._bodies):
                self._body(asked)

    def serve(
        self, accept: str, accept_encoding: str, names: Collection[str] = ()
    ) -> tuple[bytes, dict[str, str]]:
        """Return body and headers for a scrape of everything, from what the scraper accepts."""
        wanted = form(accept, accept_encoding)
        return self.serve_all(wanted, names), wanted.headers

    def serve_all(self, wanted: Form, names: Collection[str] = ()) -> bytes:
        """Return the samples of all gateways; `names` restricts them to these metrics."""
        return self.serve_some(self._gateways, wanted, names) if names else self._body(wanted)

    def serve_some(
        self, gateways: Collection[str], wanted: Form, names: Collection[str] = ()
    ) -> bytes:
        """Return the samples of some gateways only; raise KeyError when one is not known."""
        chosen = [self._gateways[name] for name in dict.fromkeys(gateways)]
        self._bring_up_to_date(gateways)
        body = b"".join(_families(chosen, wanted.openmetrics, names))
        self._let_go()
        return self._ended(Piece(body, zlib.Z_FULL_FLUSH), wanted, names)

    def serve_process(self, wanted: Form, names: Collection[str] = ()) -> bytes:
        """Return what the exporter says of itself, without any gateway."""
        return self._ended(Piece(b"", zlib.Z_FULL_FLUSH), wanted, names)

    def serve_gateway(self, gateway: str, wanted: Form) -> bytes:
        """Return the samples of one gateway; raise KeyError when nothing is known of such a one."""
        lines = self._gateways[gateway]
        self._bring_up_to_date((gateway,))
        key = gateway, wanted
        body = self._single.get(key)
        if body is None:
            openmetrics = wanted.openmetrics
            whole = Piece(
                b"".join(_families([lines], openmetrics)) + (_END if openmetrics else b""),
                zlib.Z_FINISH,
            )
            body = self._single[key] = gzipped(whole) if wanted.compressed else whole.plain
        self._single.move_to_end(key)
        while len(self._single) > _KEPT:
            self._single.popitem(last=False)
        self._let_go()
        return body

    async def stream(self, wanted: Form, names: Collection[str] = ()) -> AsyncIterator[bytes]:
        """Yield a body of all gateways in portions, letting others have their turn in between."""
        self._streams += 1
        try:
            deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
            async for plain in self._portions(wanted.openmetrics, names):
                yield deflate.compress(plain) if wanted.compressed else plain
            if wanted.compressed:
                yield deflate.flush()
        finally:
            self._streams -= 1
            if not self._streams:
                for name in self._gateways.keys() - self._lined.keys():
                    self._gateways[name].forget()

    async def _portions(self, openmetrics: bool, names: Collection[str]) -> AsyncIterator[bytes]:
        for name in list(self._gateways):
            if name in self._gateways:
                self._bring_up_to_date((name,))
                self._let_go()
                await _let_others()
        gateways = list(self._gateways.values())
        portion: list[bytes] = []
        size = 0
        for name in FAMILIES:
            if names and name not in names:
                continue
            found = (lines for gateway in gateways if (lines := gateway.of_family(name)))
            for number, lines in enumerate(found):
                if number == 0:
                    portion.append(_HEADERS[openmetrics][name])
                portion.append(lines)
                size += len(lines)
                if size >= _PORTION:
                    yield b"".join(portion)
                    await _let_others()
                    portion, size = [], 0
            # To find that nobody has a metric takes its time too.
            await _let_others()
        yield b"".join(portion) + self._tail(openmetrics, names)

    def stamped(self, at: float) -> bytes:
        """Return the samples of all gateways, each with a time stamp (epoch seconds), for import.

        Without HELP and TYPE, so that what is appended time after time is one OpenMetrics file.
        """
        self._bring_up_to_date()
        end = f" {at:.3f}\n".encode()
        whole = b"".join([lines.whole() for lines in self._gateways.values()])
        return whole.replace(b"\n", end)

    def _body(self, wanted: Form) -> bytes:
        self._bring_up_to_date()
        # What the process says of itself never stands still; once a second is often enough.
        second = int(self._clock.monotonic())
        kept = self._bodies.get(wanted)
        if kept and kept[0] == second:
            return kept[1]
        openmetrics = wanted.openmetrics
        first = self._pieces.get(openmetrics)
        if first is None:
            lines = _families(self._gateways.values(), openmetrics)
            first = self._pieces[openmetrics] = Piece(b"".join(lines), zlib.Z_FULL_FLUSH)
        body = self._ended(first, wanted)
        self._bodies[wanted] = second, body
        return body

    def _ended(self, first: Piece, wanted: Form, names: Collection[str] = ()) -> bytes:
        last = Piece(self._tail(wanted.openmetrics, names), zlib.Z_FINISH)
        return gzipped(first, last) if wanted.compressed else first.plain + last.plain

    def _tail(self, openmetrics: bool, names: Collection[str] = ()) -> bytes:
        """Return what the process says of itself, ending the body."""
        registry = self._process.restricted_registry(names) if names else self._process
        return (generate_openmetrics if openmetrics else generate_latest)(registry)

    def _bring_up_to_date(self, names: Collection[str] = ()) -> None:
        now = self._clock.monotonic()
        for name in names or self._gateways:
            self._lined[name] = None
            self._lined.move_to_end(name)
            if self._gateways[name].bring_up_to_date(now):
                self._changed(name)

    def _let_go(self) -> None:
        """Forget lines that nobody asked for lately; they are rendered anew when somebody does.

        While somebody is being sent everything they are still needed, though not to be changed.
        """
        while len(self._lined) > max(_KEPT, STREET):
            lines = self._gateways[self._lined.popitem(last=False)[0]]
            if self._streams:
                lines.pack()
            else:
                lines.forget()

    def _changed(self, gateway: str) -> None:
        self._pieces.clear()
        # The forms stay known, the bodies are stale.
        self._bodies = dict.fromkeys(self._bodies, (-1, b""))
        for key in [key for key in self._single if key[0] == gateway]:
            del self._single[key]


async def _let_others() -> None:
    """Let others have their turn."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _families(
    gateways: Collection[GatewayLines], openmetrics: bool, names: Collection[str] = ()
) -> Iterator[bytes]:
    """Yield the samples of these gateways, each family in one piece."""
    headers = _HEADERS[openmetrics]
    for name, *lines in zip(FAMILIES, *(gateway.by_family() for gateway in gateways), strict=True):
        if not names or name in names:
            found = [one for one in lines if one]
            if found:
                yield headers[name]
                yield from found
