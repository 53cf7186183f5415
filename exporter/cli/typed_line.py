"""A line that is typed on a terminal, where a secret that is pasted is never shown.

The terminal would show everything before anybody can look at it, so it is told not to, and what may
be seen is written here.
"""

import codecs
import os
import sys
import termios
import tty
from collections.abc import Callable

_ENTER, _END, _ERASE, _CLEAR = "\r\n", "\x04", "\x7f\b", "\x15"


def read_line(prompt: Callable[[], None], is_secret: Callable[[str], bool]) -> str:
    """Return what is typed after the prompt; raise EOFError where the input ends.

    What `is_secret` from its first characters on is not shown.
    """
    terminal = sys.stdin.fileno()
    usual = termios.tcgetattr(terminal)
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    line = shown = ""
    try:
        # nothing that comes after the prompt is shown by the terminal
        tty.setcbreak(terminal, termios.TCSADRAIN)
        prompt()
        sys.stdout.flush()
        while True:
            # byte by byte: what was typed ahead is for the next question
            byte = os.read(terminal, 1)
            key = decode(byte)
            if not byte or (key == _END and not line):
                raise EOFError
            if key and key in _ENTER:
                return line
            line = _typed(line, key)
            visible = "" if is_secret(line) else line
            more = visible.removeprefix(shown)
            sys.stdout.write(more if shown + more == visible else "\b \b" * len(shown) + visible)
            sys.stdout.flush()
            shown = visible
    finally:
        sys.stdout.write("\n")
        sys.stdout.flush()
        termios.tcsetattr(terminal, termios.TCSADRAIN, usual)


def _typed(line: str, key: str) -> str:
    if key == _CLEAR:
        return ""
    if key and key in _ERASE:
        return line[:-1]
    return line + key if key.isprintable() else line
