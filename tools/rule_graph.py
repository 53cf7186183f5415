"""Which rules depend on which, and an order of groups that records before it reads."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

#: the shipped rule files
FILES = tuple(
    sorted((Path(__file__).resolve().parent.parent / "alertmanager" / "rules").glob("*.rules.yml"))
)

_RECORDED = re.compile(r"\benphase:[a-z0-9_:]+")
#: read by all others
_FIRST = ("enphase-recording-common", "enphase-thresholds")
_ALERT = re.compile(r'alertname="(\w+)"')


@cache
def _groups() -> tuple[Mapping[str, Any], ...]:
    return tuple(group for path in FILES for group in yaml.safe_load(path.read_text())["groups"])


def _reads(rule: Mapping[str, Any]) -> set[str]:
    texts = [str(rule["expr"]), *map(str, rule.get("annotations", {}).values())]
    return {name.rstrip(":") for text in texts for name in _RECORDED.findall(text)}


@cache
def order() -> tuple[str, ...]:
    """Return the names of all groups; a group comes after those whose recordings it reads.

    Groups may need each other (what is held needs its own past). Then the one with fewer missing
    recordings comes first.
    """
    made = {
        group["name"]: {rule["record"] for rule in group["rules"] if "record" in rule}
        for group in _groups()
    }
    reads = {
        group["name"]: set().union(*map(_reads, group["rules"])) - made[group["name"]]
        for group in _groups()
    }
    done = list(_FIRST)
    while len(done) < len(made):
        rest = [name for name in made if name not in done]
        pending = set().union(*(made[name] for name in rest))
        best = min(rest, key=lambda name: (len(reads[name] & pending - made[name]), not made[name]))
        done.append(best)
    return tuple(done)


def groups_for(alerts: Iterable[str], exprs: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return groups in order with the rules that these alerts and expressions need, no others."""
    texts = list(exprs)
    alerts = set(alerts) | {name for text in texts for name in _ALERT.findall(text)}
    needed = {name for text in texts for name in _RECORDED.findall(text)}
    rules = [rule for group in _groups() for rule in group["rules"]]
    needed |= {name for rule in rules if rule.get("alert") in alerts for name in _reads(rule)}
    while True:
        more = {name for rule in rules if rule.get("record") in needed for name in _reads(rule)}
        if more <= needed:
            break
        needed |= more
    chosen = []
    by_name = {group["name"]: group for group in _groups()}
    for name in order():
        kept = [
            rule
            for rule in by_name[name]["rules"]
            if rule.get("record") in needed or rule.get("alert") in alerts
        ]
        if kept:
            chosen.append({**by_name[name], "rules": kept})
    return chosen
