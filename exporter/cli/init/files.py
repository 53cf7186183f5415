"""The files that `init` writes: a commented configuration, and the secrets beside it.

No secret stands in the configuration itself: each has a file of its own that only its owner reads.
"""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from exporter.config import load
from exporter.errors import ConfigError
from exporter.state import State

_PLAIN = re.compile(r"(?!null$|Null$|NULL$)[A-Za-z][A-Za-z0-9_./-]*")
_SECRET, _OPEN = 0o600, 0o644


@dataclass(frozen=True)
class Answers:
    """What `init` has found out; secrets are those that it has to put into files itself."""

    host: str
    name: str
    #: secret files that there are already, by key
    files: Mapping[str, Path] = field(default_factory=dict)
    #: by key (`token`, `password`)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    username: str | None = None
    storage_mode: str | None = None
    reserve: float | None = None
    state_dir: Path | None = None
    #: what was found there, for the comments
    found: str = ""
    timezone: str | None = None
    reserve_now: float | None = None

    def secret_path(self, folder: Path, key: str) -> Path:
        """Return where a secret goes."""
        return State(folder, self.name).path.with_suffix(f".{key}")


def plan(answers: Answers, output: Path) -> dict[Path, tuple[str, int]]:
    """Return what is to be written: content and mode by path, the configuration last."""
    folder = output.parent
    files = {
        answers.secret_path(folder, key): (f"{secret}\n", _SECRET)
        for key, secret in answers.secrets.items()
    }
    return {**files, output: (text(answers), _OPEN)}


def in_the_way(files: Mapping[Path, tuple[str, int]]) -> list[Path]:
    """Return the files that would be overwritten with something else."""
    found = []
    for path, (content, _) in files.items():
        try:
            if path.read_text(encoding="utf-8") != content:
                found.append(path)
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError):
            found.append(path)
    return found


def write(files: Mapping[Path, tuple[str, int]], environ: Mapping[str, str]) -> None:
    """Write each file whole or not at all; raise ConfigError.

    The configuration, which is the last, is read back as `serve` would before it takes its place.
    """
    last = list(files)[-1]
    for path, (content, mode) in files.items():
        part = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # mkstemp's files are for us alone from the start
            descriptor, name = tempfile.mkstemp(".part", f".{path.name}.", path.parent)
            part = Path(name)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
            part.chmod(mode)
            if path == last:
                load(part, own(environ))
            part.replace(path)
        except OSError as error:
            raise ConfigError(
                f"{path}: cannot be written ({error.strerror or error}): choose another --output"
            ) from error
        finally:
            if part is not None:
                with suppress(OSError):
                    part.unlink()


def own(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what would take the place of keys in the file."""
    return {
        key: value
        for key, value in environ.items()
        if not key.startswith("ENPHASE_") or key == "ENPHASE_STATE_DIR"
    }


def text(answers: Answers) -> str:
    """Return the configuration, with comments for whoever meets it in two years."""
    return "\n".join((*_head(answers), *_login(answers), *_rest(answers), *_TAIL)) + "\n"


def _head(answers: Answers) -> list[str]:
    about = f" It is {answers.found}." if answers.found else ""
    return [
        "# Configuration of enphase-exporter, written by `enphase-exporter init`. Relative paths",
        "# are taken from the folder of this file; `kill -HUP` makes a running exporter read it",
        "# again.",
        "",
        "gateways:",
        f"    # Name or address on the local network.{about}",
        f"  - host: {_yaml(answers.host)}",
        "",
        "    # Value of the label `gateway` of every series: it outlives a replaced gateway.",
        f"    name: {_yaml(answers.name)}",
        "",
    ]


def _login(answers: Answers) -> list[str]:
    kept = {key: str(path.resolve()) for key, path in answers.files.items()}
    made = {key: answers.secret_path(Path(), key).name for key in answers.secrets}
    paths = {**kept, **made}
    if answers.username:
        lines = [
            "    # The Enphase account, with which the exporter gets and renews its tokens.",
            f"    username: {_yaml(answers.username)}",
        ]
    elif paths:
        lines = [
            "    # The token ends after a year: put the next one into the same file, in time.",
        ]
    else:
        lines = [
            "    # Firmware before 7 needs no login. Later: `token_file`, or `username` and",
            "    # `password_file` of the Enphase account.",
        ]
    lines += [f"    {key}_file: {_yaml(path)}" for key, path in paths.items()]
    return [*lines, ""]


def _rest(answers: Answers) -> list[str]:
    zone = answers.timezone or "America/Los_Angeles"
    lines = [
        "    # IANA name; the gateway's own setting, if left out.",
        f"    # timezone: {zone}",
        "",
        "    # What the storage should be set to; an alert tells when it is set otherwise.",
    ]
    mark = "    " if answers.storage_mode or answers.reserve is not None else "    # "
    mode = answers.storage_mode or "self-consumption"
    reserve = answers.reserve if answers.reserve is not None else answers.reserve_now
    lines += [
        f"{mark}wanted:",
        f"    {'' if answers.storage_mode else '# '}  storage_mode: {mode}"
        "    # backup, self-consumption or economy",
        f"    {'' if answers.reserve is not None else '# '}  reserve_soc:"
        f" {30 if reserve is None else reserve:g}    # percent",
        "",
        "    # What you call your inverters, by serial number, and where the panels lie.",
        "    # inverters:",
        "    #   482200001001: {name: South 1, array: South roof, x: 0, y: 1}",
        "",
    ]
    if answers.state_dir:
        lines += [
            "# Where tokens, counters and devices seen before are remembered.",
            f"state_dir: {_yaml(str(answers.state_dir.resolve()))}",
            "",
        ]
    return lines


_TAIL = (
    "# How often to ask, for all gateways, such as `meters: 30s`; see the example configuration.",
    "# cadences: {}",
    "",
    "# log:",
    "#   level: info       # debug, info, warn, error",
    "#   format: logfmt    # logfmt, json",
    "",
    "# web:",
    '#   listen_address: ":10055"',
    "#   config_file: web.yml    # TLS and users",
)


def _yaml(value: str) -> str:
    """Return a text as YAML; JSON's way of quoting is one of YAML's."""
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
