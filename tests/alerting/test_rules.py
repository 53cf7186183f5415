"""The rules that an owner gets are the shipped ones with what was asked for, and nothing else."""

import difflib
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml

from exporter.alerting.rules import RuleSettings, render_rules, shipped_rules
from exporter.cli import dispatch
from exporter.errors import ConfigError
from exporter.findings.texts import alert_texts

SETTINGS = RuleSettings(
    thresholds={"backup_soc_low_ratio": 0.3},
    gateway_thresholds={"cabin": {"battery_cold_celsius": -25}},
    runbook_url="http://exporter.lan:10055/runbooks/",
    dashboard_url="http://grafana.lan",
    labels={"site": "alpha"},
)


def changed(settings: RuleSettings) -> list[str]:
    """Return the lines that are new."""
    before, after = shipped_rules(), render_rules(settings)
    assert before.keys() == after.keys()
    return [
        line[2:].strip()
        for name in before
        for line in difflib.ndiff(before[name].splitlines(), after[name].splitlines())
        if line.startswith("+ ")
    ]


def test_nothing_is_changed_without_a_wish() -> None:
    """The defaults give the shipped files, comments and all."""
    assert render_rules(RuleSettings()) == shipped_rules()


def test_each_wish_changes_its_own_lines() -> None:
    """A threshold is one line; links and labels are a line of every alert."""
    assert changed(RuleSettings(thresholds={"backup_soc_low_ratio": 0.3})) == [
        "or 0.3 + 0 * enphase:gateway"
    ]
    assert changed(RuleSettings(gateway_thresholds=SETTINGS.gateway_thresholds)) == [
        'or label_replace(vector(-25), "gateway", "cabin", "", "")'
    ]
    alerts = sum(text.count("- alert:") for text in shipped_rules().values())
    assert changed(RuleSettings(labels={"site": "alpha"})) == ["site: alpha"] * alerts
    links = changed(RuleSettings(runbook_url=SETTINGS.runbook_url))
    assert len(links) == alerts
    assert all(
        re.fullmatch(r"runbook_url: http://exporter\.lan:10055/runbooks/Enphase\w+", link)
        for link in links
    )
    boards = changed(RuleSettings(dashboard_url="http://grafana.lan"))
    assert len(boards) == alerts
    assert all(board.startswith("dashboard_url: http://grafana.lan/d/enphase-") for board in boards)


