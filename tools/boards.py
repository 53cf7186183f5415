"""Reads the generated dashboards: panels, queries, variables."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "grafana" / "dashboards"
FILES = tuple(sorted(FOLDER.glob("*.json")))
DASHBOARDS: Mapping[str, Mapping[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in FILES
}

#: not the groups of label_replace, which are numbers
_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$([A-Za-z_]\w*)")


@dataclass(frozen=True)
class PanelQuery:
    """One query, the dashboard and the panel (or variable, or annotation) that contains it."""

    uid: str
    panel: str
    expr: str
    instant: bool = False
    #: time range of the panel, if it has its own
    since: str = ""
    #: the text of the panel when it is empty
    missing: str = ""

    def __str__(self) -> str:
        return f"{self.uid}: {self.panel}"


def panels(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield all panels of a dashboard, also those in rows, without the rows."""
    for panel in board["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def queries() -> Iterator[PanelQuery]:
    """Yield every query of every panel."""
    for uid, board in DASHBOARDS.items():
        for panel in panels(board):
            for target in panel["targets"]:
                yield PanelQuery(
                    uid,
                    panel["title"],
                    target["expr"],
                    bool(target.get("instant")),
                    panel.get("timeFrom") or "",
                    panel["fieldConfig"]["defaults"].get("noValue") or "",
                )


def notes() -> Iterator[PanelQuery]:
    """Yield the query of every annotation."""
    for uid, board in DASHBOARDS.items():
        for note in board["annotations"]["list"]:
            yield PanelQuery(uid, f"annotation {note['name']}", note["expr"])


def variables(board: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the variables of a dashboard by name."""
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def lists() -> Iterator[PanelQuery]:
    """Yield the query of each variable."""
    for uid, board in DASHBOARDS.items():
        for name, variable in variables(board).items():
            if variable["type"] == "query":
                match = re.fullmatch(
                    r"query_result\((.*)\)|label_values\((.*), \w+\)", variable["query"], re.S
                )
                assert match, f"{uid}: {name}: {variable['query']}"
                yield PanelQuery(uid, f"variable {name}", match[1] or match[2], instant=True)


def filled(expr: str, values: Mapping[str, str], *, keep: bool = False) -> str:
    """Return an expression with values in place of Grafana's variables.

    One without a value is an error, unless it is to `keep` its place.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return match[0] if keep and name not in values else values[name]

    return _VARIABLE.sub(value, expr)
