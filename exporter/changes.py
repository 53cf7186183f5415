"""Whether a file is another one than before: a list of gateways that some other program writes."""

from pathlib import Path

#: what tells two states of a file apart
Stamp = tuple[int, int, int]


def stamp(path: Path) -> Stamp | None:
    """Return what changes with a file, be it written anew or replaced; None while it is not there.

    A symbolic link counts as what it leads to, since that is how Kubernetes replaces files.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
