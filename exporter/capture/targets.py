"""The paths that a capture requests: every GET that is known to only read.

A path that might change something is never requested, and neither is the power line check, which
loads the power line for a minute.
"""

from exporter.gateway.endpoints import ENDPOINTS, info, plc_levels

#: paths that other captures have and the exporter does not read
_MORE = (
    "/production.json",
    "/inventory",
    "/inv",
    "/ivp/meters/gridReading",
    "/ivp/meters/pvReading",
)
_EXCLUDED = frozenset({info.ENDPOINT.path, plc_levels.ENDPOINT.path})

#: in the order of the requests; the first has the identity, and needs no login
TARGETS: tuple[str, ...] = (
    info.ENDPOINT.path,
    *dict.fromkeys((*(path for path in ENDPOINTS if path not in _EXCLUDED), *_MORE)),
)
