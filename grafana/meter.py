"""Meters: readings of every CT by phase, and its metering status."""

from grafana.kit import colours
from grafana.kit.dashboard import DashboardRow, DashboardSpec
from grafana.kit.panel_spec import FieldOverride, PanelSpec
from grafana.kit.panels import lines, timeline
from grafana.kit.queries import GATEWAY, Query, kwh, state
from grafana.kit.series_names import BY_METER, BY_METER_AND_PHASE
from grafana.kit.tables import TableColumn, rows
from grafana.kit.value_mappings import NO_METER, STATES, YES_PLAIN

_NO_PHASES = "No data by phase at this gateway"
_ON_PHASE = "{{meter}} {{phase}}"


def _status(label: str, metric: str, *names: str) -> str:
    return state(metric, *names, by=f"{GATEWAY}, meter", label=label)


METERS = (
    rows(
        PanelSpec(
            title="Meters",
            description=(
                "Every CT: whether it is enabled, its present readings, and its energy in the"
                " selected time range. At the grid meter, delivered is imported and received is"
                " exported. A CT that is not enabled has no other values."
            ),
            unit="short",
            width=24,
            height=8,
            no_value=NO_METER,
            runbook="EnphaseMeterFault",
        ),
        {"meter": "Meter"},
        (
            TableColumn("Enabled", "enphase_meter_enabled", FieldOverride(value_map=YES_PLAIN)),
            TableColumn(
                "Status",
                _status(
                    "status",
                    "enphase_meter_metering_status",
                    *("normal", "not-metering", "check-wiring"),
                ),
                FieldOverride(value_map=STATES),
            ),
            TableColumn("Power", "enphase_meter_watts", FieldOverride(unit="watt")),
            TableColumn("Current", "enphase_meter_amperes", FieldOverride(unit="amp", decimals=1)),
            TableColumn(
                "Power factor",
                "enphase_meter_power_factor_ratio",
                FieldOverride(unit="none", decimals=2),
            ),
            TableColumn(
                "Delivered",
                kwh("increase(enphase_meter_delivered_joules_total[$__range])"),
                FieldOverride(unit="kwatth", decimals=1),
            ),
            TableColumn(
                "Received",
                kwh("increase(enphase_meter_received_joules_total[$__range])"),
                FieldOverride(unit="kwatth", decimals=1),
            ),
        ),
        order="Meter",
    ),
    timeline(
        PanelSpec(
            title="Meter status",
            description=(
                "Metering status of every CT, and conditions that indicate wrong wiring or set-up."
            ),
            unit="none",
            width=24,
            height=8,
            value_map={**STATES, 0: ("OK", colours.FINE), 1: ("Problem", colours.BAD)},
            no_value=NO_METER,
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
                    f"max by ({GATEWAY}, meter) (enphase_meter_status_flag)",
                    "{{meter}}, flags",
                ),
            ),
        )
    ),
    lines(
        PanelSpec(
            title="Power",
            description=(
                "By CT. At the grid meter positive is import; at the storage meter positive is"
                " discharge."
            ),
            unit="watt",
            no_value=NO_METER,
            queries=(Query("enphase_meter_watts", "{{meter}}"),),
            fields=BY_METER,
        )
    ),
    lines(
        PanelSpec(
            title="Current",
            description="By CT.",
            unit="amp",
            decimals=1,
            no_value=NO_METER,
            queries=(Query("enphase_meter_amperes", "{{meter}}"),),
            fields=BY_METER,
        )
    ),
)

PHASES = (
    lines(
        PanelSpec(
            title="Power by phase",
            description="By CT and phase.",
            unit="watt",
            no_value=_NO_PHASES,
            queries=(Query("enphase_meter_phase_watts", _ON_PHASE),),
            fields=BY_METER_AND_PHASE,
        )
    ),
    lines(
        PanelSpec(
            title="Voltage by phase",
            description="Phase to neutral, as measured by the meter of each CT.",
            unit="volt",
            decimals=1,
            no_value=_NO_PHASES,
            runbook="EnphaseGridVoltageAbnormal",
            queries=(Query("enphase_meter_phase_volts", _ON_PHASE),),
            fields=BY_METER_AND_PHASE,
        )
    ),
    lines(
        PanelSpec(
            title="Current by phase",
            description="By CT and phase.",
            unit="amp",
            decimals=1,
            no_value=_NO_PHASES,
            queries=(Query("enphase_meter_phase_amperes", _ON_PHASE),),
            fields=BY_METER_AND_PHASE,
        )
    ),
    lines(
        PanelSpec(
            title="Power factor by phase",
            description="From -1 to 1; the sign is the direction of the power.",
            unit="none",
            decimals=2,
            limits=(-1, 1),
            no_value=_NO_PHASES,
            queries=(Query("enphase_meter_phase_power_factor_ratio", _ON_PHASE),),
            fields=BY_METER_AND_PHASE,
        )
    ),
)

DASHBOARD = DashboardSpec(
    uid="enphase-meter",
    title="Enphase: Meters",
    description="Readings of every CT by phase, and its metering status.",
    panels=METERS,
    rows=(DashboardRow("By phase", PHASES),),
)
