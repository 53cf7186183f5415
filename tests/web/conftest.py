"""Fixtures for tests of the web configuration: the file, and certificates."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.web.certificates import Authority

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes the file again, as an editor does, and returns its path."""

    def write(text: str) -> Path:
        path, draft = tmp_path / "web.yml", tmp_path / "draft"
        draft.write_text(text)
        return draft.replace(path)

    return write


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Return an authority that has issued `server.pem`."""
    authority = Authority(tmp_path)
    authority.issue("server")
    return authority
