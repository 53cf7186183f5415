"""What an owner may tell a system, and how it is made sure that it was done.

The only place from which a gateway is told anything: the exporter itself asks and nothing else. A
command goes this way, and every step may end it with one clear line:

    read      is the hardware there, what is the state now (`reading`)
    plan      what is wanted, does it make sense, what would pyenphase send (`table`, `sending`)
    journal   write down what is about to be sent, or send nothing (`journal`)
    send      once, never again by itself (`sending`)
    read      afresh from the gateway until the change is there or time is up (`operator`)
    journal   write down how it ended

The table in `table` has a row for each command; modules named after devices hold what rows need.
"""

from exporter.gateway.control.commands import CONTROLS
from exporter.gateway.control.models import Control, Order, Outcome, Plan, Request
from exporter.gateway.control.runner import Operator

__all__ = ["CONTROLS", "Control", "Operator", "Order", "Outcome", "Plan", "Request"]
