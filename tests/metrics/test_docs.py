"""The generated list of metrics."""

from pathlib import Path

import pytest

from exporter.metrics.catalogue import FAMILIES
from tools import metrics_docs


def test_the_list_is_current() -> None:
    """`make docs` changes nothing."""
    assert metrics_docs.document() == metrics_docs.PATH.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FAMILIES)
def test_every_metric_has_one_line(name: str) -> None:
    """Each family stands once in the list, with a cell for each column."""
    (line,) = (x for x in metrics_docs.document().splitlines() if x.startswith(f"| `{name}` |"))
    assert len([cell for cell in line.split(" | ") if cell != "|"]) == 6


def test_check_reports_a_file_that_is_not_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--check` exits 1 without the file, 0 after writing it, and 1 after somebody edited it."""
    monkeypatch.setattr(metrics_docs, "PATH", tmp_path / "docs" / "metrics.md")
    assert metrics_docs.main(["--check"]) == 1
    assert metrics_docs.main([]) == 0
    assert metrics_docs.main(["--check"]) == 0
    metrics_docs.PATH.write_text("edited", encoding="utf-8")
    assert metrics_docs.main(["--check"]) == 1
