"""What a diagnosis takes from the exporter's state directory, and the one thing it adds: a token.

An exporter may be running beside it, to whom everything else in there belongs.
"""

import os
from pathlib import Path

from exporter.gateway.state_model import GatewayState
from exporter.state import State


def recall(directory: Path, name: str) -> GatewayState:
    """Return what the exporter remembers of the gateway `name`; nothing is made or changed."""
    state = State(directory, name)
    return GatewayState.load(state.load()) if state.path.exists() else GatewayState()


def keep_token(directory: Path, name: str, token: str) -> bool:
    """Put a token of the cloud where the exporter looks for it; return whether it is there now.

    The cloud gives tokens seldom, so none is thrown away. What belongs to another user is left
    alone: he could not read what we write.
    """
    state = State(directory, name)
    for path in (state.path, directory):
        if path.exists() and path.stat().st_uid != os.geteuid():
            return False
    told = state.load() if state.path.exists() else {}
    if told.get("token") != token:
        state.save({**told, "token": token})
    return state.healthy
