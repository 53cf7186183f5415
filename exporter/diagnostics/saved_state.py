"""What commands read from the exporter's state directory, and the one thing they add: a token.

An exporter may be running at the same time, and it owns everything else in there.
"""

import os
from pathlib import Path

from exporter.gateway.state_model import GatewayState
from exporter.state import State


def load_saved_state(directory: Path, name: str) -> GatewayState:
    """Return the saved state of the gateway `name`; an empty one if there is none."""
    state = State(directory, name)
    return GatewayState.load(state.load()) if state.path.exists() else GatewayState()


def save_token(directory: Path, name: str, token: str) -> bool:
    """Save a token of the cloud for the exporter; return whether it was saved.

    The cloud limits how often it issues tokens, so none is thrown away. Files of another user are
    left alone: that user could not read what we write.
    """
    state = State(directory, name)
    for path in (state.path, directory):
        if path.exists() and path.stat().st_uid != os.geteuid():
            return False
    saved = state.load() if state.path.exists() else {}
    if saved.get("token") != token:
        state.save({**saved, "token": token})
    return state.healthy
