"""The pages as Jinja2 templates: one environment, its filters, and what browsers may load.

Every value is escaped. The pages have no script and load nothing; their style is allowed by its
hash, so that no other style can be injected.
"""

import hashlib
import re
import unicodedata
from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup, escape

from exporter import __version__
from exporter.status import formatting, summary

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = files("exporter.web").joinpath("templates")
_STYLE = _FOLDER.joinpath("page.css").read_text()
_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: what a browser may load for these pages: the style and the icon in them
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:;"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SUN = "M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM12 0v4M12 20v4M0 12h4M20 12h4"
_ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'>"
    f"<path d='{_SUN}' fill='#e69f00' stroke='#e69f00' stroke-width='2.5'/></svg>"
)
#: between a number and its unit
_GAP = re.compile(r"(?<=\d) (?=(?:kWh|kW|W|%|°C|V|s|min|h|d)(?!\w))")
#: categories of characters that are not text: control, format (such as those that change the
#: direction of writing), surrogates, line and paragraph separators
_NOT_TEXT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(value: Any) -> Any:
    """Return a value for a page: text of others without characters that are not text."""
    if isinstance(value, Markup) or not isinstance(value, str) or value.isprintable():
        return value
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _NOT_TEXT else c for c in value
    )


def nbsp_units(text: str) -> str:
    """Return a text whose numbers stay on one line with their units."""
    return _GAP.sub("\N{NO-BREAK SPACE}", text)


def inline_code(text: str) -> Markup:
    """Return a text in which what stands between backticks is code."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def _clock_time(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


@cache
def _environment() -> "Environment":
    # Megabytes, for pages that a home without visitors never renders.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=FileSystemLoader(str(_FOLDER)),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for module in (formatting, summary):
        environment.filters.update(
            {
                name: function
                for name, function in vars(module).items()
                if callable(function) and not name.startswith("_") and name.islower()
            }
        )
    environment.filters["nbsp"] = nbsp_units
    environment.filters["inline_code"] = inline_code
    environment.filters["utc"] = _clock_time
    environment.globals.update(
        version=__version__,
        style=Markup(_STYLE),  # noqa: S704 - our own file
        icon=f"data:image/svg+xml,{quote(_ICON)}",
        sun=_SUN,
        UNKNOWN=formatting.UNKNOWN,
    )
    return environment


def render(template: str, **context: Any) -> Markup:
    """Return a template filled in."""
    return Markup(_environment().get_template(template).render(context))  # noqa: S704 - it escapes
