"""Everything that runs in a home, and how one part follows from the other.

`decide` looks at the moment and sets all powers, which then hold until the next look; `commit`
lets that time pass. Who asks how often is the business of `house`.
"""

from collections.abc import Iterator, Sequence
from math import inf

from exporter.simulator.homes.contacts import CONTACTS
from exporter.simulator.homes.prices import Level, level
from exporter.simulator.homes.site import Site
from exporter.simulator.physics import flows
from exporter.simulator.physics.acb import AcbGroup
from exporter.simulator.physics.accounts import Days, Energy
from exporter.simulator.physics.battery import Bank
from exporter.simulator.physics.calendar import Calendar, Local
from exporter.simulator.physics.contacts import ContactUnit, Source
from exporter.simulator.physics.cutoff import TRY_COSTS, Cutoff
from exporter.simulator.physics.flows import Flows, Means
from exporter.simulator.physics.gateway import CloudUnit, Counter, GatewayUnit, MeterUnit
from exporter.simulator.physics.generator import GeneratorUnit
from exporter.simulator.physics.grid import MainsSwitch, Utility
from exporter.simulator.physics.household import Household
from exporter.simulator.physics.policy import Policy
from exporter.simulator.physics.roof import Plane, Roof
from exporter.simulator.physics.sun import Sun
from exporter.simulator.physics.weather import Atmosphere

#: seconds that inverters watch the grid before they feed into it
_WATCHING = 300.0
#: batteries that give less than this share of what is needed cannot hold the house
_HOPELESS = 0.05
#: the energies that the gateway tells
COUNTERS = ("produced", "imported", "exported", "charged", "discharged")


