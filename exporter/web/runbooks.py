"""The runbooks as pages: an outage is when the internet is gone, so they come with the exporter.

They are in the package of a release; a source checkout has them in alertmanager/runbooks.
"""

from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from aiohttp import web
from markupsafe import Markup

from exporter.findings.texts import AlertText, alert_texts
from exporter.web.rendering import render

_PACKAGED = files("exporter").joinpath("runbooks")
_CHECKOUT = Path(__file__).resolve().parents[2] / "alertmanager" / "runbooks"
_SEVERITIES = ("critical", "warning", "info", "none")
_LINKS = [("Status", "/"), ("All runbooks", "/runbooks/")]


@cache
def runbook_files() -> dict[str, Traversable]:
    """Return the runbooks by name; nothing where they were left out of an installation."""
    folder: Traversable = _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
    if not folder.is_dir():
        return {}
    return {
        file.name.removesuffix(".md"): file
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".md")
    }


@lru_cache(maxsize=64)
def _rendered(name: str) -> Markup:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - sixty modules, seldom needed

    # Runbooks are ours; HTML in them is shown as text all the same.
    markdown = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")
    body = Markup(markdown.render(runbook_files()[name].read_text("utf-8")))  # noqa: S704 - ours
    return render("runbook.html.j2", title=name, links=_LINKS, body=body)


@cache
def _index() -> Markup:
    texts: dict[str, tuple[str, AlertText]] = {}
    for (name, severity), text in alert_texts().items():
        texts.setdefault(name, (severity, text))  # `critical` comes before `warning`
    entries = [
        (severity, name, text.summary)
        for name, (severity, text) in texts.items()
        if name in runbook_files()
    ]
    others = [("", name, "") for name in runbook_files() if name not in texts]
    groups: dict[str, list[tuple[str, str]]] = {}
    for severity in (*_SEVERITIES, ""):
        chosen = sorted((n, s) for each, n, s in entries + others if each == severity)
        if chosen:
            groups[severity] = chosen
    return render("runbooks.html.j2", title="Runbooks", links=_LINKS, groups=groups)


class RunbookPages:
    """The handlers."""

    async def index(self, request: web.Request) -> web.Response:
        """Send the list of runbooks, by severity of their alerts."""
        return _page(_index())

    async def page(self, request: web.Request) -> web.Response:
        """Send a runbook; the name may end in `.md`, as the file does."""
        name = request.match_info["name"].removesuffix(".md")
        if name not in runbook_files():
            raise web.HTTPNotFound
        return _page(_rendered(name))


def _page(body: Markup) -> web.Response:
    return web.Response(text=str(body), content_type="text/html", charset="utf-8")
