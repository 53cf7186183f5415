"""Writes several files, each completely or not at all, and never over others without consent."""

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from exporter import files as private_files
from exporter.cli.interrupts import raise_on_interrupt
from exporter.errors import ConfigError

#: content and mode by path
Files = Mapping[Path, tuple[str, int]]


def differing(files: Files) -> list[Path]:
    """Return the files that exist with another content."""
    paths = []
    for path, (content, _) in files.items():
        try:
            if path.read_text(encoding="utf-8") != content:
                paths.append(path)
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError):
            paths.append(path)
    return paths


def write_files(
    files: Files, checks: Mapping[Path, Callable[[Path], object]] | None = None
) -> None:
    """Write the files in their order; raise ConfigError.

    `checks` raise for a file, given under a temporary name, that must not take its place.
    """
    raise_on_interrupt()
    for path, (content, mode) in files.items():
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # mkstemp creates files with mode 0600
            descriptor, name = tempfile.mkstemp(path.suffix, f".{path.stem}.", path.parent)
            temporary = Path(name)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
                private_files.give_to_owner(descriptor, path)
            temporary.chmod(mode)
            if checks and path in checks:
                checks[path](temporary)
            temporary.replace(path)
        except OSError as error:
            raise ConfigError(
                f"{path}: cannot be written ({error.strerror or error}): choose another --output"
            ) from error
        finally:
            if temporary is not None:
                with suppress(OSError):
                    temporary.unlink()
