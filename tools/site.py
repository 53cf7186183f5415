"""Lays out what `make site` builds: all pages as one tree whose links lead somewhere.

    python -m tools.site FOLDER

Pages stay where the repository has them, so that links between them are the same in both. A link to
a file that is no page, such as a rule file, leads to the repository; a link to nothing is an error.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath

from exporter.errors import ExporterError

_ROOT = Path(__file__).resolve().parents[1]
_REPOSITORY = "https://github.com/enphase-exporter/enphase-exporter"
#: pages and their pictures
_PAGES = (
    "*.md",
    "docs/*.md",
    "docs/*.png",
    "alertmanager/runbooks/*.md",
    "deploy/*/README.md",
    "requirements/README.md",
)
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
_CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


class DeadLinkError(ExporterError):
    """A page has a link to something that does not exist."""


def pages(root: Path = _ROOT) -> list[PurePosixPath]:
    """Return the files of the site, relative to the root."""
    found = {path for pattern in _PAGES for path in root.glob(pattern)}
    return sorted(PurePosixPath(path.relative_to(root).as_posix()) for path in found)


def page(path: PurePosixPath, known: set[PurePosixPath], root: Path = _ROOT) -> str:
    """Return the text of a page with links for the site; raise DeadLinkError."""
    text = (root / path).read_text(encoding="utf-8")
    parts = []
    for code, part in _split(text):
        parts.append(
            part if code else _LINK.sub(lambda match: _target(match, path, known, root), part)
        )
    return "".join(parts)


def _split(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a page, each with whether it is code."""
    position = 0
    for match in _CODE.finditer(text):
        yield False, text[position : match.start()]
        yield True, match[0]
        position = match.end()
    yield False, text[position:]


def _target(
    match: re.Match[str], path: PurePosixPath, known: set[PurePosixPath], root: Path
) -> str:
    link, fragment = match[1], match[2] or ""
    target = PurePosixPath(normpath(path.parent / link))
    if target in known:
        return f"{link}{fragment}"
    index = target / "README.md"
    if index in known:
        return f"{link.rstrip('/')}/README.md{fragment}"
    if not (root / target).exists():
        raise DeadLinkError(f"{path}: {link} leads nowhere")
    kind = "tree" if (root / target).is_dir() else "blob"
    return f"{_REPOSITORY}/{kind}/main/{target}{fragment}"


def main() -> None:
    """Write the tree into the folder that is named on the command line."""
    folder = Path(sys.argv[1])
    listed = pages()
    known = set(listed)
    for path in listed:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            place.write_text(page(path, known), encoding="utf-8")
        else:
            shutil.copyfile(_ROOT / path, place)


if __name__ == "__main__":
    main()
