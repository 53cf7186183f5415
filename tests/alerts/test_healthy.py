"""A healthy home rings for nothing, however long one watches it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.alerts.rule_files import RULES, read
from tests.polled_gateway import START
from tests.test_golden import GOLDEN

#: when the goldens were made; rule tests begin in 1970
NOW = START + 361
HOURS = 25
#: a stamp younger than this moves on while the home is healthy; collars and days of installation
#: stand still
_LIVE = 3600.0
#: a battery that charges for a day while its state of charge stands still would be stuck
_RESTING = frozenset({"enphase_encharge_watts"})


def series(exposition: str) -> Iterator[dict[str, str]]:
    """Yield every sample as a series of a rule test that lasts for all the hours."""
    minutes = HOURS * 60
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            value, step = sample.value, 0
            if sample.name in _RESTING:
                value = 0.0
            if sample.name.endswith("_timestamp_seconds"):
                value -= NOW
                step = 60 if -_LIVE < value <= 0 else 0
            labels = {"job": "enphase", "instance": "exporter:10055", **sample.labels}
            pairs = ", ".join(f'{name}="{text}"' for name, text in labels.items())
            yield {"series": f"{sample.name}{{{pairs}}}", "values": f"{value:.6f}+{step}x{minutes}"}


@pytest.mark.proof
@pytest.mark.parametrize("golden", sorted(GOLDEN.iterdir()), ids=lambda path: path.stem)
def test_a_healthy_home_rings_for_nothing(golden: Path, tmp_path: Path, promtool: str) -> None:
    """Held as it was recorded for a day and an hour, a sample home gives nothing to read."""
    up = {"series": 'up{job="enphase", instance="exporter:10055"}', "values": f"1+0x{HOURS * 60}"}
    firing = 'ALERTS{alertstate="firing", severity=~"critical|warning|info"}'
    test = {
        "rule_files": [str(path) for path in RULES],
        "evaluation_interval": "5m",
        "group_eval_order": [group["name"] for path in RULES for group in read(path)["groups"]],
        "tests": [
            {
                "interval": "1m",
                "input_series": [up, *series(golden.read_text())],
                "promql_expr_test": [
                    {
                        "expr": f"count_over_time({firing}[{HOURS}h])",
                        "eval_time": f"{HOURS}h",
                        "exp_samples": [],
                    },
                    {
                        "expr": 'count(ALERTS{alertname="EnphaseWatchdog"})',
                        "eval_time": f"{HOURS}h",
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    },
                ],
            }
        ],
    }
    path = tmp_path / "healthy_test.yml"
    path.write_text(yaml.safe_dump(test, sort_keys=False))
    done = subprocess.run(
        [promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
