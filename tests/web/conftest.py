"""Fixtures for tests of the web server: its configuration, certificates, and its pages."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from exporter.web import listener
from tests.web.certificates import Authority
from tests.web.strangers import ServedPages, serving

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


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[ServedPages]:
    """Return pages in plain HTTP for everybody."""
    async with serving(tmp_path) as site:
        yield site


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the timeouts of connections to a fraction of a second."""
    monkeypatch.setattr(listener, "HEADER_TIMEOUT", 0.3)
    monkeypatch.setattr(listener, "IDLE_TIMEOUT", 0.4)
    monkeypatch.setattr(listener, "_EXPIRY_INTERVAL", 0.05)
