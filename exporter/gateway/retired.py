"""Serial numbers that the owner has retired by command, in a file of their own.

The running exporter owns the state file of a gateway and only reads this one, so that `forget`
works while it runs.
"""

from collections.abc import Iterable
from pathlib import Path

import orjson

from exporter import files
from exporter.errors import StateError

_MAX_BYTES = 1_000_000


class RetiredFile:
    """The retired serial numbers of one gateway."""

    def __init__(self, directory: Path, gateway: str) -> None:
        self.path = directory / f"{files.file_name(gateway)}.retired"

    def read(self) -> frozenset[str]:
        """Return them; none where the file is missing or broken."""
        try:
            document = orjson.loads(files.read(self.path, _MAX_BYTES))
        except (OSError, ValueError, StateError):
            return frozenset()
        return frozenset(filter(_is_text, document)) if isinstance(document, list) else frozenset()

    def write(self, serials: Iterable[str]) -> None:
        """Replace them; raise StateError."""
        try:
            files.write(self.path, orjson.dumps(sorted(serials)) + b"\n")
        except OSError as error:
            raise StateError(
                f"{self.path}: cannot be written ({error.strerror or error}): run this command as"
                " the user of the exporter"
            ) from None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
