"""A command and a running exporter share the state directory; neither spoils it for the other."""

from pathlib import Path
from typing import Any

from exporter.clock import VirtualClock
from exporter.state import State
from tests.control.harness import control_harness
from tests.fake_cloud import PASSWORD, USER, serving_cloud

_KEPT = {"counters": {"a/b": {"raw": 5.0}}, "features": ["ENPOWER"], "unknown": [1]}


async def test_a_remembered_token_is_used(tmp_path: Path, clock: VirtualClock) -> None:
    """The token that the exporter has got lets the owner in; the file is left alone."""
    async with control_harness("battery-home", tmp_path / "other", clock) as other:
        token = other.running.token
    state = State(tmp_path, "home")
    state.save({**_KEPT, "token": token})
    before = state.path.read_bytes()
    async with control_harness("battery-home", tmp_path, clock, token=None) as owner:
        assert (await owner.perform("storage reserve", {"reserve": 60})).ok
    assert state.path.read_bytes() == before


async def test_a_new_token_is_all_that_is_saved(tmp_path: Path, clock: VirtualClock) -> None:
    """A token from the cloud is kept for the exporter, whose own file is not touched."""
    state = State(tmp_path, "home")
    state.save(_KEPT)
    async with serving_cloud(clock.time):
        login: dict[str, Any] = {"token": None, "username": USER, "password": PASSWORD}
        async with control_harness("battery-home", tmp_path, clock, **login) as owner:
            assert (await owner.perform("storage reserve", {"reserve": 60})).ok
    assert (tmp_path / "home.token").read_text().startswith("eyJ")
    assert State(tmp_path, "home").load() == _KEPT
