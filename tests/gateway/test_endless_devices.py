"""A gateway that lists other devices each time it is asked fills neither memory nor disk."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from exporter.gateway import inventory
from exporter.simulator.faults import Edit
from tests.polled_gateway import polled_gateway

ENSEMBLE, POWER = "/ivp/ensemble/inventory", "/ivp/ensemble/power"
SETUP, READINGS = "/ivp/meters", "/ivp/meters/readings"
INVERTERS, DETAILS = "/api/v1/production/inverters", "/ivp/pdm/device_data"
#: keys under which a gateway has what identifies a device, or says what a meter measures
IDENTITIES = {"serial_num", "serialNumber", "sn", "measurementType"}


def renamed(node: Any, numbers: Iterator[int]) -> Any:
    """Return a document in which nothing has the identity that it had before."""
    if isinstance(node, dict):
        return {
            key: f"{next(numbers) + 10**11}" if key in IDENTITIES else renamed(value, numbers)
            for key, value in node.items()
        }
    return [renamed(item, numbers) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize(
    ("home", "paths"),
    [("battery-home", (ENSEMBLE, POWER, SETUP)), ("solar-only", (INVERTERS, DETAILS))],
)
async def test_what_is_remembered_is_bounded(
    home: str, paths: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Devices, their counters, their days: by kind, however many there seem to be."""
    most = 6
    monkeypatch.setattr(inventory, "_LIMITS", {})
    monkeypatch.setattr(inventory, "_LIMIT", most)
    numbers = count()
    async with polled_gateway(home, tmp_path) as polled:
        for path in paths:
            polled.gateway.faults[path] = Edit(lambda document: renamed(document, numbers))
        sizes = []
        for _ in range(3):
            await polled.pass_time(1800)
            memory = polled.poller._parts.memory
            kinds = {kind: len(entries) for kind, entries in memory.inventory.items()}
            assert max(kinds.values()) <= most
            counters, integrals = len(memory.counters), len(memory.integrals)
            sizes.append((counters, integrals, len(memory.days), len(memory.registers)))
        assert next(numbers) > 100
        assert sizes[1] == sizes[2]
