"""A real Prometheus that holds the recorded homes, with what the shipped rules make of them.

Rules that look at the past cannot be waited for, so they are evaluated over the recording: first
those that read only metrics of the exporter, then those that read the first, and so on.
"""

import json
import re
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.alerts.rule_files import ALERTS, NAME, RECORDED, RECORDED_NAMES, Rule
from tests.grafana.homes import INTERVAL, begin, end
from tools.stack.ports import free_port_numbers

#: two gaps in a row are bridged, as Prometheus bridges a missed scrape every quarter of a minute
_LOOKBACK = f"{2 * INTERVAL + 60}s"
#: blocks of at most so many hours, in place of the usual two: what is recorded here, and a history
_BLOCKS = ("tsdb", "create-blocks-from", "--quiet", "--max-block-duration=54h")
_LONG_BLOCKS = (*_BLOCKS[:-1], "--max-block-duration=1458h")
#: a rule that goes on from its own last value, which is not there yet when it is evaluated
_SINCE = "enphase:grid_islanded_since_timestamp_seconds"
_ISLANDED = "enphase:grid_islanded"
#: alerts whose conditions hold in one of the homes
_FIRING = (
    *("EnphaseGridOutage", "EnphaseCollarControlError", "EnphaseAcbAsleep"),
    *("EnphaseInverterSilent", "EnphaseWatchdog"),
)


