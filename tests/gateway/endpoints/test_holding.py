"""How long the same answers say the same: until then they need not be joined again."""

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.errors import GatewayError
from exporter.gateway.endpoints import ALSO_READ, PATHS, assemble
from exporter.gateway.endpoints.context import METERED_AGE, Context
from exporter.simulator import replay as captures
from tests.gateway.endpoints.reading import answers, context_of, parse_all

NOW = 1_764_300_100.0
#: seconds after the capture
LATER = (0.0, 60.0, 1000.0, 5000.0, 50_000.0)


def test_a_fresh_value_holds_until_it_is_too_old() -> None:
    """Of several time stamps the oldest one counts that is not too old yet."""
    context = Context(gateway_time=NOW)
    assert not context.is_stale(NOW - 100)
    assert not context.is_stale(NOW - 400)
    assert context.is_stale(NOW - 1000)
    assert not context.is_stale(None)
    assert context.holds_until == NOW - 400 + METERED_AGE


def test_what_depends_on_the_moment_does_not_hold() -> None:
    """The time on the wall and the registers can be others at once."""
    for ask in (Context.wall_time, lambda context: context.accepted(("a",))):
        context = Context(gateway_time=NOW)
        ask(context)
        assert context.holds_until == -math.inf


@pytest.mark.parametrize("passed", LATER)
def test_nothing_changes_before(capture: Path, passed: float) -> None:
    """Whatever the age of the answers, they say the same until the moment that is told."""
    gateway = captures.load_capture(capture)
    parsed = parse_all(answers(gateway))
    first = context_of(gateway, parsed)
    for collector in PATHS:
        context = replace(first, gateway_time=first.gateway_time + passed)
        try:
            data = assemble(collector, parsed, context)
        except GatewayError:
            continue
        if context.gateway_time < context.holds_until < math.inf:
            last = replace(first, gateway_time=context.holds_until - 0.001)
            assert assemble(collector, parsed, last) == data
        elif context.holds_until == math.inf:
            last = replace(first, gateway_time=context.gateway_time + 1e6)
            assert assemble(collector, parsed, last) == data


class _Watched(dict[str, Any]):
    """Answers by path that note which of them somebody looked for."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__(content)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """Return an answer."""
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


def test_nothing_else_is_looked_at(capture: Path) -> None:
    """What a collector provides depends on the answers to its own paths alone."""
    gateway = captures.load_capture(capture)
    parsed = parse_all(answers(gateway))
    for collector, paths in PATHS.items():
        now, before = _Watched(parsed), _Watched(parsed)
        with suppress(GatewayError):
            assemble(collector, now, replace(context_of(gateway, parsed), previous=before))
        assert now.asked | before.asked <= {*paths, *ALSO_READ.get(collector, ())}, collector
