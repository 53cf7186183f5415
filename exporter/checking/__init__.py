"""A diagnosis of the whole way from this machine to the first samples, for `check` and `init`.

`steps` lists what is tried, in order and with what needs what; `way` and `gateway` hold the steps,
`prometheus` what is on the far side of the exporter. `remedies` says what a failure means and what
to do about it, `running` goes through the steps and keeps their deadlines.

It asks a gateway by the exporter's own session, probe and collectors, so that what works here works
there, and with the exporter's own restraint.
"""

from exporter.checking.outcome import Outcome, Status
from exporter.checking.running import Case, run
from exporter.checking.steps import STEPS, Step, up_to

__all__ = ["STEPS", "Case", "Outcome", "Status", "Step", "run", "up_to"]
