"""Answers of endpoints that no capture has, small and invented, in the shape of real ones."""

from typing import Any

from exporter.gateway.endpoints import (
    battery_settings,
    device_data,
    devstatus,
    ensemble_errors,
    ensemble_relay,
    ensemble_status,
    events,
    firmware_manager,
    grid_profile,
    inventory,
    limits,
    livedata,
    meter_reports,
    pdm_energy,
    plc_levels,
)

#: when the samples were recorded
NOW = 1_764_300_100


def _flow(milliwatts: int) -> dict[str, int]:
    half = milliwatts // 2
    return {
        "agg_p_mw": milliwatts,
        "agg_s_mva": abs(milliwatts) + 60_000,
        "agg_p_ph_a_mw": half,
        "agg_p_ph_b_mw": half,
        "agg_p_ph_c_mw": 0,
        "agg_s_ph_a_mva": abs(half) + 30_000,
        "agg_s_ph_b_mva": abs(half) + 30_000,
        "agg_s_ph_c_mva": 0,
    }


LIVE: dict[str, Any] = {
    "info": "Last values shown. Live stream not enabled.",
    "connection": {
        "mqtt_state": "connected",
        "prov_state": "configured",
        "auth_state": "ok",
        "sc_stream": "disabled",
        "sc_debug": "disabled",
    },
    "meters": {
        "last_update": NOW - 12,
        "soc": 63,
        "main_relay_state": 1,
        "gen_relay_state": 5,
        "backup_bat_mode": 1,
        "backup_soc": 30,
        "is_split_phase": 1,
        "phase_count": 2,
        "enc_agg_soc": 63,
        "enc_agg_energy": 12_700,
        "acb_agg_soc": 0,
        "acb_agg_energy": 0,
        "pv": _flow(3_120_450),
        "storage": _flow(-1_810_300),
        "grid": _flow(-402_118),
        "load": _flow(908_032),
        "generator": _flow(0),
    },
    "tasks": {"task_id": 7, "timestamp": NOW - 9000},
    "counters": {
        "main_CfgLoad": 1,
        "main_CfgChanged": 1,
        "MqttClient_publish": 41_022,
        "MqttClient_connect": 311,
        "MqttClient_connect_err": 12,
        "rest_Status": 88_123,
    },
    "dry_contacts": {},
}


def _pcu(serial: str, *status: str, **more: Any) -> dict[str, Any]:
    return {
        "part_num": "800-00000-r01",
        "installed": "1714000000",
        "serial_num": serial,
        "device_status": list(status) or ["envoy.global.ok"],
        "last_rpt_date": str(NOW - 700),
        "admin_state": 1,
        "dev_type": 1,
        "created_date": "1714000000",
        "img_load_date": "1750000000",
        "img_pnum_running": "520-00000-r01-v04.30.32",
        "ptpn": "540-00000-r01-v04.30.10",
        "chaneid": 1627390225,
        "device_control": [{"gficlearset": False}],
        "producing": True,
        "communicating": True,
        "provisioned": True,
        "operating": True,
        "phase": "ph-a",
        **more,
    }


INVENTORY: list[dict[str, Any]] = [
    {
        "type": "PCU",
        "devices": [
            _pcu("900000000101"),
            _pcu("900000000102", "envoy.cond_flags.pcu_chan.gfitripped", producing=False),
            _pcu(
                "900000000103",
                "envoy.cond_flags.pcu_ctrl.dc-pwr-low",
                "envoy.cond_flags.obs_strs.failure",
                communicating=False,
            ),
            _pcu("900000000104", "envoy.cond_flags.pcu_chan.newthing"),
            _pcu("900000000109", admin_state=0),
        ],
    },
    {"type": "ACB", "devices": []},
    {
        "type": "NSRB",
        "devices": [
            _pcu(
                "900000000201",
                "envoy.cond_flags.nsrb_ctrl.relayopen",
                dev_type=12,
                relay="open",
                reason_code=3,
                reason="over voltage",
                **{
                    "line-count": 1,
                    "line1-connected": False,
                    "line2-connected": False,
                    "line3-connected": False,
                },
            )
        ],
    },
    {"type": "ESUB", "devices": []},
]