def test_what_is_written_passes_promtool(promtool: str, tmp_path: Path) -> None:
    """Files in a folder, and all of them as one, are valid rules."""
    config = tmp_path / "config.yml"
    config.write_text(
        yaml.safe_dump(
            {
                "gateways": [
                    {"host": "192.0.2.1", "name": "home"},
                    {
                        "host": "192.0.2.2",
                        "name": "cabin",
                        "alerts": {"thresholds": {"battery_cold_celsius": -25}},
                    },
                ],
                "alerts": {
                    "thresholds": {"backup_soc_low_ratio": 0.3},
                    "runbook_url": "http://exporter.lan:10055/runbooks",
                    "dashboard_url": "http://grafana.lan",
                    "labels": {"site": "alpha"},
                },
            }
        )
    )
    folder = tmp_path / "rules"
    assert dispatch.run(["rules", f"--config={config}", f"--output={folder}"]) == 0
    assert {path.name: path.read_text() for path in folder.iterdir()} == render_rules(SETTINGS)
    done = subprocess.run(
        [promtool, "check", "rules", *map(str, folder.iterdir())], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_all_rules_as_one_file(
    promtool: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a folder they are printed, with the labels of the command line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert dispatch.run(["rules", "--label=site=alpha"]) == 0
    path = tmp_path / "all.rules.yml"
    path.write_text(capsys.readouterr().out)
    groups = yaml.safe_load(path.read_text())["groups"]
    shipped = [g for text in shipped_rules().values() for g in yaml.safe_load(text)["groups"]]
    assert [group["name"] for group in groups] == [group["name"] for group in shipped]
    assert {
        rule["labels"]["site"] for group in groups for rule in group["rules"] if "alert" in rule
    } == {"alpha"}
    done = subprocess.run([promtool, "check", "rules", str(path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("label", ["severity", "gateway", "two words", "1st"])
def test_labels_that_the_rules_need_for_themselves(label: str) -> None:
    """A label that would break routes or inhibitions is refused."""
    with pytest.raises(ConfigError, match="cannot be a label"):
        render_rules(RuleSettings(labels={label: "x"}))


def test_a_label_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The form is named."""
    assert dispatch.run(["rules", "--label=site"]) == 2
    assert "NAME=VALUE" in capsys.readouterr().err


def rendered_alerts(settings: RuleSettings) -> Counter[tuple[str, str]]:
    """Return how often each alert stands in the rules, by name and severity."""
    rules = [
        rule
        for text in render_rules(settings).values()
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
    ]
    return Counter(
        (rule["alert"], rule["labels"].get("severity", "")) for rule in rules if "alert" in rule
    )


def test_another_severity_is_that_of_one_alert() -> None:
    """All rules of that alert have it, and no other alert changes."""
    before = rendered_alerts(RuleSettings())
    after = rendered_alerts(RuleSettings(severities={"EnphaseBackupOverload": "info"}))
    assert {name for name, _ in after - before} == {"EnphaseBackupOverload"}
    assert {severity for name, severity in after if name == "EnphaseBackupOverload"} == {"info"}
    assert sum(after.values()) == sum(before.values())


@pytest.mark.parametrize("alert", sorted({name for name, _ in alert_texts()}))
def test_each_alert_can_be_left_out(alert: str) -> None:
    """Only its own rules are gone; what others compute with stays."""
    before, settings = rendered_alerts(RuleSettings()), RuleSettings(disabled=[alert])
    gone = before - rendered_alerts(settings)
    assert {name for name, _ in gone} == {alert}
    assert not any(line.strip().startswith("- record") for line in changed_lines(settings))


def changed_lines(settings: RuleSettings) -> list[str]:
    """Return the lines that are gone."""
    before, after = shipped_rules(), render_rules(settings)
    return [
        line[2:]
        for name in before
        for line in difflib.ndiff(before[name].splitlines(), after[name].splitlines())
        if line.startswith("- ") and before[name] != after[name]
    ]


def test_without_any_alert_the_rules_are_valid(promtool: str, tmp_path: Path) -> None:
    """Groups and files of alerts alone are empty then, and promtool takes them."""
    everything = RuleSettings(disabled=[name for name, _ in alert_texts()])
    for name, text in render_rules(everything).items():
        (tmp_path / name).write_text(text)
    assert not rendered_alerts(everything)
    done = subprocess.run(
        [promtool, "check", "rules", *map(str, tmp_path.iterdir())],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_file_of_alerts_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where Prometheus runs, nobody has to know the address or the login of a gateway."""
    file = tmp_path / "alerts.yml"
    file.write_text(
        "alerts:\n"
        "  severities: {EnphaseStorageDegraded: critical}\n"
        "  disabled: [EnphaseGatewayFirmwareChanged]\n"
        "gateways:\n"
        "  - {name: cabin, alerts: {thresholds: {battery_cold_celsius: -25}}}\n"
    )
    assert dispatch.run(["rules", f"--config={file}"]) == 0
    text = capsys.readouterr().out
    assert "EnphaseGatewayFirmwareChanged" not in text
    assert 'label_replace(vector(-25), "gateway", "cabin", "", "")' in text
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    degraded = [rule for rule in rules if rule.get("alert") == "EnphaseStorageDegraded"]
    assert [rule["labels"]["severity"] for rule in degraded] == ["critical"]


def test_thresholds_of_a_file_of_alerts_count(
    promtool: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exporters elsewhere report what they have; the owner's file says what rings."""
    file = tmp_path / "alerts.yml"
    file.write_text(
        "alerts: {thresholds: {backup_soc_low_ratio: 0.3}}\n"
        "gateways:\n"
        "  - name: cabin\n"
        "    alerts: {thresholds: {backup_soc_low_ratio: 0.4, battery_cold_celsius: -25}}\n"
    )
    assert dispatch.run(["rules", f"--config={file}"]) == 0
    (tmp_path / "rules.yml").write_text(capsys.readouterr().out)
    names = {"backup_soc_low_ratio": (0.2, 0.3, 0.4), "battery_cold_celsius": (-10, -10, -25)}
    homes = ("home", "cabin")
    tested = {
        "rule_files": ["rules.yml"],
        "tests": [
            {
                "input_series": [
                    {
                        "series": f'enphase_alert_threshold{{gateway="{home}",threshold="{name}"}}',
                        "values": f"{shipped}x9",
                    }
                    for name, (shipped, *_) in names.items()
                    for home in homes
                ]
                + [
                    {"series": f'enphase_up{{gateway="{home}"}}', "values": "1x9"} for home in homes
                ],
                "promql_expr_test": [
                    {
                        "expr": f'enphase:threshold:{name}{{gateway="{home}"}}',
                        "eval_time": "5m",
                        "exp_samples": [
                            {
                                "labels": f'enphase:threshold:{name}{{gateway="{home}"}}',
                                "value": value,
                            }
                        ],
                    }
                    for name, (_, *values) in names.items()
                    for home, value in zip(homes, values, strict=True)
                ],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(tested))
    done = subprocess.run(
        [promtool, "test", "rules", str(tmp_path / "test.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("most", [1, 7, 20])
def test_groups_are_no_larger_than_asked_for(most: int) -> None:
    """Rules, their order and their comments stay; each part is evaluated as often as the whole."""
    before = shipped_rules()
    for name, text in render_rules(RuleSettings(group_size=most)).items():
        groups = yaml.safe_load(text)["groups"]
        assert len({group["name"] for group in groups}) == len(groups)
        assert all(1 <= len(group["rules"]) <= most for group in groups)
        shipped = yaml.safe_load(before[name])["groups"]
        for keys in ([], ["interval"]):
            rules = [[{key: g[key] for key in keys}, r] for g in groups for r in g["rules"]]
            assert rules == [
                [{key: g[key] for key in keys}, r] for g in shipped for r in g["rules"]
            ]
        assert text.count("#") == before[name].count("#")


def test_a_number_is_written_as_it_is() -> None:
    """No digit of a large number is lost."""
    [line] = changed(RuleSettings(thresholds={"backup_runtime_seconds": 1234567}))
    assert line == "or 1234567 + 0 * enphase:gateway"


def test_promtool_has_the_last_word(
    promtool: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A label that Prometheus would refuse is named in one line."""
    monkeypatch.chdir(tmp_path)
    assert dispatch.run(["rules", "--label=site={{", f"--output={tmp_path / 'rules'}"]) == 1
    error = capsys.readouterr().err
    assert "promtool does not accept these rules" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("severities: {EnphaseStorageDegrade: info}", "did you mean EnphaseStorageDegraded?"),
        ("severities: {EnphaseStorageDegraded: loud}", "must be 'critical', 'warning' or 'info'"),
        ("disabled: [EnphaseWatchdog]", "stays as it is"),
    ],
)
def test_mistakes_in_a_file_of_alerts(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt alert or severity is named, and the watchdog is never lost."""
    file = tmp_path / "alerts.yml"
    file.write_text(f"alerts: {{{content}}}\n")
    assert dispatch.run(["rules", f"--config={file}"]) == 1
    assert message in capsys.readouterr().err
