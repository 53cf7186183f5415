"""Which lifetime energies a gateway reports: where each is in the data, and what it is about."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.gateway.site_limits import Side

#: a register can stand still for so many seconds and then move at once: gateways update some of
#: them every quarter of an hour, and those of inverters when the inverter can be reached again
_UPDATE_INTERVAL, _INVERTER_UPDATE_INTERVAL = 4000.0, 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Energy:
    """A lifetime energy in Wh: its metric, where it is in the data, and what it is about.

    A `balance` may also fall, being import less export; its rises are counted. So may a leg that
    `can_be_balance`: it is one from the moment it shows that. Of a `daily` one, the energies of
    today, yesterday and the last week are provided too.
    """

    metric: str
    member: str
    levels: int
    field: str
    side: Side
    balance: bool = False
    can_be_balance: bool = False
    daily: bool = False
    update_interval: float = _UPDATE_INTERVAL


def _per_phase(
    member: str, name: str, side: Side, *, balance: bool = False, legs_balance: bool = False
) -> tuple[Energy, Energy]:
    field = "watt_hours_lifetime"
    total, leg = f"enphase_{name}_joules_total", f"enphase_{name}_phase_joules_total"
    return (
        Energy(total, member, 0, field, side, balance=balance, daily=True),
        Energy(
            leg,
            f"{member}_phases",
            1,
            field,
            side,
            balance=balance,
            can_be_balance=legs_balance,
            daily=True,
        ),
    )


def _meter(direction: str) -> tuple[Energy, Energy]:
    name, field = f"{direction}_joules_total", f"energy_{direction}"
    return (
        Energy(f"enphase_meter_{name}", "ctmeters", 1, field, Side.HOUSE),
        Energy(f"enphase_meter_phase_{name}", "ctmeters_phases", 2, field, Side.HOUSE),
    )


#: every guarded counter by the collector that reads it
ENERGIES: Mapping[str, tuple[Energy, ...]] = {
    "production": (
        *_per_phase("system_production", "production", Side.SOLAR),
        *_per_phase("system_consumption", "consumption", Side.HOUSE, legs_balance=True),
        *_per_phase("system_net_consumption", "net_consumption", Side.HOUSE, balance=True),
    ),
    "meters": (*_meter("delivered"), *_meter("received")),
    "inverters": (
        Energy(
            "enphase_inverter_joules_total",
            "inverters",
            1,
            "lifetime_energy",
            Side.INVERTER,
            update_interval=_INVERTER_UPDATE_INTERVAL,
        ),
    ),
}