def _channel(eid: int, watts: int, joules: int) -> dict[str, Any]:
    return {
        "chanEid": eid,
        "created": NOW - 700,
        "wattHours": {"today": 59, "yesterday": 1072, "week": 4453},
        "watts": {"now": watts, "nowUsed": 0, "max": 220},
        "lastReading": {
            "eid": eid,
            "interval_type": 0,
            "endDate": NOW - 700,
            "duration": 900,
            "flags": 0,
            "flags_hex": "0x0000000000000000",
            "joulesProduced": 90_000,
            "acVoltageINmV": 233_125,
            "acFrequencyINmHz": 49_982,
            "dcVoltageINmV": 36_203,
            "dcCurrentINmA": 3_398,
            "channelTemp": 8,
            "pwrConvErrSecs": 4,
            "pwrConvMaxErrCycles": 2,
            "joulesUsed": 0,
            "leadingVArs": 76,
            "laggingVArs": 5,
            "acCurrentInmA": 514,
            "l1NAcVoltageInmV": 0,
            "l2NAcVoltageInmV": 0,
            "l3NAcVoltageInmV": 0,
            "rssi": 104,
            "issi": 66,
        },
        "lifetime": {"createdTime": 1714000000, "duration": 61_878_313, "joulesProduced": joules},
    }


DETAILS: dict[str, Any] = {
    "deviceCount": 3,
    "deviceDataLimit": 50,
    "553648384": {
        "devName": "pcu",
        "sn": "900000000101",
        "active": True,
        "modGone": False,
        "channels": [_channel(1627390225, 104, 3_600_000)],
    },
    "553648640": {
        "devName": "pcu",
        "sn": "900000000102",
        "active": True,
        "modGone": False,
        "channels": [
            _channel(1627390482, 60, 7_200_000),
            _channel(1627390481, 40, 3_600_000),
        ],
    },
    "738197760": {
        "devName": "nsrb",
        "sn": "900000000201",
        "active": True,
        "modGone": False,
        "channels": [
            {
                "chanEid": 1811939601,
                "created": NOW - 1000,
                "wattHours": {"today": 0, "yesterday": 0, "week": 0},
                "watts": {"now": 0, "nowUsed": 0, "max": 0},
                "lastReading": {
                    "eid": 1811939601,
                    "endDate": NOW - 1000,
                    "duration": 2721,
                    "flags": 16,
                    "temperature": 21,
                    "acCurrOffset": -48,
                    "VrmsL1N": 257_220,
                    "VrmsL2N": 1_640,
                    "VrmsL3N": 0,
                    "freqInmHz": 49_976,
                    "stateChngCnt": 7,
                },
                "lifetime": {},
            }
        ],
    },
}


def _module(kind: int, **more: Any) -> dict[str, Any]:
    return {
        "device_type": kind,
        "admin_state": 1,
        "part_number": "800-00000-r02",
        "assembly_number": "880-00000-r10",
        "dmir": {"part_number": "549-00000-r00", "assembly_number": "3.28.2-D48"},
        "procload": {"part_number": "521-00000-r00", "assembly_number": "3.28.1-D48"},
        **more,
    }


def _report(watts: float, watt_hours: float) -> dict[str, float]:
    return {
        "currW": watts,
        "actPower": watts,
        "apprntPwr": abs(watts) + 40,
        "reactPwr": -17.6,
        "whDlvdCum": watt_hours,
        "whRcvdCum": 12.9,
        "varhLagCum": 143.1,
        "varhLeadCum": 2_731_326.2,
        "vahCum": 3_025_646.8,
        "rmsVoltage": 120.4,
        "rmsCurrent": 3.4,
        "pwrFactor": 0.9,
        "freqHz": 60.0,
    }


def _energy(watts: int) -> dict[str, int]:
    return {
        "wattHoursToday": 2_815,
        "wattHoursSevenDays": 30_268,
        "wattHoursLifetime": 1_708_880,
        "wattsNow": watts,
    }


def _counts(expected: int, *, gone: int, producing: int) -> dict[str, int]:
    return {
        "expected": expected,
        "discovered": expected,
        "ctrlsTotal": expected,
        "ctrlsGone": gone,
        "ctrlsCommunicating": expected - gone,
        "chansTotal": expected,
        "chansRecent": expected - gone,
        "chansProducing": producing,
    }


