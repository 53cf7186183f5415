"""Write the rules as PrometheusRule objects, for Kubernetes.

`python -m tools.prometheus_rule` writes them; with `--check` it exits 1 if they are not current.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.yaml_dumper import dump_yaml

_ROOT = Path(__file__).resolve().parent.parent
_MANIFESTS = _ROOT / "deploy" / "kubernetes"
#: what is written, by the rule files that go into it
TARGETS: Mapping[Path, tuple[Path, ...]] = {
    _MANIFESTS / "rules" / "prometheusrule.yaml": tuple(
        sorted((_ROOT / "alertmanager" / "rules").glob("*.rules.yml"))
    ),
    _MANIFESTS / "fleet" / "prometheusrule.yaml": (_ROOT / "deploy" / "fleet" / "fleet.rules.yml",),
}
_HEAD = "# Written by `make manifests` from {sources}; do not edit.\n"


def _style(text: str) -> str | None:
    # not folded: PyYAML breaks lines that are indented
    return "|" if "\n" in text else None


def rule(path: Path) -> dict[str, Any]:
    """Return the object for one rule file."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": f"enphase-{path.name.removesuffix('.rules.yml')}",
            "namespace": "enphase",
            "labels": {"app.kubernetes.io/name": "enphase-exporter"},
        },
        "spec": yaml.safe_load(path.read_text(encoding="utf-8")),
    }


def document(sources: tuple[Path, ...]) -> str:
    """Return the text of the objects for these rule files."""
    folder = sources[0].parent.relative_to(_ROOT)
    label = folder if len(sources) > 1 else sources[0].relative_to(_ROOT)
    objects = dump_yaml(*map(rule, sources), style=_style)
    return _HEAD.format(sources=label) + objects


def stale() -> list[Path]:
    """Return the files that differ from the rules."""
    return [
        path
        for path, sources in TARGETS.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != document(sources)
    ]


def main(arguments: list[str] | None = None) -> int:
    """Write or check the files; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.prometheus_rule", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 if they are not current")
    if parser.parse_args(arguments).check:
        outdated = stale()
        for path in outdated:
            sys.stderr.write(f"{path} is not current: run `make manifests`\n")
        return int(bool(outdated))
    for path, sources in TARGETS.items():
        path.write_text(document(sources), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
