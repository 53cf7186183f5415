"""The IQ Relays, which disconnect the panels from a grid that is out of bounds."""

from exporter.metrics.table import InfoMetric, PlainCounter, Table, gauge, timestamp
from exporter.metrics.units import celsius, closed, count, flag, hertz, raw_code, volts

_TITLE = "IQ Relays"

RELAYS = Table(
    _TITLE,
    "devices",
    "iq_relays.*",
    (
        InfoMetric(
            "enphase_iq_relay_info",
            "Part number, firmware and phase of the relay.",
            describes=(
                ("part_number", "part_num"),
                ("firmware", "firmware_version"),
                ("phase", "phase"),
            ),
        ),
        gauge(
            "enphase_iq_relay_closed",
            "Whether the relay connects the panels to the grid.",
            "relay",
            closed,
        ),
        InfoMetric(
            "enphase_iq_relay_reason_info",
            "Why the relay is in its state, in the gateway's words.",
            describes=(("relay", "relay"), ("reason", "reason")),
        ),
        gauge(
            "enphase_iq_relay_reason_code",
            "Why the relay is in its state, as a number.",
            "reason_code",
            raw_code,
        ),
        gauge(
            "enphase_iq_relay_forced",
            "Whether somebody forced the relay into its state.",
            "forced",
            flag,
        ),
        gauge(
            "enphase_iq_relay_communicating",
            "Whether the relay communicates with the gateway.",
            "communicating",
            flag,
        ),
        gauge(
            "enphase_iq_relay_operating",
            "Whether the relay operates.",
            "operating",
            flag,
        ),
        gauge(
            "enphase_iq_relay_lines",
            "Number of lines that the relay switches.",
            "line_count",
            count,
        ),
        gauge(
            "enphase_iq_relay_hertz",
            "Frequency of the grid at the relay.",
            "hertz",
            hertz,
        ),
        gauge(
            "enphase_iq_relay_temperature_celsius",
            "Temperature of the relay.",
            "temperature",
            celsius,
        ),
        PlainCounter(
            "enphase_iq_relay_state_changes_total",
            "Number of times that the relay opened or closed.",
            "state_changes",
        ),
        timestamp(
            "enphase_iq_relay_last_report_timestamp_seconds",
            "When the relay last reported to the gateway.",
            "last_report_date",
        ),
        timestamp(
            "enphase_iq_relay_installed_timestamp_seconds",
            "When the relay was installed.",
            "installed_date",
        ),
        timestamp(
            "enphase_iq_relay_firmware_loaded_timestamp_seconds",
            "When the firmware of the relay was loaded.",
            "firmware_loaded_date",
        ),
    ),
    keys=("serial",),
)

LINES = Table(
    _TITLE,
    "devices",
    "iq_relay_lines.*.*",
    (
        gauge(
            "enphase_iq_relay_line_connected",
            "Whether the relay connects the line to the grid.",
            "connected",
            flag,
        ),
        gauge(
            "enphase_iq_relay_volts",
            "Voltage of the line on the side of the grid.",
            "volts",
            volts,
        ),
    ),
    keys=("serial", "line"),
)

TABLES = (RELAYS, LINES)
