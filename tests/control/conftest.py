"""What the tests of `control` share."""

import pytest

from exporter.clock import VirtualClock
from tests.simulator.physics.sample_simulations import moment


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock at a June noon of the battery home, which only advances when a task waits."""
    return VirtualClock(moment("battery-home", 2026, 6, 10, 12))
