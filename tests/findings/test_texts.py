"""The texts of the alerts, shipped with the package, are those of the rules."""

from exporter.findings.texts import alert_texts
from tests.alerts.rule_files import ALERTS
from tools import alert_texts as tool


def test_the_file_is_current() -> None:
    """Generating it once more changes nothing."""
    assert tool.PATH.read_text() == tool.generate()


def test_every_alert_is_there_with_its_texts() -> None:
    """Summary and runbook of each alert are those of its rule, and nothing else is there."""
    texts = alert_texts()
    assert texts.keys() == {(rule.name, rule.severity) for rule in ALERTS}
    for rule in ALERTS:
        text = texts[rule.name, rule.severity]
        assert text.summary == rule.annotations["summary"]
        assert text.runbook_url == rule.annotations["runbook_url"]


def test_every_alert_says_what_to_do_first() -> None:
    """All but the watchdog, which is no trouble, give one advice that ends with a full stop."""
    without = {name for (name, _), text in alert_texts().items() if not text.first}
    assert without == {"EnphaseWatchdog"}
    assert all(text.first.endswith(".") for text in alert_texts().values() if text.first)
