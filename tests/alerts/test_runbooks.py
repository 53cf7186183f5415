"""Every alert has a runbook that a home owner can use at night."""

import re
from pathlib import Path

import pytest

from exporter import own_metrics
from exporter.metrics.catalogue import FAMILIES
from tests.alerts.rule_files import ALERTS, NAME, RECORDED_NAMES, RUNBOOKS

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
