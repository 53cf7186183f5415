"""All gateways on one page, worst first, each with a link to its own; with many, page by page."""

from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from exporter.status.models import SEVERITIES, GatewayStatus
from exporter.web.gateway_page import MARKS, badge
from exporter.web.markup import Markup, element

#: gateways on one page
PAGE = 50


def fleet(statuses: Sequence[GatewayStatus], page: int) -> Iterator[Markup]:
    """Yield the sections of a page of the overview; `page` counts from 1, and is made to fit."""
    pages = max(1, -(-len(statuses) // PAGE))
    page = min(max(1, page), pages)
    shown = statuses[(page - 1) * PAGE : page * PAGE]
    yield element(
        "section",
        element("h1", f"{len(statuses)} gateways"),
        element("p", counted(statuses), class_="state"),
        class_=f"card hero {statuses[0].worst or '' if statuses else ''}",
    )
    if not shown:
        return
    yield element(
        "section",
        element("h2", "Gateways ", element("small", "worst first")),
        element("ul", map(_gateway, shown), class_="fleet"),
        class_="card",
    )
    if pages > 1:
        yield _pages(page, pages)


def counted(statuses: Sequence[GatewayStatus]) -> str:
    """Return how many gateways are how well."""
    if not statuses:
        return "No gateway is configured."
    counts = Counter(status.worst for status in statuses)
    words = {"critical": "critical", "warning": "with a warning", "info": "with a note"}
    told = [f"{counts[s]} {words[s]}" for s in SEVERITIES if counts[s]]
    well = counts[None]
    if well == len(statuses):
        return "All is well."
    return ", ".join([*told, f"{well} well"] if well else told) + "."


def _gateway(status: GatewayStatus) -> Markup:
    worst = status.worst
    text = None
    if status.problems:
        more = len(status.problems) - 1
        text = element(
            "p", status.problems[0].text, element("small", f" and {more} more") if more else None
        )
    return element(
        "li",
        element("span", MARKS[worst], class_="mark", aria_hidden="true"),
        element(
            "div",
            element(
                "p",
                element("a", status.gateway, href=f"/?{urlencode({'gateway': status.gateway})}"),
                " ",
                badge(status),
            ),
            element("p", status.summary, class_="muted"),
            text,
        ),
        class_=worst or "good",
    )


def _pages(page: int, pages: int) -> Markup:
    return element(
        "nav",
        element("span", f"Page {page} of {pages}"),
        element("a", "Worse", href=f"/?page={page - 1}") if page > 1 else None,
        element("a", "Better", href=f"/?page={page + 1}") if page < pages else None,
        class_="pages",
        aria_label="Pages",
    )
