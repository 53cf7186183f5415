"""Merges the sources of the configuration: YAML < environment < flags.

Remembers which variable or flag a value came from, so that a mistake is reported where it was made.
"""

import difflib
import os.path
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from exporter.config.errors import KeyPath, config_error
from exporter.config.models import (
    SECRETS,
    Alerts,
    AlertsFile,
    AllAlerts,
    Config,
    Gateway,
    GatewaysFile,
)
from exporter.config.types import read_secret
from exporter.errors import ConfigError
from exporter.fleet import shard as shards
from exporter.text import printable

_FILE_NAME = "enphase-exporter.yml"
_FOLDER = "enphase-exporter"
#: the configuration of the service of a machine
SYSTEM_CONFIG_FILE = Path("/etc") / _FOLDER / _FILE_NAME
#: where that service keeps what it remembers
_SYSTEM_STATE = Path("/var/lib") / _FOLDER
_PREFIX = "ENPHASE_"
_STATE_DIR = "ENPHASE_STATE_DIR"
_SHARD = "ENPHASE_SHARD"
_FILE = "_FILE"
#: variable without suffix → key of a gateway
_VARIABLES = {f"{_PREFIX}{key.upper()}": key for key in ("host", "name", *SECRETS)}
_NO_GATEWAY = (
    "no gateway is configured: run `enphase-exporter init`, set ENPHASE_HOST, or write a file"
    " enphase-exporter.yml that lists one, such as `gateways: [{host: envoy.local}]` (another file:"
    " --config.file)"
)


def find_config_file(environ: Mapping[str, str]) -> Path | None:
    """Return the configuration file that is used when none is named, or None without one.

    It is looked for in the working directory, in XDG_CONFIG_HOME and in /etc, in this order. One
    that has only comments does not count.
    """
    folders = [Path(), _config_home(environ), SYSTEM_CONFIG_FILE.parent]
    candidates = (folder / _FILE_NAME for folder in folders if folder is not None)
    # not Path.is_file, which raises where the user may not look, such as in another user's home
    found = (path for path in candidates if os.path.isfile(path))  # noqa: PTH113
    return next((path for path in found if not has_only_comments(path)), None)


def has_only_comments(path: Path) -> bool:
    """Return whether a file says nothing, as the one of the Debian package before `init`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    return all(not line.strip() or line.lstrip().startswith("#") for line in lines)


def _config_home(environ: Mapping[str, str]) -> Path | None:
    home = environ.get("XDG_CONFIG_HOME", "")
    if home.startswith("/"):
        return Path(home) / _FOLDER
    user = environ.get("HOME", "")
    return Path(user) / ".config" / _FOLDER if user.startswith("/") else None


def load(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    listen_address: str | None = None,
    web_config_file: Path | None = None,
    log_level: str | None = None,
    log_format: str | None = None,
    shard: str | None = None,
) -> Config:
    """Return the effective configuration; raise ConfigError with a line for each mistake.

    `path` is the YAML file; without it, the one that `find_config_file` finds. The keywords are the
    flags, None where not given.
    """
    path = path or find_config_file(environ)
    data = _read_file(path) if path else {}
    sources: dict[KeyPath, str] = {}
    if path:
        data = _resolve_paths(path.parent, data)
    source = printable(path) if path else "environment"
    data = _apply_environment(data, environ, sources, source)
    flags = {
        ("log", "level"): ("--log.level", log_level),
        ("log", "format"): ("--log.format", log_format),
        ("web", "listen_address"): ("--web.listen-address", listen_address),
        ("web", "config_file"): ("--web.config.file", web_config_file),
    }
    for (section, key), (flag, value) in flags.items():
        current = data.get(section) or {}
        if value is not None and isinstance(current, dict):
            data[section] = {**current, key: value}
            sources[section, key] = flag
    if not (data.get("gateways") or data.get("gateways_file")):
        raise _no_gateway(data, source, environ)
    if data.get("state_dir") is None:
        data["state_dir"] = _default_state_dir(environ, path)
    listed = data.get("gateways_file")
    if isinstance(listed, str) and isinstance(data.get("gateways") or [], list):
        data["gateways"] = [*(data.get("gateways") or []), *_read_gateways(Path(listed))]
    try:
        config = Config.model_validate(data).with_defaults()
    except ValidationError as error:
        raise config_error(error, Config, source, sources) from None
    flag, value = ("--shard", shard) if shard is not None else (_SHARD, environ.get(_SHARD))
    if not value:
        return config
    try:
        return config.for_shard(shards.parse(value))
    except ConfigError as error:
        raise ConfigError(f"{flag}: {error}") from None


def load_alerts(
    path: Path, environ: Mapping[str, str]
) -> tuple[AllAlerts, dict[str, Alerts], bool]:
    """Return the alerts of a configuration, for all gateways and by gateway; raise ConfigError.

    A file that has no address of a gateway is one for alerts alone, which is said last.
    """
    data = _read_file(path)
    listed = data.get("gateways") or []
    if data.get("gateways_file") or not isinstance(listed, list) or environ.get(f"{_PREFIX}HOST"):
        addressed = True
    else:
        addressed = any(not isinstance(each, dict) or "host" in each for each in listed)
    if addressed:
        config = load(path, environ)
        return config.alerts, {gateway.name: gateway.alerts for gateway in config.gateways}, False
    try:
        alerts = AlertsFile.model_validate(data)
    except ValidationError as error:
        raise config_error(error, AlertsFile, printable(path)) from None
    return alerts.alerts, {gateway.name: gateway.alerts for gateway in alerts.gateways}, True


def _read_gateways(path: Path) -> tuple[Gateway, ...]:
    """Return the gateways listed in a file of their own."""
    from exporter.config import strict_yaml  # noqa: PLC0415 - see below

    data = _resolve_paths(path.parent, {"gateways": strict_yaml.read_list(path)})
    try:
        return GatewaysFile.model_validate({"gateways": data["gateways"]}).gateways
    except ValidationError as error:
        raise config_error(error, GatewaysFile, printable(path)) from None


def _read_file(path: Path) -> dict[Any, Any]:
    # An exporter configured by its environment need not load YAML.
    from exporter.config import strict_yaml  # noqa: PLC0415 - see above

    return strict_yaml.read(path)


def _resolve_paths(directory: Path, data: dict[Any, Any]) -> dict[Any, Any]:
    """Return the data of a file with its relative paths resolved against the file's directory."""

    def resolve(section: Any, keys: tuple[str, ...]) -> Any:
        if not isinstance(section, dict):
            return section
        paths = {key: section[key] for key in keys if isinstance(section.get(key), str)}
        return {**section, **{key: str(directory / path) for key, path in paths.items() if path}}

    data = resolve(data, ("state_dir", "gateways_file"))
    data["web"] = resolve(data.get("web"), ("config_file",))
    if isinstance(data.get("gateways"), list):
        files = tuple(f"{key}_file" for key in SECRETS)
        data["gateways"] = [resolve(gateway, files) for gateway in data["gateways"]]
    return data


