"""What ends the stack with one clear line."""


class StackError(Exception):
    """The stack cannot start or go on; the text says why and what to do."""
