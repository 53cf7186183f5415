"""The powers in a home at one moment, made so that what flows in flows out."""

from typing import NamedTuple

from exporter.simulator.physics.generator import MINIMUM_WATTS, RATED_WATTS

#: how much the frequency rises off grid when solar power has to be held back, in Hz
_HELD_BACK = 1.6


class PowerBalance(NamedTuple):
    """Powers in watts. Batteries: positive discharges; grid: positive is imported."""

    sun: float = 0.0
    load: float = 0.0
    battery: float = 0.0
    acb: float = 0.0
    generator: float = 0.0
    grid: float = 0.0
    #: Hz above nominal in a house on its own
    hertz_offset: float = 0.0
    #: whether there is mains voltage in the house
    powered: bool = True

    @property
    def imbalance(self) -> float:
        """What flows in minus what flows out; zero but for rounding."""
        return self.sun + self.battery + self.acb + self.generator + self.grid - self.load


DARK = PowerBalance(powered=False)


class AvailablePower(NamedTuple):
    """What is there to feed the house with, in watts."""

    #: what the house needs, and what batteries draw without effect
    load: float
    wasted: float
    sun: float
    #: the most the batteries take and give
    charge: float
    discharge: float


def on_grid(means: AvailablePower, battery: float, acb: float) -> PowerBalance:
    """Return the flows with the grid; `battery` without what is wasted."""
    drawn = battery - means.wasted
    return PowerBalance(
        sun=means.sun,
        load=means.load,
        battery=drawn,
        acb=acb,
        grid=means.load - means.sun - drawn - acb,
    )


def islanded(means: AvailablePower) -> PowerBalance:
    """Return the flows of a house on its batteries.

    Solar power nobody can take is held back, load beyond what there is goes without.
    """
    need = means.load + means.wasted - means.sun
    if need > 0:
        load = means.load - (need - min(need, means.discharge))
        return PowerBalance(sun=means.sun, load=load, battery=load - means.sun)
    taken = min(-need, means.charge)
    sun = means.load + means.wasted + taken
    held_back = 1 - sun / means.sun if means.sun else 0.0
    return PowerBalance(
        sun=sun,
        load=means.load,
        battery=-taken - means.wasted,
        hertz_offset=_HELD_BACK * min(1.0, 2 * held_back),
    )


def generating(means: AvailablePower, *, charge: bool) -> PowerBalance:
    """Return the flows of a house on its generator, which may charge the batteries."""
    demand = means.load + means.wasted
    taken = min(means.charge, max(0.0, RATED_WATTS + means.sun - demand)) if charge else 0.0
    given = min(means.discharge, max(0.0, demand - means.sun - RATED_WATTS))
    # a generator without load wears out: it takes load first
    sun = min(means.sun, max(0.0, demand + taken - MINIMUM_WATTS))
    generator = min(RATED_WATTS, max(0.0, demand + taken - given - sun))
    load = max(0.0, sun + generator + given - taken - means.wasted)
    return PowerBalance(
        sun=sun,
        load=min(means.load, load),
        battery=given - taken - means.wasted,
        generator=generator,
    )
