"""The record of the receiver in the state directory, which the exporter shows on its page."""

import json
from pathlib import Path

from exporter import files
from exporter.errors import StateError

_FILE = "alerting.json"


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
    document = {"receiver": receiver, "tested_at": tested_at}
    path = state_dir / _FILE
    try:
        files.write(path, json.dumps(document).encode())
    except OSError as error:
        raise StateError(
            f"{path}: cannot be written ({error.strerror or error}): run this command as the user"
            " of the exporter"
        ) from None
