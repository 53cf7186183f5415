"""The identity of a sample home's gateway: `/info` and `/home`."""

from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exporter.simulator.homes.models import HomeHardware, HomeState

_CELLULAR = {
    "signal_strength": 31,
    "signal_strength_max": 31,
    "network": True,
    "type": "cellular",
    "interface": "ppp0",
    "dhcp": True,
    "ip": "198.51.100.10",
    "carrier": True,
}
_INTERFACES = (
    {
        "type": "ethernet",
        "interface": "eth0",
        "mac": "02:00:00:00:00:01",
        "dhcp": True,
        "ip": "192.0.2.10",
        "signal_strength": 1,
        "signal_strength_max": 1,
        "carrier": True,
    },
    {
        "signal_strength": 0,
        "signal_strength_max": 0,
        "type": "wifi",
        "interface": "wlan0",
        "mac": "02:00:00:00:00:02",
        "dhcp": True,
        "ip": None,
        "carrier": False,
        "supported": True,
        "present": True,
        "configured": False,
        "status": "connecting",
    },
)


def info(site: HomeHardware, state: HomeState) -> bytes:
    """`/info`: serial number, part number and firmware, as XML."""
    metered = "true" if site.cts else "false"
    firmware = state.firmware or site.firmware
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<envoy_info>",
        f"  <time>{state.now}</time>",
        "  <device>",
        f"    <sn>{state.serial or site.serial}</sn>",
        f"    <pn>{site.part_number}</pn>",
        f"    <software>{'D' if site.major >= 4 else 'R'}{firmware}</software>",
        "    <euaid>000000</euaid>",
        "    <seqnum>0</seqnum>",
        "    <apiver>1</apiver>",
        f"    <imeter>{metered}</imeter>",
        "  </device>",
        *(["  <web-tokens>true</web-tokens>"] if site.major >= 7 else []),
        "</envoy_info>",
        "",
    ]
    return "\n".join(lines).encode()


def home(site: HomeHardware, state: HomeState) -> Any:
    """`/home`: network, cloud and how well the devices communicate."""
    local = datetime.fromtimestamp(state.now, _zone(site.timezone))
    inverters = sum(inverter.communicating for inverter in state.inverters)
    batteries = sum(battery.communicating for battery in state.batteries)
    acbs = sum(acb.communicating for acb in state.acbs)
    switches = int((site.controller or site.collar) and state.switch.communicating)
    # the first is the way to the cloud; a modem leaves the owner's network as it is
    ports = [*([_CELLULAR] if state.cloud.cellular else []), *_INTERFACES]
    return {
        "software_build_epoch": state.installed - 30 * 86400,
        "timezone": site.timezone,
        "current_date": local.strftime("%m/%d/%Y"),
        "current_time": local.strftime("%H:%M"),
        "network": {
            "web_comm": state.cloud.connected,
            "ever_reported_to_enlighten": state.cloud.ever_reported,
            "last_enlighten_report_time": state.cloud.reported,
            "primary_interface": ports[0]["interface"],
            "interfaces": ports,
        },
        "tariff": "time_of_use" if site.time_of_use else "single_rate",
        "comm": {
            "num": inverters + acbs,
            "level": 5,
            "pcu": _comm(inverters),
            "acb": _comm(acbs),
            "nsrb": _comm(sum(relay.communicating for relay in state.iq_relays)),
            "esub": _comm(switches),
            "encharge": [
                {**_comm(batteries), "level_24g": 0, "level_subg": 0},
            ],
        },
        "wireless_connection": [
            {"signal_strength": 0, "signal_strength_max": 0, "type": radio, "connected": True}
            for radio in (("zigbee", "subghz") if site.controller else ("BLE",))
        ],
    }


def _comm(count: int) -> dict[str, int]:
    return {"num": count, "level": 5 if count else 0}


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        return UTC
