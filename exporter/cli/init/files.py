"""The files that `init` writes: a commented configuration, and the secrets next to it.

The configuration itself contains no secret: each has a file of its own with mode 0600.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from pydantic import SecretStr

from exporter.cli.atomic_files import write_files
from exporter.config import load
from exporter.config.types import read_secret
from exporter.state import State

_PLAIN = re.compile(r"(?!null$|Null$|NULL$)[A-Za-z][A-Za-z0-9_./-]*")

_CONFIG = """\
# Configuration of enphase-exporter, written by `enphase-exporter init`. Relative paths are relative
# to the folder of this file. `kill -HUP` reloads it in a running exporter.

gateways:
    # Name or address on the local network.{% if identity %} It is {{ identity }}.{% endif %}

  - host: {{ host|yaml }}

    # Label `gateway` of every series. It stays the same when the gateway is replaced.
    name: {{ name|yaml }}

{% if username %}
    # The Enphase account with which the exporter gets and renews its tokens.
    username: {{ username|yaml }}
{% elif paths %}
    # A token expires after a year: put a new one into the same file before that.
{% else %}
    # Firmware before 7 needs no login. Newer firmware: `token_file`, or `username` and
    # `password_file` of the Enphase account.
{% endif %}
{% for key, path in paths.items() %}
    {{ key }}_file: {{ path|yaml }}
{% endfor %}

    # IANA name. Default: the setting of the gateway.
    # timezone: {{ timezone or "America/Los_Angeles" }}

    # The storage settings that you want. An alert fires when the system has other ones.
    {{ "" if storage_mode or reserve is not none else "# " }}wanted:
    {{ "" if storage_mode else "# " }}  storage_mode: {{ storage_mode or "self-consumption" }}\
    # backup, self-consumption or economy
    {{ "" if reserve is not none else "# " }}  reserve_soc: \
{{ "%g" % (reserve if reserve is not none else reserve_now or 30) }}    # percent

    # Names of your inverters by serial number, and the position of each panel.
    # inverters:
    #   482200001001: {name: South 1, array: South roof, x: 0, y: 1}

{% if state_dir %}
# Directory for tokens, counters and known devices.
state_dir: {{ state_dir|yaml }}

{% endif %}
# Polling intervals for all gateways, such as `meters: 30s`; see the example configuration.
# cadences: {}

# log:
#   level: info       # debug, info, warn, error
#   format: logfmt    # logfmt, json

# web:
#   listen_address: ":10055"
#   config_file: web.yml    # TLS and users
"""


@dataclass
class Answers:
    """The answers of the owner; `secrets` are those that `init` has to write into files."""

    host: str = ""
    name: str = ""
    #: existing secret files, by key
    files: dict[str, Path] = field(default_factory=dict)
    #: by key (`token`, `password`)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    username: str | None = None
    storage_mode: str | None = None
    reserve: float | None = None
    state_dir: Path | None = None
    #: serial number and firmware of what answers at the host, for a comment
    identity: str = ""
    timezone: str | None = None
    reserve_now: float | None = None

    def copy_secrets(self) -> None:
        """Have all secrets written beside the configuration: the service may not read others."""
        given = {key: read_secret(path) for key, path in self.files.items()}
        self.files, self.secrets = {}, {**self.secrets, **given}

    def clear_login(self) -> None:
        """Forget the login."""
        self.files, self.secrets, self.username = {}, {}, None

    def login(self) -> dict[str, SecretStr]:
        """Return the login by the keys of a configuration."""
        values = {**{key: read_secret(path) for key, path in self.files.items()}, **self.secrets}
        if self.username is not None:
            values["username"] = self.username
        return {key: SecretStr(value) for key, value in values.items()}

    def secret_path(self, folder: Path, key: str) -> Path:
        """Return the path of the file for a secret."""
        return State(folder, self.name).path.with_suffix(f".{key}")


def plan(answers: Answers, output: Path) -> dict[Path, tuple[str, int]]:
    """Return what is to be written: content and mode by path, the configuration last."""
    secrets = {
        answers.secret_path(output.parent, key): (f"{secret}\n", 0o600)
        for key, secret in answers.secrets.items()
    }
    return {**secrets, output: (render(answers), 0o644)}


def write(files: Mapping[Path, tuple[str, int]], environ: Mapping[str, str]) -> None:
    """Write the files; the configuration is read back as `serve` would before it is in place."""
    config = list(files)[-1]
    write_files(files, {config: lambda path: load(path, without_gateway(environ))})


def without_gateway(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the variables that would override keys of the file."""
    return {
        key: value
        for key, value in environ.items()
        if not key.startswith("ENPHASE_") or key == "ENPHASE_STATE_DIR"
    }


def render(answers: Answers) -> str:
    """Return the configuration with its comments."""
    # the output is YAML, and `yaml` quotes every value
    templates = Environment(trim_blocks=True, undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    templates.filters["yaml"] = _yaml
    existing = {key: str(path.resolve()) for key, path in answers.files.items()}
    written = {key: answers.secret_path(Path(), key).name for key in answers.secrets}
    state_dir = str(answers.state_dir.resolve()) if answers.state_dir else ""
    values = {**vars(answers), "paths": {**existing, **written}, "state_dir": state_dir}
    return templates.from_string(_CONFIG).render(values)


def _yaml(value: str) -> str:
    """Return a text as YAML; a JSON string is a valid YAML string."""
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
