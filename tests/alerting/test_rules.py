"""The rules that an owner gets are the shipped ones with what was asked for, and nothing else."""

import difflib
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from exporter.alerting.rules import RuleSettings, render_rules, shipped_rules
from exporter.cli import dispatch
from exporter.errors import ConfigError

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
