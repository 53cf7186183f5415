"""What the alerting commands take from the configuration of the exporter, if there is one."""

import os
from dataclasses import dataclass
from pathlib import Path

from exporter.address import parse
from exporter.config import Config, find_config_file, load
from exporter.diagnostics.saved_state import load_saved_state


@dataclass(frozen=True, slots=True)
class Place:
    """The exporter whose alerts are delivered."""

    state_dir: Path
    gateway: str
    exporter_url: str
    timezone: str | None


def find_place(config_file: Path | None) -> Place:
    """Return it; without any configuration, the defaults. Raises ConfigError."""
    if config_file or find_config_file(os.environ) or os.environ.get("ENPHASE_HOST"):
        return _from_config(load(config_file, os.environ))
    # Only the defaults of the state directory and the address are used.
    default = load(None, {**os.environ, "ENPHASE_HOST": "localhost", "ENPHASE_NAME": "home"})
    return _from_config(default)


def _from_config(config: Config) -> Place:
    gateway = config.gateways[0]
    timezone = gateway.timezone or load_saved_state(config.state_dir, gateway.name).timezone
    port = parse(config.web.listen_address).port
    return Place(config.state_dir, gateway.name, f"http://localhost:{port}", timezone)
