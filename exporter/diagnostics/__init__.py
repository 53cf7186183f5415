"""A diagnosis of the whole path from this machine to the first samples, for `check` and `init`.

`steps` lists the steps, their order and what each needs. `network_steps`, `gateway_steps` and
`reading_steps` hold them; `prometheus` checks the far side of the exporter. `hints` says what a
failure means and what to do about it, `runner` runs the steps and enforces their deadlines.

It uses the exporter's own client and endpoint readers, so what works here works there, within the
same rate limit.
"""

from exporter.diagnostics.result import StepResult, StepStatus
from exporter.diagnostics.runner import DiagnosisContext, run
from exporter.diagnostics.steps import STEPS, Step, up_to

__all__ = ["STEPS", "DiagnosisContext", "Step", "StepResult", "StepStatus", "run", "up_to"]
