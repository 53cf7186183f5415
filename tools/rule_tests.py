"""Complete the rule tests in `alertmanager/tests`: headers, and the annotations of the alerts.

A rule test is written with series, times and labels. `python -m tools.rule_tests [FILE…]` adds the
rule files and groups that it needs, in order, and the annotations of the alerts from
promtool. Read the difference before you commit it: what was wrong becomes the expectation.
"""

import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.rule_graph import FILES, groups_for, order
from tools.yaml_dumper import WIDTH, dump_yaml

FOLDER = Path(__file__).resolve().parent.parent / "alertmanager" / "tests"
_CHECK = re.compile(r"alertname: (\w+), time: (\w+),(.*?)(?=\n\s+alertname: |\Z)", re.DOTALL)
_FIRED = re.compile(r"Labels:\{(.*?)\}\n\s+Annotations:\{(.*?)\},?\n", re.DOTALL)
_PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*")')
_ANNOTATIONS = ("summary", "description", "runbook_url", "dashboard_url")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}

Labels = frozenset[tuple[str, str]]


def _style(text: str) -> str | None:
    folded = len(text) > WIDTH - 20 and " " in text and not text.startswith("http")
    return ">" if folded else None


def complete(path: Path) -> list[str]:
    """Write a file again with all that can be derived; return what it expects in vain."""
    head = "".join(re.findall(r"^#.*\n", path.read_text(), re.MULTILINE)[:3])
    document = yaml.safe_load(path.read_text())
    vain = []
    for test in document["tests"]:
        fired = _fired(test, document["evaluation_interval"])
        for check in test.get("alert_rule_test", ()):
            texts = fired.get((check["alertname"], seconds(check["eval_time"])), {})
            for expected in check["exp_alerts"]:
                labels = frozenset(
                    {**expected["exp_labels"], "alertname": check["alertname"]}.items()
                )
                if labels in texts:
                    annotations = texts[labels]
                    expected["exp_annotations"] = {
                        name: annotations[name] for name in _ANNOTATIONS if name in annotations
                    }
                else:
                    vain.append(
                        f"{path.name}: {test['name']}: {check['alertname']} at"
                        f" {check['eval_time']}: {dict(labels)} is not among"
                        f" {[dict(each) for each in texts]}"
                    )
            if not check["exp_alerts"] and texts:
                vain.append(
                    f"{path.name}: {test['name']}: {check['alertname']} at"
                    f" {check['eval_time']}: {[dict(each) for each in texts]}"
                )
    path.write_text(head + "\n" + _dump(document))
    return vain


def _dump(document: Mapping[str, Any]) -> str:
    alerts = {
        check["alertname"]
        for test in document["tests"]
        for check in test.get("alert_rule_test", ())
    }
    exprs = [
        check["expr"] for test in document["tests"] for check in test.get("promql_expr_test", ())
    ]
    needed = {group["name"] for group in groups_for(alerts, exprs)}
    files = [
        path
        for path in FILES
        if needed & {group["name"] for group in yaml.safe_load(path.read_text())["groups"]}
    ]
    loaded = {
        group["name"] for path in files for group in yaml.safe_load(path.read_text())["groups"]
    }
    header = {
        "rule_files": [f"../rules/{path.name}" for path in files],
        "evaluation_interval": document["evaluation_interval"],
        "group_eval_order": [name for name in order() if name in loaded],
        "tests": document["tests"],
    }
    text = dump_yaml(header, style=_style)
    return re.sub(
        r"\n(evaluation_interval|group_eval_order|tests|  - name):", r"\n\n\1:", text
    ).replace("tests:\n\n  - name", "tests:\n  - name")


def _fired(
    test: Mapping[str, Any], interval: str
) -> dict[tuple[str, float], dict[Labels, dict[str, str]]]:
    """Return what fires at each check of a test, with its annotations."""
    checks = test.get("alert_rule_test", ())
    failing_checks = [
        {**check, "exp_alerts": [{"exp_labels": {"none": "such"}}]} for check in checks
    ]
    groups = groups_for({check["alertname"] for check in checks})
    with tempfile.TemporaryDirectory(prefix="enphase-rules-") as name:
        folder = Path(name)
        (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}, sort_keys=False))
        inner = {key: value for key, value in test.items() if key != "promql_expr_test"}
        (folder / "test.yml").write_text(
            yaml.safe_dump(
                {
                    "rule_files": ["rules.yml"],
                    "evaluation_interval": interval,
                    "group_eval_order": [group["name"] for group in groups],
                    "tests": [{**inner, "alert_rule_test": failing_checks}],
                },
                sort_keys=False,
            )
        )
        done = subprocess.run(
            ["promtool", "test", "rules", "test.yml"],  # noqa: S607 - wherever it is installed
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    output = done.stdout + done.stderr
    fired: dict[tuple[str, float], dict[Labels, dict[str, str]]] = {}
    for alert, time, body in _CHECK.findall(output):
        got = body.partition("got:")[2]
        at = fired.setdefault((alert, seconds(time)), {})
        for labels, annotations in _FIRED.findall(got):
            at[frozenset(_pairs(labels).items())] = _pairs(annotations)
    if checks and not fired:
        raise SystemExit(output)
    return fired


def seconds(text: str) -> float:
    """Return the seconds of a duration such as 1d3h."""
    parts = re.findall(r"(\d+)(ms|[smhdwy])", str(text))
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def _pairs(text: str) -> dict[str, str]:
    return {name: str(ast.literal_eval(value)) for name, value in _PAIR.findall(text)}


def main() -> None:
    """Complete the files named on the command line, or all."""
    paths = [Path(name) for name in sys.argv[1:]] or sorted(FOLDER.glob("*_test.yml"))
    vain: Iterator[str] = (line for path in paths for line in complete(path))
    for line in vain:
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
