"""The gateway itself: what it is, how it reaches the cloud, its network, its links to devices."""

from typing import Any

from exporter.metrics.table import (
    InfoMetric,
    LabelledFields,
    StateSet,
    Table,
    derived,
    gauge,
    timestamp,
)
from exporter.metrics.units import closed, count, flag, fraction, level, ratio

_SIGNAL = ("signal_strength", "signal_strength_max")


def _level(link: Any) -> int | None:
    """Return the quality of the link to devices that exist; a link to none is reported as 0."""
    return link.level if link.num else None


def _signal(item: Any) -> float | None:
    """Return the bars of signal as a share of all bars; an interface without bars has none."""
    bars, most = item.signal_strength, item.signal_strength_max
    return bars / most if bars is not None and most else None


IDENTITY = Table(
    "Gateway",
    "gateway",
    "gateway",
    (
        InfoMetric(
            "enphase_gateway_info",
            "Identity, firmware and kind of metering of the gateway.",
            describes=(
                ("serial", "serial"),
                ("part_number", "part_number"),
                ("firmware", "firmware"),
                ("metered", "metered"),
                ("phase_mode", "phase_mode"),
            ),
        ),
        gauge(
            "enphase_gateway_phases",
            "Number of phases the gateway's meters are set up for.",
            "phase_count",
            count,
        ),
        gauge(
            "enphase_gateway_meters",
            "Number of current transformer meters in use.",
            "ct_count",
            count,
        ),
        timestamp(
            "enphase_gateway_replaced_timestamp_seconds",
            "When the exporter found another gateway at this address.",
            "replaced_at",
        ),
        timestamp(
            "enphase_gateway_firmware_changed_timestamp_seconds",
            "When the exporter saw the firmware of the gateway change.",
            "firmware_changed_at",
        ),
    ),
)

HOME = Table(
    "Gateway",
    "home",
    "home",
    (
        gauge(
            "enphase_gateway_cloud_connected",
            "Whether the gateway says that it reaches the Enphase cloud.",
            "cloud_connected",
            flag,
        ),
        gauge(
            "enphase_gateway_cloud_ever_reported",
            "Whether the gateway has ever reported to the Enphase cloud.",
            "ever_reported",
            flag,
        ),
        timestamp(
            "enphase_gateway_cloud_last_report_timestamp_seconds",
            "When the gateway last reported to the Enphase cloud.",
            "last_report",
        ),
        timestamp(
            "enphase_gateway_software_build_timestamp_seconds",
            "When the software of the gateway was built.",
            "software_build",
        ),
        StateSet(
            "enphase_gateway_update_status",
            "Whether the software of the gateway and its devices is up to date.",
            "update_status",
            label="status",
            states=("satisfied", "not-satisfied"),
        ),
        gauge(
            "enphase_gateway_alerts",
            "Number of complaints on the gateway's own page.",
            "alert_count",
            count,
        ),
        gauge(
            "enphase_gateway_database_bytes",
            "Size of the gateway's database.",
            "database_size",
            count,
        ),
        gauge(
            "enphase_gateway_database_full_ratio",
            "Share of the gateway's database that is in use.",
            "database_percent_full",
            ratio,
        ),
        gauge(
            "enphase_gateway_tunnel_open",
            "Whether Enphase has a tunnel into the gateway.",
            "tunnel_open",
            flag,
        ),
        InfoMetric(
            "enphase_gateway_network_info",
            "The interface the gateway prefers and the time zone it is set to.",
            describes=(("primary_interface", "primary_interface"), ("timezone", "timezone")),
        ),
    ),
)

CONTROLLER = Table(
    "Gateway",
    "home",
    "home.controller",
    (
        gauge(
            "enphase_gateway_controller_connected",
            "Whether the system controller is connected, as the gateway's own page shows it.",
            "connected",
            flag,
        ),
        gauge(
            "enphase_gateway_controller_grid_closed",
            "Whether the relay towards the grid is closed, as the gateway's own page shows it.",
            "grid_status",
            closed,
        ),
    ),
)

INTERFACES = Table(
    "Gateway",
    "home",
    "home.interfaces.*",
    (
        gauge(
            "enphase_gateway_interface_up",
            "Whether the network interface has a link.",
            "carrier",
            flag,
        ),
        gauge(
            "enphase_gateway_interface_dhcp",
            "Whether the network interface gets its address by DHCP.",
            "dhcp",
            flag,
        ),
        gauge(
            "enphase_gateway_interface_has_address",
            "Whether the network interface has an address; one it gave itself does not count.",
            "has_address",
            flag,
        ),
        gauge(
            "enphase_gateway_interface_configured",
            "Whether the network interface is configured.",
            "configured",
            flag,
        ),
        gauge(
            "enphase_gateway_interface_network",
            "Whether the network interface has a network.",
            "network",
            flag,
        ),
        gauge(
            "enphase_gateway_interface_supported",
            "Whether the gateway supports the network interface.",
            "supported",
            flag,
        ),
        gauge(
            "enphase_gateway_interface_present",
            "Whether the hardware of the network interface is there.",
            "present",
            flag,
        ),
        derived(
            "enphase_gateway_interface_signal_ratio",
            "Signal strength of the network interface as a share of full strength.",
            _signal,
            _SIGNAL,
            fraction,
        ),
        StateSet(
            "enphase_gateway_interface_status",
            "State of the connection of the network interface.",
            "status",
            label="status",
            states=("connected", "connecting"),
        ),
    ),
    keys=("interface", "type"),
    label_paths=("home.interfaces.*.type",),
)

LINKS = Table(
    "Gateway",
    "home",
    "home.links.*",
    (
        gauge(
            "enphase_gateway_link_devices",
            "Number of devices of a type that the gateway knows.",
            "num",
            count,
        ),
        derived(
            "enphase_gateway_link_level",
            "Quality of the link to the devices of a type, 0 to 5.",
            _level,
            ("level", "num"),
            level,
        ),
        LabelledFields(
            "enphase_gateway_link_radio_level",
            "Quality of the radio link to the devices of a type, 0 to 5; 0 also on a wired link.",
            convert=level,
            label="band",
            parts=(("2_4_ghz", "level_24g"), ("sub_ghz", "level_subg")),
        ),
    ),
    keys=("device_type",),
)

RADIOS = Table(
    "Gateway",
    "home",
    "home.radios.*",
    (
        gauge(
            "enphase_gateway_radio_connected",
            "Whether the radio of the gateway is connected.",
            "connected",
            flag,
        ),
        derived(
            "enphase_gateway_radio_signal_ratio",
            "Signal strength of the radio as a share of full strength.",
            _signal,
            _SIGNAL,
            fraction,
        ),
    ),
    keys=("radio",),
)

TABLES = (IDENTITY, HOME, CONTROLLER, INTERFACES, LINKS, RADIOS)
