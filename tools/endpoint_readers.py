"""Other readers of each endpoint, fields without a metric, and endpoints that are not read."""

from collections.abc import Mapping

_PYENPHASE = "pyenphase"
_HOMEBRIDGE = "homebridge-enphase-envoy"
_INSTALLER = "home_assistant_enphase_envoy_installer"
_ALL = (_PYENPHASE, _HOMEBRIDGE, _INSTALLER)

#: fields of `/info`, which is XML, and their metrics
INFO: tuple[tuple[str, str], ...] = (
    ("time", "none: the clock comes from the `Date` header of every answer"),
    ("device.sn", "`enphase_gateway_info`"),
    ("device.pn", "`enphase_gateway_info`"),
    ("device.software", "`enphase_gateway_info`"),
    ("device.imeter", "`enphase_gateway_info`"),
    ("device.euaid", "none: another name of the serial number"),
    ("device.seqnum", "none: a number of the release inside the gateway"),
    ("device.apiver", "none: always 1"),
    ("web-tokens", "none: it decides how to log in"),
    ("package.*", "none: versions inside the release, which `device.software` names"),
    (
        "build_info.*",
        "none: `device.software` names the release, and `/home` has when it was built",
    ),
)

READERS: Mapping[str, tuple[str, ...]] = {
    "/info": _ALL,
    "/home": (_PYENPHASE, _HOMEBRIDGE),
    "/ivp/meters": _ALL,
    "/ivp/meters/readings": _ALL,
    "/ivp/meters/reports": (_HOMEBRIDGE, _INSTALLER),
    "/production.json?details=1": _ALL,
    "/production": (_PYENPHASE,),
    "/api/v1/production": _ALL,
    "/api/v1/production/inverters": _ALL,
    "/ivp/pdm/device_data": _ALL,
    "/ivp/pdm/energy": (_HOMEBRIDGE, _INSTALLER),
    "/ivp/ensemble/inventory": _ALL,
    "/ivp/ensemble/power": _ALL,
    "/ivp/ensemble/secctrl": _ALL,
    "/ivp/ensemble/status": (_HOMEBRIDGE,),
    "/ivp/ensemble/dry_contacts": (_PYENPHASE, _HOMEBRIDGE),
    "/ivp/ss/dry_contact_settings": (_PYENPHASE, _HOMEBRIDGE),
    "/ivp/ensemble/generator": (_PYENPHASE, _HOMEBRIDGE),
    "/ivp/ss/gen_config": (_PYENPHASE, _HOMEBRIDGE),
    "/ivp/ss/gen_mode": (_PYENPHASE,),
    "/ivp/ss/gen_schedule": (_PYENPHASE,),
    "/ivp/ss/enc_settings": (_HOMEBRIDGE,),
    "/admin/lib/tariff": _ALL,
    "/inventory.json?deleted=1": _ALL,
    "/ivp/livedata/status": (_HOMEBRIDGE,),
    "/ivp/arf/profile": (_HOMEBRIDGE,),
    "/ivp/ss/dpel": (_INSTALLER,),
    "/ivp/mod/603980032/mode/power": (_HOMEBRIDGE, _INSTALLER),
    "/ivp/peb/devstatus": (_INSTALLER,),
    "/installer/pcu_comm_check": (_HOMEBRIDGE, _INSTALLER),
}

_IDENTITY = "identifies a part of the answer, which labels contain in another form"
_SECTION = "the CT's own reading has it; of a computed section, the meter report"
_DUPLICATE = "another endpoint has the same value"
_PLAN = "part of a plan or tariff, which is no measurement"
_ADDRESS = "an address of the owner's network"
_IN_INVENTORY = "the inventory has it"

