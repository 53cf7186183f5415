"""The documentation as a site: every link of every page leads somewhere."""

from pathlib import Path, PurePosixPath

import pytest
import yaml

from tests.conftest import ROOT
from tools.site import DeadLinkError, page, pages

PAGES = [path for path in pages() if path.suffix == ".md"]


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_no_link_is_dead(path: PurePosixPath) -> None:
    """A link leads to a page of the site, or to a file of the repository that exists."""
    page(path, set(pages()))


def test_every_page_of_the_menu_exists() -> None:
    """The menu lists pages of the site, each once."""
    menu = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    listed = [PurePosixPath(path) for part in menu for paths in part.values() for path in paths]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(PAGES)
    # runbooks are reached from alerts, and the page on pins by those who work on this project
    unlisted = {path for path in PAGES if path.parts[0] == "docs"} - set(listed)
    assert unlisted == set()


def test_links_are_those_of_the_site(tmp_path: Path) -> None:
    """Files that are no pages are in the repository, folders have a page, code is left alone."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/README.md").touch()
    (tmp_path / "rules.yml").touch()
    text = "[a](../rules.yml) [b](../deploy/) [c](a.md#x) [d](https://example.com)\n```\n[e](no)\n```\n"
    (tmp_path / "docs/a.md").write_text(text)
    known = {PurePosixPath("docs/a.md"), PurePosixPath("deploy/README.md")}
    assert page(PurePosixPath("docs/a.md"), known, tmp_path) == (
        "[a](https://github.com/enphase-exporter/enphase-exporter/blob/main/rules.yml)"
        " [b](../deploy/README.md) [c](a.md#x) [d](https://example.com)\n```\n[e](no)\n```\n"
    )
    (tmp_path / "docs/a.md").write_text("[x](gone.md)")
    with pytest.raises(DeadLinkError, match=r"docs/a\.md: gone\.md leads nowhere"):
        page(PurePosixPath("docs/a.md"), known, tmp_path)
