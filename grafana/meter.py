"""Meters: what every CT measures, on every phase, and whether it measures as it should."""

from grafana.kit import colours
from grafana.kit.about import About, Field
from grafana.kit.frame import Board, Row
from grafana.kit.panels import lines, timeline
from grafana.kit.queries import SITE, Query, kwh, state
from grafana.kit.tables import Column, rows
from grafana.kit.words import NO_METER, STATES, YES_PLAIN

_NO_PHASES = "This gateway does not tell its phases apart"
_ON_PHASE = "{{meter}} {{phase}}"


def _status(label: str, metric: str, *names: str) -> str:
    return state(metric, *names, by=f"{SITE}, meter", label=label)


METERS = (
    rows(
        About(
            title="Meters",
            description=(
                "Every CT: whether it is enabled, what it measures now, and the energy through it"
                " in the time shown. At the grid meter, delivered is drawn from the grid and"
                " received is fed into it. Of a CT that is not enabled nothing more is known."
            ),
            unit="short",
            width=24,
            height=8,
            missing=NO_METER,
            runbook="EnphaseMeterFault",
        ),
        {"meter": "Meter"},
        (
            Column("Enabled", "enphase_meter_enabled", Field(words=YES_PLAIN)),
            Column(
                "Status",
                _status(
                    "status",
                    "enphase_meter_metering_status",
                    *("normal", "not-metering", "check-wiring"),
                ),
                Field(words=STATES),
            ),
            Column("Power", "enphase_meter_watts", Field(unit="watt")),
            Column("Current", "enphase_meter_amperes", Field(unit="amp", decimals=1)),
            Column(
                "Power factor",
                "enphase_meter_power_factor_ratio",
                Field(unit="none", decimals=2),
            ),
            Column(
                "Delivered",
                kwh("increase(enphase_meter_delivered_joules_total[$__range])"),
                Field(unit="kwatth", decimals=1),
            ),
            Column(
                "Received",
                kwh("increase(enphase_meter_received_joules_total[$__range])"),
                Field(unit="kwatth", decimals=1),
            ),
        ),
        order="Meter",
    ),
    timeline(
        About(
            title="Do they measure as they should",
            description=(
                "The status of every CT, and conditions that point to wrong wiring or set-up while"
                " one holds."
            ),
            unit="none",
            width=24,
            height=8,
            words={**STATES, 0: ("Fine", colours.FINE), 1: ("Trouble", colours.BAD)},
            missing=NO_METER,
            runbook="EnphaseMeterFault",
            queries=(
                Query(
                    _status(
                        "status",
                        "enphase_meter_metering_status",
                        *("normal", "not-metering", "check-wiring"),
                    ),
                    "{{meter}}",
                ),
                Query(
                    f"max by ({SITE}, meter) (enphase_meter_status_flag)",
                    "{{meter}}, flags",
                ),
            ),
        )
    ),
    lines(
        About(
            title="Power",
            description=(
                "Through every CT; at the grid meter positive is drawn from the grid, at the"
                " storage meter positive is discharged."
            ),
            unit="watt",
            missing=NO_METER,
            queries=(Query("enphase_meter_watts", "{{meter}}"),),
        )
    ),
    lines(
        About(
            title="Current",
            description="Through every CT.",
            unit="amp",
            decimals=1,
            missing=NO_METER,
            queries=(Query("enphase_meter_amperes", "{{meter}}"),),
        )
    ),
)

PHASES = (
    lines(
        About(
            title="Power of each phase",
            description="Through every CT, phase by phase.",
            unit="watt",
            missing=_NO_PHASES,
            queries=(Query("enphase_meter_phase_watts", _ON_PHASE),),
        )
    ),
    lines(
        About(
            title="Voltage of each phase",
            description="Against neutral, as every CT's meter measures it.",
            unit="volt",
            decimals=1,
            missing=_NO_PHASES,
            runbook="EnphaseGridVoltageAbnormal",
            queries=(Query("enphase_meter_phase_volts", _ON_PHASE),),
        )
    ),
    lines(
        About(
            title="Current of each phase",
            description="Through every CT, phase by phase.",
            unit="amp",
            decimals=1,
            missing=_NO_PHASES,
            queries=(Query("enphase_meter_phase_amperes", _ON_PHASE),),
        )
    ),
    lines(
        About(
            title="Power factor of each phase",
            description="From -1 to 1; the sign is the direction of the power.",
            unit="none",
            decimals=2,
            limits=(-1, 1),
            missing=_NO_PHASES,
            queries=(Query("enphase_meter_phase_power_factor_ratio", _ON_PHASE),),
        )
    ),
)

BOARD = Board(
    uid="enphase-meter",
    title="Enphase: Meters",
    description="What every CT measures, on every phase, and whether it measures as it should.",
    panels=METERS,
    rows=(Row("Phase by phase", PHASES),),
)