def _apply_environment(
    data: dict[Any, Any], environ: Mapping[str, str], sources: dict[KeyPath, str], file: str
) -> dict[Any, Any]:
    """Return the data with the variables applied; note in `sources` where they went."""
    data = dict(data)
    if environ.get(_STATE_DIR):
        data["state_dir"] = environ[_STATE_DIR]
        sources["state_dir",] = _STATE_DIR
    # an empty variable counts as unset: compose files pass `${TOKEN:-}`
    given = {
        name: environ[name]
        for variable in _VARIABLES
        for name in (variable, variable + _FILE)
        if environ.get(name)
    }
    gateways = data.get("gateways") or []
    if not given or not isinstance(gateways, list):
        return data
    if len(gateways) > 1 or data.get("gateways_file"):
        several = "a file of them" if data.get("gateways_file") else str(len(gateways))
        raise ConfigError(
            f"{', '.join(given)}: which gateway is meant? {file} lists {several}:"
            " unset the variable and use the file's keys"
        )
    gateway = gateways[0] if gateways else {}
    if not isinstance(gateway, dict):
        return data
    gateway = dict(gateway)
    for variable, key in _VARIABLES.items():
        _override(gateway, variable, key, given, sources)
    if "host" not in gateway and not gateways:
        return data
    data["gateways"] = [gateway]
    return data


def _override(
    gateway: dict[Any, Any],
    variable: str,
    key: str,
    given: Mapping[str, str],
    sources: dict[KeyPath, str],
) -> None:
    """Put one variable, or the file it names, into the gateway."""
    value, file = given.get(variable), given.get(variable + _FILE)
    if value and file:
        raise ConfigError(f"{variable}, {variable}{_FILE}: give one of the two")
    if not value and not file:
        return
    gateway.pop(f"{key}_file", None)
    gateway.pop(key, None)
    if value:
        gateway[key] = value
        sources["gateways", 0, key] = variable
    elif key in SECRETS:
        gateway[f"{key}_file"] = file
        sources["gateways", 0, f"{key}_file"] = variable + _FILE
    else:
        try:
            gateway[key] = read_secret(Path(file or ""))
        except ConfigError as error:
            raise ConfigError(f"{variable}{_FILE}: {error}") from None
        sources["gateways", 0, key] = variable + _FILE


def _no_gateway(data: Mapping[Any, Any], source: str, environ: Mapping[str, str]) -> ConfigError:
    """Return the error for a configuration without gateways, with the misspelt key if there is."""
    keys = [str(key) for key in data if key not in Config.model_fields]
    near = difflib.get_close_matches("gateways", keys, 1)
    if near:
        return ConfigError(f"{source}: {printable(near[0])}: unknown key: did you mean gateways?")
    return ConfigError(_NO_GATEWAY + _suggest_variable(environ))


def _suggest_variable(environ: Mapping[str, str]) -> str:
    """Return a hint if a variable is close to ENPHASE_HOST."""
    ours = {*_VARIABLES, *(name + _FILE for name in _VARIABLES), _STATE_DIR, _SHARD}
    unknown = [name for name in environ if name.startswith("ENPH") and name not in ours]
    near = difflib.get_close_matches("ENPHASE_HOST", unknown, 1, cutoff=0.8)
    return f" ({printable(near[0])} is set: did you mean ENPHASE_HOST?)" if near else ""


def _default_state_dir(environ: Mapping[str, str], path: Path | None) -> str:
    systemd = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if systemd:
        return systemd
    if path is not None and path == SYSTEM_CONFIG_FILE and _SYSTEM_STATE.is_dir():
        # commands share tokens and the limit on requests with the service
        return str(_SYSTEM_STATE)
    home = environ.get("XDG_STATE_HOME", "")
    if not home.startswith("/"):
        try:
            home = f"{environ.get('HOME') or Path.home()}/.local/state"
        except RuntimeError:
            raise ConfigError(
                "state_dir: this user has no home directory: set ENPHASE_STATE_DIR"
            ) from None
    return f"{home}/enphase-exporter"