#: path and field, as patterns, and why there is no metric
NO_METRIC: tuple[tuple[str, str, str], ...] = (
    ("/production", "*", "only read if `/production.json` is unavailable"),
    ("/production.json*", "*.apprntPwr", _SECTION),
    ("/production.json*", "*.reactPwr", _SECTION),
    ("/production.json*", "*.pwrFactor", _SECTION),
    ("/production.json*", "*.rms*", _SECTION),
    ("/production.json*", "*.va*", _SECTION),
    (
        "/production.json*",
        "storage.*",
        "there is no AC Battery in the samples; see `enphase_acb_system_*`",
    ),
    ("/production.json*", "*.type", _IDENTITY),
    ("/production.json*", "*.measurementType", _IDENTITY),
    ("/admin/lib/tariff", "*.operation_mode_sub_type", "empty in most modes"),
    ("/admin/lib/tariff", "tariff.seasons*", "only the price in force is exported"),
    ("/admin/lib/tariff", "tariff.logger", "a name inside the gateway"),
    ("/admin/lib/tariff", "schedule*", _PLAN),
    ("/ivp/ss/gen_schedule", "*", _PLAN),
    ("/home", "*.interfaces.*.type", "the label `type`, which the name implies too"),
    ("/home", "*.mac", _ADDRESS),
    ("/home", "comm.num", "the sum over the kinds of devices"),
    ("/home", "comm.level", "the worst over the kinds of devices"),
    ("/home", "current_*", "the clock comes from the `Date` header of every answer"),
    ("/home", "tariff", "`/admin/lib/tariff` has the prices"),
    ("/home", "is_nonvoy", "what a gateway is, which answers all this"),
    ("/inventory.json*", "*.chaneid", _IDENTITY),
    ("/inventory.json*", "*.gficlearset", "a command that was given, not a state"),
    ("/ivp/ensemble/secctrl", "*_q[58]*", "the bias once more, as fixed-point number"),
    ("/ivp/ensemble/secctrl", "offgrid_secctrl.*", "inner values of a control loop"),
    ("/ivp/livedata/status", "info", "a sentence"),
    ("/ivp/firmware_manager/state", "updates.*", "`enphase_firmware_update_devices` counts them"),
    ("/ivp/peb/devstatus", "pcu.values.devType", _IDENTITY),
    ("/ivp/peb/devstatus", "pcu.values.recent", "the time of the report shows it"),
    ("/ivp/peb/devstatus", "acb.values.capacity", "the part number implies it"),
    ("/ivp/peb/devstatus", "*.values.communicating", _IN_INVENTORY),
    ("/ivp/peb/devstatus", "*.values.producing", _IN_INVENTORY),
    ("/ivp/peb/devstatus", "acb.values.sleep*", _IN_INVENTORY),
    ("/ivp/peb/devstatus", "nsrb.values.re*", _IN_INVENTORY),
    ("/ivp/peb/devstatus", "nsrb.values.line*", _IN_INVENTORY),
    ("/ivp/pdm/device_data", "*.vrms*", "between two lines, each of which has a voltage"),
    ("/ivp/ss/dry_contact_settings", "*.pv_phase_select", "how solar on the relay is wired"),
    ("/ivp/ensemble/status", "counters.*", "counts what the gateway does inside"),
    ("/ivp/ensemble/status", "profile.*", "`/ivp/arf/profile` has it"),
    ("/ivp/ensemble/status", "fakeit.*", "a mode that only its makers use"),
    ("/ivp/ensemble/status", "secctrl.*", _DUPLICATE),
    ("/ivp/ensemble/status", "relay.*", _DUPLICATE),
    ("/ivp/ensemble/status", "*.phase", "the inventory has it in words"),
    ("/ivp/ensemble/status", "*.reported_enc_grid_state", _DUPLICATE),
    ("/ivp/ensemble/status", "*.device_id", _IDENTITY),
    ("/ivp/ensemble/status", "*.prop_set", "the inventory has it among the conditions"),
    ("/ivp/ensemble/status", "*.installed", "always 1 of a device that is listed"),
    ("/ivp/ensemble/status", "*.part_number", "the version beside it is compared"),
    ("/ivp/meters/readings", "*.eid", _IDENTITY),
    ("/ivp/meters/readings", "*.instantaneousDemand", "always the active power"),
    ("/ivp/pdm/device_data", "*.eid", _IDENTITY),
    ("/ivp/pdm/device_data", "*.chanEid", _IDENTITY),
    ("/ivp/pdm/device_data", "*.interval_type", "always 0"),
    ("/ivp/pdm/device_data", "*.SOC", _IN_INVENTORY),
    ("/ivp/pdm/device_data", "*.maxCellTemp", _IN_INVENTORY),
    ("/ivp/pdm/device_data", "*.flags_hex", "the flags once more"),
    ("/ivp/pdm/device_data", "*.active", "a device that is not is left out"),
    ("/ivp/pdm/device_data", "*.created", "always the time of the last report"),
    ("/ivp/pdm/device_data", "*.lifetime.*", "how long the device has been counted"),
    ("/ivp/pdm/device_data", "*.l[123]NAcVoltageInmV", "0 V at an inverter on one phase"),
    ("/ivp/pdm/device_data", "device*", "shows whether the response has all devices"),
    (
        "/ivp/pdm/device_data",
        "*.acCurrOffset",
        "the error of a sensor, in an unknown unit",
    ),
    ("/ivp/pdm/device_data", "*.duration", "of a relay: how long its report covers"),
    ("/ivp/livedata/status", "tasks.*", "work inside the gateway"),
    ("/ivp/livedata/status", "counters.*", "counts what the gateway does inside"),
    ("/ivp/ss/dpel", "filename", "a name inside the gateway"),
    ("/ivp/ss/dpel", "version", "the version of a file inside the gateway"),
    ("/datatab/event_dt.rb*", "*", "events are counted by name, and written to the log"),
)

