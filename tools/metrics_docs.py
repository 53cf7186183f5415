"""Write `docs/metrics.md` from the metric tables, so that the list of metrics is never out of date.

`python -m tools.metrics_docs` writes it; with `--check` it exits 1 if the file is not current.
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from exporter.metrics.catalogue import FAMILIES, TABLES, Family
from exporter.metrics.table import FlagSet, StateSet
from exporter.metrics.units import closed, flag, on_grid
from exporter.snapshot import SELF

PATH = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"

_INTRO = """\
# Metrics

<!-- Written by `make docs` from the tables in exporter/metrics/; do not edit. -->

- Every series carries the label `gateway`, the name given to the gateway in the configuration. It
  stays when the gateway is replaced. The tables list the labels besides it.
- What is not known is absent: never 0, never the last value. Data of a collector that has not
  succeeded for a while vanishes, and so does a value that cannot be true.
- Units are base units: energy in joules (1 kWh = 3,600,000 J), power in watts, charge and other
  shares as a ratio from 0 to 1, temperature in degrees Celsius, times as seconds since 1970.
- Counters (names in `_total`) only rise. Their readings are filtered: gateways sometimes report a
  lifetime that is too low or zero; `enphase_rejected_readings_total` counts rejected readings.
- A *state set* has one series for each known state and one for `unknown`; exactly one of them is 1.
  *Flags* look alike, but any number of them can be 1.
- *Source* is the collector, then what it reads: the field as pyenphase or `exporter/gateway/` names
  it, with `*` for a serial number, phase or other key.

Besides these there are metrics of the exporter itself, which belong to no gateway:
`enphase_exporter_build_info` (labels `version` and `revision`),
`enphase_exporter_last_scrape_timestamp_seconds`,
`enphase_exporter_last_watchdog_timestamp_seconds`, `enphase_pager_receiver_configured`,
`enphase_pager_last_test_timestamp_seconds` and, while `alerting test` waits for its alert,
`enphase_pager_test_requested` (label `test`).
"""

_UNITS = (
    ("timestamp_seconds", "seconds since 1970"),
    ("volt_amperes", "volt-amperes"),
    ("joules", "joules"),
    ("watts", "watts"),
    ("volts", "volts"),
    ("amperes", "amperes"),
    ("hertz", "hertz"),
    ("celsius", "degrees Celsius"),
    ("ratio", "ratio"),
    ("seconds", "seconds"),
    ("price", "currency per kWh"),
)
_SWITCHES = (flag, closed, on_grid)


def unit(family: Family) -> str:
    """Return the unit of a family from its name or the kind of its value."""
    row = family.row
    if row.kind == "info":
        return "always 1"
    if isinstance(row, StateSet) or row.convert in _SWITCHES:
        return "0 or 1"
    base = row.name.removesuffix("_total")
    return next((text for suffix, text in _UNITS if base.endswith(f"_{suffix}")), "number")


def kind(family: Family) -> str:
    """Return the type of a family in the words of the introduction."""
    if isinstance(family.row, FlagSet):
        return "flags"
    return "state set" if isinstance(family.row, StateSet) else family.row.kind


def labels(family: Family) -> str:
    """Return the labels besides `gateway`, with the values of a state set."""
    row = family.row
    names = ", ".join(f"`{label}`" for label in family.labels)
    if not isinstance(row, StateSet):
        return names
    return f"{names}: " + ", ".join(f"`{state}`" for state in (*row.states, "unknown"))


def source(family: Family) -> str:
    """Return where a family is read, as collector and paths."""
    places = []
    for table in family.tables:
        paths = ", ".join(f"`{path}`" for path in table.paths(family.row))
        # The exporter's own reading has one member, named like it.
        places.append(paths if table.collector == SELF else f"{table.collector}: {paths}")
    return "; ".join(places)


def document() -> str:
    """Return the whole document."""
    return "\n".join((_INTRO, *_areas())).rstrip() + "\n"


def _areas() -> Iterator[str]:
    written: set[str] = set()
    for title, tables in groupby(TABLES, key=lambda table: table.title):
        yield f"## {title}\n"
        yield "| name | type | unit | labels | meaning | source |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for row in (row for table in tables for row in table.rows):
            if row.name not in written:
                written.add(row.name)
                family = FAMILIES[row.name]
                cells = (kind(family), unit(family), labels(family), row.help, source(family))
                yield f"| `{row.name}` | {' | '.join(cells)} |"
        yield ""


def is_current() -> bool:
    """Return whether the file is equal to the document."""
    return PATH.is_file() and PATH.read_text(encoding="utf-8") == document()


def main(arguments: list[str] | None = None) -> int:
    """Write or check the file; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.metrics_docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 if the file is not current")
    if parser.parse_args(arguments).check:
        if is_current():
            return 0
        sys.stderr.write("docs/metrics.md is not current: run `make docs`\n")
        return 1
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
