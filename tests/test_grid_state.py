"""The claim whether the house is on the grid, by the device that knows."""

from typing import Any

import pytest
from pyenphase.models.collar import EnvoyCollar
from pyenphase.models.enpower import EnvoyEnpower

from exporter.house import disconnect_commanded, grid_connected


def enpower(oper: Any, admin: Any = "closed", *, communicating: Any = True) -> EnvoyEnpower:
    """Return a system controller whose grid mode claims on-grid, as it does during outages."""
    return EnvoyEnpower(
        grid_mode="multimode-ongrid",
        admin_state=24,
        admin_state_str="ENPWR_STATE_OPER_CLOSED",
        comm_level_2_4_ghz=5,
        comm_level_sub_ghz=5,
        communicating=communicating,
        firmware_loaded_date=1,
        firmware_version="1",
        installed_date=1,
        last_report_date=1,
        mains_admin_state=admin,
        mains_oper_state=oper,
        operating=None,
        part_number="1",
        serial_number="1",
        temperature=79,
        temperature_unit="F",
        zigbee_dongle_fw_version=None,
    )


def collar(mode: Any, mid: Any = "close", *, communicating: Any = True) -> EnvoyCollar:
    """Return a meter collar whose grid state claims on-grid whatever happens."""
    return EnvoyCollar(
        admin_state=88,
        admin_state_str=mode,
        firmware_loaded_date=1,
        firmware_version="1",
        installed_date=1,
        last_report_date=1,
        communicating=communicating,
        mid_state=mid,
        grid_state="on_grid",
        part_number="1",
        serial_number="1",
        temperature=42,
        temperature_unit="C",
        control_error=0,
        collar_state="Installed",
    )


@pytest.mark.parametrize(
    ("data", "on_grid", "commanded"),
    [
        pytest.param({}, None, None, id="neither controller nor collar"),
        pytest.param({"enpower": None, "collar": None}, None, None, id="both gone"),
        pytest.param({"enpower": enpower("closed")}, 1, 0, id="on the grid"),
        pytest.param({"enpower": enpower("close")}, 1, 0, id="spelt differently"),
        pytest.param({"enpower": enpower("open")}, 0, 0, id="outage"),
        pytest.param({"enpower": enpower("open", "open")}, 0, 1, id="off by command"),
        pytest.param({"enpower": enpower("closed", "open")}, 1, 1, id="about to leave"),
        pytest.param({"enpower": enpower("weird", "weird")}, None, None, id="unknown words"),
        pytest.param({"enpower": enpower(None, 3)}, None, None, id="no words"),
        pytest.param(
            {"enpower": enpower("closed", communicating=False)}, None, None, id="controller lost"
        ),
        pytest.param({"collar": collar("ENCMN_MDE_ON_GRID")}, 1, None, id="collar on the grid"),
        pytest.param({"collar": collar("ENCMN_MDE_OFF_GRID")}, 0, None, id="collar off the grid"),
        pytest.param({"collar": collar("ENCMN_MDE_NEW", "open")}, 0, None, id="switch, open"),
        pytest.param({"collar": collar(None)}, 1, None, id="switch, closed"),
        pytest.param({"collar": collar(None, None)}, None, None, id="collar reports nothing"),
        pytest.param(
            {"collar": collar("ENCMN_MDE_ON_GRID", communicating=False)},
            None,
            None,
            id="collar lost",
        ),
        pytest.param(
            {
                "enpower": enpower("closed", communicating=False),
                "collar": collar("ENCMN_MDE_OFF_GRID"),
            },
            0,
            None,
            id="controller lost, collar communicating",
        ),
        pytest.param(
            {"enpower": enpower("open"), "collar": collar("ENCMN_MDE_ON_GRID")},
            0,
            0,
            id="controller before collar",
        ),
    ],
)
def test_grid_state(data: dict[str, Any], on_grid: int | None, commanded: int | None) -> None:
    """Connection and command follow the switch that communicates, and are absent without one."""
    assert (on_grid, commanded) == (grid_connected(data), disconnect_commanded(data))