class Plant:
    """The parts of a home, at one moment after the other."""

    def __init__(
        self,
        site: Site,
        *,
        seed: int,
        sun: Sun,
        sky: Atmosphere,
        planes: Sequence[Plane],
        household: float,
    ) -> None:
        """Put a home together; `household` is its size, 1 being usual."""
        self.calendar = Calendar(site.timezone)
        self.sky = sky
        self.roof = Roof(site, planes, seed)
        self.household = Household(seed, household, contacts=site.controller)
        self.bank = Bank(site, seed)
        self.acbs = AcbGroup(site.acbs)
        self.policy = Policy()
        self.cutoff = Cutoff()
        self.utility = Utility(site, seed)
        self.switch = MainsSwitch(installed=site.controller or site.collar)
        self.generator = GeneratorUnit(installed=site.generator)
        self.contacts = {
            contact.id: ContactUnit(contact) for contact in CONTACTS if site.controller
        }
        self.gateway = GatewayUnit()
        self.cloud = CloudUnit()
        self.meters = {kind: MeterUnit(kind) for kind in site.cts}
        self.counters = {name: Counter() for name in COUNTERS}
        self.energy = Energy()
        self.produced, self.consumed = Days(), Days()
        self.flows = Flows()
        self.air = 15.0
        self._sun = sun
        self._time_of_use = site.time_of_use
        self._day: int | None = None
        #: when inverters may feed into the grid again
        self._feeding_from = -inf

    @property
    def islanded(self) -> bool:
        """Whether the home is cut off from the grid."""
        return not self.switch.closed

    def decide(self, now: float, seconds: float) -> None:
        """Set all powers by what holds at `now` (epoch seconds), for at most so many seconds."""
        local = self.calendar.local(now)
        self._turn_day(local)
        self.switch.update(now, good=self.utility.good)
        self.acbs.update(now)
        soc = self.bank.soc
        self.generator.update(now, local, islanded=self.islanded, soc=soc)
        cut = self._cut(local, soc)
        light = self._sun.light(now)
        weather = self.sky.at(now, light)
        self.air = weather.air
        base, switched = self.household.loads(now, local, weather.air)
        load = base + sum([watts for name, watts in switched.items() if name not in cut])
        sun = self.roof.shine(light, weather, cut)
        self.flows = self._flow(now, local, load, sun, seconds)
        self._settle(sun)
        self._report(now)

    def commit(self, seconds: float) -> None:
        """Let time pass with the powers as they are."""
        self.energy = self.energy.after(self.flows, seconds)
        self.roof.commit(seconds)
        for unit in self.bank.units:
            unit.commit(seconds, self.air, powered=self.flows.powered)
        self.acbs.commit(seconds)
        for meter in self.meters.values():
            meter.commit(self.flows, seconds)

    def events(self, now: float) -> Iterator[float]:
        """Yield when something happens by itself, apart from the weather (epoch seconds)."""
        yield from self.switch.events(now)
        yield from self.cutoff.events()
        yield from self.generator.events()
        yield from self.acbs.events()
        yield self._feeding_from

    def _turn_day(self, local: Local) -> None:
        if self._day is None:
            self._day = local.day
        elif local.day != self._day and local.seconds >= self.gateway.today_reset_delay:
            self._day = local.day
            self.roof.new_day()
            self.produced.new_day(self.energy.produced)
            self.consumed.new_day(self.energy.total)

    def _cut(self, local: Local, soc: float) -> frozenset[str]:
        """Set the dry contacts; returns those that are open."""
        source: Source = "generator" if self.generator.running else "micro_grid"
        if not self.islanded:
            source = "grid"
        for contact in self.contacts.values():
            contact.update(source, soc, local)
        return frozenset([name for name, each in self.contacts.items() if not each.closed])

    def _flow(self, now: float, local: Local, load: float, sun: float, seconds: float) -> Flows:
        if not self.islanded:
            return self._with_grid(now, local, load, sun, seconds)
        soc = self.bank.soc
        self.acbs.rest()
        charge, discharge = self.bank.limits(self.policy.very_low, seconds)
        means = Means(load, self.bank.stuck_watts, sun, charge, discharge)
        if self.generator.running:
            self.cutoff.end()
            full = 100 * soc >= self.generator.stop_soc
            return flows.generating(means, charge=self.generator.charges and not full)
        need = means.load + means.wasted - means.sun
        nobody = not any(unit.in_service for unit in self.bank.units)
        waited, tries = self.cutoff.off, self.cutoff.tries
        dark = self.cutoff.holds(
            now,
            soc=soc,
            floor=self.policy.very_low,
            short=nobody or need > 0,
            empty=nobody or discharge < _HOPELESS * need + means.wasted,
        )
        if waited and self.cutoff.tries > tries:
            self.bank.drain(TRY_COSTS)
        return flows.DARK if dark else flows.islanded(means)

    def _with_grid(
        self, now: float, local: Local, load: float, sun: float, seconds: float
    ) -> Flows:
        self.cutoff.end()
        if not self.utility.up:
            self.acbs.rest()
            return flows.DARK
        if not (self.flows.powered and self.utility.good):
            self._feeding_from = now + _WATCHING
        if now < self._feeding_from:
            sun = 0.0
        charge, discharge = self.bank.limits(self.policy.floor, seconds)
        means = Means(load, self.bank.stuck_watts, sun, charge, discharge)
        acb = self.acbs.follow(load + means.wasted - sun, seconds)
        price: Level | None = None
        if self._time_of_use:
            price = level(local.weekday, local.seconds / 60)
        net = load + means.wasted - sun - acb
        wanted = self.policy.wanted(net, self.bank.soc, charge, price)
        return flows.on_grid(means, min(discharge, max(-charge, wanted)), acb)

    def _settle(self, possible: float) -> None:
        """Hand the powers to batteries and inverters."""
        now = self.flows
        if now.powered:
            self.bank.run(now.battery + self.bank.stuck_watts)
        else:
            self.bank.rest()
        if not now.sun:
            self.roof.curtail(0.0) if now.powered else self.roof.sleep()
        elif now.sun < possible:
            self.roof.curtail(now.sun / possible)

    def _report(self, now: float) -> None:
        if not self.flows.powered:
            return
        self.roof.report(now)
        for unit in self.bank.units:
            unit.report(now, islanded=self.islanded)
        self.acbs.report(now)
        self.switch.report(now)
        self.cloud.report(now)
