"""Other readers of each endpoint, fields without a metric, and endpoints that are not read."""

from collections.abc import Mapping

_PYENPHASE = "pyenphase"
_HOMEBRIDGE = "homebridge-enphase-envoy"
_INSTALLER = "home_assistant_enphase_envoy_installer"
_ALL = (_PYENPHASE, _HOMEBRIDGE, _INSTALLER)

READERS: Mapping[str, tuple[str, ...]] = {
    "/info": _ALL,
    "/home": (_PYENPHASE, _HOMEBRIDGE),
    "/ivp/meters": (_PYENPHASE, _HOMEBRIDGE),
    "/ivp/meters/readings": (_PYENPHASE, _HOMEBRIDGE),
    "/ivp/meters/reports": (_HOMEBRIDGE, _INSTALLER),
    "/production.json?details=1": _ALL,
    "/production": (_PYENPHASE,),
    "/api/v1/production": _ALL,
    "/api/v1/production/inverters": _ALL,
    "/ivp/pdm/device_data": (_PYENPHASE, _HOMEBRIDGE),
    "/ivp/pdm/energy": (_HOMEBRIDGE, _INSTALLER),
    "/ivp/ensemble/inventory": _ALL,
    "/ivp/ensemble/power": _ALL,
    "/ivp/ensemble/secctrl": _ALL,
    "/ivp/ensemble/relay": (_HOMEBRIDGE,),
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
    "/ivp/mod/603980032/mode/power": (_HOMEBRIDGE, _INSTALLER),
    "/ivp/peb/devstatus": (_INSTALLER,),
    "/installer/pcu_comm_check": (_HOMEBRIDGE, _INSTALLER),
}

_IDENTITY = "identifies a part of the answer, which labels contain in another form"
_SECTION = "the CT's own reading has it; of a computed section, the meter report"
_DUPLICATE = "another endpoint has the same value"
_PLAN = "part of a plan or tariff, which is no measurement"
_ADDRESS = "an address of the owner's network"
_CT = "of a CT, which has readings of its own"

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
    ("/home", "*signal_strength*", "0 of 0 bars mean nothing"),
    ("/home", "comm.*", "there is no device of the kind in the samples"),
    ("/inventory.json*", "*.chaneid", _IDENTITY),
    ("/inventory.json*", "*.gficlearset", "a command that was given, not a state"),
    ("/ivp/ensemble/inventory", "*.type", _IDENTITY),
    ("/ivp/ensemble/secctrl", "*_q[58]*", "the bias once more, as fixed-point number"),
    ("/ivp/ensemble/secctrl", "offgrid_secctrl.*", "inner values of a control loop"),
    ("/ivp/livedata/status", "info", "a sentence"),
    ("/ivp/pdm/device_data", "*.vrms*", "between two lines, each of which has a voltage"),
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
    ("/ivp/pdm/device_data", "*.flags_hex", "the flags once more"),
    ("/ivp/pdm/device_data", "*.active", "a device that is not is left out"),
    ("/ivp/pdm/device_data", "*.created", "always the time of the last report"),
    ("/ivp/pdm/device_data", "*.lifetime.*", "how long the device has been counted"),
    ("/ivp/pdm/device_data", "*.l[123]NAcVoltageInmV", "0 V at an inverter on one phase"),
    ("/ivp/pdm/device_data", "*.devName", "what the device is, seen from what it reports too"),
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
