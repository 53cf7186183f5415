"""Energy endpoints of a home: `/production.json`, `/api/v1/production`, `/ivp/meters`."""

from math import sqrt
from typing import Any, NamedTuple

from exporter.simulator.homes.device_states import HEALTHY_METER
from exporter.simulator.homes.models import CtKind, HomeHardware, HomeState

#: how the legs share the power, by number of legs
LEG_SHARES: dict[int, tuple[float, ...]] = {1: (1.0,), 2: (0.53, 0.47), 3: (0.41, 0.33, 0.26)}
#: power factor by what is measured; solar inverters and batteries are close to one
_POWER_FACTOR = {"production": 0.998, "storage": 0.995}
_HOUSE_POWER_FACTOR = 0.97
_KINDS: tuple[CtKind, ...] = (
    "production",
    "net-consumption",
    "storage",
    "total-consumption",
    "backfeed",
    "load",
    "evse",
    "pv3p",
)
#: legs of a split-phase service
_SPLIT = 2
#: channels of every meter, whether a leg is connected or not
_CHANNELS = 3


class MeterFlow(NamedTuple):
    """What one meter sees, on all legs or one of them: W, Wh out and in, V, power factor."""

    watts: float
    delivered: float
    received: float
    volts: float
    factor: float

    @property
    def volt_amperes(self) -> float:
        """Apparent power."""
        return abs(self.watts) / self.factor

    @property
    def vars(self) -> float:
        """Reactive power."""
        return sqrt(max(0.0, self.volt_amperes**2 - self.watts**2))

    @property
    def amperes(self) -> float:
        """Current, with the sign of the power."""
        return (self.watts / self.factor) / self.volts if self.volts else 0.0


def meter_flow(site: HomeHardware, state: HomeState, kind: CtKind) -> MeterFlow:
    """Return what the meter of this kind sees, all legs together."""
    watts, delivered, received = {
        "production": (state.sun, state.produced, 0.0),
        "net-consumption": (state.grid, state.imported, state.exported),
        "total-consumption": (state.total, state.total_energy, 0.0),
        "storage": (state.battery, state.discharged, state.charged),
        "backfeed": (-state.grid, state.exported, state.imported),
    }.get(kind, (0.0, 0.0, 0.0))
    meter = state.meters.get(kind, HEALTHY_METER)
    return MeterFlow(
        0.0 if meter.status == "not-metering" else watts,
        delivered - meter.missed_delivered,
        received - meter.missed_received,
        sum(leg.volts for leg in state.legs),
        _POWER_FACTOR.get(kind, _HOUSE_POWER_FACTOR),
    )


def legs(state: HomeState, total: MeterFlow) -> list[MeterFlow]:
    """Split what a meter sees over its legs; the parts add up to the whole."""
    return [
        total._replace(
            watts=total.watts * share,
            delivered=total.delivered * share,
            received=total.received * share,
            volts=leg.volts,
        )
        for share, leg in zip(LEG_SHARES[len(state.legs)], state.legs, strict=True)
    ]


