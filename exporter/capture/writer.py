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

from exporter import files
from exporter.capture.folder import LOG_SUFFIX, file_name
from exporter.capture.identity_rules import COMMON_WORDS, IdentityKind
from exporter.capture.recorder import RecordedResponse
from exporter.capture.redactor import Redactor
from exporter.errors import CaptureError
from exporter.gateway.identity import Identity

README = "_readme.md"
#: shorter secrets may be part of any word
_MIN_SECRET = 6
_README = """\
# A capture of an Enphase gateway

Firmware {firmware}{part}. Recorded by `enphase-exporter capture`: each response of the gateway in \
a file named after
its request, with the status and the headers in `…_log.json`.

    enphase-exporter replay FOLDER

serves it as a gateway.

## Look through it before you publish it

Serial numbers, addresses and names are pseudonyms: of the same format, the same everywhere in \
this folder, and made
with a random number that was not kept. They were found by the names of fields and by their \
format, so data in an
unknown field may have been missed. Read the files, and search them for your name, your street and \
the numbers on your
devices.

Replaced:

{replaced}

Unchanged: part numbers, firmware, power, energy, prices, times, the time zone (prices and local \
times mean nothing
without it), and which networks addresses belong to.

## Requests

{requests}
"""


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
    responses: Sequence[RecordedResponse],
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
    written = _redacted(responses, redactor)
    readme = _README.format(
        firmware=identity.firmware,
        part=f", part {identity.part_number}" if identity.part_number else "",
        replaced="\n".join(f"- {one}" for one in redactor.report())
        or "- nothing: nothing was found",
        requests="\n".join(
            f"- `{file_name(one.target)}` `{one.target}`: "
            + (f"{one.failure}; replayed as {one.status}" if one.failure else one.outcome)
            for one in written
        ),
    )
    write(directory, written, readme, secrets)
    return redactor


def _redacted(responses: Sequence[RecordedResponse], redactor: Redactor) -> list[RecordedResponse]:
    bodies = [one.body.decode("utf-8", "surrogateescape") for one in responses]
    # without their names: the header `Location` is not a place
    redactor.collect([*bodies, *(json.dumps([*one.headers.values()]) for one in responses)])
    redacted = []
    for one, text in zip(responses, bodies, strict=True):
        body = redactor.redact(text).encode("utf-8", "surrogateescape")
        headers = {
            name: redactor.value("", value) if name.lower() != "content-length" else str(len(body))
            for name, value in one.headers.items()
        }
        failure = redactor.value("", one.failure)
        redacted.append(replace(one, body=body, headers=headers, failure=failure))
    return redacted


def write(
    directory: Path,
    responses: Sequence[RecordedResponse],
    readme: str,
    secrets: Iterable[str] = (),
) -> None:
    """Write responses, their logs and a readme; raise CaptureError if that fails.

    It also fails when one of the `secrets` is in a file. The folder is complete or unchanged.
    """
    check(directory)
    target = directory.absolute()
    contents = {README: readme.encode("utf-8", "surrogateescape")}
    for one in responses:
        log: dict[str, object] = {"headers": one.headers, "code": one.status}
        if one.failure:
            log["failure"] = one.failure
        contents[file_name(one.target)] = one.body
        contents[f"{file_name(one.target)}{LOG_SUFFIX}"] = f"{json.dumps(log, indent=4)}\n".encode()
    _refuse_secrets(contents, secrets)
    try:
        # as private as the files in it
        part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
        try:
            for name, content in contents.items():
                files.write(part / name, content)
            # replaces an empty folder, and no other
            part.rename(target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    except OSError as error:
        raise _unwritable(directory, error) from error


def _refuse_secrets(contents: Mapping[str, bytes], secrets: Iterable[str]) -> None:
    """Raise CaptureError if a file contains a secret, as it is or encoded."""
    forms = {form for secret in secrets for form in _forms(secret)}
    for name, content in contents.items():
        if any(form in name.encode() + b"\n" + content for form in forms):
            raise CaptureError(
                f"the response in {name} still contains a secret of yours after redaction:"
                " nothing was written; please report this, without the capture"
            )


def _forms(secret: str) -> Iterator[bytes]:
    """Yield how a secret may be written; nothing for a word that any response may contain."""
    if len(secret) < _MIN_SECRET or secret.lower() in COMMON_WORDS:
        return
    quoted = quote(secret, safe="")
    raw = secret.encode("utf-8", "surrogateescape")
    yield raw
    yield base64.b64encode(raw).rstrip(b"=")
    texts = (json.dumps(secret)[1:-1], quoted, quoted.lower(), quoted.replace("%", "%25"))
    yield from (text.encode() for text in (*texts, quote_plus(secret)))


def _unwritable(directory: Path, error: OSError) -> CaptureError:
    return CaptureError(
        f"{directory}: cannot be written ({error.strerror or error}): name another folder"
    )
