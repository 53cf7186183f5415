"""What the alerting commands tell the exporter, in files of the state directory.

Which receiver was set up and tested, which the exporter shows on its page; and that a test alert is
wanted, which it exports for as long as that lasts.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from exporter import files
from exporter.errors import StateError

_FILE, _TEST_FILE = "alerting.json", "alerting-test.json"


def read_receiver(state_dir: Path) -> str | None:
    """Return the receiver that was set up; None without one."""
    try:
        document = json.loads((state_dir / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    receiver = document.get("receiver") if isinstance(document, dict) else None
    return receiver if isinstance(receiver, str) else None


def write_receiver(state_dir: Path, receiver: str, tested_at: float | None) -> None:
    """Record the receiver and when it was tested (epoch seconds); raise StateError."""
    _write(state_dir / _FILE, {"receiver": receiver, "tested_at": tested_at})


def request_test(state_dir: Path, test: str, until: float) -> None:
    """Ask the exporter for the test alert with this label `test`; raise StateError.

    It ends by itself at `until` (epoch seconds).
    """
    _write(state_dir / _TEST_FILE, {"test": test, "until": until})


def end_test(state_dir: Path) -> None:
    """Take that back; where it fails, it ends by itself."""
    with suppress(OSError):
        (state_dir / _TEST_FILE).unlink(missing_ok=True)


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        files.write(path, json.dumps(document).encode())
    except OSError as error:
        raise StateError(
            f"{path}: cannot be written ({error.strerror or error}): run this command as the user"
            " of the exporter"
        ) from None
