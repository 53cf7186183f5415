"""The pages for newcomers, followed in clean roots: from nothing to a message on a phone."""

import os

import pytest

from tools.newcomer.__main__ import PAGES, main


@pytest.mark.proof
@pytest.mark.parametrize("page", PAGES)
def test_a_page_leads_to_a_message(
    page: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step of the page succeeds, the last one when the message arrives."""
    monkeypatch.setenv("PATH", os.environ["PATH"])  # the walk adds to it
    assert main([page]) == 0
    output = capfd.readouterr().out
    if "skipped: " in output:
        pytest.skip(output.partition("skipped: ")[2])
    assert "a message arrived" in output
