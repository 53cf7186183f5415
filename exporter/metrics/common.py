"""What several devices of the ensemble report in the same way."""

from typing import Any

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

_HEALTHY = ("envoy.global.ok", "prop.done")
#: reported of an AC Battery that sleeps, which its sleep state shows already
_ASLEEP = "envoy.cond_flags.pcu_ctrl.sleep-mode"


def device_status_ok(device: Any) -> bool | None:
    """Return whether the gateway lists only good news of a device; None where it lists nothing."""
    status = device.device_status
    return all(item in (*_HEALTHY, _ASLEEP) for item in status) if status else None
