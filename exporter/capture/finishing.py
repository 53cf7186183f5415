"""From answers to a folder: replaces who it belongs to, then writes it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from exporter.capture import readme, writer
from exporter.capture.identity_rules import Kind
from exporter.capture.recorder import Taken
from exporter.capture.redactor import Redactor
from exporter.gateway.client import Identity


def finish(
    directory: Path,
    answers: Sequence[Taken],
    known: Iterable[tuple[Kind, str]],
    identity: Identity,
) -> Redactor:
    """Write answers with stand-ins; return what replaced them.

    `known` are identities that are known from elsewhere. Raises CaptureError when the folder cannot
    be written.
    """
    redactor = Redactor()
    for kind, said in known:
        redactor.know(kind, said)
    written = writer.redacted(answers, redactor)
    page = readme.page(written, redactor.report(), str(identity.firmware), identity.part_number)
    writer.write(directory, written, page)
    return redactor
