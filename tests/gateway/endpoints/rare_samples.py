"""Fields that neither a simulated home nor another sample has, invented, in the shape of real ones.

They are of firmware, hardware and logins that are rare, and other programs read them.
"""

from typing import Any

from exporter.gateway.endpoints import (
    device_data,
    devstatus,
    dry_contacts,
    ensemble_inventory,
    ensemble_secctrl,
    ensemble_status,
    firmware_manager,
    home,
    inventory,
    inverters,
    meters,
    pdm_energy,
)
from tests.gateway.endpoints.samples import NOW

#: an AC Battery in detail, and one of a firmware without details
_ACB, _ACB_BEFORE = "900000000401", "900000000402"
_INVERTER, _RELAY = "900000000105", "900000000201"


def _in_inventory(serial: str, kind: int, **more: Any) -> dict[str, Any]:
    return {
        "part_num": "800-00000-r01",
        "serial_num": serial,
        "device_status": ["envoy.cond_flags.pcu_ctrl.sleep-mode"],
        "last_rpt_date": str(NOW - 700),
        "admin_state": 1,
        "dev_type": kind,
        "producing": True,
        "communicating": True,
        "operating": True,
        **more,
    }


def _energy(watts: int) -> dict[str, int]:
    return {
        "wattHoursToday": 2_815,
        "wattHoursSevenDays": 30_268,
        "wattHoursLifetime": 1_708_880,
        "wattsNow": watts,
    }


RARE: dict[str, Any] = {
    home.ENDPOINT.path: {
        "is_nonvoy": False,
        "db_size": 12,
        "db_percent_full": "2",
        "alerts": ["some alert"],
        "update_status": "satisfied",
        "network": {
            "web_comm": True,
            "ever_reported_to_enlighten": True,
            "last_enlighten_report_time": NOW - 200,
            "tunnel_open": False,
            "interfaces": [
                {
                    "type": "wifi",
                    "interface": "wlan0",
                    "signal_strength": 3,
                    "signal_strength_max": 5,
                    "network": True,
                    "carrier": True,
                }
            ],
        },
        "comm": {"encharge": [{"num": 2, "level": 5, "level_24g": 5, "level_subg": 4}]},
        "wireless_connection": [
            {
                "type": "zigbee",
                "connected": True,
                "signal_strength": 3,
                "signal_strength_max": 5,
            }
        ],
        "enpower": {"connected": True, "grid_status": "closed"},
    },
    ensemble_inventory.ENDPOINT.path: [
        {
            "type": "ENCHARGE",
            "devices": [
                {"serial_num": "900000000301", "admin_state": 6, "operating": True},
            ],
        }
    ],
    meters.SETUP.path: [
        {
            "eid": 704643328,
            "state": "enabled",
            "measurementType": "production",
            "phaseMode": "split",
            "phaseCount": 2,
            "meteringStatus": "check-wiring",
            "statusFlags": ["production-imbalance"],
        }
    ],
    meters.READINGS.path: [
        {
            "eid": 704643328,
            "timestamp": NOW,
            "actEnergyDlvd": 3_000_000.0,
            "actEnergyRcvd": 12.9,
            "activePower": 12.0,
            "apparentPower": 52.0,
            "reactivePower": -17.6,
            "pwrFactor": 0.9,
            "voltage": 240.4,
            "current": 3.4,
            "freq": 60.0,
        }
    ],
    inventory.ENDPOINT.path: [
        {
            "type": "ACB",
            "devices": [
                _in_inventory(_ACB, 11, sleep_enabled=True, percentFull=49, maxCellTemp=33),
                _in_inventory(_ACB_BEFORE, 11, sleep_enabled=True),
            ],
        },
        {"type": "NSRB", "devices": [_in_inventory(_RELAY, 12, relay="closed")]},
    ],
    inverters.ENDPOINT.path: [
        {"serialNumber": _INVERTER, "devType": 1},
        {
            "serialNumber": "900000000106",
            "devType": 1,
            "lastReportDate": NOW - 700,
            "lastReportWatts": 104,
            "maxReportWatts": 220,
        },
    ],
    device_data.ENDPOINT.path: {
        "0": {
            "devName": "pcu",
            "sn": "900000000107",
            "active": True,
            "modGone": False,
            "channels": [{"chanEid": 1627390225, "lastReading": {"endDate": NOW - 700}}],
        },
        "1": {
            "devName": "acb",
            "sn": _ACB,
            "active": True,
            "modGone": False,
            "channels": [
                {
                    "chanEid": 1795162385,
                    "lastReading": {
                        "endDate": NOW - 700,
                        "SOC": 50,
                        "SOH": 86,
                        "minCellTemp": 31,
                        "maxCellTemp": 32,
                        "totVoltage": 22_400,
                    },
                    "lifetime": {"joulesProduced": 211_982_428, "joulesUsed": 257_766_067},
                }
            ],
        },
        "2": {
            "devName": "nsrb",
            "sn": _RELAY,
            "active": True,
            "modGone": False,
            "channels": [
                {
                    "lastReading": {
                        "endDate": NOW - 700,
                        "voltRmsL1": 231_000,
                        "voltRmsL2": 232_000,
                        "voltRmsL3": 233_000,
                    }
                }
            ],
        },
    },
    devstatus.ENDPOINT.path: {
        "counters": {
            kind: {"expected": 1, "ctrlsGone": 0, "chansProducing": 1} for kind in ("esub", "pld")
        },
        "acb": {
            "fields": [
                *("serialNumber", "SOC", "minCellTemp", "maxCellTemp", "capacity", "totVoltage"),
                *("sleepEnabled", "sleepMinSoc", "sleepMaxSoc"),
            ],
            "values": [[_ACB_BEFORE, 50, 21, 24, 1200, 22_400, True, 20, 30]],
        },
        "pcu": {
            "fields": ["serialNumber", "reportDate", "acPowerINmW"],
            "values": [[_INVERTER, NOW - 700, 3_974]],
        },
        "nsrb": {
            "fields": [
                *("serialNumber", "relay", "forced", "reason_code", "reason", "line-count"),
                *("line1-connected", "line2-connected", "line3-connected"),
            ],
            "values": [[_RELAY, "closed", True, -1, "ok", 1, True, False, False]],
        },
    },
    pdm_energy.ENDPOINT.path: {"production": {"pmu": _energy(900)}},
    dry_contacts.STATUS.path: {"dry_contacts": [{"id": "NC1", "status": "closed"}]},
    dry_contacts.SETTINGS.path: {
        "dry_contacts": [
            {
                "id": "NC1",
                "type": "PV",
                "mode": "manual",
                "pv_serial_nb": ["900000000101"],
                "pv_phase_select": [1],
            }
        ]
    },
    ensemble_secctrl.ENDPOINT.path: {
        "ENC_agg_soc": 50,
        "ENC_agg_avail_energy": 5_000,
        "Enc_max_available_capacity": 10_000,
        "Recovery_threshold_soc": 13,
        "offgrid_secctrl": {"is_active": False, "seq_reset_needed": True},
    },
    ensemble_status.ENDPOINT.path: {
        "inventory": {"serial_nums": {}},
        "counters": {"devPollMissing": 12},
        "profile": {"name": "default 2015", "id": "6000feed", "version": "1.2.8"},
        "fakeit": {"fake_inventory_mode": False},
    },
    firmware_manager.ENDPOINT.path: {
        "SiteSync": {"Current_Status": 3, "Current_Status_str": "Updating"},
        "updates": [{"serial_num": "900000000301", "progress": 40}],
    },
}
