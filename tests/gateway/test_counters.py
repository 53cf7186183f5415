"""A counter never falls, never jumps and never invents energy, whatever a gateway reports."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.clock import VirtualClock
from exporter.gateway.counters import CounterGuard
from exporter.gateway.state_model import GatewayState
from exporter.simulator import tokens
from exporter.simulator.faults import Edit
from exporter.simulator.live import LiveGateway
from exporter.simulator.physics import HomeSimulation
from tests.faults.gateways import small
from tests.polled_gateway import START, polled_gateway

PATH = ("system_production", "watt_hours_lifetime")
NET = ("system_net_consumption", "watt_hours_lifetime")
METRIC = "enphase_production_joules_total"
KWH = 3_600_000


@dataclass
class Lifetime:
    """A member with a lifetime energy in Wh."""

    watt_hours_lifetime: float


class Meter:
    """A guarded counter that is fed a reading every half minute."""

    def __init__(self, memory: GatewayState | None = None, path: tuple[str, str] = PATH) -> None:
        self.clock = VirtualClock(START)
        self.memory = memory or GatewayState()
        self.guard = CounterGuard(self.memory, self.clock, 60)
        self.path = path

    async def read(self, watt_hours: float, after: float = 30) -> float | None:
        """Return what is exported, in Wh, for the reading after some seconds."""
        await self.clock.sleep(after)
        data = {self.path[0]: Lifetime(watt_hours)}
        joules = self.guard.judge("production", data).get(self.path)
        return None if joules is None else joules / 3600

    @property
    def rejected(self) -> int:
        """Readings rejected so far."""
        return self.guard.rejected.total()


async def test_a_healthy_lifetime_is_exported_as_it_is() -> None:
    """What the gateway counts is what is exported, in joules."""
    meter = Meter()
    assert [await meter.read(wh) for wh in (5000, 5000, 5010, 5100)] == [5000, 5000, 5010, 5100]
    assert meter.rejected == 0


async def test_a_zero_is_never_exported_after_a_value() -> None:
    """The zeros of a gateway that restarts are rejected, and counting goes on after them."""
    meter = Meter()
    assert await meter.read(1_691_000) == 1_691_000
    assert [await meter.read(0) for _ in range(20)] == [None] * 20
    assert await meter.read(1_691_010) == 1_691_010
    assert meter.rejected == 20


async def test_a_single_reading_far_too_low_costs_one_sample() -> None:
    """One dip is rejected, and the normal reading after it is no jump."""
    meter = Meter()
    assert [await meter.read(wh) for wh in (1_691_000, 12, 1_691_020)] == [
        1_691_000,
        None,
        1_691_020,
    ]


async def test_a_lasting_step_down_continues_where_the_counter_stood() -> None:
    """2^32 J less for good is taken up after five minutes, with what was counted meanwhile."""
    meter = Meter()
    before = 30_000_000
    assert await meter.read(before) == before
    low = before - 2**32 // 3600
    exported = [await meter.read(low + 10 * n) for n in range(15)]
    assert exported[:10] == [None] * 10
    assert exported[-1] == before + 140
    assert exported[10:] == sorted(exported[10:], key=lambda v: v or 0)


async def test_a_jump_up_is_never_exported() -> None:
    """A reading that no installation could have produced is taken as another register."""
    meter = Meter()
    assert await meter.read(5000) == 5000
    exported = [await meter.read(1_696_000 + n) for n in range(15)]
    assert exported[0] is None
    assert exported[-1] is not None
    assert exported[-1] - 5000 < 20


async def test_a_first_reading_far_too_low_is_no_spike_later() -> None:
    """When the very first reading is the false one, the lifetime does not come as an increase."""
    meter = Meter()
    assert await meter.read(12) == 12
    exported = [value for n in range(20) if (value := await meter.read(1_691_000 + n)) is not None]
    assert exported
    assert max(exported) < 100


async def test_a_first_zero_is_believed_when_it_lasts() -> None:
    """An unused register is zero and stays so; one of a gateway that starts soon is not."""
    unused, starting = Meter(), Meter()
    assert await unused.read(0) is None
    assert await unused.read(0, after=299) is None
    assert await unused.read(0, after=1) == 0
    assert await starting.read(0) is None
    assert await starting.read(7_000_000) == 7_000_000
    assert unused.rejected == starting.rejected == 0


async def test_a_register_that_is_zero_for_a_day_was_reset() -> None:
    """A CT that is set up again counts from zero; the counter goes on and is rejected no longer."""
    meter = Meter()
    await meter.read(1_691_000)
    zeros = [await meter.read(0, after=600) for _ in range(150)]
    assert zeros[:140] == [None] * 140
    assert zeros[-1] == 1_691_000
    rejected = meter.rejected
    assert await meter.read(0, after=600) == 1_691_000
    assert await meter.read(40, after=600) == 1_691_040
    assert meter.rejected == rejected
    assert await meter.read(1_691_040) is None


async def test_a_register_that_counts_on_from_zero_was_reset() -> None:
    """No day is waited for where the zeros are followed by what a new register counts."""
    meter = Meter()
    await meter.read(1_691_000)
    assert {await meter.read(0, after=300) for _ in range(4)} == {None}
    assert await meter.read(15, after=300) == 1_691_015


async def test_a_long_pause_lets_a_lot_of_energy_pass() -> None:
    """After three weeks without the exporter, what was counted meanwhile is no anomaly."""
    meter = Meter()
    await meter.read(1_000_000)
    assert await meter.read(1_700_000, after=21 * 86400) == 1_700_000


async def test_a_replaced_gateway_continues_the_counter() -> None:
    """Another gateway's register starts anywhere; the counter goes on without a step."""
    meter = Meter()
    await meter.read(9_000_000)
    meter.guard.rebased = False
    meter.guard.expect_other_registers()
    assert await meter.read(123_000) == 9_000_000
    assert await meter.read(123_040) == 9_000_040
    assert meter.guard.rebased


