"""What a scenario expects of the alert rules: which alerts fire by when, and which may fire.

expect:
  alerts:                               # none: nothing of severity critical or warning may fire
    - alert: EnphaseGridOutage
      severity: critical
      deadline: 60s
      since: 20m                        # time in the scenario at which the deadline begins, or
      sign: enphase_grid_connected == 0 # PromQL: it begins when this first has a value
      early: 0s                         # how long before that it may fire
      fires_until: 1h                   # it must not have ended by then
  allowed: {EnphaseOther: reason}       # what may fire as well
  interval: 30s                         # time between two scrapes
  until: 1d 2h                          # how much of the scenario is run; without, all of it
  config: {wanted: {storage_mode: backup}}  # more configuration of the exporter
  visible: {30m: enphase_up == 0}       # PromQL by time: what is to be seen in the metrics then
  quiet: [5m, 19m]                      # times at which none of these expressions has a value
  scrapes: [40m]                        # further scrapes that an expression over time needs
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from exporter.config.errors import Strict, field_error
from exporter.simulator.scenario.durations import At, Duration, parse_time

Severity = Literal["critical", "warning", "info", "none"]


def _time(text: str) -> str:
    parse_time(text)
    return text


#: a time in the scenario, as written
TimeText = Annotated[str, AfterValidator(_time)]
_Text = Annotated[str, Field(min_length=1)]


class ExpectedAlert(Strict):
    """An alert that must fire within its deadline; times in seconds."""

    alert: Annotated[str, Field(pattern=r"^Enphase\w+$")]
    deadline: Duration
    severity: Severity = "critical"
    since: At | None = None
    sign: _Text | None = None
    early: Duration = 0.0
    fires_until: At | None = None

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if (self.since is None) == (self.sign is None):
            raise field_error("needs one of since and sign: when the deadline begins", "deadline")
        return self


class Expectations(Strict):
    """What is expected of the alert rules, and of the metrics."""

    alerts: tuple[ExpectedAlert, ...] = ()
    allowed: dict[str, _Text] = Field(default_factory=dict)
    interval: Duration = 30.0
    until: At | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    visible: dict[TimeText, _Text] = Field(default_factory=dict)
    quiet: tuple[TimeText, ...] = ()
    scrapes: tuple[TimeText, ...] = ()
