"""The rule tests pass as they are, and under the circumstances of real installations."""

import os
from pathlib import Path

import pytest

from tests.alerts.background_runs import chosen as chosen_values
from tests.alerts.promtool_tests import (
    VARIATIONS,
    RuleTest,
    cases,
    compress,
    expand,
    missed,
    pair,
    run,
    slow,
    with_labels,
)
from tests.alerts.rule_files import RULE_TESTS
from tools.rule_graph import groups_for, order

#: a variation that a test cannot stand, with the reason
EXCEPTIONS: dict[tuple[str, str], str] = {}

CASES = tuple(case for path in RULE_TESTS for case in cases(path))


#: what takes minutes waits for `make proof`; extra labels contain the rules as they are
PROVED = frozenset({"as is", "pair", "60 s", "missed"})


@pytest.fixture(scope="module")
def failures(
    request: pytest.FixtureRequest, promtool: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, str]:
    """Return what promtool complains of, by number of the case; all run in few processes."""
    chosen = {number: CASES[number] for number in sorted(chosen_values(request, "number"))}
    return run(promtool, chosen, tmp_path_factory.mktemp("rules"), os.cpu_count() or 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(
            number, id=case.id, marks=[pytest.mark.proof] if case.variation in PROVED else []
        )
        for number, case in enumerate(CASES)
    ],
)
def test_alerts_fire_and_end_as_expected(number: int, failures: dict[int, str]) -> None:
    """Every rule test passes under every variation."""
    case = CASES[number]
    if (case.name, case.variation) in EXCEPTIONS:
        assert number in failures, "the exception is not needed any more"
    else:
        assert number not in failures, failures[number]


def test_every_exception_is_of_a_test() -> None:
    """No exception is left of a test that is gone."""
    assert {(case.name, case.variation) for case in CASES} >= EXCEPTIONS.keys()


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_names_are_unique(path: Path) -> None:
    """A failure names one test only."""
    names = [case.name for case in CASES if case.file == path.name]
    assert len(set(names)) * len(VARIATIONS) == len(names)


_TEST = {
    "name": "a test",
    "interval": "15s",
    "input_series": [
        {"series": 'up{job="enphase", instance="a"}', "values": "1+0x19"},
        {"series": 'enphase_up{job="enphase", instance="a", gateway="home"}', "values": "0+1x19"},
    ],
    "alert_rule_test": [
        {"eval_time": "1m", "alertname": "EnphaseX", "exp_alerts": []},
        {
            "eval_time": "2m",
            "alertname": "EnphaseX",
            "exp_alerts": [{"exp_labels": {"severity": "critical", "gateway": "home"}}],
        },
        {"eval_time": "3m", "alertname": "EnphaseX", "exp_alerts": []},
    ],
}


def test_samples_survive_the_notation() -> None:
    """What is expanded and compressed again means the same."""
    text = "1+0x2 0+10x3 stale _x2 5 -3+0x1"
    samples = expand(text)
    assert samples == ["1", "1", "1", "0", "10", "20", "30", "stale", "_", "_", "5", "-3", "-3"]
    assert expand(compress(samples)) == samples


def test_slow_scrapes_keep_every_fourth_sample() -> None:
    """At 15 s three of four samples are left out, not made stale."""
    [_, up] = slow(_TEST)["input_series"]
    assert expand(up["values"])[:6] == ["0", "_", "_", "_", "4", "_"]


def test_a_missed_scrape_makes_everything_stale() -> None:
    """`up` is 0 then, and the gateway's series are stale."""
    [target, up] = missed(_TEST)["input_series"]
    assert (expand(target["values"])[7], expand(up["values"])[7]) == ("0", "stale")
    assert (expand(target["values"])[8], expand(up["values"])[8]) == ("1", "8")


def test_slow_rule_tests_are_scraped_often() -> None:
    """A test in steps of five minutes has a scrape every minute when scrapes are changed."""
    changed = slow({**_TEST, "interval": "5m"})
    assert changed["interval"] == "60s"
    assert expand(changed["input_series"][1]["values"])[4:6] == ["0", "1"]


def test_a_pair_doubles_series() -> None:
    """There is a second exporter for the same gateway, and one for another gateway."""
    names = [entry["series"] for entry in pair(_TEST)["input_series"]]
    assert len(names) == 5
    assert sum('gateway="home-b"' in name for name in names) == 1


def test_labels_are_added_to_every_series() -> None:
    """Nothing is left without the labels of the scrape."""
    assert all("namespace=" in entry["series"] for entry in with_labels(_TEST)["input_series"])


def test_only_what_is_late_is_looked_for_later() -> None:
    """What must not fire yet is looked at in time, what fires and what is over a while later."""
    checks = VARIATIONS["missed"](_TEST)["promql_expr_test"]
    assert [check["eval_time"] for check in checks] == ["60s", "420s", "480s"]


def test_groups_come_after_what_they_read() -> None:
    """Thresholds are recorded before they are compared with, and only what is needed is kept."""
    names = order()
    assert names.index("enphase-thresholds") < names.index("enphase-recording-gateway")
    [group] = groups_for({"EnphaseWatchdog"})
    assert [rule["alert"] for rule in group["rules"]] == ["EnphaseWatchdog"]


def test_every_case_is_run() -> None:
    """There are five variations of each rule test."""
    assert isinstance(CASES[0], RuleTest)
    assert len(CASES) == sum(1 for path in RULE_TESTS for _ in cases(path, ["as is"])) * 5
