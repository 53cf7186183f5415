"""Evaluates the shipped rules on a recording with promtool, and reads off what fired when."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from exporter.durations import parse_duration
from exporter.errors import ExporterError
from tools.incident import rules
from tools.incident.recording import LEAD, Recording

#: the alert that marks the sign from which a deadline counts
SIGN = "IncidentSign"
_FIRING = 'ALERTS{alertstate="firing"}'
_TIME = re.compile(r"time: (\w+),$")
_SAMPLE = re.compile(r"\{(__name__=.*?)\} 1E\+00")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
#: a rule test may hold ten thousand samples at once, a server fifty million
_TOO_MANY = re.compile(r"rule: (\S+), time: \S+, err: .*too many samples into memory")
_EXPECTED = ("", "FAILED:", "exp: nil", "SUCCESS")
_NO_LABELS = frozenset({"__name__", "alertstate", "instance", "job", "gateway"})

#: an alert's labels, without those that all of a recording share
Labels = frozenset[tuple[str, str]]
#: what fires at a time (epoch seconds)
Moment = tuple[float, frozenset[Labels]]


def evaluate(recording: Recording, signs: Mapping[str, str] | None = None) -> list[Moment]:
    """Return what fires at every scrape of a recording.

    `signs` are expressions by a name; while one has a value, an alert `SIGN` with that label `sign`
    fires. Rules are evaluated whenever something is scraped, whatever the interval of their group,
    and recordings before alerts: a server may be an interval of a group later.

    A rule test fails if samples are not the expected ones, and prints the actual ones: none is
    expected here, so it prints all. A rule that it cannot evaluate would look like one that never
    fires: that is an `ExporterError`, as is every other error.
    """
    with tempfile.TemporaryDirectory(prefix="enphase-incident-") as folder:
        test = Path(folder) / "incident.yml"
        files = [str(path) for path in rules.files()]
        if signs:
            extra = Path(folder) / "signs.yml"
            sign_rules = [
                {"alert": SIGN, "expr": expression, "labels": {"sign": name, "severity": "none"}}
                for name, expression in signs.items()
            ]
            extra.write_text(json.dumps({"groups": [{"name": "signs", "rules": sign_rules}]}))
            files.append(str(extra))
        test.write_text(json.dumps(_test(recording, files)))
        done = subprocess.run(  # noqa: S603 - a file of our own
            ["promtool", "test", "rules", str(test)],  # noqa: S607 - wherever it is installed
            capture_output=True,
            text=True,
            check=False,
        )
    output = done.stdout + done.stderr
    skipped = set(_TOO_MANY.findall(output))
    if skipped:
        raise ExporterError(f"promtool has no room to evaluate {', '.join(sorted(skipped))}")
    samples = dict(_parsed(output))
    return [
        (recording.shift + at, samples.get(at, frozenset()))
        for at in map(recording.seconds, range(LEAD, recording.ticks))
    ]


def _test(recording: Recording, files: list[str]) -> dict[str, object]:
    interval = f"{recording.interval:g}s"
    checks = [
        {"expr": _FIRING, "eval_time": f"{recording.seconds(tick):.0f}s"}
        for tick in range(LEAD, recording.ticks)
    ]
    return {
        "rule_files": files,
        "evaluation_interval": interval,
        # otherwise the order would differ between runs
        "group_eval_order": list(rules.groups()),
        "tests": [
            {
                "interval": interval,
                "input_series": list(recording.inputs()),
                "promql_expr_test": checks,
            }
        ],
    }


def _parsed(output: str) -> Iterator[tuple[float, frozenset[Labels]]]:
    """Yield time and alerts of every failure; raise `ExporterError` for what is none."""
    at = 0.0
    for line in map(str.strip, output.splitlines()):
        time = _TIME.search(line)
        if time:
            at = parse_duration(time[1])
        elif line.startswith("got: "):
            yield at, frozenset(_labels(labels) for labels in _SAMPLE.findall(line))
        elif not (line in _EXPECTED or line.startswith("Unit Testing:")):
            raise ExporterError(f"promtool: {line[:500]}")


def _labels(text: str) -> Labels:
    return frozenset(pair for pair in _LABEL.findall(text) if pair[0] not in _NO_LABELS)
