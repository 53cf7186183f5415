"""How the tools write YAML: lists deeper than their keys, long texts in the style of the file."""

from collections.abc import Callable
from typing import Any

import yaml

#: columns of a written file
WIDTH = 100


class _IndentedDumper(yaml.SafeDumper):
    """Puts lists deeper than their keys."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def dump_yaml(*documents: Any, style: Callable[[str], str | None]) -> str:
    """Return documents as YAML; `style` gives the style of a scalar: `|`, `>` or None for plain."""

    class Styled(_IndentedDumper):
        pass

    Styled.add_representer(
        str,
        lambda dumper, text: dumper.represent_scalar(
            "tag:yaml.org,2002:str", text, style=style(text)
        ),
    )
    return yaml.dump_all(documents, Dumper=Styled, sort_keys=False, allow_unicode=True, width=WIDTH)
