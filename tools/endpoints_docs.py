"""Write `docs/endpoints.md`: the endpoints, and the metrics of each field.

The metrics of a field are determined by removing it: from the responses of the simulated homes and
from small samples of what they do not have. `--check` exits 1 if the file is not current.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path as File
from typing import Any

import orjson

from exporter.gateway.endpoints import ENDPOINTS, PATHS, assemble
from exporter.gateway.endpoints.base import Endpoint, Parsed
from exporter.gateway.endpoints.context import Context
from exporter.simulator.homes import SAMPLE_HOME_NAMES, sample_home
from tests.blast.series import series
from tests.blast.spoiling import MISSING, Path, at, replaced
from tests.gateway.endpoints.rare_samples import RARE
from tests.gateway.endpoints.samples import NOW, SAMPLES
from tools.endpoint_readers import INFO, NO_METRIC, NOT_READ, READERS

PATH = File(__file__).resolve().parent.parent / "docs" / "endpoints.md"

_INTRO = """\
# Endpoints

<!-- Written by `make generate` from exporter/gateway/endpoints/; do not edit. -->

The endpoints that the exporter reads, and the metrics of each field. Each endpoint has a module in
`exporter/gateway/endpoints/`.

- *Collector* is the label in `enphase_collector_up`. *Every* is the longest time between two
  requests where it differs from the collector's cadence; *who* is whose token the gateway accepts.
- *Read by* names other programs that read the endpoint too: pyenphase (and with it Home Assistant),
  homebridge-enphase-envoy, and home_assistant_enphase_envoy_installer.
- A field that cannot be read, or is missing where it was there before, is left out, counted in
  `enphase_unreadable_values_total`, and costs only its own metrics. In field names `*` is a
  position or a serial number.
"""

#: homes that are not too large to take apart
_HOMES = tuple(name for name in SAMPLE_HOME_NAMES if name not in {"big-home", "legacy"})
#: places of one kind that are tried in each home
_ENOUGH = 8

Documents = dict[str, Any]


@cache
def _sources() -> tuple[tuple[Documents, Context], ...]:
    """Return the responses of each home and of the samples, with the context they belong to."""
    sources: list[tuple[Documents, Context]] = []
    for name in _HOMES:
        home = sample_home(name, lambda: float(NOW))
        documents = {}
        for path in ENDPOINTS:
            response = home.answer(path)
            if response is not None and response.status == 200 and path != "/info":
                documents[path] = orjson.loads(response.body)
        sources.append((documents, Context(gateway_time=float(NOW))))
    sources += [(documents, Context(gateway_time=float(NOW))) for documents in (SAMPLES, RARE)]
    return tuple(sources)


def _is_table(node: Any) -> bool:
    """Return whether a node has rows of values under a list of their names."""
    return isinstance(node, dict) and {"fields", "values"} <= node.keys()


def _places(node: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the place of every value; a list of plain values is one, a table has its columns."""
    if _is_table(node):
        yield from ((*path, "values", name) for name in node["fields"])
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _places(value, (*path, key))
    elif isinstance(node, list) and any(isinstance(item, (dict, list)) for item in node):
        for index, value in enumerate(node):
            yield from _places(value, (*path, index))
    elif node != []:
        yield path


def _without(document: Any, place: Path) -> Any:
    """Return a document without the value at a place."""
    table = at(document, place[:-2])
    if not _is_table(table):
        return replaced(document, place, MISSING)
    column = table["fields"].index(place[-1])
    rows = [table["fields"], *table["values"]]
    fields, *values = ([*row[:column], *row[column + 1 :]] for row in rows)
    return replaced(document, place[:-2], {"fields": fields, "values": values})


def _parsed(documents: Documents) -> dict[str, Parsed]:
    return {
        path: ENDPOINTS[path].parse(orjson.dumps(document)) for path, document in documents.items()
    }


def _made(path: str, parsed: Mapping[str, Parsed], context: Context) -> dict[Any, float]:
    made: dict[Any, float] = {}
    for collector, paths in PATHS.items():
        if path in paths:
            made |= series(collector, assemble(collector, parsed, context))
    return made


def _shape(place: Path) -> str:
    return ".".join("*" if isinstance(step, int) or step.isdecimal() else step for step in place)


@cache
def fields(path: str) -> dict[str, set[str]]:
    """Return the names of the metrics that each field of an endpoint makes."""
    read: dict[str, set[str]] = {}
    for documents, context in _sources():
        tried: Counter[str] = Counter()
        if path not in documents:
            continue
        parsed = _parsed(documents)
        before = _made(path, parsed, context)
        for place in _places(documents[path]):
            shape = _shape(place)
            tried[shape] += 1
            if tried[shape] > _ENOUGH and read.get(shape):
                continue
            changed = _parsed({path: _without(documents[path], place)})
            after = _made(path, {**parsed, **changed}, context)
            names = {key[0] for key in before.keys() - after.keys()}
            names |= {key[0] for key in before if key in after and before[key] != after[key]}
            read.setdefault(shape, set()).update(names)
    return read


def _reason(path: str, field: str) -> str:
    """Return why a field has no metric; raise LookupError if no reason is given."""
    for path_pattern, pattern, reason in NO_METRIC:
        if fnmatchcase(path, path_pattern) and fnmatchcase(field, pattern):
            return reason
    raise LookupError(f"{path} {field}: has no metric and no reason; see tools/endpoint_readers.py")


def _cell(path: str, field: str, names: set[str]) -> str:
    # What identifies a device makes all of its series.
    if len(names) > 12:
        return f"all {len(names)} metrics of the device, as a label or by its place"
    if names:
        return ", ".join(f"`{name}`" for name in sorted(names))
    return f"none: {_reason(path, field)}"


def _section(endpoint: Endpoint) -> Iterator[str]:
    module = sys.modules[endpoint.read.__module__]
    text = (module.__doc__ or "").strip().partition("\n\n")
    yield f"## `{endpoint.path}`"
    yield ""
    summary = text[0].replace("\n", " ")
    if summary.startswith("`"):
        summary = summary.partition(": ")[2]
    yield summary[0].upper() + summary[1:]
    yield ""
    if text[2]:
        yield text[2].replace("\n", " ")
        yield ""
    every = "" if endpoint.max_age is None else f", every {endpoint.max_age:g} s"
    who = "installer" if endpoint.installer else "owner"
    if endpoint.sometimes_installer:
        who = "owner, or installer with some firmware"
    readers = ", ".join(READERS.get(endpoint.path, ())) or "none of the others"
    yield f"Collector `{endpoint.collector}`{every}, {who}. Read by: {readers}."
    yield ""
    yield "| field | metrics |"
    yield "| --- | --- |"
    if endpoint.path == "/info":
        yield from (f"| `{field}` | {cell} |" for field, cell in INFO)
        yield ""
        return
    for field, names in fields(endpoint.path).items():
        yield f"| `{field}` | {_cell(endpoint.path, field, names)} |"
    yield ""


def document() -> str:
    """Return the whole page."""
    lines = [_INTRO]
    for endpoint in ENDPOINTS.values():
        lines += _section(endpoint)
    lines += [
        "## Not read",
        "",
        "What other programs read, and the exporter does not.",
        "",
        "| endpoint | read by | why not |",
        "| --- | --- | --- |",
        *(f"| `{path}` | {who} | {why} |" for path, who, why in NOT_READ),
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only check that it is current")
    arguments = parser.parse_args()
    text = document()
    if arguments.check:
        return 0 if PATH.read_text(encoding="utf-8") == text else 1
    PATH.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
