"""Splits a list of gateways among replicas that all read the same list.

Rendezvous hashing: each gateway belongs to the replica for which its name hashes highest, so
adding or removing one replica moves only the gateways that have to move.
"""

import hashlib
import re
from dataclasses import dataclass

from exporter.errors import ConfigError
from exporter.text import printable

_SHARD = re.compile(r"(?:.+-)?(\d+)/(\d+)", re.A | re.S)


@dataclass(frozen=True, slots=True)
class Shard:
    """The part of one replica: `index` from 0 to `count` - 1."""

    index: int
    count: int

    def owns(self, name: str) -> bool:
        """Return whether the gateway of this name belongs to this replica."""
        return max(range(self.count), key=lambda index: _weight(name, index)) == self.index


def parse(text: str) -> Shard:
    """Return the shard written as `0/3`, or `name-0/3` with the name of a StatefulSet's pod.

    Raises ConfigError.
    """
    match = _SHARD.fullmatch(text.strip())
    index, count = (int(number) for number in match.groups()) if match else (0, 0)
    if not index < count:
        raise ConfigError(
            f"'{printable(text)[:80]}' is not a shard: write index/count, such as 0/3 or 2/3"
        )
    return Shard(index, count)


def _weight(name: str, index: int) -> bytes:
    return hashlib.blake2b(f"{index} {name}".encode(), digest_size=8).digest()
