"""The configuration: a YAML file, over it the environment, over it the flags.

`models` has the sections and keys, `types` checks single values, `sources` merges the three
sources, `strict_yaml` reads YAML strictly, and `errors` turns pydantic's findings into lines for
the owner. Every mistake is reported in a `ConfigError`, one line each, and never quotes a secret.
"""

from exporter.config.models import (
    COLLECTORS,
    Alerts,
    AllAlerts,
    Config,
    Credentials,
    DeviceName,
    Gateway,
    InverterConfig,
    Location,
    Log,
    Wanted,
    Web,
)
from exporter.config.sources import (
    SYSTEM_CONFIG_FILE,
    find_config_file,
    has_only_comments,
    load,
    load_alerts,
)

__all__ = [
    "COLLECTORS",
    "SYSTEM_CONFIG_FILE",
    "Alerts",
    "AllAlerts",
    "Config",
    "Credentials",
    "DeviceName",
    "Gateway",
    "InverterConfig",
    "Location",
    "Log",
    "Wanted",
    "Web",
    "find_config_file",
    "has_only_comments",
    "load",
    "load_alerts",
]
