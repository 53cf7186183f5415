"""What commands read from the exporter's state directory, and the one thing they add: a token.

An exporter may be running at the same time, and it owns everything else in there.
"""

import os
from contextlib import suppress
from pathlib import Path

from exporter import files
from exporter.gateway.state_model import GatewayState
from exporter.gateway.tokens import read_token, token_path
from exporter.state import State


def load_saved_state(directory: Path, name: str) -> GatewayState:
    """Return the saved state of the gateway `name`; an empty one if there is none."""
    state = GatewayState.load(State(directory, name).read())
    with suppress(OSError, ValueError):
        state.token = read_token(token_path(directory, name)) or state.token
    return state


def save_token(directory: Path, name: str, token: str) -> bool:
    """Save a token of the cloud for the exporter; return whether it was saved.

    The cloud limits how often it issues tokens, so none is thrown away. Files of another user are
    left alone, unless we can give them to that user.
    """
    path = token_path(directory, name)
    for each in (path, directory):
        if each.exists() and os.geteuid() not in (0, each.stat().st_uid):
            return False
    try:
        files.write(path, f"{token}\n".encode())
    except OSError:
        return False
    return True
