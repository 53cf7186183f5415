"""From recorded responses to a private folder that appears when it is complete, or not at all.

Before it appears, every file is searched for the secrets that are known here: a capture is made to
be published.
"""

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, quote_plus

from exporter.capture.folder import LOG_SUFFIX, file_name
from exporter.capture.identity_rules import COMMON_WORDS, IdentityKind
from exporter.capture.readme import page as readme_page
from exporter.capture.recorder import RecordedResponse
from exporter.capture.redactor import Redactor
from exporter.errors import CaptureError
from exporter.gateway.identity import Identity

README = "_readme.md"
#: shorter secrets may be part of any word
_MIN_SECRET = 6


def check(directory: Path) -> None:
    """Raise CaptureError unless a capture can be written there; nothing is changed."""
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise CaptureError(f"{directory} is not a folder: name a new one")
    try:
        if directory.exists() and any(directory.iterdir()):
            raise CaptureError(f"{directory} is not empty: name a new folder")
    except OSError as error:
        raise _unwritable(directory, error) from error
    parent = directory.absolute().parent
    if not parent.is_dir():
        raise CaptureError(f"{parent} does not exist: create it first, or name another folder")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise CaptureError(f"{parent} is not writable: name a folder elsewhere")


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
    written = redacted(answers, redactor)
    page = readme_page(written, redactor.report(), str(identity.firmware), identity.part_number)
    write(directory, written, page, secrets)
    return redactor


def redacted(answers: Sequence[RecordedResponse], redactor: Redactor) -> list[RecordedResponse]:
    """Return the responses with pseudonyms."""
    bodies = [_text(answer.body) for answer in answers]
    headers = [json.dumps([*answer.headers.values()]) for answer in answers]
    redactor.collect([*bodies, *headers])
    return [
        replace(
            answer,
            body=(content := _bytes(redactor.redact(body))),
            headers=_headers(answer.headers, redactor, len(content)),
            failure=redactor.value("", answer.failure),
        )
        for answer, body in zip(answers, bodies, strict=True)
    ]


def write(
    directory: Path,
    answers: Sequence[RecordedResponse],
    readme: str,
    secrets: Iterable[str] = (),
) -> None:
    """Write responses, their logs and a readme; raise CaptureError if that fails.

    It also fails when one of the `secrets` is in a file. The folder is complete or unchanged.
    """
    check(directory)
    target = directory.absolute()
    try:
        # as private as the files in it
        part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
        try:
            for answer in answers:
                name = file_name(answer.target)
                log: dict[str, object] = {"headers": answer.headers, "code": answer.status}
                if answer.failure:
                    log["failure"] = answer.failure
                _put(part / name, answer.body)
                _put(part / f"{name}{LOG_SUFFIX}", f"{json.dumps(log, indent=4)}\n".encode())
            _put(part / README, readme.encode("utf-8", "surrogateescape"))
            _refuse_secrets(part, secrets)
            # replaces an empty folder, and no other
            part.rename(target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    except OSError as error:
        raise _unwritable(directory, error) from error


def _refuse_secrets(folder: Path, secrets: Iterable[str]) -> None:
    """Raise CaptureError if a file contains a secret, as it is or encoded."""
    forms = {form for secret in secrets for form in _forms(secret)}
    for path in sorted(folder.iterdir()):
        content = path.name.encode() + b"\n" + path.read_bytes()
        if any(form in content for form in forms):
            raise CaptureError(
                f"the response in {path.name} still contains a secret of yours after redaction:"
                " nothing was written; please report this, without the capture"
            )


def _forms(secret: str) -> Iterator[bytes]:
    """Yield how a secret may be written; nothing for a word that any response may contain."""
    if len(secret) < _MIN_SECRET or secret.lower() in COMMON_WORDS:
        return
    quoted = quote(secret, safe="")
    texts = (
        secret,
        json.dumps(secret)[1:-1],
        quoted,
        quoted.replace("%", "%25"),
        quote_plus(secret),
    )
    encoded = base64.b64encode(secret.encode("utf-8", "surrogateescape")).decode()
    for text in (*texts, quoted.lower(), encoded.rstrip("=")):
        yield text.encode("utf-8", "surrogateescape")


def _put(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _headers(headers: Mapping[str, str], redactor: Redactor, length: int) -> dict[str, str]:
    # without their names: the header `Location` is not a place
    values = {name: redactor.value("", content) for name, content in headers.items()}
    return {
        name: str(length) if name.lower() == "content-length" else content
        for name, content in values.items()
    }


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _unwritable(directory: Path, error: OSError) -> CaptureError:
    return CaptureError(
        f"{directory}: cannot be written ({error.strerror or error}): name another folder"
    )
