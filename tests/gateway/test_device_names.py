"""Devices bear the names that their owner gave them."""

from pathlib import Path
from typing import Any

from tests.polled_gateway import polled_gateway


async def test_info_metrics_have_the_owners_names(tmp_path: Path) -> None:
    """Of batteries, meters and relays; a device without a name has none."""
    config: dict[str, Any] = {
        "batteries": {"492900000001": {"name": "Garage left"}},
        "meters": {"production": {"name": "Roof"}},
        "relays": {"NC1": {"name": "Car"}},
    }
    async with polled_gateway("battery-home", tmp_path, **config) as watched:
        await watched.pass_time(120)
        for metric, key, name in (
            ("enphase_encharge_info", "492900000001", "Garage left"),
            ("enphase_encharge_info", "492900000002", ""),
            ("enphase_meter_info", "production", "Roof"),
            ("enphase_meter_info", "net-consumption", ""),
            ("enphase_dry_contact_info", "NC1", "Car"),
        ):
            series = [dict(labels) for labels in watched.samples()[metric]]
            (device,) = (each for each in series if key in each.values())
            assert device["name"] == name
