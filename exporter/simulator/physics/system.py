"""Everything that runs in a home, and how one part follows from the other.

`decide` looks at the moment and sets all powers, which then hold until the next look; `commit`
lets that time pass. `simulation` decides when it is called.
"""

from collections.abc import Iterator, Sequence
from math import inf

from exporter.simulator.homes.device_states import battery_serial, inverter_serial, iq_relay_serial
from exporter.simulator.homes.dry_contacts import INSTALLED_CONTACTS
from exporter.simulator.homes.models import HomeHardware, HomeState
from exporter.simulator.homes.time_of_use import PriceLevel, price_level
from exporter.simulator.physics import power_balance
from exporter.simulator.physics.acb import SimulatedAcbGroup
from exporter.simulator.physics.battery import BatteryBank
from exporter.simulator.physics.dispatch import DispatchPolicy
from exporter.simulator.physics.dry_contacts import SimulatedDryContact, SupplySource
from exporter.simulator.physics.energy_counters import DailyEnergy, EnergyTotals
from exporter.simulator.physics.event_log import Condition, SimulatedEventLog
from exporter.simulator.physics.gateway_state import (
    CloudReporter,
    CounterFault,
    GatewayQuirks,
    SimulatedMeter,
)
from exporter.simulator.physics.generator import SimulatedGenerator
from exporter.simulator.physics.grid import GridSwitch, UtilityGrid
from exporter.simulator.physics.household import HouseholdLoad
from exporter.simulator.physics.iq_relay import SimulatedIqRelay
from exporter.simulator.physics.local_time import LocalClock, LocalMoment
from exporter.simulator.physics.low_soc_protection import RETRY_COST, LowSocProtection
from exporter.simulator.physics.power_balance import AvailablePower, PowerBalance
from exporter.simulator.physics.pv_array import PanelPlane, PvArray
from exporter.simulator.physics.site_settings import FirmwareUpdater, LiveStream, PowerLimits
from exporter.simulator.physics.sun import Sun
from exporter.simulator.physics.weather import Atmosphere

#: seconds that inverters watch the grid before they feed into it
_WATCHING = 300.0
#: batteries that give less than this share of what is needed cannot hold the house
_HOPELESS = 0.05
#: the energies that the gateway reports
COUNTERS = ("produced", "imported", "exported", "charged", "discharged")