def meters(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/meters`: which CTs there are."""
    # a service with one leg counts as one with three of which two are not there
    mode = "split" if site.legs == _SPLIT else "three"
    return [
        {
            "eid": _eid(kind),
            "state": "enabled" if meter.enabled else "disabled",
            "measurementType": kind,
            "phaseMode": mode,
            "phaseCount": site.legs,
            "meteringStatus": meter.status,
            "statusFlags": list(meter.flags),
        }
        for kind in site.cts
        for meter in [state.meters.get(kind, HEALTHY_METER)]
    ]


def readings(site: HomeHardware, state: HomeState) -> Any:
    """`/ivp/meters/readings`: what the CTs measure."""
    state = state.meters_kept or state
    hertz = [leg.hertz for leg in state.legs]
    mean = sum(hertz) / len(hertz)
    # a channel without a leg still reports the frequency
    hertz += [mean] * (_CHANNELS - len(hertz))
    return [
        _reading(state, _eid(kind), total := meter_flow(site, state, kind), mean)
        | {
            "channels": [
                _reading(state, _eid(kind) + 1 + index, leg, hertz[index])
                for index, leg in enumerate(_three(legs(state, total)))
            ]
        }
        for kind in site.cts
    ]


def production(site: HomeHardware, state: HomeState, *, details: bool = True) -> Any:
    """`/production.json` and `/production`: production, consumption and AC Batteries.

    Legs are only there with `details`, even if there is only one.
    """
    made: list[Any] = [
        {
            "type": "inverters",
            "activeCount": site.inverters,
            "readingTime": state.sun_read,
            "wNow": round(state.sun_reported),
            "whLifetime": round(state.produced),
        }
    ]
    if not site.cts:
        return {"production": made, "storage": [_acb(site, state)]}
    used = []
    if "production" in site.cts:
        made.append(_section(site, state, "production", details))
    if "net-consumption" in site.cts or "total-consumption" in site.cts:
        used.append(_section(site, state, "total-consumption", details))
    if "net-consumption" in site.cts:
        used.append(_section(site, state, "net-consumption", details))
    return {"production": made, "consumption": used, "storage": [_acb(site, state)]}


def summary(site: HomeHardware, state: HomeState) -> Any:
    """`/api/v1/production`: production in four numbers."""
    return {
        "wattHoursToday": round(state.produced_today),
        "wattHoursSevenDays": round(state.produced_week),
        "wattHoursLifetime": round(state.produced),
        "wattsNow": round(state.sun if "production" in site.cts else state.sun_reported),
    }


def _section(site: HomeHardware, state: HomeState, kind: CtKind, details: bool) -> dict[str, Any]:
    total = meter_flow(site, state, kind)
    today, week = {
        "production": (state.produced_today, state.produced_week),
        "total-consumption": (state.consumed_today, state.consumed_week),
    }.get(kind, (0.0, 0.0))
    section = {
        "type": "eim",
        "activeCount": int(_counts(state, kind)),
        "measurementType": kind,
        "readingTime": state.meters_read,
        **_measured(total, today, week),
    }
    if details:
        shares = LEG_SHARES[site.legs]
        section["lines"] = [
            _measured(leg, today * share, week * share)
            for leg, share in zip(legs(state, total), shares, strict=True)
        ]
    return section


def _counts(state: HomeState, kind: CtKind) -> bool:
    """Return whether a section comes from an enabled CT; total consumption from the net one."""
    source: CtKind = "net-consumption" if kind == "total-consumption" else kind
    return state.meters.get(source, HEALTHY_METER).enabled


def _measured(part: MeterFlow, today: float, week: float) -> dict[str, Any]:
    values = {
        "wNow": part.watts,
        "whLifetime": part.delivered - part.received,
        "varhLeadLifetime": part.delivered * 0.02,
        "varhLagLifetime": part.delivered * 0.11,
        "vahLifetime": (part.delivered + part.received) / part.factor,
        "rmsCurrent": part.amperes,
        "rmsVoltage": part.volts,
        "reactPwr": part.vars,
        "apprntPwr": part.volt_amperes,
        "pwrFactor": part.factor,
        "whToday": today,
        "whLastSevenDays": week,
        "vahToday": today / part.factor,
        "varhLeadToday": today * 0.02,
        "varhLagToday": today * 0.11,
    }
    return {key: round(value, 3) for key, value in values.items()}


def _acb(site: HomeHardware, state: HomeState) -> dict[str, Any]:
    section: dict[str, Any] = {
        "type": "acb",
        "activeCount": site.acbs,
        "readingTime": state.acb_read if site.acbs else 0,
        "wNow": round(state.acb),
        "whNow": round(site.acb_capacity_wh * state.acb_soc),
        "state": charge_status(state.acb),
    }
    if site.acbs:
        section["percentFull"] = round(100 * state.acb_soc)
    return section


def charge_status(watts: float) -> str:
    """Return what a battery does at this power; positive discharges."""
    if abs(watts) < 1:
        return "idle"
    return "discharging" if watts > 0 else "charging"


def _reading(state: HomeState, eid: int, part: MeterFlow, hertz: float) -> dict[str, Any]:
    values = {
        "actEnergyDlvd": part.delivered,
        "actEnergyRcvd": part.received,
        "apparentEnergy": (part.delivered + part.received) / part.factor,
        "reactEnergyLagg": part.delivered * 0.11,
        "reactEnergyLead": part.delivered * 0.02,
        "instantaneousDemand": part.watts,
        "activePower": part.watts,
        "apparentPower": part.volt_amperes,
        "reactivePower": part.vars,
        "pwrFactor": part.factor if part.watts >= 0 else -part.factor,
        "voltage": part.volts,
        "current": part.amperes,
        "freq": hertz,
    }
    rounded = {key: round(value, 3) for key, value in values.items()}
    return {"eid": eid, "timestamp": state.now, **rounded}


def _three(parts: list[MeterFlow]) -> list[MeterFlow]:
    unused = MeterFlow(0.0, 0.0, 0.0, 0.0, 1.0)
    return [*parts, *[unused] * (_CHANNELS - len(parts))]


def _eid(kind: CtKind) -> int:
    """Return the meter's id; those of its channels follow it."""
    return 700_000_000 + 1000 * (_KINDS.index(kind) + 1)
