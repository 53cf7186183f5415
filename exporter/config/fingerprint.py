"""Tells whether a file changed: a list of gateways that some other program writes."""

from pathlib import Path

#: inode, modification time, size
Fingerprint = tuple[int, int, int]


def fingerprint(path: Path) -> Fingerprint | None:
    """Return what changes when a file is written or replaced; None while it does not exist.

    A symbolic link counts as its target, since that is how Kubernetes replaces files.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