class HomeSystem:
    """The parts of a home, at one moment after the other."""

    def __init__(
        self,
        site: HomeHardware,
        *,
        seed: int,
        sun: Sun,
        sky: Atmosphere,
        planes: Sequence[PanelPlane],
        household: float,
    ) -> None:
        """Put a home together; `household` is its size, 1 being usual."""
        self.calendar = LocalClock(site.timezone)
        self.sky = sky
        self.roof = PvArray(site, planes, seed)
        self.household = HouseholdLoad(seed, household, contacts=site.controller)
        self.bank = BatteryBank(site, seed)
        self.acbs = SimulatedAcbGroup(site.acbs)
        self.policy = DispatchPolicy()
        self.cutoff = LowSocProtection()
        self.utility = UtilityGrid(site, seed)
        self.switch = GridSwitch(installed=site.controller or site.collar)
        self.generator = SimulatedGenerator(installed=site.generator)
        self.contacts = {
            contact.id: SimulatedDryContact(contact)
            for contact in INSTALLED_CONTACTS
            if site.controller
        }
        self.gateway = GatewayQuirks()
        self.cloud = CloudReporter()
        self.relays = [SimulatedIqRelay(index) for index in range(site.iq_relays)]
        self.limits = PowerLimits()
        self.updater = FirmwareUpdater()
        self.live_stream = LiveStream()
        self.log = SimulatedEventLog()
        #: the state whose CT readings are still reported, while they stand still
        self.meters_kept: HomeState | None = None
        self.meters = {kind: SimulatedMeter(kind) for kind in site.cts}
        self.counters = {name: CounterFault() for name in COUNTERS}
        self.energy = EnergyTotals()
        self.produced, self.consumed = DailyEnergy(), DailyEnergy()
        self.flows = PowerBalance()
        self.air = 15.0
        self._sun = sun
        self._time_of_use = site.time_of_use
        self._production_off = False
        self._volts = site.volts * site.legs
        self._rated = float(site.inverters * site.inverter_watts)
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
        possible = self.roof.shine(light, weather, cut)
        self.flows = self._flow(now, local, load, self._allowed(now, possible), seconds)
        self._settle(possible)
        self.updater.update(now)
        self.live_stream.update(now)
        self._report(now)
        self.log.update(self._conditions(now), int(now) + round(self.gateway.clock_offset))

    def _allowed(self, now: float, possible: float) -> float:
        """Return what of the possible solar power relays and limits let through, in watts."""
        grid = self.utility
        for relay in self.relays:
            relay.update(up=grid.up, good=grid.good, waiting=now < self._feeding_from)
        if self._production_off != self.limits.production_off:
            self._production_off = self.limits.production_off
            for inverter in self.roof.inverters:
                inverter.off_by_command = self._production_off
        if self._production_off or not all(relay.closed for relay in self.relays):
            return 0.0
        return min(possible, self.limits.production_ratio * self._rated)

    def _conditions(self, now: float) -> Iterator[Condition]:
        """Yield the conditions of all devices, as far as the gateway logs them."""
        for inverter in self.roof.inverters:
            for name in inverter.conditions(now):
                yield inverter_serial(inverter.index), "pcu", name
        for battery in self.bank.units:
            for name in battery.conditions:
                yield battery_serial(battery.index), "encharge", name
        for relay in self.relays:
            if not relay.closed:
                yield iq_relay_serial(relay.index), "nsrb", "nsrb_ctrl.relayopen"
        if self.islanded:
            yield "", "enpower", "mains.open"
        if self.gateway.zeros:
            yield "", "envoy", "gateway.restart"

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

    def _turn_day(self, local: LocalMoment) -> None:
        if self._day is None:
            self._day = local.day
        elif local.day != self._day and local.seconds >= self.gateway.today_reset_delay:
            self._day = local.day
            self.roof.new_day()
            self.produced.new_day(self.energy.produced)
            self.consumed.new_day(self.energy.total)

    def _cut(self, local: LocalMoment, soc: float) -> frozenset[str]:
        """Set the dry contacts; returns those that are open."""
        source: SupplySource = "generator" if self.generator.running else "micro_grid"
        if not self.islanded:
            source = "grid"
        for contact in self.contacts.values():
            contact.update(source, soc, local)
        return frozenset([name for name, each in self.contacts.items() if not each.closed])

    def _flow(
        self, now: float, local: LocalMoment, load: float, sun: float, seconds: float
    ) -> PowerBalance:
        if not self.islanded:
            return self._with_grid(now, local, load, sun, seconds)
        soc = self.bank.soc
        self.acbs.rest()
        charge, discharge = self.bank.limits(self.policy.very_low, seconds)
        means = AvailablePower(load, self.bank.stuck_watts, sun, charge, discharge)
        if self.generator.running:
            self.cutoff.end()
            full = 100 * soc >= self.generator.stop_soc
            return power_balance.generating(means, charge=self.generator.charges and not full)
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
            self.bank.drain(RETRY_COST)
        return power_balance.DARK if dark else power_balance.islanded(means)

    def _with_grid(
        self, now: float, local: LocalMoment, load: float, sun: float, seconds: float
    ) -> PowerBalance:
        self.cutoff.end()
        if not self.utility.up:
            self.acbs.rest()
            return power_balance.DARK
        if not (self.flows.powered and self.utility.good):
            self._feeding_from = now + _WATCHING
        if now < self._feeding_from:
            sun = 0.0
        most = self.limits.most_battery(self._volts)
        charge, discharge = (min(most, w) for w in self.bank.limits(self.policy.floor, seconds))
        means = AvailablePower(load, self.bank.stuck_watts, sun, charge, discharge)
        acb = self.acbs.follow(load + means.wasted - sun, seconds)
        price: PriceLevel | None = None
        if self._time_of_use:
            price = price_level(local.weekday, local.seconds / 60)
        net = load + means.wasted - sun - acb
        target = self.policy.target_power(net, self.bank.soc, charge, price)
        balance = power_balance.on_grid(means, min(discharge, max(-charge, target)), acb)
        excess = -balance.grid - self.limits.most_export
        if excess <= 0 or not balance.sun:
            return balance
        held_back = min(excess, balance.sun)
        return balance._replace(sun=balance.sun - held_back, grid=balance.grid + held_back)

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
        for relay in self.relays:
            relay.report(now)
        self.cloud.report(now)