async def test_a_replaced_gateway_that_reports_zero_overnight_adds_nothing() -> None:
    """Its register comes in the morning, and is where the counter goes on from."""
    meter = Meter()
    await meter.read(9_000_000)
    meter.guard.expect_other_registers()
    assert {await meter.read(0, after=600) for _ in range(60)} == {9_000_000}
    assert await meter.read(5_000_000) == 9_000_000
    assert await meter.read(5_000_020) == 9_000_020
    assert meter.rejected == 0


@pytest.mark.parametrize("hours", [0.1, 8, 16, 48])
async def test_a_step_of_two_to_the_32_joules_is_rejected_after_a_quiet_night(hours: float) -> None:
    """However long the register stood still, or was not read: no site makes that much."""
    meter = Meter()
    await meter.read(9_000_000)
    for _ in range(round(hours)):
        assert await meter.read(9_000_000, after=3600) == 9_000_000
    assert await meter.read(9_000_000 + 2**32 / 3600) is None
    assert await meter.read(9_000_010, after=hours * 3600) == 9_000_010
    assert await meter.read(9_000_010 + 2**32 / 3600, after=hours * 3600) is None


async def test_the_number_of_inverters_limits_what_the_panels_can_add() -> None:
    """Twelve microinverters make no 300 kWh in an hour, and 5 kWh well."""
    meter = Meter()
    meter.guard.judge("inverters", {"inverters": {str(n): None for n in range(12)}})
    await meter.read(9_000_000)
    assert await meter.read(9_300_000, after=3600) is None
    assert await meter.read(9_005_000, after=3600) == 9_005_000


async def test_a_register_that_is_updated_seldom_may_move_at_once() -> None:
    """Some registers stand still for a quarter of an hour, though they are read in between."""
    meter = Meter()
    meter.guard.judge("inverters", {"inverters": {str(n): None for n in range(12)}})
    await meter.read(9_000_000)
    for _ in range(29):
        await meter.read(9_000_000)
    assert await meter.read(9_002_000) == 9_002_000


