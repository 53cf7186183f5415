"""Text from elsewhere in our messages: one line, nothing that a terminal would obey."""


def printable(text: object) -> str:
    """Return text for a message: one line, without characters that control a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))
