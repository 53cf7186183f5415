"""The rules ring for every row of the failure catalogue, and name only what the exporter tells."""

import re
import subprocess
from pathlib import Path

import pytest

from exporter import own_metrics
from exporter.findings.thresholds import thresholds
from exporter.metrics.catalogue import FAMILIES
from tests.alerts.rule_files import (
    ALERTS,
    FOLDER,
    NAME,
    RECORDED,
    RECORDED_NAMES,
    RULE_TESTS,
    RULES,
    Rule,
    fired,
    read,
)
from tools import threshold_rules
from tools.rule_graph import order

#: the failure catalogue: row, alert, severities
CATALOGUE: tuple[tuple[str, str, str], ...] = (
    ("F01", "EnphaseGridOutage", "critical"),
    ("F02", "EnphaseGridOutageProlonged", "critical"),
    ("F03", "EnphaseGridFlapping", "warning"),
    ("F04", "EnphaseGridVoltageAbnormal", "warning"),
    ("F04", "EnphaseGridFrequencyAbnormal", "warning"),
    ("F05", "EnphaseGridVoltageImbalance", "critical"),
    ("F06", "EnphaseOffGridByCommand", "warning"),
    ("F07", "EnphaseBackupBatteryLow", "critical"),
    ("F08", "EnphaseBackupRuntimeShort", "critical"),
    ("F09", "EnphaseBackupBatteryExhausted", "critical"),
    ("F10", "EnphaseBatteryDeepDischarge", "critical"),
    ("F11", "EnphaseGatewayUnreachable", "critical"),
    ("F12", "EnphaseExporterDown", "critical"),
    ("F13", "EnphaseCloudReportingStopped", "critical warning"),
    ("F14", "EnphaseAuthenticationFailing", "critical"),
    ("F15", "EnphaseTokenExpiring", "warning"),
    ("F16", "EnphaseCollectorFailing", "warning"),
    ("F17", "EnphaseBatteryReportStale", "warning"),
    ("F17", "EnphaseSystemControllerReportStale", "warning"),
    ("F18", "EnphaseBatteryNotCommunicating", "critical"),
    ("F19", "EnphaseBatteryMissing", "critical"),
    ("F20", "EnphaseBatteryStuckCharging", "warning"),
    ("F21", "EnphaseBatteryChargeImbalance", "warning"),
    ("F22", "EnphaseBatteryFirmwareMismatch", "warning"),
    ("F23", "EnphaseBatteryNotCharging", "critical"),
    ("F24", "EnphaseBatteryTemperatureAbnormal", "warning"),
    ("F25", "EnphaseBatteryDcSwitchOff", "warning"),
    ("F26", "EnphaseBatteryNotReady", "warning"),
    ("F27", "EnphaseStorageCapacityLost", "warning"),
    ("F28", "EnphaseStorageDegraded", "info"),
    ("F29", "EnphaseSystemControllerNotCommunicating", "critical"),
    ("F30", "EnphaseCollarControlError", "warning"),
    ("F31", "EnphaseNoProduction", "critical warning"),
    ("F32", "EnphaseInverterSilent", "warning"),
    ("F33", "EnphaseInverterUnderperforming", "warning"),
    ("F34", "EnphaseInvertersMissing", "warning"),
    ("F35", "EnphaseMeterFault", "warning"),
    ("F36", "EnphaseCounterAnomaly", "info"),
    ("F37", "EnphaseStorageModeChanged", "warning"),
    ("F38", "EnphaseGatewayFirmwareChanged", "info"),
    ("F39", "EnphaseGeneratorNotRunning", "critical"),
    ("F39", "EnphaseGeneratorRunningLong", "warning"),
    ("F40", "EnphaseAcbNotCommunicating", "warning"),
    ("F40", "EnphaseAcbAsleep", "warning"),
    ("F41", "EnphaseGatewayClockSkew", "warning"),
    ("F42", "EnphaseGatewayReplaced", "info"),
    ("F43", "EnphaseWatchdog", "none"),
    ("F44", "EnphaseDataMissing", "critical warning"),
    ("F45", "EnphaseGridStateUnknown", "critical"),
    ("F46", "EnphaseDataStale", "warning"),
    ("F47", "EnphaseAllInvertersSilent", "warning"),
    ("F48", "EnphaseDeviceDanger", "critical"),
    ("F49", "EnphaseDeviceBroken", "warning"),
    ("F50", "EnphaseInverterGridFault", "warning"),
    ("F51", "EnphaseProductionLimited", "info"),
    ("F51", "EnphaseProductionForcedOff", "warning"),
    ("F52", "EnphaseIqRelayOpen", "critical"),
    ("F53", "EnphaseFirmwareUpdateFailed", "warning"),
    ("F54", "EnphaseFirmwareUpdateStuck", "warning"),
    ("F55", "EnphaseBackupOverload", "critical warning"),
    ("F56", "EnphaseNobodyPaged", "info"),
)
#: what the story taught beyond the catalogue, and what the pager says of itself
FURTHER: tuple[tuple[str, str], ...] = (
    ("EnphaseGridNotReconnecting", "critical"),
    ("EnphaseBatteryBelowLimit", "critical"),
    ("EnphaseBackupTimeShort", "warning"),
    ("EnphaseBatteryIdle", "warning"),
    ("EnphaseGatewayUnwatched", "warning"),
    ("EnphaseGatewayInterfaceWithoutAddress", "info"),
    ("EnphasePagerRulesFailing", "critical"),
    ("EnphasePagerRulesLate", "warning"),
    ("EnphasePagerNotDelivering", "critical"),
    ("EnphasePagerDisconnected", "critical"),
    ("EnphasePagerDown", "critical"),
    ("EnphasePagerConfigRejected", "warning"),
    ("EnphasePagerClockWrong", "warning"),
    ("EnphasePagerDiskFull", "warning"),
    ("EnphasePagerTestOverdue", "info"),
    ("EnphasePagerTest", "critical"),
    ("EnphaseWarningEnded", "info"),
)
#: labels by which rules may aggregate: those that the exporter itself sets
OWN_LABELS = frozenset(
    [
        *("gateway", "serial", "phase", "meter", "collector", "kind", "condition", "class"),
        *("metric", "mode", "model", "interface", "firmware", "bmu_firmware", "currency"),
        *("alertname", "ended"),
    ]
)
#: alerts about scrape targets
TARGET_LABELS = frozenset(["job", "instance", "integration", "exporter", "test"])
TARGETED = ("EnphaseExporterDown", "EnphasePager")
#: characters of a text, which leaves room for its time on a lock screen of two hundred
LOCK_SCREEN = 184
#: thresholds of the status page, which sees a moment and no past
PAGE_ONLY = frozenset(["inverter_silent_seconds"])
BASE = "https://github.com/enphase-exporter/enphase-exporter/blob/main/alertmanager/runbooks/"
#: what stands in an expression where a metric could, and is none
WORDS = frozenset(
    [
        "and",
        "or",
        "unless",
        "on",
        "by",
        "group_left",
        "group_right",
        "bool",
        "offset",
        "up",
        "group",
    ]
)


