"""`make newcomer`: the pages for newcomers, followed on this machine, with the time of each step.

    python -m tools.newcomer [raspberry-pi] [kubernetes]

The Raspberry Pi page runs in a clean Debian with the Debian package. The Kubernetes page runs what
the chart renders, from the image, without a cluster. Downloads come first; the rest happens in a
network of its own, against the simulated gateway over HTTPS, and ends with a message on a phone.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from exporter.errors import ExporterError
from tools.newcomer import kubernetes, raspberry_pi
from tools.newcomer.clean_root import call, missing
from tools.newcomer.journey import Journey


class Page(NamedTuple):
    """A page, and what following it takes."""

    #: what needs downloads; yields a place
    prepared: Callable[[Journey], AbstractContextManager[Path]]
    #: what follows from there
    follow: Callable[[Journey, Path], None]
    programs: tuple[str, ...]


PAGES = {
    "raspberry-pi": Page(raspberry_pi.prepared, raspberry_pi.follow, ("unshare", "ip")),
    "kubernetes": Page(
        kubernetes.prepared,
        kubernetes.follow,
        ("unshare", "ip", "buildah", "helm", "prometheus", "prometheus-alertmanager"),
    ),
}
_INSIDE = "--inside"


def main(words: list[str]) -> int:
    """Walk the pages; return 1 when a step fails."""
    # programs in Go that were built here
    os.environ["PATH"] += f":{Path.home() / 'go/bin'}"
    try:
        if words[:1] == [_INSIDE]:
            _, name, place, began = words
            PAGES[name].follow(Journey(float(began)), Path(place))
            return 0
        for name in words or list(PAGES):
            _walk(name)
    except ExporterError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _walk(name: str) -> None:
    page = PAGES[name]
    print(f"\n{name}\n   since    step", flush=True)  # noqa: T201
    if lacking := missing(*page.programs):
        print(f"  skipped: {lacking}")  # noqa: T201
        return
    began = time.time()
    with page.prepared(Journey(began)) as place:
        inside = [sys.executable, "-m", "tools.newcomer", _INSIDE, name, str(place), str(began)]
        script = 'ip link set lo up && exec "$@"'
        status = call(["unshare", "--net", "sh", "-c", script, "sh", *inside])
    if status != 0:
        raise ExporterError(f"{name}: a step failed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