SAMPLES: dict[str, Any] = {
    ensemble_status.ENDPOINT.path: {
        "inventory": {
            "serial_nums": {
                "900000000301": _module(
                    13,
                    com_interface_str="ZigBee",
                    admin_state_str="ENCHG_STATE_READY",
                    reported_grid_mode="grid-tied",
                    der_index=1,
                    encharge_revision=2,
                    encharge_capacity=3500,
                    encharge_rated_power=1280,
                    msg_retry_count=1,
                    app_fw_version="2.6.0",
                    zb_fw_version="100F",
                    zb_bootloader_vers="1.B.5",
                    ibl_fw_version="1.3.413",
                    swift_asic_fw_version="001.002",
                    bmu_fw_version="2.1.34",
                    submodule_count=1,
                    submodules={
                        "900000000311": _module(
                            14,
                            alternate_device_type=120,
                            fsm_state="ENCMN_MDE_PCU_READY",
                            rated_power=1440,
                            is_ll=True,
                            pcu_phase="ph-a",
                        )
                    },
                )
            }
        },
    },
    meter_reports.ENDPOINT.path: [
        {
            "createdAt": NOW,
            "reportType": "total-consumption",
            "cumulative": _report(800.5, 3_000_000.0),
            "lines": [_report(300.2, 1_000_000.0), _report(500.3, 2_000_000.0)],
        }
    ],
    pdm_energy.ENDPOINT.path: {
        "production": {"pcu": _energy(2682), "rgm": _energy(0), "eim": _energy(2653)},
        "consumption": {"eim": _energy(3188)},
    },
    battery_settings.ENDPOINT.path: {
        "enc_settings": {"enable": True, "country": "US", "current_limit": 32.0, "per_phase": True}
    },
    limits.EXPORT.path: {
        "PEL": True,
        "Hard_PEL": False,
        "Soft_PEL": True,
        "Export_Limit_Type": "Aggregate",
        "percent": False,
        "apparent": False,
        "PEL_Limit": 3000.0,
        "Comm_Time_Loss": 10000.0,
        "Resp_Time_SoftPEL": 30000.0,
        "Resp_Time_HardPEL": 2000.0,
        "msReset_HardPEL": 0.0,
        "PEL_db": 1.0,
    },
    limits.PRODUCTION.path: {"enable": True, "pv_limit_pct": 70},
    ensemble_relay.ENDPOINT.path: {
        "mains_admin_state": "closed",
        "mains_oper_state": "open",
        "der1_state": 1,
        "der2_state": 1,
        "der3_state": 0,
        "srt12_state": "open",
        "srt13_state": "open",
        "Enchg_grid_mode": "multimode-offgrid",
        "Solar_grid_mode": "multimode-offgrid",
    },
    livedata.ENDPOINT.path: LIVE,
    inventory.ENDPOINT.path: INVENTORY,
    device_data.ENDPOINT.path: DETAILS,
    ensemble_errors.ENDPOINT.path: {"enpower_error_flags": 4},
    firmware_manager.ENDPOINT.path: {
        "SiteSync": {
            "Current_Status": 10,
            "Current_Status_str": "No Update Running",
            "Last_Status": 7,
            "Last_Status_str": "Update Failed",
            "Type": 2,
            "Type_str": "Encharge",
            "Estimated Time Left": "00::00::00",
            "Total Duration": "02::11::40",
            "Current essimg version": "500-00020-r01-v31.33.10",
            "Failure Reason": "Device not communicating",
            "Zigbee Dongle": 5,
            "Zigbee Status_str": "No update",
            "Zigbee Firmware": "100F",
            "auto_update_enable": "true",
            "auto_update_8_hrs_disable": "false",
            "Progress": "0.00",
        },
        "updates": [],
    },
    limits.DYNAMIC_EXPORT.path: {
        "dynamic_pel_settings": {
            "enable": True,
            "export_limit": True,
            "limit_value_W": 50.0,
            "slew_rate": 50.0,
            "enable_dynamic_limiting": False,
        },
        "filename": "site_settings",
        "version": "00.00.01",
    },
    limits.POWER.path: {"powerForcedOff": True},
    grid_profile.ENDPOINT.path: {
        "name": "default 2015",
        "id": "6000feed",
        "version": "1.2.8",
        "item_count": 5004,
    },
    devstatus.ENDPOINT.path: {
        "counters": {
            "pcu": _counts(4, gone=1, producing=1),
            "acb": _counts(1, gone=0, producing=1),
            "nsrb": _counts(1, gone=0, producing=0),
        },
        "pcu": {
            "fields": [
                "serialNumber",
                "devType",
                "communicating",
                "recent",
                "producing",
                "reportDate",
                "temperature",
                "dcVoltageINmV",
                "dcCurrentINmA",
                "acVoltageINmV",
                "acPowerINmW",
            ],
            "values": [
                ["900000000101", 1, True, True, True, NOW - 700, 22, 28_686, 144, 225_288, 3_974]
            ],
        },
        "acb": {
            "fields": ["serialNumber", "SOC"],
            "values": [["900000000401", 50]],
        },
        "nsrb": {
            "fields": ["serialNumber", "relay", "forced", "reason_code", "reason"],
            "values": [["900000000201", "open", True, 3, "over voltage"]],
        },
    },
    events.ENDPOINT.path: {
        "iTotalRecords": 500,
        "recordsTotal": 500,
        "iTotalDisplayRecords": 500,
        "recordsFiltered": 500,
        "aaData": [
            ["16326", "Microinverter failed to report: Set", "900000000103", "pcu ", "06:30 CET"],
            ["16325", "Grid frequency out of range: Clear", "900000000104", "pcu ", "06:12 CET"],
        ],
    },
    plc_levels.ENDPOINT.path: {"900000000101": 5, "900000000102": 3},
}
