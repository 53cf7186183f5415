"""The rule tests of `alertmanager/tests`, each under several circumstances of installations.

`promtool test rules alertmanager/tests/*_test.yml` runs them as they are. Here each is run again
with labels that scrapes add, with a second exporter and a second gateway, with slow scrapes, and
with scrapes that are missed. Rules that nothing in a test depends on are left out: that is fast.

Slow and missed scrapes may delay an alert, but neither bring it forward nor lose it: whatever fires
must fire within `GRACE`, and what ends must have ended by then.
"""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.rule_graph import groups_for
from tools.rule_tests import seconds

#: seconds by which slow and missed scrapes may delay what is expected
GRACE = 300.0
#: a second exporter and a second gateway of the variation `pair`
EXPORTER, SUFFIX = "exporter-b:10055", "-b"
_SLOW = 60.0
#: every tenth scrape fails, from the eighth on
_MISSED, _FIRST_MISSED = 10, 7
#: what Kubernetes, Prometheus pairs and multi-site installations add to a scrape
_LABELS: Mapping[str, str] = {
    "namespace": "monitoring",
    "pod": "exporter-0",
    "cluster": "home",
    "site": "alpha",
    "prometheus_replica": "a",
}
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_VALUES = re.compile(r"^(-?[\d.eE]+|-?Inf|NaN)(?:([+-][\d.eE]+))?x(\d+)$")
_RUNNING = re.compile(r"^Unit Testing:\s+(.+)$", re.MULTILINE)

#: samples of a series as promtool writes them, one for each scrape
Samples = list[str]


@dataclass(frozen=True, slots=True)
class RuleTest:
    """A rule test under one variation."""

    file: str
    name: str
    variation: str
    document: Mapping[str, Any]

    @property
    def id(self) -> str:
        """What pytest calls it."""
        return f"{self.file.removesuffix('_test.yml')}: {self.name} [{self.variation}]"


def expand(values: str) -> Samples:
    """Return the single samples that promtool's notation stands for."""
    samples: Samples = []
    for token in str(values).split():
        if token.startswith("_x"):
            samples += ["_"] * int(token[2:])
        elif match := _VALUES.match(token):
            start, step, count = match[1], float(match[2] or 0), int(match[3])
            samples += [
                start if not step else f"{float(start) + step * index:.10g}"
                for index in range(count + 1)
            ]
        else:
            samples.append(token)
    return samples


def compress(samples: Samples) -> str:
    """Return samples in promtool's notation, equal neighbors together."""
    runs: list[tuple[str, int]] = []
    for sample in samples:
        if runs and runs[-1][0] == sample:
            runs[-1] = (sample, runs[-1][1] + 1)
        else:
            runs.append((sample, 1))
    return " ".join(_run(sample, count) for sample, count in runs)


def _run(sample: str, count: int) -> str:
    if count == 1:
        return sample
    if sample == "_":
        return f"_x{count}"
    if sample == "stale":
        return "stale" if count == 1 else f"stale _x{count - 1}"
    return f"{sample}+0x{count - 1}"


def _labels(series: str) -> tuple[str, dict[str, str]]:
    name, _, rest = series.partition("{")
    return name, dict(_LABEL.findall(rest))


def _series(name: str, labels: Mapping[str, str]) -> str:
    return f"{name}{_braced(labels)}"


