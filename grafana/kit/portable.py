"""A dashboard as grafana.com and Grafana's import page take it.

`__inputs` makes Grafana ask for the data source at the import, `__requires` names what it needs.
Provisioned files go without: nobody is there to be asked.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

#: what the file is written for, and the least that has all that it uses
_GRAFANA = "11.0.0"
_INPUT = "DS_PROMETHEUS"
_SOURCE = {
    "name": _INPUT,
    "label": "Prometheus",
    "description": "The Prometheus that scrapes the exporter and evaluates its recording rules.",
    "type": "datasource",
    "pluginId": "prometheus",
    "pluginName": "Prometheus",
}
#: names of the kinds of panels as Grafana writes them
_KINDS = {
    "barchart": "Bar chart",
    "bargauge": "Bar gauge",
    "stat": "Stat",
    "state-timeline": "State timeline",
    "status-history": "Status history",
    "table": "Table",
    "timeseries": "Time series",
    "xychart": "XY chart",
}


def importable(document: Mapping[str, Any]) -> str:
    """Return the JSON of a provisioned dashboard as a file to import, keys sorted."""
    portable = json.loads(json.dumps(document))
    kinds = sorted({panel["type"] for panel in _flat(portable["panels"])} - {"row"})
    portable |= {
        "id": None,
        "editable": True,
        "__inputs": [_SOURCE],
        "__elements": {},
        "__requires": [
            {"type": "grafana", "id": "grafana", "name": "Grafana", "version": _GRAFANA},
            {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"},
            *({"type": "panel", "id": kind, "name": _KINDS[kind], "version": ""} for kind in kinds),
        ],
    }
    for variable in portable["templating"]["list"]:
        if variable["type"] == "datasource":
            chosen = f"${{{_INPUT}}}"
            variable["current"] = {"selected": True, "text": chosen, "value": chosen}
    return json.dumps(portable, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _flat(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in panels:
        yield panel
        yield from _flat(panel.get("panels") or [])
