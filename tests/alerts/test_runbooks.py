"""Every alert has a runbook that a home owner can use at night."""

import re
from pathlib import Path

import pytest

from exporter import own_metrics
from exporter.metrics.catalogue import FAMILIES
from tests.alerts.rule_files import ALERTS, NAME, RECORDED_NAMES, RUNBOOKS
from tools.cli_docs import tree

HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]


def test_every_alert_has_a_runbook_by_its_name() -> None:
    """The runbooks are those of the alerts, no more and no fewer."""
    assert {path.stem for path in RUNBOOKS} == {alert.name for alert in ALERTS}


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_has_its_four_parts(path: Path) -> None:
    """Title and headings are always the same, and none of the parts is empty or endless."""
    text = path.read_text()
    assert text.startswith(f"# {path.stem}\n")
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    assert parts[1::2] == HEADINGS
    assert all(len(part.strip()) > 20 for part in parts[2::2])
    assert len(text.splitlines()) <= 50


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_names_only_what_there_is(path: Path) -> None:
    """Metrics named in a runbook exist, and what it links to does too."""
    text = path.read_text()
    exported = FAMILIES.keys() | own_metrics.NAMES
    assert not set(NAME.findall(text)) - RECORDED_NAMES - exported
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        assert (path.parent / target).is_file(), target


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_diagnosis_begins_in_plain_words(path: Path) -> None:
    """What can be seen without a computer comes before the names of metrics."""
    diagnosis = path.read_text().partition("## Diagnosis")[2]
    first = re.split(r"(?<=[.?!:])\s", diagnosis.strip())[0]
    assert not NAME.search(first)


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_says_where_names_are_typed(path: Path) -> None:
    """Whoever has never seen Prometheus finds the field for a query."""
    text = path.read_text()
    if NAME.search(text.partition("## Diagnosis")[2].partition("## Mitigation")[0]):
        assert "are typed into Prometheus" in text


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_whoever_is_to_start_a_generator_is_warned_of_its_exhaust(path: Path) -> None:
    """A generator in a garage kills more surely than a dark house."""
    text = path.read_text().partition("## Mitigation")[2]
    if re.search(r"(?i)start a generator|start it (now|by hand)|sun or a generator", text):
        assert "exhaust kills" in text


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_commands_in_a_runbook_exist(path: Path) -> None:
    """Nobody types a command at night that there is not."""
    for line in re.findall(r"`enphase-exporter\s([^`]+)`", path.read_text()):
        command = tree()
        for word in line.split():
            subcommands = getattr(command, "commands", None)
            if subcommands is None or word.startswith("-"):
                break
            assert word in subcommands, line
            command = subcommands[word]