def run(tool: str, *arguments: str, cwd: Path = FOLDER) -> tuple[int, str]:
    """Return the exit status of a tool and what it says."""
    done = subprocess.run([tool, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_promtool_finds_nothing_wrong(promtool: str) -> None:
    """The rules, and the configuration that loads them, pass promtool's check."""
    status, output = run(promtool, "check", "rules", *map(str, RULES))
    assert status == 0, output
    status, output = run(promtool, "check", "config", "prometheus.yml")
    assert status == 0, output
    assert f"{len(RULES)} rule files found" in output


def test_every_row_of_the_catalogue_has_its_alert() -> None:
    """The alerts are those of the catalogue with their severities, no more and no fewer."""
    severities: dict[str, set[str]] = {}
    for alert in ALERTS:
        severities.setdefault(alert.name, set()).add(alert.severity)
    expected = {name: set(listed.split()) for _, name, listed in CATALOGUE}
    assert severities == expected | {name: {severity} for name, severity in FURTHER}
    assert [row for row, _, _ in CATALOGUE] == sorted(row for row, _, _ in CATALOGUE)
    assert {row for row, _, _ in CATALOGUE} == {f"F{number:02}" for number in range(1, 57)}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_an_alert_says_what_it_must(alert: Rule) -> None:
    """One label, a fixed summary, and a description that ends in what to do first."""
    assert set(alert.definition["labels"]) == {"severity"}
    assert set(alert.annotations) == {"summary", "description", "runbook_url", "dashboard_url"}
    summary, description = alert.annotations["summary"], alert.annotations["description"]
    assert "{{" not in summary
    assert summary.endswith(".")
    assert alert.annotations["runbook_url"] == f"{BASE}{alert.name}.md"
    if alert.severity != "none":
        assert " First: " in description
        assert (
            "{{ $labels." in description
            or "{{ $value" in description
            or "with $labels" in description
        )
    if alert.severity == "critical":
        assert "keep_firing_for" in alert.definition, "a page must not end by a missed scrape"


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_nothing_is_smoothed_and_waited_for_as_well(alert: Rule) -> None:
    """An alert with `for` does not average: one delay is enough."""
    if "for" in alert.definition:
        assert not re.search(r"\b(avg|quantile)_over_time\b", alert.expr)


@pytest.mark.parametrize("rule", [*ALERTS, *RECORDED], ids=lambda rule: rule.name)
def test_a_rule_names_only_what_there_is(rule: Rule) -> None:
    """Whatever a rule reads is a metric of the exporter, recorded here, or Prometheus's own."""
    text = rule.expr + " ".join(rule.definition.get("annotations", {}).values())
    unknown = set(NAME.findall(text)) - RECORDED_NAMES - FAMILIES.keys()
    assert not unknown - own_metrics.NAMES


@pytest.mark.parametrize("rule", [*ALERTS, *RECORDED], ids=lambda rule: rule.name)
def test_both_sides_keep_the_same_labels(rule: Rule) -> None:
    """Rules aggregate and join by labels that the exporter sets, never by those of a scrape."""
    allowed = OWN_LABELS | TARGET_LABELS if rule.name.startswith(TARGETED) else OWN_LABELS
    listed = re.findall(
        r"\b(?:on|by|group_left|group_right|without|ignoring)\s*\(([^()]*)\)", rule.expr
    )
    assert {
        label.strip() for each in listed for label in each.split(",") if label.strip()
    } <= allowed
    assert not re.search(r"\b(without|ignoring)\b", rule.expr)


@pytest.mark.parametrize("rule", [*ALERTS, *RECORDED], ids=lambda rule: rule.name)
def test_a_rule_reads_no_metrics_of_others(rule: Rule) -> None:
    """Apart from `up` there is no metric in an expression that does not belong to the exporter."""
    if rule.name.startswith("EnphasePager"):
        return  # these watch Prometheus and Alertmanager themselves
    expr = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', " ", rule.expr)
    expr = re.sub(r"\b(on|by|group_left)\s*\([^)]*\)", " ", expr)
    words = re.findall(r"(?<![\w:])[a-z][\w:]*(?![\w:]*\s*\()", expr)
    assert {word for word in words if not NAME.fullmatch(word)} <= WORDS


@pytest.mark.parametrize("rule", [*ALERTS, *RECORDED], ids=lambda rule: rule.name)
def test_no_subquery_over_every_inverter(rule: Rule) -> None:
    """A look back that holds all samples of hundreds of inverters at once is out of bounds."""
    looked_at = re.findall(r"(enphase[:_]inverter_[\w:]*)\[\w+:\w*\]", rule.expr)
    assert all(name.endswith((":only", ":median")) for name in looked_at)


def test_thresholds_are_all_there_and_all_used() -> None:
    """A rule that reads a threshold nobody records would be silent for ever."""
    used = {
        name
        for rule in (*ALERTS, *RECORDED)
        for name in NAME.findall(rule.expr)
        if ":threshold:" in name
    }
    recorded = {name for name in RECORDED_NAMES if ":threshold:" in name}
    assert recorded == {f"enphase:threshold:{name}" for name in thresholds()}
    assert used == recorded - {f"enphase:threshold:{name}" for name in PAGE_ONLY}


def test_thresholds_of_rules_and_package_are_the_same() -> None:
    """The rules are written from the thresholds that the exporter exports."""
    assert threshold_rules.PATH.read_text() == threshold_rules.generate()


def test_every_alert_is_seen_firing_in_a_rule_test() -> None:
    """The rule tests let each alert fire with each of its severities, annotations and all."""
    seen = {(name, labels["severity"]) for name, labels in fired()}
    assert seen == {(alert.name, alert.severity) for alert in ALERTS}


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_rule_tests_evaluate_groups_in_order(path: Path) -> None:
    """A rule test lists all groups it loads: left out ones would be evaluated in any order."""
    document = read(path)
    loaded = {
        group["name"]
        for name in document["rule_files"]
        for group in read(path.parent / name)["groups"]
    }
    assert document["group_eval_order"] == [name for name in order() if name in loaded]
    for test in document["tests"]:
        expected = [e for check in test.get("alert_rule_test", ()) for e in check["exp_alerts"]]
        assert all(len(e["exp_annotations"]) == 4 for e in expected), test["name"]
        # what is, since when (which the message adds), what to do: on a lock screen
        long = [e for e in expected if len(e["exp_annotations"]["description"]) > LOCK_SCREEN]
        assert not long, test["name"]