class Prometheus:
    """A running server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, **parameters: str | float) -> Any:
        """Return the data of an answer of its HTTP interface; an error fails the test."""
        body = urlencode(parameters).encode()
        try:
            with urlopen(f"{self.url}/api/v1/{path}", data=body, timeout=60) as answer:  # noqa: S310 - loopback
                definition = json.load(answer)
        except URLError as error:
            reason = error.read().decode() if hasattr(error, "read") else str(error)
            raise AssertionError(f"{parameters}: {reason}") from None
        return definition["data"]

    def newest(self, expr: str) -> list[dict[str, Any]]:
        """Return the samples at the end of the recordings."""
        return _result(self.ask("query", query=expr, time=end()))

    def over(self, expr: str, seconds: float, step: float) -> list[dict[str, Any]]:
        """Return the series of so much time before the end of the recordings."""
        start = max(begin(), end() - seconds)
        return _result(self.ask("query_range", query=expr, start=start, end=end(), step=step))


def _result(definition: Any) -> list[dict[str, Any]]:
    if definition["resultType"] == "scalar":
        return [{"metric": {}, "value": definition["result"]}]
    series: list[dict[str, Any]] = definition["result"]
    return series


def fill(data: Path, recordings: Collection[Path], names_needed: Collection[str]) -> None:
    """Put recordings and the results of the named rules into the folder of a server."""
    whole = data.with_name("homes.om")
    with whole.open("wb") as file:
        for path in recordings:
            file.write(path.read_bytes())
        file.write(b"# EOF\n")
    import_openmetrics(whole, data)
    read = {name for rule in ALERTS if rule.name in _FIRING for name in NAME.findall(rule.expr)}
    for names in _levels({*names_needed, *read}):
        rules = [rule for rule in RECORDED if rule.name in names - {_SINCE}]
        with running(data) as server:
            # what is summed up is recorded as often as by the shipped rules
            for interval in {_interval(rule) for rule in rules}:
                level = [_bare(rule.definition) for rule in rules if _interval(rule) == interval]
                _evaluate(server, data, level, interval)
            if _SINCE in names:
                _remember(server, data)
    with running(data) as server:
        _evaluate(server, data, list(_firing_rules()))


def import_openmetrics(samples: Path, data: Path, *, months: bool = False) -> None:
    """Put the samples of a file into the folder of a server; in few blocks if it has `months`."""
    _promtool(*(_LONG_BLOCKS if months else _BLOCKS), "openmetrics", str(samples), str(data))


def _levels(requested: Collection[str]) -> Iterator[set[str]]:
    """Yield names that rules record, each after those that it is made of."""
    parts: dict[str, set[str]] = {name: set() for name in RECORDED_NAMES}
    for rule in RECORDED:
        parts[rule.name] |= (set(NAME.findall(rule.expr)) & RECORDED_NAMES) - {rule.name}
    needed: set[str] = set()
    left = set(requested) & RECORDED_NAMES
    while left:
        needed |= left
        left = {part for name in left for part in parts[name]} - needed
    done: set[str] = set()
    while done < needed:
        ready = {name for name in needed - done if parts[name] <= done}
        assert ready, f"rules that wait for each other: {needed - done}"
        yield ready
        done |= ready


def _bare(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {"record": definition["record"], "expr": definition["expr"]}


def _firing_rules() -> Iterator[dict[str, Any]]:
    """Yield what a server records of alerts, without the time that they wait."""
    for rule in ALERTS:
        if rule.name in _FIRING:
            labels = {"alertname": rule.name, "severity": rule.severity}
            yield {
                "record": "ALERTS",
                "expr": f"0 * ({rule.expr}) + 1",
                "labels": {**labels, "alertstate": "firing"},
            }
            yield {
                "record": "ALERTS_FOR_STATE",
                "expr": f"0 * ({rule.expr}) + time()",
                "labels": labels,
            }


def _interval(rule: Rule) -> int:
    return max(INTERVAL, int(rule.interval or INTERVAL))


def _evaluate(
    server: Prometheus, data: Path, rules: list[dict[str, Any]], interval: int = INTERVAL
) -> None:
    """Record rules over the recordings, at the moments of the scrapes.

    `promtool tsdb create-blocks-from rules` shifts moments by the hash of a file's path, so that
    windows shorter than the interval find a sample or none by chance.
    """
    lines = []
    for rule in rules:
        # what an `or` takes from several series is one, in the order of time
        joined: dict[frozenset[tuple[str, str]], list[tuple[float, str]]] = {}
        for series in server.over(rule["expr"], end() - begin(), interval):
            labels = {**series["metric"], **rule.get("labels", {})}
            labels.pop("__name__", None)
            joined.setdefault(frozenset(labels.items()), []).extend(map(tuple, series["values"]))
        for key, values in joined.items():
            lines += _lines(rule["record"], dict(key), sorted(values))
    _import(lines, data)


def _lines(name: str, labels: Mapping[str, str], values: list[tuple[float, str]]) -> list[str]:
    written = ",".join(
        f"{label}={json.dumps(value, ensure_ascii=False)}"
        for label, value in labels.items()
        if label != "__name__"
    )
    return [f"{name}{{{written}}} {value} {at}" for at, value in values]


def _import(lines: list[str], data: Path) -> None:
    path = data.with_name("recorded.om")
    path.write_text("\n".join([*lines, "# EOF", ""]))
    if lines:
        import_openmetrics(path, data)


def _remember(server: Prometheus, data: Path) -> None:
    """Record since when each house has been islanded, as the rule does."""
    lines = []
    for series in server.over(_ISLANDED, end() - begin(), INTERVAL):
        since = 0.0
        values = []
        for at, value in series["values"]:
            since = (since or at) if float(value) else 0.0
            if since:
                values.append((at, str(since)))
        lines += _lines(_SINCE, series["metric"], values)
    _import(lines, data)


def _promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    # a failing rule is printed without a failure status
    assert done.returncode == 0, output
    assert not re.search(r"\berr(?:or)?[:=]", output), output


@contextmanager
def running(data: Path) -> Iterator[Prometheus]:
    """Run a server on a folder of blocks."""
    config = data.with_name("prometheus.yml")
    config.write_text("global: {}\n")
    (port,) = free_port_numbers(1)
    server = Prometheus(f"http://127.0.0.1:{port}")
    log = data.with_name("prometheus.log")
    with log.open("w") as file:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={data}",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}",
                f"--query.lookback-delta={_LOOKBACK}",
                "--log.level=warn",
            ],
            stdout=file,
            stderr=file,
        )
        try:
            _wait(server, process, log)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait(server: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(f"{server.url}/-/ready", timeout=5):  # noqa: S310 - loopback
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"Prometheus did not become ready: {log.read_text()}")
