"""The thresholds of alerts and status page have one source."""

from exporter.findings.thresholds import resolve, thresholds

UNITS = {"ratio", "seconds", "celsius", "volts"}


def test_every_threshold_says_what_it_means() -> None:
    """Each has a unit, which its name ends in, and half a sentence about the alert."""
    for name, threshold in thresholds().items():
        assert threshold.unit in UNITS, name
        assert name.endswith(f"_{threshold.unit}"), name
        assert threshold.meaning, name
        assert not threshold.meaning.endswith("."), name


def test_the_last_override_wins() -> None:
    """A gateway's own number beats that of all gateways, which beats the default."""
    name = "battery_hot_celsius"
    assert resolve() == {name: each.default for name, each in thresholds().items()}
    assert resolve({name: 50})[name] == 50
    assert resolve({name: 50}, {name: 45})[name] == 45


def test_an_unknown_override_is_no_threshold() -> None:
    """The configuration refuses such a name; here it is not passed on."""
    assert "no_such_threshold" not in resolve({"no_such_threshold": 1.0})
