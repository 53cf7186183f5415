"""Asks the queries of a dashboard as Grafana does: variables, time ranges, steps, repeated rows."""

import copy
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.grafana.backfill import Prometheus
from tools import boards

Panel = dict[str, Any]
#: seconds between two points that Grafana chooses from, and below how many seconds it takes each
_STEPS = (
    *((1.5, 1), (3.5, 2), (7.5, 5), (12.5, 10), (17.5, 15), (25, 20), (45, 30), (90, 60)),
    *((210, 120), (450, 300), (750, 600), (1050, 900), (1500, 1200), (2700, 1800)),
    *((5400, 3600), (9000, 7200), (16200, 10800), (32400, 21600), (86400, 43200)),
    *((604800, 86400), (2592000, 604800), (31536000, 2592000)),
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}
#: a step of an annotation's query; events that are as far apart are one
_NOTE_STEP = 300
#: of a series in one answer, by Prometheus
_MOST_POINTS = 11000
_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Asker:
    """Grafana, as far as it asks Prometheus."""

    server: Prometheus
    gateway: str
    #: epoch seconds, and the time zone of the browser
    now: float
    zone: ZoneInfo
    #: seconds between two scrapes, as set in the data source
    scrape: int
    #: CSS pixels of the whole dashboard
    width: int

    def variables(self) -> dict[str, str]:
        """Return the values of the dashboards' variables."""
        return {
            **dict.fromkeys(("job", "instance", "battery"), ".+"),
            **dict.fromkeys(("gateway", "gateways"), self.gateway),
        }

    def panels(self, board: Mapping[str, Any]) -> list[Panel]:
        """Return the panels of a dashboard, each with the answers to its queries."""
        chosen = self.variables()
        since = board["time"]["from"]
        placed = []
        for panel, more in self._unfolded(board, chosen):
            filled: Panel = copy.deepcopy(panel)
            if filled["type"] != "row":
                filled |= self._answered(filled, since, chosen | more)
            for key in ("title", "description"):
                filled[key] = boards.filled(filled.get(key) or "", chosen | more, keep=True)
            placed.append(filled)
        marks = {since: list(self._marks(board, since, chosen))}
        for panel in placed:
            own = panel.get("timeFrom") or since
            if panel["type"] == "timeseries":
                if own not in marks:
                    marks[own] = list(self._marks(board, own, chosen))
                panel["marks"] = [m for m in marks[own] if not m["ids"] or panel["id"] in m["ids"]]
        return placed

    def _answered(self, panel: Panel, since: str, values: dict[str, str]) -> Panel:
        begin, end = self.span(panel.get("timeFrom") or since)
        across = panel["gridPos"]["w"] / 24 if self.width > 768 else 1
        points = panel.get("maxDataPoints") or across * self.width
        least = max(self.scrape, seconds(panel["interval"]) if panel.get("interval") else 0)
        step = max(least, _round((end - begin) / points))
        values = {
            **values,
            "__interval": f"{step}s",
            "__rate_interval": f"{max(step + self.scrape, 4 * self.scrape)}s",
            "__range": f"{end - begin:.0f}s",
            "__range_s": f"{end - begin:.0f}",
        }
        answers = []
        for target in panel["targets"]:
            expr = boards.filled(target["expr"], values)
            if target.get("instant"):
                result = self.server.ask("query", query=expr, time=end)["result"]
            else:
                ahead = self._ahead(end)
                first, last = (((at + ahead) // step) * step - ahead for at in (begin, end))
                result = self.server.ask(
                    "query_range", query=expr, start=first, end=last, step=step
                )["result"]
            answers.append({"target": target, "result": result, "step": step})
        return {"answers": answers, "range": [begin, end], "marks": []}

    def _unfolded(
        self, board: Mapping[str, Any], chosen: dict[str, str]
    ) -> Iterator[tuple[Panel, dict[str, str]]]:
        """Yield the panels with rows opened and repeated, and what a repetition is about."""
        top = 0
        for heading, panels in _rows(board):
            values: list[dict[str, str]] = [{}]
            if heading and heading.get("repeat"):
                name = heading["repeat"]
                values = [{name: each} for each in self._listed(board, name, chosen)]
            for value in values:
                if heading:
                    yield _moved(heading, top), value
                    top += 1
                start = min((panel["gridPos"]["y"] for panel in panels), default=0)
                for panel in panels:
                    yield _moved(panel, top + panel["gridPos"]["y"] - start), value
                top += max(
                    (panel["gridPos"]["y"] - start + panel["gridPos"]["h"] for panel in panels),
                    default=0,
                )

    def _listed(self, board: Mapping[str, Any], name: str, chosen: dict[str, str]) -> list[str]:
        variable = boards.variables(board)[name]
        [query] = re.findall(r"^query_result\((.*)\)$", variable["query"], re.S)
        begin, end = self.span(board["time"]["from"])
        expr = boards.filled(query, {**chosen, "__range": f"{end - begin:.0f}s"})
        result = self.server.ask("query", query=expr, time=end)["result"]
        return sorted(series["metric"]["serial"] for series in result)

    def _marks(
        self, board: Mapping[str, Any], since: str, chosen: dict[str, str]
    ) -> Iterator[dict[str, Any]]:
        begin, end = self.span(since)
        step = max(_NOTE_STEP, math.ceil((end - begin) / _MOST_POINTS))
        for note in board["annotations"]["list"]:
            ids = (note.get("filter") or {}).get("ids") or []
            expr = boards.filled(note["expr"], chosen)
            answer = self.server.ask("query_range", query=expr, start=begin, end=end, step=step)
            for series in answer["result"]:
                times = [
                    float(value) / 1000 if note.get("useValueForTime") else at
                    for at, value in series["values"]
                    if note.get("useValueForTime") or float(value) > 0
                ]
                for first, last in _joined(times, 0 if note.get("useValueForTime") else step):
                    if begin <= last and first <= end:
                        yield {
                            "from": first * 1000,
                            "to": last * 1000,
                            "colour": note["iconColor"],
                            "ids": ids,
                        }

    def span(self, since: str) -> tuple[float, float]:
        """Return begin and end of a time range that is written as Grafana does."""
        since = since if since.startswith("now") else f"now-{since}"
        match = re.fullmatch(r"now(?:-(\d+)([smhdwMy]))?(?:/([dwMy]))?", since)
        assert match, since
        count, unit, whole = match.groups()
        begin = datetime.fromtimestamp(self.now, self.zone)
        if count:
            begin -= timedelta(seconds=int(count) * _UNITS[unit])
        if whole:
            begin = begin.replace(hour=0, minute=0, second=0, microsecond=0)
            if whole == "M":
                begin = begin.replace(day=1)
            elif whole == "y":
                begin = begin.replace(month=1, day=1)
        return begin.timestamp(), self.now

    def _ahead(self, at: float) -> float:
        offset = datetime.fromtimestamp(at, self.zone).utcoffset()
        assert offset is not None
        return offset.total_seconds()


def seconds(text: str) -> int:
    """Return a duration such as `1d`."""
    return int(text[:-1]) * _UNITS[text[-1]]


def _round(step: float) -> int:
    return next((chosen for limit, chosen in _STEPS if step < limit), 31536000)


def _rows(board: Mapping[str, Any]) -> list[tuple[Panel | None, list[Panel]]]:
    groups: list[tuple[Panel | None, list[Panel]]] = [(None, [])]
    for panel in board["panels"]:
        if panel["type"] == "row":
            groups.append((panel, list(panel["panels"])))
        else:
            groups[-1][1].append(panel)
    return groups


def _moved(panel: Panel, y: int) -> Panel:
    return {**panel, "gridPos": {**panel["gridPos"], "y": y}}


def _joined(times: list[float], step: float) -> Iterator[tuple[float, float]]:
    """Yield times that are not more than a step apart as one."""
    pending: list[float] = []
    for at in sorted(set(times)):
        if pending and at - pending[1] > step:
            yield pending[0], pending[1]
            pending = []
        pending = [pending[0] if pending else at, at]
    if pending:
        yield pending[0], pending[1]