#: endpoint, its readers, and why it is not read
NOT_READ: tuple[tuple[str, str, str], ...] = (
    (
        "/ivp/pdm/production",
        _HOMEBRIDGE,
        "power and energies by inverters, CTs and meters; `/ivp/pdm/energy` has the same",
    ),
    (
        "/stream/meter",
        _INSTALLER,
        "the CTs' readings several times a second, for installers; Prometheus scrapes less often",
    ),
    (
        "/ivp/peb/newscan",
        _INSTALLER,
        "how often inverters are to report; `enphase_inverter_report_interval_seconds` has how"
        " often they do",
    ),
    (
        "/ivp/meters/reports/production",
        _INSTALLER,
        "a part of `/ivp/meters/reports`",
    ),
    (
        "/installer/agf/index.json",
        _INSTALLER,
        "lists all grid profiles to choose from; `/ivp/arf/profile` has the one in force",
    ),
    ("/inventory.json", f"{_HOMEBRIDGE}, {_INSTALLER}", "the same without removed devices"),
    ("/backbone/application.js", _HOMEBRIDGE, "the program of the gateway's web page"),
    (
        "/auth/check_jwt",
        f"{_PYENPHASE}, {_HOMEBRIDGE}",
        "read at login; it has no data of the site",
    ),
)

