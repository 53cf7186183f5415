"""Fixtures for what real gateways did to real readers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.field_cases.field_case import FieldCase


@pytest.fixture
def case(captures_dir: Path) -> Callable[[str], FieldCase]:
    """Return a function that opens a capture for changes."""
    return lambda name: FieldCase(captures_dir / name)
