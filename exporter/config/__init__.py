"""The configuration: a YAML file, over it the environment, over it the flags.

`models` says what there is to configure and `values` what each value may be, `loading` brings the
three sources together, `yamlfile` reads YAML strictly, `problems` turns what pydantic finds wrong
into lines for the owner. Everything that is wrong is a `ConfigError`, one line for each mistake,
and a secret is never part of it.
"""

from exporter.config.loading import load
from exporter.config.models import (
    COLLECTORS,
    Config,
    Credentials,
    Gateway,
    InverterLabels,
    Log,
    Wanted,
    Web,
)

__all__ = [
    "COLLECTORS",
    "Config",
    "Credentials",
    "Gateway",
    "InverterLabels",
    "Log",
    "Wanted",
    "Web",
    "load",
]
