"""What flows in the house, and whether it is connected to the grid: derived from all answers.

No single answer has the power of the panels, of the house, to and from the grid and the batteries
at every site. Each comes from the best source that is fresh: current transformers (CT), then the
sections of the production report, then the sum of the inverters, then live data. A sum is only made
of parts that are all known: half of a power is not shown as the whole.

Used by the metrics and by the status page.
"""

from exporter.house.derivation import HouseDeriver, derive
from exporter.house.grid import disconnect_commanded, grid_connected
from exporter.house.models import DerivedHouse, House, LegFlows, PowerSource
from exporter.house.view import measures_grid

__all__ = [
    "DerivedHouse",
    "House",
    "HouseDeriver",
    "LegFlows",
    "PowerSource",
    "derive",
    "disconnect_commanded",
    "grid_connected",
    "measures_grid",
]
