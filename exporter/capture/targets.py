"""What a capture asks a gateway: every GET that is known to only read.

Those of the exporter itself, and those that captures from the field have beside them. What changes
something when it is asked by GET is not known, so nothing is ever guessed here.
"""

from exporter.gateway.policy import CHECK_JWT, ENDPOINTS, INFO

_ALSO = (
    "/production.json",
    "/inventory",
    "/inv",
    "/ivp/ensemble/relay",
    "/ivp/ensemble/status",
    "/ivp/ensemble/errors",
    "/ivp/livedata/status",
    "/ivp/firmware_manager/state",
    "/ivp/arf/profile",
    "/ivp/ss/dpel",
    "/ivp/mod/603980032/mode/power",
    "/ivp/peb/devstatus",
    "/datatab/event_dt.rb?iDisplayStart=0&iDisplayLength=100",
    "/ivp/meters/gridReading",
    "/ivp/meters/pvReading",
    "/ivp/meters/reports",
    "/ivp/pdm/energy",
    "/ivp/sc/pvlimit",
    "/ivp/ss/pel_settings",
)

#: in the order in which they are asked; the first says who it is, and needs no login
TARGETS: tuple[str, ...] = (
    INFO,
    *(target for target in ENDPOINTS if target not in (INFO, CHECK_JWT)),
    *_ALSO,
)
