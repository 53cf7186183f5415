"""The generated dashboards, read by who asks what they ask: panels, queries, variables."""

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
class Asked:
    """One query, the dashboard and the panel (or variable, or annotation) that asks it."""

    uid: str
    panel: str
    expr: str
    instant: bool = False
    #: a time of its own that the panel shows
    since: str = ""
    #: what it says when it is empty
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


def queries() -> Iterator[Asked]:
    """Yield every query of every panel."""
    for uid, board in DASHBOARDS.items():
        for panel in panels(board):
            for target in panel["targets"]:
                yield Asked(
                    uid,
                    panel["title"],
                    target["expr"],
                    bool(target.get("instant")),
                    panel.get("timeFrom") or "",
                    panel["fieldConfig"]["defaults"].get("noValue") or "",
                )


def notes() -> Iterator[Asked]:
    """Yield the query of every annotation."""
    for uid, board in DASHBOARDS.items():
        for note in board["annotations"]["list"]:
            yield Asked(uid, f"annotation {note['name']}", note["expr"])


def variables(board: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the variables of a dashboard by name."""
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def lists() -> Iterator[Asked]:
    """Yield what each variable asks, as a query."""
    for uid, board in DASHBOARDS.items():
        for name, variable in variables(board).items():
            if variable["type"] == "query":
                asked = re.fullmatch(
                    r"query_result\((.*)\)|label_values\((.*), \w+\)", variable["query"], re.S
                )
                assert asked, f"{uid}: {name}: {variable['query']}"
                yield Asked(uid, f"variable {name}", asked[1] or asked[2], instant=True)


def filled(expr: str, values: Mapping[str, str]) -> str:
    """Return an expression with values in place of Grafana's variables."""
    return _VARIABLE.sub(lambda found: values[found[1] or found[2]], expr)