#: the fields that other programs read of each endpoint, without the places above them
READ_ELSEWHERE: Mapping[str, str] = {
    "/info": "time device.sn device.pn device.software device.euaid device.seqnum device.apiver"
    " device.imeter web-tokens package.* build_info.*",
    "/home": "software_build_epoch is_nonvoy db_size db_percent_full timezone current_date"
    " current_time tariff alerts update_status web_comm ever_reported_to_enlighten"
    " last_enlighten_report_time primary_interface type interface mac dhcp ip signal_strength"
    " signal_strength_max carrier supported present configured status num level level_24g"
    " level_subg connected",
    "/ivp/meters": "eid state measurementType phaseMode phaseCount meteringStatus statusFlags",
    "/ivp/meters/readings": "eid timestamp activePower apparentPower reactivePower actEnergyDlvd"
    " actEnergyRcvd apparentEnergy current voltage pwrFactor freq channels.*.activePower",
    "/ivp/meters/reports": "reportType createdAt currW actPower apprntPwr reactPwr whDlvdCum"
    " whRcvdCum vahCum rmsCurrent rmsVoltage pwrFactor freqHz lines.*.currW",
    "/production.json?details=1": "type activeCount measurementType readingTime wNow whToday"
    " whLastSevenDays whLifetime reactPwr apprntPwr rmsCurrent rmsVoltage pwrFactor lines.*.wNow"
    " lines.*.whToday lines.*.whLastSevenDays lines.*.whLifetime storage.*.whNow storage.*.state"
    " storage.*.percentFull",
    "/production": "wNow whToday whLastSevenDays whLifetime",
    "/api/v1/production": "wattsNow wattHoursToday wattHoursSevenDays wattHoursLifetime",
    "/api/v1/production/inverters": "serialNumber devType lastReportDate lastReportWatts"
    " maxReportWatts",
    "/ivp/pdm/device_data": "deviceCount deviceDataLimit devName sn active modGone watts.now"
    " watts.nowUsed watts.max wattHours.today wattHours.yesterday wattHours.week"
    " lifetime.joulesProduced endDate duration joulesProduced acVoltageINmV acFrequencyINmHz"
    " acCurrentInmA dcVoltageINmV dcCurrentINmA channelTemp pwrConvErrSecs pwrConvMaxErrCycles rssi"
    " issi temperature freqInmHz stateChngCnt acCurrOffset VrmsL1N VrmsL2N VrmsL3N voltRmsL1"
    " voltRmsL2 voltRmsL3",
    "/ivp/pdm/energy": "pcu.wattsNow pcu.wattHoursToday pcu.wattHoursSevenDays"
    " pcu.wattHoursLifetime eim.wattsNow rgm.wattsNow pmu.wattsNow consumption.eim.wattsNow",
    "/ivp/ensemble/inventory": "type part_num serial_num installed device_status last_rpt_date"
    " admin_state admin_state_str created_date img_load_date img_pnum_running bmu_fw_version"
    " communicating operating sleep_enabled percentFull temperature maxCellTemp"
    " reported_enc_grid_state comm_level_sub_ghz comm_level_2_4_ghz led_status dc_switch_off"
    " encharge_rev encharge_capacity phase der_index mains_admin_state mains_oper_state"
    " Enpwr_grid_mode Enchg_grid_mode Enpwr_relay_state_bm Enpwr_curr_state_id mid_state grid_state"
    " control_error collar_state fw_version dmir_version FW?Version Device?State",
    "/ivp/ensemble/power": "serial_num real_power_mw apparent_power_mva soc",
    "/ivp/ensemble/secctrl": "ENC_agg_avail_energy ENC_agg_backup_energy ENC_agg_soc"
    " adjusted_backup_soc configured_backup_soc Enc_max_available_capacity ACB_agg_energy agg_soc"
    " Max_energy",
    "/ivp/ensemble/status": "device_type com_interface_str device_id admin_state admin_state_str"
    " reported_grid_mode phase der_index encharge_revision encharge_capacity encharge_rated_power"
    " reported_enc_grid_state msg_retry_count part_number assembly_number app_fw_version"
    " zb_fw_version zb_bootloader_vers ibl_fw_version swift_asic_fw_version bmu_fw_version"
    " submodule_count submodules.*.admin_state counters.* secctrl.* relay.* profile.*"
    " fake_inventory_mode",
    "/ivp/ensemble/dry_contacts": "id status",
    "/ivp/ss/dry_contact_settings": "id type grid_action micro_grid_action gen_action"
    " essential_start_time essential_end_time priority black_s_start override manual_override"
    " load_name mode soc_low soc_high pv_serial_nb",
    "/ivp/ensemble/generator": "type admin_state oper_state admin_mode schedule start_soc stop_soc"
    " exc_on present",
    "/ivp/ss/gen_config": "max_cont_gen_amps min_gen_loading_perc max_gen_efficiency_perc"
    " name_plate_rating_wat start_method warm_up_mins cool_down_mins gen_type model manufacturer"
    " last_updated_by generator_id charge_from_generator",
    "/ivp/ss/gen_mode": "gen_cmd last_updated_by",
    "/ivp/ss/gen_schedule": "exercise_config.freq_in_weeks exercise_config.start"
    " exercise_config.duration exercise_config.day default_soc.start_soc default_soc.stop_soc"
    " last_updated_by schedule.*",
    "/ivp/ss/enc_settings": "enable country current_limit per_phase",
    "/admin/lib/tariff": "currency.code single_rate.rate single_rate.sell seasons.* seasons_sell.*"
    " logger date mode operation_mode_sub_type reserved_soc very_low_soc charge_from_grid"
    " opt_schedules schedule.*",
    "/inventory.json?deleted=1": "type part_num installed serial_num device_status last_rpt_date"
    " admin_state dev_type created_date img_load_date img_pnum_running ptpn chaneid gficlearset"
    " producing communicating operating provisioned phase sleep_enabled percentFull maxCellTemp"
    " sleep_min_soc sleep_max_soc charge_status relay reason_code reason line-count line1-connected"
    " line2-connected line3-connected",
    "/ivp/livedata/status": "mqtt_state prov_state auth_state sc_stream sc_debug last_update soc"
    " main_relay_state gen_relay_state backup_bat_mode backup_soc is_split_phase phase_count"
    " enc_agg_soc enc_agg_energy acb_agg_soc acb_agg_energy pv.* storage.* grid.* load.*"
    " generator.* tasks.* counters.*",
    "/ivp/arf/profile": "name id version item_count",
    "/ivp/mod/603980032/mode/power": "powerForcedOff",
    "/ivp/ss/dpel": "dynamic_pel_settings.enable export_limit limit_value_W",
    "/ivp/peb/devstatus": "serialNumber devType communicating reportDate temperature"
    " dcVoltageINmV dcCurrentINmA acVoltageINmV acPowerINmW",
    "/installer/pcu_comm_check": "*",
}
