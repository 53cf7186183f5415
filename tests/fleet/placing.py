"""`deploy/fleet` read, and placed on this machine: the same files with addresses of our own."""

import re
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import ROOT

FOLDER = ROOT / "deploy/fleet"
README = (FOLDER / "README.md").read_text()
EXPORTERS = ("exporter-0:10055", "exporter-1:10055")
AGENT, CENTRAL, STORE, MANAGER = (
    "localhost:9090",
    "central:9090",
    "victoria:8428",
    "alertmanager:9093",
)
OTHERS = (CENTRAL, STORE, MANAGER)
#: every address that the files name; `AGENT` is whoever reads the file
ADDRESSES = (*EXPORTERS, AGENT, *OTHERS)
_ADDRESS = re.compile(r"(?<=[/\"])[a-z][a-z0-9.-]*:\d+\b")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def blocks(language: str) -> list[str]:
    """Return the pieces of code in the README."""
    return [text for kind, text in _BLOCK.findall(README) if kind == language]


def addresses(text: str) -> set[str]:
    """Return the addresses that a file names, comments left out."""
    lines = (line.partition("# ")[0] for line in text.splitlines())
    return {address for line in lines for address in _ADDRESS.findall(line)}


def place(name: str, folder: Path, others: Mapping[str, str], source: Path = FOLDER) -> Path:
    """Copy a file into `folder`, with other addresses in it; KeyError for one without another."""
    path = folder / name
    path.write_text(_ADDRESS.sub(lambda match: others[match[0]], (source / name).read_text()))
    return path
