"""The status page as a whole: what stands around its sections, and its one style sheet.

It has no script and asks for nothing else. Its style is let in by its hash, so that no style of
anybody else's could come along.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from urllib.parse import quote, urlencode

from exporter import __version__
from exporter.status.problems import RUNBOOKS
from exporter.web.markup import Markup, element, verbatim

_DOCS = RUNBOOKS.removesuffix("alertmanager/runbooks") + "docs/status.md"
_STYLE = files("exporter.web").joinpath("page.css").read_text()
_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: what a browser may load for these pages: the style in them, and the icon in them
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: seconds until a browser asks again
REFRESH = 15
_SUN = "M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM12 0v4M12 20v4M0 12h4M20 12h4"
_ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'>"
    f"<path d='{_SUN}' fill='#e69f00' stroke='#e69f00' stroke-width='2.5'/></svg>"
)


def page(
    title: str,
    sections: Iterable[Markup],
    *,
    now: float,
    refreshing: bool,
    gateway: str | None = None,
    up: bool = False,
) -> bytes:
    """Return a page; `now` in epoch seconds, `up` gives it a link to all gateways."""
    body = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("title", title),
            element("link", rel="icon", href="data:image/svg+xml," + quote(_ICON)),
            verbatim("style", _STYLE),
        ),
        element(
            "body",
            _header(gateway, up=up),
            element("main", list(sections)),
            _footer(now, gateway, refreshing=refreshing),
        ),
        lang="en",
    )
    return f"<!doctype html>{body}".encode()


def _header(gateway: str | None, *, up: bool) -> Markup:
    asked = f"?{urlencode({'gateway': gateway})}" if gateway is not None else ""
    links = [("All gateways", "/")] if up else []
    links += [("Metrics", "/metrics"), ("JSON", f"/api/v1/status{asked}")]
    links += [("Runbooks", RUNBOOKS), ("Help", _DOCS)]
    logo = element(
        "svg",
        element("path", d=_SUN, fill="#e69f00", stroke="#e69f00", stroke_width=2.5),
        viewBox="-1 -1 26 26",
        aria_hidden="true",
    )
    return element(
        "header",
        element("a", logo, "Enphase exporter", href="/", class_="brand"),
        element("nav", _list(links), aria_label="Pages and help"),
    )


def _list(links: list[tuple[str, str]]) -> Markup:
    return element("ul", (element("li", element("a", name, href=to)) for name, to in links))


def _footer(now: float, gateway: str | None, *, refreshing: bool) -> Markup:
    moment = datetime.fromtimestamp(now, UTC)
    named = {} if gateway is None else {"gateway": gateway}
    # Who reads slowly, or has it read aloud, can make it stand still.
    query = urlencode(named | ({"refresh": "0"} if refreshing else {}))
    change = element(
        "a",
        "Stop refreshing" if refreshing else "Refresh by itself",
        href=f"/?{query}" if query else "/",
    )
    every = f", anew every {REFRESH} s. " if refreshing else ", stands still. "
    return element(
        "footer",
        element(
            "p",
            "As of ",
            element("time", f"{moment:%H:%M:%S} UTC", datetime=moment.isoformat()),
            every,
            change,
        ),
        element("p", f"enphase-exporter {__version__}"),
    )
