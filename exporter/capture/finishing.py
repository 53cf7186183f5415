"""From recorded responses to a folder: replaces personal data, then writes it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from exporter.capture import readme, writer
from exporter.capture.identity_rules import IdentityKind
from exporter.capture.recorder import RecordedResponse
from exporter.capture.redactor import Redactor
from exporter.gateway.client import Identity


def finish(
    directory: Path,
    answers: Sequence[RecordedResponse],
    identities: Iterable[tuple[IdentityKind, str]],
    identity: Identity,
) -> Redactor:
    """Write responses with pseudonyms; return the redactor.

    `identities` are those from the configuration and the login. Raises CaptureError when the folder
    cannot be written, or when a secret is left in it.
    """
    redactor, secrets = Redactor(), []
    for kind, value in identities:
        redactor.add_known(kind, value)
        if kind in (IdentityKind.SECRET, IdentityKind.PERSON):
            secrets.append(value)
    written = writer.redacted(answers, redactor)
    page = readme.page(written, redactor.report(), str(identity.firmware), identity.part_number)
    writer.write(directory, written, page, secrets)
    return redactor
