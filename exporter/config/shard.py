"""Splitting a list of gateways among replicas that all read the same list.

Each gateway belongs to the replica for which its name hashes highest, so with one replica more or
less only the gateways that have to move do so.
"""

import hashlib
import re
from dataclasses import dataclass

from exporter.config.texts import shown
from exporter.errors import ConfigError

_SHARD = re.compile(r"(?:.+-)?(\d+)/(\d+)", re.A | re.S)


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of one replica: `index` from 0 to `count` - 1."""

    index: int
    count: int

    def owns(self, name: str) -> bool:
        """Return whether a gateway of this name belongs here."""
        return max(range(self.count), key=lambda index: _weight(name, index)) == self.index


def parse(text: str) -> Shard:
    """Return the shard that `0/3` says, or `name-0/3` with the name of a StatefulSet's pod.

    Raises ConfigError.
    """
    match = _SHARD.fullmatch(text.strip())
    index, count = (int(number) for number in match.groups()) if match else (0, 0)
    if not index < count:
        raise ConfigError(
            f"'{shown(text)[:80]}' is no shard: write which of how many, from 0/3 to 2/3"
        )
    return Shard(index, count)


def _weight(name: str, index: int) -> bytes:
    return hashlib.blake2b(f"{index} {name}".encode(), digest_size=8).digest()
