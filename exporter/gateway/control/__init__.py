"""Commands of the owner to a system, and how each is verified.

The only package that writes to a gateway: the exporter itself only reads. A command goes through
these stages, and each of them may end it with one clear message:

    read      is the hardware there, what is the state now (`reader`)
    plan      what is desired, is it valid, what would be sent (`commands`, `writer`)
    record    write down what is about to be sent, or send nothing (`audit_log`)
    send      once, never again by itself (`writer`)
    verify    read until the change is visible or time is up (`verify`)
    record    write down the result

`runner` runs these stages. `commands` has a table with a row for each command; modules named after
devices hold what its rows need.
"""

from exporter.gateway.control.commands import COMMANDS
from exporter.gateway.control.models import (
    Command,
    CommandCall,
    CommandPlan,
    CommandResult,
    WriteRequest,
)
from exporter.gateway.control.runner import CommandRunner

__all__ = [
    "COMMANDS",
    "Command",
    "CommandCall",
    "CommandPlan",
    "CommandResult",
    "CommandRunner",
    "WriteRequest",
]
