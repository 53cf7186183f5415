"""Puts the commit that a wheel or sdist is built from into it, for `enphase_exporter_build_info`.

A wheel that is built from an sdist keeps the commit of the sdist.
"""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: where the package looks for it
_TARGET = "exporter/revision.txt"


class RevisionHook(BuildHookInterface[Any]):
    """Writes the commit into a file of the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file, unless it is there already or nobody knows the commit."""
        root = Path(self.root)
        if version == "editable" or (root / _TARGET).exists():
            return
        revision = os.environ.get("REVISION") or _commit(root)
        if not revision:
            return
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / "revision.txt"
        file.write_text(f"{revision}\n")
        build_data["force_include"][str(file)] = _TARGET

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was written."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def _commit(root: Path) -> str:
    """Return the commit that is checked out; empty where this is no checkout of the project."""
    try:
        top, commit = (
            subprocess.run(
                ["git", "-C", root, "rev-parse", what],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for what in ("--show-toplevel", "HEAD")
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    # an unpacked sdist inside of another repository
    return commit if Path(top) == root.resolve() else ""
