"""Errors of the stack."""


class StackError(Exception):
    """The stack cannot start or continue; the text names the cause and the remedy."""
