"""Writes a capture: private files in a folder that appears when it is complete, or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from exporter.capture.folder import LOG_SUFFIX, file_name
from exporter.capture.recorder import Taken
from exporter.capture.redactor import Redactor
from exporter.errors import CaptureError

README = "_readme.md"


def check(directory: Path) -> None:
    """Raise CaptureError unless a capture can be written there; nothing is made or changed."""
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise CaptureError(f"{directory} is no folder: name one that is not there yet")
    try:
        if directory.exists() and any(directory.iterdir()):
            raise CaptureError(
                f"{directory} is not empty, and what is in there is not touched: name a folder"
                " that is not there yet"
            )
    except OSError as error:
        raise _unwritable(directory, error) from error
    parent = directory.absolute().parent
    if not parent.is_dir():
        raise CaptureError(f"{parent} is not there: make it first, or name another folder")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise CaptureError(f"{parent} may not be written to: name a folder elsewhere")


def redacted(answers: Sequence[Taken], redactor: Redactor) -> list[Taken]:
    """Return the answers with stand-ins."""
    bodies = [_text(answer.body) for answer in answers]
    headers = [json.dumps([*answer.headers.values()]) for answer in answers]
    redactor.learn([*bodies, *headers])
    return [
        replace(
            answer,
            body=(content := _bytes(redactor.redact(body))),
            headers=_headers(answer.headers, redactor, len(content)),
            failure=redactor.value("", answer.failure),
        )
        for answer, body in zip(answers, bodies, strict=True)
    ]


def write(directory: Path, answers: Sequence[Taken], readme: str) -> None:
    """Write answers, their logs and a readme; raise CaptureError when that fails.

    Whatever happens, the folder is either complete or as it was.
    """
    check(directory)
    target = directory.absolute()
    try:
        # as private as the files in it: nobody has looked them through yet
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
            # takes the place of an empty folder, and of no other
            part.rename(target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    except OSError as error:
        raise _unwritable(directory, error) from error


def _put(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _headers(headers: Mapping[str, str], redactor: Redactor, length: int) -> dict[str, str]:
    # without their names: `Location` is not where somebody lives
    told = {name: redactor.value("", said) for name, said in headers.items()}
    return {
        name: str(length) if name.lower() == "content-length" else said
        for name, said in told.items()
    }


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _unwritable(directory: Path, error: OSError) -> CaptureError:
    return CaptureError(
        f"{directory}: cannot be written ({error.strerror or error}): name another folder"
    )
