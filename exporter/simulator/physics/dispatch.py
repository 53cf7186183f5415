"""How the batteries are used on grid, by storage mode, price and charge."""

from dataclasses import dataclass

from exporter.simulator.homes.device_states import StorageMode
from exporter.simulator.homes.time_of_use import PriceLevel

#: share of their power with which they fill up from the grid: to the reserve, in backup mode, cheap
_REFILL, _BACKUP, _CHEAP = 0.3, 0.5, 0.4
#: how far below the reserve filling up begins
_SLACK = 0.01


@dataclass
class DispatchPolicy:
    """How the owner has set the batteries. Shares are 0 to 1."""

    mode: StorageMode = "self-consumption"
    reserve: float = 0.2
    very_low: float = 0.1
    charge_from_grid: bool = False
    #: the vendor's own optimisation, which follows the prices whatever the mode
    opt_schedules: bool = False
    #: when it was last changed (epoch seconds)
    changed: float = 0.0
    #: whether a charge below the reserve is being made good
    refilling: bool = False
    #: how far below full the batteries may rest in backup mode
    full_hysteresis: float = 0.0
    #: why the mode is what it is, such as `storm-guard`
    sub_type: str | None = None

    @property
    def floor(self) -> float:
        """Charge below which nothing is given on grid."""
        return max(self.reserve, self.very_low)

    def target_power(self, net: float, soc: float, most: float, price: PriceLevel | None) -> float:
        """Return the target power of the batteries, in watts; positive discharges.

        `net` is what the house lacks (negative: has left), `most` what they can take, `price` the
        price level now, None without time of use.
        """
        surplus = min(0.0, net)
        if self._below_reserve(soc):
            return min(surplus, -_REFILL * most)
        if self.mode == "backup":
            resting = 1.0 - self.full_hysteresis <= soc < 1.0
            return 0.0 if resting else min(surplus, -_BACKUP * most)
        saving = self.mode in ("economy", "savings-mode") or self.opt_schedules
        if not saving or price is None or price == "middle":
            return net
        if price == "high":
            # sells what is left while that pays
            return max(0.0, net)
        return min(surplus, -_CHEAP * most) if self.charge_from_grid else surplus

    def _below_reserve(self, soc: float) -> bool:
        floor = self.floor
        if soc < floor - _SLACK:
            self.refilling = True
        elif soc >= floor:
            self.refilling = False
        return self.refilling
