"""The energy of a flow: what its registers add, else its power over time; never counted twice."""

from exporter.clock import VirtualClock
from exporter.gateway.counters import CounterGuard
from exporter.gateway.flow_energy import Flow, FlowEnergies
from exporter.gateway.site_limits import Side
from exporter.gateway.state_model import GatewayState
from tests.polled_gateway import START

PATH = ("house", "solar")
TOTAL = ("house", "solar_joules")


class MeasuredFlow:
    """A flow that is looked at every half minute."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.state = GatewayState(timezone="Europe/Berlin", written=True, closed=True)
        self.start()

    def start(self) -> None:
        """Start the exporter, with what is remembered."""
        self.energies = FlowEnergies(
            CounterGuard(self.state, self.clock, 60), self.state, self.clock
        )

    async def total(
        self, watts: float, source: str = "ct", after: float = 30, **registers: float
    ) -> float:
        """Return the joules so far."""
        await self.clock.sleep(after)
        flow = Flow(watts, source, Side.SOLAR, registers)
        return self.energies.update({PATH: flow})[TOTAL]


async def test_a_register_counts_whatever_the_power_is() -> None:
    """Its first reading is where the counting begins."""
    site = MeasuredFlow()
    assert await site.total(1000, a=5_000_000) == 0
    assert await site.total(1000, a=5_030_000) == 30_000
    assert await site.total(0, a=5_030_000, after=3600) == 30_000


async def test_a_power_without_a_register_is_integrated() -> None:
    """A gap is not filled."""
    site = MeasuredFlow()
    assert await site.total(1000) == 0
    assert await site.total(2000) == 45_000
    assert await site.total(2000, after=600) == 45_000
    assert await site.total(2000) == 105_000


async def test_a_source_that_fails_for_a_while_is_not_counted_twice() -> None:
    """What another source has counted meanwhile is not added again by the register."""
    site = MeasuredFlow()
    await site.total(1000, a=0)
    assert await site.total(1000, a=30_000) == 30_000
    await site.total(1000, "inverters", b=7)
    assert await site.total(1000, "inverters", b=30_007) == 60_000
    assert await site.total(1000, a=120_000) == 60_000
    assert await site.total(1000, a=150_000) == 90_000


async def test_an_inverter_more_or_less_moves_nothing() -> None:
    """A new one brings its lifetime, a retired one takes it along: neither is energy of now."""
    site = MeasuredFlow()
    await site.total(1000, a=0, b=0)
    assert await site.total(1000, a=10, b=10) == 20
    assert await site.total(1000, a=20, b=20, c=9_000_000) == 40
    assert await site.total(1000, a=30, c=9_000_010) == 60
    assert await site.total(1000, a=40, b=50, c=9_000_010) == 100


async def test_registers_go_on_over_a_restart() -> None:
    """What they added while the exporter was down is counted."""
    site = MeasuredFlow()
    await site.total(1000, a=0)
    assert await site.total(1000, a=500) == 500
    site.start()
    assert await site.total(1000, a=900, after=7200) == 900


async def test_days_of_a_flow_begin_at_midnight() -> None:
    """The first day is known from its second midnight on."""
    site = MeasuredFlow()
    fields = {}
    for half_hour in range(120):
        await site.clock.sleep(1800)
        flow = Flow(1000, "ct", Side.SOLAR, {"a": half_hour * 1000.0})
        fields = site.energies.update({PATH: flow})
    assert fields["house", "solar_yesterday"] == 48_000
    assert 0 < fields["house", "solar_today"] < 48_000