def _braced(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def _relabeled(test: Mapping[str, Any], **more: str) -> Iterator[dict[str, str]]:
    for entry in test["input_series"] or ():
        name, labels = _labels(entry["series"])
        yield {"series": _series(name, {**labels, **more}), "values": entry["values"]}


def with_labels(test: Mapping[str, Any]) -> dict[str, Any]:
    """Every series has labels that its scrape added."""
    return {**test, "input_series": [*_relabeled(test, **_LABELS)]}


def pair(test: Mapping[str, Any]) -> dict[str, Any]:
    """Add a second exporter that watches the same gateways, and others of the same kind."""
    more: list[dict[str, str]] = []
    for entry in test["input_series"] or ():
        name, labels = _labels(entry["series"])
        if "instance" not in labels:
            continue
        second = {**labels, "instance": EXPORTER, "site": "beta"}
        more.append({"series": _series(name, second), "values": entry["values"]})
        if "gateway" in labels:
            second["gateway"] += SUFFIX
            more.append({"series": _series(name, second), "values": entry["values"]})
    return {**test, "input_series": [*(test["input_series"] or ()), *more]}


def _resampled(
    test: Mapping[str, Any], change: Callable[[str, Samples, float], Samples]
) -> dict[str, Any]:
    interval = seconds(test.get("interval", "1m"))
    series = []
    for entry in test["input_series"] or ():
        samples = expand(entry["values"])
        if interval > _SLOW:
            samples = [s for sample in samples for s in _held(sample, round(interval / _SLOW))]
        name = entry["series"].partition("{")[0]
        samples = change(name, samples, min(interval, _SLOW))
        series.append({"series": entry["series"], "values": compress(samples)})
    return {**test, "interval": f"{min(interval, _SLOW):g}s", "input_series": series}


def _held(sample: str, count: int) -> Samples:
    return ["stale", *["_"] * (count - 1)] if sample == "stale" else [sample] * count


def slow(test: Mapping[str, Any]) -> dict[str, Any]:
    """Prometheus scrapes once a minute."""

    def thin(_: str, samples: Samples, interval: float) -> Samples:
        every = round(_SLOW / interval)
        return [
            sample if index % every == 0 or sample == "stale" else "_"
            for index, sample in enumerate(samples)
        ]

    return _resampled(test, thin)


def missed(test: Mapping[str, Any]) -> dict[str, Any]:
    """One scrape in ten fails: `up` is 0, and everything else is stale until the next."""

    def drop(name: str, samples: Samples, _: float) -> Samples:
        lost = "0" if name == "up" else "stale"
        return [
            lost if index % _MISSED == _FIRST_MISSED and sample not in {"_", "stale"} else sample
            for index, sample in enumerate(samples)
        ]

    return _resampled(test, drop)


def _exact(test: Mapping[str, Any]) -> dict[str, Any]:
    return dict(test)


def _paired(test: Mapping[str, Any]) -> dict[str, Any]:
    changed = pair(test)
    return _in_promql(changed, grace=0.0, twice=True)


def _late(change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    return lambda test: _in_promql(change(test), grace=GRACE, twice=False)


#: name of the variation and how a test is changed for it; the texts are compared in the first two
VARIATIONS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "as is": _exact,
    "labels": with_labels,
    "pair": _paired,
    "60 s": _late(slow),
    "missed": _late(missed),
}


def _in_promql(test: dict[str, Any], *, grace: float, twice: bool) -> dict[str, Any]:
    """Expect labels of what fires, within `grace`, and no texts: values in them may differ.

    A check that nothing fires stands for "not yet" until the alert is expected, then for "over".
    """
    checks = []
    begun: set[str] = set()
    for check in sorted(test.get("alert_rule_test", ()), key=lambda c: seconds(c["eval_time"])):
        name = check["alertname"]
        firing = f'ALERTS{{alertname="{name}", alertstate="firing"}}'
        at, labels = seconds(check["eval_time"]), [e["exp_labels"] for e in check["exp_alerts"]]
        if labels:
            begun.add(name)
            at += grace
            expr = (
                f"max_over_time({firing}[{grace + 1:g}s])"
                if grace
                else f"max without () ({firing})"
            )
        else:
            expr = firing
            at += grace if name in begun else 0.0
        if twice:
            labels = [other for each in labels for other in _twice(each)]
        checks.append(
            {
                "expr": expr,
                "eval_time": f"{at:.0f}s",
                "exp_samples": [{"labels": _alert(name, each), "value": 1} for each in labels],
            }
        )
    return {
        key: value
        for key, value in test.items()
        if key not in {"alert_rule_test", "promql_expr_test"}
    } | {"promql_expr_test": checks}


def _twice(labels: Mapping[str, str]) -> Iterator[dict[str, str]]:
    yield dict(labels)
    if "gateway" in labels:
        yield {**labels, "gateway": labels["gateway"] + SUFFIX}
    elif "instance" in labels:
        yield {**labels, "instance": EXPORTER}


def _alert(name: str, labels: Mapping[str, str]) -> str:
    every = {"alertname": name, "alertstate": "firing", **labels}
    return _braced(every)


def cases(path: Path, variations: Sequence[str] = tuple(VARIATIONS)) -> Iterator[RuleTest]:
    """Yield every test of a file under every variation."""
    document = yaml.safe_load(path.read_text())
    for test in document["tests"]:
        for variation in variations:
            changed = VARIATIONS[variation](test)
            yield RuleTest(
                path.name,
                test["name"],
                variation,
                {"evaluation_interval": document["evaluation_interval"], "tests": [changed]},
            )


def write(case: RuleTest, folder: Path, number: int) -> Path:
    """Write a case and the rules that it needs; return its path."""
    [test] = case.document["tests"]
    alerts = {check["alertname"] for check in test.get("alert_rule_test", ())}
    exprs = [check["expr"] for check in test.get("promql_expr_test", ())]
    groups = groups_for(alerts, exprs)
    rules = folder / f"rules-{number}.yml"
    rules.write_text(yaml.safe_dump({"groups": groups}, sort_keys=False))
    path = folder / f"case-{number}.yml"
    document = {
        **case.document,
        "rule_files": [rules.name],
        "group_eval_order": [group["name"] for group in groups],
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False, width=10_000))
    return path


def run(
    promtool: str, cases: Mapping[int, RuleTest], folder: Path, processes: int
) -> dict[int, str]:
    """Run cases in that many processes; return what promtool says of those that fail, by number."""
    paths = [write(case, folder, number) for number, case in cases.items()]

    def batch(chosen: Sequence[Path]) -> str:
        done = subprocess.run(
            [promtool, "test", "rules", *(path.name for path in chosen)],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    with ThreadPoolExecutor(processes) as pool:
        batches = (paths[first::processes] for first in range(processes))
        outputs = list(pool.map(batch, filter(None, batches)))
    failures: dict[int, str] = {}
    seen: set[int] = set()
    for output in outputs:
        names = _RUNNING.split(output)
        for name, text in zip(names[1::2], names[2::2], strict=True):
            number = int(name.strip().removeprefix("case-").removesuffix(".yml"))
            seen.add(number)
            if not text.strip().startswith("SUCCESS"):
                failures[number] = text.strip()
    for number in cases.keys() - seen:
        failures[number] = "promtool did not run it:\n" + "\n".join(outputs)[:2000]
    return failures
