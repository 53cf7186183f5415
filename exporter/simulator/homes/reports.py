"""`/ivp/meters/reports` and `/ivp/pdm/energy`: the same energy in other tables."""

from typing import Any

from exporter.simulator.homes.models import CtKind, HomeHardware, HomeState
from exporter.simulator.homes.production import MeterFlow, legs, meter_flow

#: roles that have a report, in their order, and the CT that each needs
_ROLES: tuple[tuple[CtKind, CtKind], ...] = (
    ("production", "production"),
    ("net-consumption", "net-consumption"),
    ("total-consumption", "net-consumption"),
)


def meter_reports(site: HomeHardware, state: HomeState) -> Any:
    """Return what each role measured, in total and by line; empty without CTs."""
    state = state.meters_kept or state
    return [
        {
            "createdAt": state.now,
            "reportType": role,
            "cumulative": _report(state, total := meter_flow(site, state, role)),
            "lines": [_report(state, leg) for leg in legs(state, total)],
        }
        for role, source in _ROLES
        if source in site.cts
    ]


def energy(site: HomeHardware, state: HomeState) -> Any:
    """Return energy and power by source: inverters, revenue-grade meter, CTs."""
    nothing = _energy(0.0, 0.0, 0.0, 0.0)
    inverters = _energy(
        sum(inverter.today for inverter in state.inverters),
        sum(inverter.week for inverter in state.inverters),
        sum(inverter.lifetime for inverter in state.inverters),
        state.sun_reported,
    )
    produced = _energy(state.produced_today, state.produced_week, state.produced, state.sun)
    consumed = _energy(state.consumed_today, state.consumed_week, state.total_energy, state.total)
    return {
        "production": {
            "pcu": inverters,
            "rgm": nothing,
            "eim": produced if "production" in site.cts else nothing,
        },
        "consumption": {"eim": consumed if "net-consumption" in site.cts else nothing},
    }


def _report(state: HomeState, part: MeterFlow) -> dict[str, float]:
    hertz = sum(leg.hertz for leg in state.legs) / len(state.legs)
    values = {
        "currW": part.watts,
        "actPower": part.watts,
        "apprntPwr": part.volt_amperes,
        "reactPwr": part.vars,
        "whDlvdCum": part.delivered,
        "whRcvdCum": part.received,
        "varhLagCum": part.delivered * 0.11,
        "varhLeadCum": part.delivered * 0.02,
        "vahCum": (part.delivered + part.received) / part.factor,
        "rmsVoltage": part.volts,
        "rmsCurrent": part.amperes,
        "pwrFactor": part.factor,
        "freqHz": hertz,
    }
    return {key: round(value, 3) for key, value in values.items()}


def _energy(today: float, week: float, lifetime: float, watts: float) -> dict[str, int]:
    return {
        "wattHoursToday": round(today),
        "wattHoursSevenDays": round(week),
        "wattHoursLifetime": round(lifetime),
        "wattsNow": round(watts),
    }