async def test_a_leg_that_falls_below_zero_is_a_balance() -> None:
    """A leg's total consumption can be one: its rises are counted, and nothing is an anomaly."""
    leg = ("system_consumption_phases", "L3", "watt_hours_lifetime")
    clock = VirtualClock(START)
    guard = CounterGuard(GatewayState(), clock, 60)

    async def read(watt_hours: float) -> float | None:
        await clock.sleep(30)
        data = {"system_consumption_phases": {"L3": Lifetime(watt_hours)}}
        joules = guard.judge("production", data).get(leg)
        return None if joules is None else joules / 3600

    assert await read(2) == 2
    falling = [await read(2 - 1.75 * n) for n in range(1, 400)]
    assert set(falling) == {2}
    assert await read(2 - 1.75 * 400 + 10) == pytest.approx(2 + 10 - 1.75)
    assert guard.rejected.total() == 0

    first = CounterGuard(GatewayState(), clock, 60)
    data = {"system_consumption_phases": {"L3": Lifetime(-1259.672)}}
    assert first.judge("production", data)[leg] == 0


async def test_a_restart_of_the_exporter_changes_nothing() -> None:
    """What a counter stood at, offset included, is remembered over a restart, clean or not."""
    meter = Meter()
    await meter.read(9_000_000)
    meter.guard.expect_other_registers()
    await meter.read(100)
    for closing in (False, True):
        again = Meter(GatewayState.load(meter.memory.dump(closing=closing)))
        again.clock = meter.clock
        again.guard = CounterGuard(again.memory, again.clock, 60)
        assert await again.read(150) == 9_000_050


async def test_only_the_rises_of_a_balance_are_counted() -> None:
    """Net consumption falls while exporting; what is drawn from the grid is what is counted."""
    meter = Meter(path=NET)
    readings = (-2_662_918, -2_662_900, -2_662_950, -2_662_940)
    assert [await meter.read(wh) for wh in readings] == [0, 18, 18, 28]


async def test_a_false_zero_of_a_balance_is_rejected() -> None:
    """A sudden zero of a signed balance is rejected."""
    meter = Meter(path=NET)
    assert [await meter.read(wh) for wh in (-5000, 0, -4990)] == [0, None, 10]


async def test_a_sum_restarts_at_zero_after_a_crash_that_lost_the_journal() -> None:
    """A sum that went on from an older value would be a reset with all of it counted again."""
    meter = Meter(path=NET)
    await meter.read(1000)
    await meter.read(1500)
    kept = GatewayState.load(meter.memory.dump(closing=True))
    killed = GatewayState.load(meter.memory.dump())
    assert await Meter(kept, NET).read(1500) == 500
    assert await Meter(killed, NET).read(1500) == 0


@given(
    steps=st.lists(
        st.tuples(
            st.one_of(
                st.floats(0, 500),
                st.sampled_from([0.0, -1e9, 1e9, -(2**32) / 3600, float("nan"), float("inf")]),
                st.floats(-1e8, 1e8),
            ),
            st.floats(1, 3600),
        ),
        max_size=60,
    ),
    start=st.floats(0, 1e8),
)
async def test_no_reading_makes_a_counter_fall_or_jump(
    steps: list[tuple[float, float]], start: float
) -> None:
    """Whatever comes, exported values never fall, and never rise faster than a site can."""
    meter = Meter()
    raw = start
    last: tuple[float, float] | None = None
    for change, after in steps:
        finite = math.isfinite(change)
        raw += change if finite else 0
        value = await meter.read(raw if finite else change, after)
        if value is None:
            continue
        now = meter.clock.time()
        if last is not None:
            assert value >= last[1]
            assert value - last[1] <= 250_000 * (now - last[0] + 4000) / 3600 + 3000
        last = now, value


@pytest.mark.parametrize(
    ("powers", "charged", "discharged"),
    [
        ([1000, 1000], 0, 60_000),
        ([-500, -500, -500], 60_000, 0),
        ([600, -600], 9000, 9000),
        ([1000, None, 1000], 0, 0),
    ],
)
async def test_power_becomes_energy_by_its_sign(
    powers: list[float | None], charged: float, discharged: float
) -> None:
    """Positive power discharges; a reading that is missing leaves a gap."""
    clock = VirtualClock(START)
    guard = CounterGuard(GatewayState(), clock, 60)
    energies: dict[tuple[str, ...], float] = {}
    for power in powers:
        energies = guard.integrate(("battery",), power)
        await clock.sleep(60)
    assert energies == {("battery", "charged"): charged, ("battery", "discharged"): discharged}


