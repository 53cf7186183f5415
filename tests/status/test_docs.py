"""The document of the JSON names what there is."""

import dataclasses
import re

from exporter import pager
from exporter.status import api, models
from tests.conftest import ROOT


def test_every_field_is_documented() -> None:
    """docs/status.md lists each field of the document, and no other."""
    fields = {
        field.name
        for module in (models, api, pager)
        for kind in vars(module).values()
        if dataclasses.is_dataclass(kind)
        for field in dataclasses.fields(kind)
    }
    text = (ROOT / "docs" / "status.md").read_text()
    cells = re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE)
    documented = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert documented == fields
