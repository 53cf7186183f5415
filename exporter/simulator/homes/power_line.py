"""What only an installer may read of the devices on the power line: their state and signal."""

from collections.abc import Collection
from typing import Any

from exporter.simulator.homes.device_states import InverterState
from exporter.simulator.homes.models import HomeHardware, HomeState

_FIELDS = (
    *("serialNumber", "devType", "communicating", "recent", "producing", "reportDate"),
    *("temperature", "dcVoltageINmV", "dcCurrentINmA", "acVoltageINmV", "acPowerINmW"),
)
_ACB_FIELDS = ("serialNumber", "SOC", "minCellTemp", "maxCellTemp", "totVoltage")
_RELAY_FIELDS = ("serialNumber", "relay", "forced", "reason")
_SOLAR = 1
#: voltage of the cells of an AC Battery in mV, empty and full
_PACK_EMPTY, _PACK_FULL = 22_400, 28_800


def device_status(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/peb/devstatus`: counts of each kind, and a table of each."""
    inverters, acbs, relays = state.inverters, state.acbs, state.iq_relays
    return {
        "counters": {
            "pcu": _counters(
                site.inverters,
                len(inverters),
                [each.communicating for each in inverters],
                [each.producing for each in inverters],
            ),
            "acb": _counters(
                site.acbs,
                len(acbs),
                [each.communicating for each in acbs],
                [each.communicating for each in acbs],
            ),
            "nsrb": _counters(
                site.iq_relays, len(relays), [each.communicating for each in relays], []
            ),
        },
        "pcu": {"fields": list(_FIELDS), "values": [_row(each) for each in inverters]},
        "acb": {
            "fields": list(_ACB_FIELDS),
            "values": [
                [
                    each.serial,
                    round(100 * each.soc),
                    each.cell_temperature - 1,
                    each.cell_temperature,
                    round(_PACK_EMPTY + (_PACK_FULL - _PACK_EMPTY) * each.soc),
                ]
                for each in acbs
            ],
        },
        "nsrb": {
            "fields": list(_RELAY_FIELDS),
            "values": [
                [each.serial, "closed" if each.closed else "open", each.forced, each.reason]
                for each in relays
            ],
        },
    }


def signal_levels(site: HomeHardware, state: HomeState) -> Any:
    """`/installer/pcu_comm_check`: power-line signal of each device, 0 to 5."""
    levels = {each.serial: each.plc_level for each in state.inverters}
    levels |= {each.serial: 5 if each.communicating else 0 for each in state.acbs}
    return levels | {each.serial: 4 if each.communicating else 0 for each in state.iq_relays}


def _counters(
    expected: int, listed: int, communicating: Collection[bool], producing: Collection[bool]
) -> dict[str, int]:
    return {
        "expected": expected,
        "discovered": listed,
        "ctrlsTotal": listed,
        "ctrlsGone": listed - sum(communicating),
        "ctrlsCommunicating": sum(communicating),
        "chansTotal": listed,
        "chansRecent": sum(communicating),
        "chansProducing": sum(producing),
    }


def _row(inverter: InverterState) -> list[Any]:
    return [
        inverter.serial,
        _SOLAR,
        inverter.communicating,
        not inverter.gone,
        inverter.producing,
        inverter.reported,
        inverter.temperature,
        round(1000 * inverter.panel_volts),
        round(1000 * inverter.watts / 0.97 / inverter.panel_volts),
        round(1000 * inverter.volts),
        1000 * inverter.watts,
    ]