async def test_a_gap_in_the_power_is_not_filled() -> None:
    """What happened while nothing was read is not invented."""
    clock = VirtualClock(START)
    guard = CounterGuard(GatewayState(), clock, 60)
    guard.integrate(("battery",), 1000)
    await clock.sleep(181)
    assert guard.integrate(("battery",), 1000)["battery", "discharged"] == 0
    await clock.sleep(60)
    assert guard.integrate(("battery",), 1000)["battery", "discharged"] == 60_000


def edited(section: str, change: Callable[[dict[str, Any]], None]) -> Edit:
    """Return a fault that changes the metered section of the production report."""

    def edit(report: dict[str, Any]) -> dict[str, Any]:
        for part in report[section]:
            if part.get("measurementType") == "production":
                change(part)
        return report

    return Edit(edit)


async def test_zeros_after_a_restart_of_the_gateway_hide_production(tmp_path: Path) -> None:
    """A restarting gateway reports zero everywhere; these zeros are not served."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(60)
        lifetime = watched.value(METRIC)
        zeros = dict.fromkeys(("wNow", "whLifetime", "whToday", "whLastSevenDays"), 0)
        for path in ("/production.json", "/production"):
            watched.gateway.faults[path] = edited("production", lambda p: p.update(zeros))
        await watched.pass_time(400)
        assert watched.value("enphase_production_watts") is None
        assert watched.value(METRIC) is None
        assert watched.value("enphase_collector_failures_total", reason="starting") is not None
        watched.gateway.faults.clear()
        await watched.pass_time(60)
        assert watched.value(METRIC) == lifetime


async def test_a_gateway_put_in_at_night_has_counted_nothing(tmp_path: Path) -> None:
    """Zeros of another gateway are no restart: production is read, and the counter goes on."""
    clock = VirtualClock(START)  # which is at night in Amsterdam
    house = HomeSimulation(small("solar-only"), seed=1, start=clock.time())
    gateway = LiveGateway(house, lambda: house.at(clock.time()))
    file = tmp_path / "token"
    file.write_text(tokens.make(gateway.serial, now=clock.time()))
    async with polled_gateway(gateway, tmp_path / "state", clock, token_file=file) as watched:
        await watched.pass_time(600)  # until a first zero is believed
        before = watched.value(METRIC)
        assert before is not None
        house.replace_gateway("122199009999")
        file.write_text(watched.gateway.token)
        await watched.pass_time(400)
        assert watched.value("enphase_collector_up", collector="production") == 1
        assert watched.value("enphase_production_watts") == 0
        assert watched.value(METRIC) == before


async def test_a_rejected_reading_is_counted_by_metric(tmp_path: Path) -> None:
    """The metric names the wrong counter, and its power is still served."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(60)
        watched.gateway.faults["/production.json"] = edited(
            "production", lambda p: p.update(whLifetime=17)
        )
        await watched.pass_time(30)
        assert watched.value(METRIC) is None
        assert watched.value("enphase_production_watts") is not None
        assert watched.value("enphase_rejected_readings_total", metric=METRIC) == 1


async def test_batteries_have_energy_counters_without_a_storage_meter(tmp_path: Path) -> None:
    """Charged and discharged energy of each battery is integrated from its power."""
    async with polled_gateway("battery-home", tmp_path) as watched:
        await watched.pass_time(1)
        power = {
            dict(k)["serial"]: v for k, v in watched.samples()["enphase_encharge_watts"].items()
        }
        await watched.pass_time(600)
        for serial, watts in power.items():
            charged = watched.value("enphase_encharge_charged_joules_total", serial=serial)
            assert charged == pytest.approx(max(0, -watts) * 600, rel=0.1)
