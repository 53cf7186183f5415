"""What several devices of the ensemble report in the same way."""

from typing import Any

from exporter.gateway.endpoints.conditions import ASLEEP, HEALTHY, plain

#: modes of the grid as controllers and batteries name them
GRID_MODES = (
    "multimode-ongrid",
    "multimode-offgrid",
    "grid-tied",
    "grid-forming",
    "synchronizing-to-grid",
)

#: radio bands and the fields that tell the quality of the link on them
BANDS = (("sub_ghz", "comm_level_sub_ghz"), ("2_4_ghz", "comm_level_2_4_ghz"))


def device_status_ok(device: Any) -> bool | None:
    """Return whether the gateway lists only good news of a device; None where it lists nothing.

    That an AC Battery sleeps is none of the bad: its sleep state shows it already.
    """
    status = device.device_status
    good = (*HEALTHY, ASLEEP)
    return all(plain(item) in good for item in status) if status else None
