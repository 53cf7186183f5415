"""Memory that each import adds to a process.

`python -m bench.peers.imports MODULE[,MODULE…] …` imports these in turn and writes its resident
size in MiB after each argument as a line of JSON. Needs Linux: it reads `/proc`.
"""

import importlib
import json
import sys
from pathlib import Path


def _resident() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def _main(arguments: list[str]) -> None:
    sizes = []
    for argument in arguments:
        for module in argument.split(","):
            importlib.import_module(module)
        sizes.append(_resident())
    sys.stdout.write(f"{json.dumps(sizes)}\n")


if __name__ == "__main__":
    _main(sys.argv[1:])
