"""HTML from nested calls, where text is text: whatever is not markup already gets escaped.

    element("p", "Battery ", element("b", serial), class_="battery")

There is no way to write a tag by hand, so there is none to forget an escape in.
"""

import re
from collections.abc import Iterable
from html import escape

#: between a number and its unit
_GAP = re.compile(r"(?<=\d) (?=(?:kWh|kW|W|%|°C|V|s|min|h|d)(?!\w))")
_VOID = frozenset({"br", "link", "meta"})


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element; None and False attributes are left out, `class_` and `aria_label` work.

    A child is text, markup, a number, an iterable of children, or None for nothing.
    """
    opening = "".join(
        [
            f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
            for key, value in attributes.items()
            if value is not None and value is not False
        ]
    )
    if name in _VOID:
        return Markup(f"<{name}{opening}>")
    return Markup(f"<{name}{opening}>{''.join(map(markup, children))}</{name}>")


def markup(child: object) -> str:
    """Return a child as HTML."""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return escape(child)
    if child is None:
        return ""
    if isinstance(child, Iterable):
        return "".join(map(markup, child))
    return escape(str(child))


def section(title: object, *children: object, **attributes: object) -> Markup:
    """Return a part of a page with its heading."""
    return element("section", element("h2", title), *children, **{"class_": "card", **attributes})


def verbatim(name: str, content: str) -> Markup:
    """Return an element whose content is ours and no HTML: a style sheet."""
    return Markup(f"<{name}>{content}</{name}>")


def unbroken(text: str) -> str:
    """Return a text whose numbers stay on one line with their units."""
    return _GAP.sub("\N{NO-BREAK SPACE}", text)
