"""Gateways whose answers are handed to the exporter without a network, as bytes.

The double stands at the lowest seam, in place of aiohttp's client: everything above it is real, our
transport and session, pyenphase, the collectors, the metric tables and the exposition.
"""

import asyncio
import shutil
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import orjson

from exporter.clock import VirtualClock
from exporter.config import Gateway as GatewayConfig
from exporter.exposition import Exposition
from exporter.gateway.cadences import CADENCES
from exporter.gateway.endpoints import ENDPOINTS
from exporter.gateway.paths import CHECK_JWT
from exporter.gateway.poller import Poller
from exporter.gateway.transport import Transport
from exporter.house import HouseDeriver
from exporter.simulator import replay, tokens
from exporter.simulator.gateway import SimulatedGateway
from exporter.simulator.homes import SAMPLE_HOMES
from exporter.state import State
from tests.faults.gateways import growing
from tests.fuzz.mutations import Mutation, spoiled

#: a summer noon
START = 1_782_000_000.0
#: seconds between two rounds: every collector is due again
ROUND = 400.0
_VALID = b"<h2>Valid token.</h2>\n"


class FuzzedHome:
    """A gateway and what it answers in each round."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self.name = name
        self._at = START
        now = lambda: self._at  # noqa: E731  # three words that change with the attribute
        self._gateway: SimulatedGateway = (
            replay.load_capture(folder, now=now)
            if folder
            else growing(name, now, lambda: self._at - START)
        )
        self.serial = self._gateway.serial
        self.token = tokens.make(self.serial, now=START) if self._gateway.uses_tls else None
        self.targets = tuple(t for t in ENDPOINTS if t == CHECK_JWT or self._answer(0, t)[0] == 200)
        self.healthy = cache(self._answer)
        #: the state file of an exporter that has watched it in health
        self.remembered = asyncio.run(_watched(self))

    def _answer(self, number: int, target: str) -> tuple[int, bytes, str]:
        self._at = START + number * ROUND
        date = formatdate(self._at, usegmt=True)
        if target == CHECK_JWT:
            return 200, _VALID, date
        answer = self._gateway.answer(target)
        return (404, b"", date) if answer is None else (answer.status, answer.body, date)


class _Response:
    """The part of aiohttp's response that the transport uses."""

    def __init__(self, status: int, body: bytes, date: str) -> None:
        self.status = status
        self.headers = {"Date": date}
        self.raw_headers = ((b"Date", date.encode()),)
        self.cookies: dict[str, Any] = {}
        self._body = body

    async def read(self) -> bytes:
        return self._body

    async def __aenter__(self) -> "_Response":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


class Client:
    """The part of aiohttp's client that the transport uses."""

    def __init__(self, house: FuzzedHome) -> None:
        self.round = 0
        self.mutations: Sequence[Mutation] = ()
        self._house = house
        self._spoiled: dict[str, tuple[int, bytes, str]] = {}

    def begin(self, number: int, mutations: Sequence[Mutation]) -> None:
        """Answer from now on as in this round, spoiled."""
        self.round, self._spoiled = number, {}
        targets = self._house.targets
        for mutation in mutations:
            target = targets[mutation.endpoint % len(targets)]
            answer = self._spoiled.get(target) or self._house.healthy(number, target)
            self._spoiled[target] = spoiled(*answer, mutation)

    def get(self, url: str, **_: Any) -> _Response:
        """Answer."""
        target = "/" + url.split("/", 3)[3]
        return _Response(*(self._spoiled.get(target) or self._house.healthy(self.round, target)))

    async def close(self) -> None:
        """Be closed."""


class Kept(State):
    """A state file that is kept in memory, as the bytes it would be; all else of it is on disk."""

    def __init__(self, content: bytes = b"{}") -> None:
        folder = Path(mkdtemp(prefix="enphase-fuzz-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        super().__init__(folder, "home")
        self.directory = None
        self.content = content

    def load(self) -> dict[str, Any]:
        """See `State`."""
        content: dict[str, Any] = orjson.loads(self.content)
        return content

    async def keep(self, state: Mapping[str, Any], *, last: bool = False) -> None:
        """See `State`."""
        self.save(state)

    def save(self, state: Mapping[str, Any]) -> None:
        """See `State`."""
        self.content = orjson.dumps(state)


class FuzzedExporter:
    """The exporter watching a house, round by round."""

    def __init__(self, house: FuzzedHome, client: Client, state: Kept, at: float) -> None:
        self.clock = VirtualClock(at)
        self.exposition = Exposition(self.clock)
        # Once a round is enough of everything.
        cadences = dict.fromkeys(CADENCES, ROUND - 20)
        config: dict[str, Any] = {"host": "192.0.2.1", "name": "home", "cadences": cadences}
        if house.token:
            config["token"] = house.token
        self.poller = Poller(
            GatewayConfig(**config),
            state,
            self.clock,
            self.exposition.update,
            derive=HouseDeriver(),
        )

    async def live(self, until: float) -> None:
        """Work until that time (epoch seconds); whatever leaves a collector leaves this."""
        while True:
            pause = await self.poller.step()
            if self.clock.time() + pause >= until:
                break
            await self.clock.sleep(pause)
        self.poller._publish_snapshot()
        await self.clock.sleep(max(0.0, until - self.clock.time()))


@contextmanager
def clients(house: FuzzedHome) -> Iterator[Client]:
    """Put the double in the place of aiohttp's client."""
    client = Client(house)
    with patch.object(Transport, "new_session", lambda _: client):
        yield client


def houses(captures: Path | None = None) -> list[FuzzedHome]:
    """Return the simulated homes, and with a folder of captures these as well."""
    homes = [FuzzedHome(name) for name in SAMPLE_HOMES if name != "big-home"]
    folders = sorted(p for p in captures.glob("*") if p.is_dir()) if captures else []
    return [*homes, *(FuzzedHome(folder.name, folder) for folder in folders)]


async def _watched(house: FuzzedHome) -> bytes:
    with clients(house) as client:
        client.begin(0, ())
        state = Kept()
        exporter = FuzzedExporter(house, client, state, START)
        await exporter.live(START + ROUND - 1)
        await exporter.poller.close()
        return state.content
