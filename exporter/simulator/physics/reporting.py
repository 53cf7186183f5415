"""What the gateway reports of the home at a moment, including delays and faults."""

from dataclasses import replace
from typing import Any

from exporter.simulator.homes.device_states import (
    HEALTHY_METER,
    InverterState,
    LegReading,
    StorageState,
)
from exporter.simulator.homes.models import CtKind, HomeHardware, HomeState
from exporter.simulator.physics.system import HomeSystem


def report_state(
    site: HomeHardware, plant: HomeSystem, now: float, passed: float, installed: int
) -> HomeState:
    """Return the state at `now` (epoch seconds), `passed` seconds after the last decision."""
    gateway, flows = plant.gateway, plant.flows
    clock = round(gateway.clock_offset)
    legs = _legs(site, plant, now)
    inverters = _inverters(site, plant, now, clock, legs)
    acbs = tuple(unit.show(clock) for unit in plant.acbs.units if unit.listed)
    energy: dict[str, Any] = _energy(plant, passed)
    state = HomeState(
        now=int(now) + clock,
        installed=installed,
        powered=flows.powered,
        serial=gateway.serial,
        firmware=gateway.firmware,
        sun=flows.sun,
        sun_reported=float(sum(inverter.watts for inverter in inverters if not inverter.gone)),
        sun_read=max((inverter.reported for inverter in inverters), default=0),
        load=flows.load,
        battery=flows.battery,
        acb=float(sum(acb.watts for acb in acbs)),
        acb_read=max((acb.reported for acb in acbs), default=0),
        generator=flows.generator,
        grid=flows.grid,
        soc=_soc(plant, passed),
        acb_soc=plant.acbs.soc,
        meters_read=int(now - gateway.reading_lag) + clock,
        total_is_net=gateway.total_is_net,
        legs=legs,
        inverters=inverters,
        batteries=tuple(
            unit.show(unit.after(passed, powered=flows.powered), clock)
            for unit in plant.bank.units
            if unit.listed
        ),
        acbs=acbs,
        iq_relays=tuple(relay.state(legs, plant.air, clock) for relay in plant.relays),
        switch=plant.switch.show(plant.air, clock, generating=plant.generator.running),
        contacts=tuple(contact.show() for contact in plant.contacts.values()),
        storage=_storage(plant, clock),
        unit=plant.generator.show(),
        meters=_meters(plant, passed),
        cloud=plant.cloud.show(clock),
        update=plant.updater.state(),
        limits=plant.limits.state(),
        log=plant.log.entries,
        live_stream=plant.live_stream.on,
        live_read=plant.live_stream.read_at(now) + clock,
        **energy,
    )
    if not gateway.meters_frozen:
        plant.meters_kept = None
    else:
        plant.meters_kept = plant.meters_kept or state
        state = replace(state, meters_kept=plant.meters_kept)
    return _restarted(state) if gateway.zeros else state


def _legs(site: HomeHardware, plant: HomeSystem, now: float) -> tuple[LegReading, ...]:
    """Return what the meters see: the grid, or what the home makes for itself."""
    if not plant.flows.powered:
        return (LegReading(0.0, 0.0),) * site.legs
    if plant.islanded:
        return (LegReading(site.volts, site.hertz + plant.flows.hertz_offset),) * site.legs
    return plant.utility.measured(now, plant.flows.grid / 1000)


def _inverters(
    site: HomeHardware, plant: HomeSystem, now: float, clock: int, legs: tuple[LegReading, ...]
) -> tuple[InverterState, ...]:
    ratio = site.line_volts / site.volts
    volts = ratio * sum(leg.volts for leg in legs) / len(legs)
    air = plant.air
    return tuple(
        inverter.show(now, volts, legs[0].hertz, air, clock)
        for inverter in plant.roof.inverters
        if inverter.listed
    )


def _energy(plant: HomeSystem, passed: float) -> dict[str, float]:
    """Return the reported counters, and the daily values derived from them."""
    energy = plant.energy.after(plant.flows, passed)
    counters = {
        name: counter.show(getattr(energy, name)) for name, counter in plant.counters.items()
    }
    return counters | {
        "generated": energy.generated,
        "produced_today": plant.produced.today(energy.produced),
        "produced_week": plant.produced.week,
        "consumed_today": plant.consumed.today(energy.total),
        "consumed_week": plant.consumed.week,
    }


def _soc(plant: HomeSystem, passed: float) -> float:
    """Return the charge of all communicating batteries, as they report it."""
    energy = capacity = 0.0
    for unit in plant.bank.units:
        if unit.in_service or unit.stuck is not None:
            soc = unit.after(passed, powered=plant.flows.powered)
            claimed = soc if unit.stuck is None else unit.stuck
            energy += claimed * unit.energy_capacity
            capacity += unit.energy_capacity
    return energy / capacity if capacity else 0.0


def _storage(plant: HomeSystem, clock: int) -> StorageState:
    policy, units = plant.policy, plant.bank.units
    online = [unit for unit in units if unit.communicating and not unit.exhausted]
    return StorageState(
        mode=policy.mode,
        reserve=policy.reserve,
        very_low=policy.very_low,
        charge_from_grid=policy.charge_from_grid,
        opt_schedules=policy.opt_schedules,
        sub_type=policy.sub_type or "",
        health=sum(unit.health for unit in online) / len(online) if online else 0.0,
        available_capacity=sum(
            unit.nominal * unit.capacity for unit in online if not unit.dc_switch_off
        ),
        shutdown=plant.cutoff.off,
        changed=int(policy.changed) + clock,
    )


def _meters(plant: HomeSystem, passed: float) -> dict[CtKind, Any]:
    """Return the CTs that are not simply healthy."""
    meters = {kind: meter.show(plant.flows, passed) for kind, meter in plant.meters.items()}
    return {kind: meter for kind, meter in meters.items() if meter != HEALTHY_METER}


def _restarted(state: HomeState) -> HomeState:
    """Return the state right after a restart, when the gateway has no data yet."""
    nothing = dict.fromkeys(
        (
            *("sun", "sun_reported", "sun_read", "produced", "produced_today", "produced_week"),
            *("load", "grid", "imported", "exported", "consumed_today", "consumed_week"),
        ),
        0,
    )
    changes: dict[str, Any] = {**nothing, "inverters": (), "acbs": ()}
    return replace(state, **changes)
