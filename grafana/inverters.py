"""The rows of the panels' dashboard about inverters: those that do not report, DC and AC values."""

from grafana.kit import colours
from grafana.kit.panel_spec import FieldOverride, PanelSpec
from grafana.kit.panels import SLOW, lines, timeline
from grafana.kit.queries import Query, with_inverter_names
from grafana.kit.tables import TableColumn, rows

NIGHT = "Too dark to compare panels"
NAME = "{{array}} {{panel}}"
ROWS = {"array": "Array", "panel": "Panel"}
_DETAIL = "This gateway reports no inverter details"

ELECTRICAL = (
    rows(
        PanelSpec(
            title="DC and AC by panel",
            description=(
                "Voltage and current of the panel, voltage and frequency of the mains at the"
                " inverter, and its temperature, where the gateway reports them."
            ),
            unit="short",
            width=24,
            height=12,
            no_value=_DETAIL,
        ),
        ROWS,
        tuple(
            TableColumn(
                title, with_inverter_names(metric), FieldOverride(unit=unit, decimals=decimals)
            )
            for title, metric, unit, decimals in (
                ("Panel V", "enphase_inverter_dc_volts", "volt", 1),
                ("Panel A", "enphase_inverter_dc_amperes", "amp", 2),
                ("Mains V", "enphase_inverter_ac_volts", "volt", 1),
                ("Mains A", "enphase_inverter_ac_amperes", "amp", 2),
                ("Mains Hz", "enphase_inverter_hertz", "hertz", 2),
                ("Temperature", "enphase_inverter_temperature_celsius", "celsius", 0),
            )
        ),
        order="Panel",
    ),
    lines(
        PanelSpec(
            title="DC voltage by panel",
            description="Voltage of the panel at its inverter.",
            unit="volt",
            no_value=_DETAIL,
            queries=(Query(with_inverter_names("enphase_inverter_dc_volts"), NAME),),
        ),
        interval=SLOW,
    ),
    lines(
        PanelSpec(
            title="Temperature by inverter",
            description=(
                "A hot inverter produces less; one that is much hotter than its siblings is badly"
                " ventilated."
            ),
            unit="celsius",
            no_value=_DETAIL,
            queries=(Query(with_inverter_names("enphase_inverter_temperature_celsius"), NAME),),
        ),
        interval=SLOW,
    ),
)

NOT_REPORTING = (
    timeline(
        PanelSpec(
            title="Not reporting while siblings do",
            description=(
                "When an inverter did not report although its siblings did. At night none reports,"
                " and nothing is drawn."
            ),
            unit="none",
            width=24,
            height=14,
            value_map={0: ("Reporting", colours.FINE), 1: ("Not reporting", colours.BAD)},
            no_value=NIGHT,
            runbook="EnphaseInverterSilent",
            queries=(Query(with_inverter_names("enphase:inverter_silent"), NAME),),
        )
    ),
)

SIGNAL = (
    lines(
        PanelSpec(
            title="Signal over the power line",
            description=(
                "How well the gateway hears each inverter, 0 to 5, measured once in a night. Below"
                " 3 an inverter may fall silent: a filter or a nearer gateway helps."
            ),
            unit="none",
            no_value="Not measured: `cadences: {plc: 24h}` and a token of an installer",
            queries=(Query(with_inverter_names("enphase_inverter_plc_level"), NAME),),
        ),
        interval=SLOW,
    ),
)
