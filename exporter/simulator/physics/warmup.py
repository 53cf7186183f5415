"""What a house has behind it when the simulation begins: a year and a half of counting."""

from exporter.simulator.homes.models import HomeHardware
from exporter.simulator.physics.energy_counters import EnergyTotals
from exporter.simulator.physics.system import HomeSystem

#: sun hours of an average day, and what a usual household uses in it, in Wh
_SUN_HOURS, _USED = 3.6, 20_000.0
#: share of the production that was exported, cycles of the batteries a day, what came back
_EXPORTED, _CYCLES, _RETURNED = 0.45, 0.5, 0.89


def set_initial_counters(plant: HomeSystem, site: HomeHardware, now: float, days: float) -> None:
    """Set all counters to what they are after so many `days`, at `now` (epoch seconds)."""
    produced = 0.0
    for inverter in plant.roof.inverters:
        made = inverter.watts * _SUN_HOURS * days
        inverter.start(made, now)
        produced += made
    used = _USED * plant.household.scale * days
    charged = _CYCLES * (site.battery_capacity_wh + site.acb_capacity_wh) * days
    discharged = _RETURNED * charged
    exported = _EXPORTED * produced
    # what the rest of the house's needs came from, however much it had to be
    lacking = used + exported + charged - produced - discharged
    exported += max(0.0, -lacking)
    plant.energy = EnergyTotals(
        produced=produced,
        imported=max(0.0, lacking),
        exported=exported,
        charged=charged,
        discharged=discharged,
        used=used,
    )
    plant.produced.start(produced)
    plant.consumed.start(plant.energy.total)
