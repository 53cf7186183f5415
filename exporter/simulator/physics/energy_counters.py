"""Energy as the meters count it: since installation, today, in the seven days before."""

from collections import deque
from typing import NamedTuple

from exporter.simulator.physics.power_balance import PowerBalance

_WEEK = 7


class EnergyTotals(NamedTuple):
    """Energy since installation in Wh, as sums of what flowed."""

    produced: float = 0.0
    imported: float = 0.0
    exported: float = 0.0
    charged: float = 0.0
    discharged: float = 0.0
    generated: float = 0.0
    used: float = 0.0

    @property
    def total(self) -> float:
        """What the gateway calls total consumption: production and net consumption."""
        return self.produced + self.imported - self.exported

    def after(self, flows: PowerBalance, seconds: float) -> "EnergyTotals":
        """Return the energy when these powers have lasted so long."""
        hours = seconds / 3600
        battery, acb, grid = flows.battery, flows.acb, flows.grid
        charged = (battery if battery < 0 else 0.0) + (acb if acb < 0 else 0.0)
        discharged = (battery if battery > 0 else 0.0) + (acb if acb > 0 else 0.0)
        return EnergyTotals(
            self.produced + flows.sun * hours,
            self.imported + (grid * hours if grid > 0 else 0.0),
            self.exported - (grid * hours if grid < 0 else 0.0),
            self.charged - charged * hours,
            self.discharged + discharged * hours,
            self.generated + flows.generator * hours,
            self.used + flows.load * hours,
        )


class DailyEnergy:
    """One counter by the day; energy in Wh."""

    def __init__(self) -> None:
        self._midnights: deque[float] = deque([0.0], maxlen=_WEEK + 1)

    def start(self, energy: float) -> None:
        """Begin at this state of the counter."""
        self._midnights = deque([energy], maxlen=_WEEK + 1)

    def new_day(self, energy: float) -> None:
        """Note the counter at midnight."""
        self._midnights.append(energy)

    def today(self, energy: float) -> float:
        """Return what has come since midnight."""
        return energy - self._midnights[-1]

    @property
    def week(self) -> float:
        """What came in the seven days before today."""
        return self._midnights[-1] - self._midnights[0]
