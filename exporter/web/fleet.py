"""All gateways on one page: searched, filtered, sorted and cut into pages as the URL says."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from yarl import URL

from exporter.status.models import HEALTHS, GatewayStatus
from exporter.status.panels import natural_order
from exporter.status.summary import VERDICTS, counted

#: gateways on one page
PAGE_SIZE = 50
_MAX_SEARCH = 100


def _by_charge(status: GatewayStatus) -> float:
    soc = status.storage.soc_ratio if status.storage else None
    return 2.0 if soc is None else soc


#: orders by name, each with its title; without a key the order is that of the store, worst first
SORTS: dict[str, tuple[str, Callable[[GatewayStatus], Any] | None]] = {
    "state": ("worst first", None),
    "name": ("name", lambda status: natural_order(status.gateway.casefold())),
    "charge": ("lowest charge first", _by_charge),
}


class FleetOverview:
    """What the overview shows of all gateways."""

    def __init__(self, statuses: Sequence[GatewayStatus], url: URL) -> None:
        """Choose from `statuses`, worst first, by the query of `url`; nonsense is left out."""
        self._url = url
        query = url.query
        self.total = len(statuses)
        counts = Counter(status.health for status in statuses)
        self.counts = [(h, VERDICTS[h], counts[h]) for h in HEALTHS if counts[h]]
        self.search = query.get("q", "")[:_MAX_SEARCH].strip()
        self.state = query.get("state", "") if query.get("state") in HEALTHS else ""
        self.sort = query.get("sort", "") if query.get("sort") in SORTS else "state"
        words = self.search.casefold().split()
        chosen = [
            status
            for status in statuses
            if self.state in ("", status.health)
            and all(word in text for text in [_searchable(status)] for word in words)
        ]
        key = SORTS[self.sort][1]
        if key is not None:
            chosen.sort(key=key)
        self.matching = len(chosen)
        self.pages = max(1, -(-len(chosen) // PAGE_SIZE))
        self.page = min(max(1, _number(query.get("page", ""))), self.pages)
        self.statuses = chosen[(self.page - 1) * PAGE_SIZE : self.page * PAGE_SIZE]
        self.worst = statuses[0].health if statuses else "well"
        self.sorts = [(name, title) for name, (title, _) in SORTS.items()]

    @property
    def sentence(self) -> str:
        """How many gateways are in which state."""
        return counted({health: count for health, _, count in self.counts})

    def link(self, **changes: str | int) -> str:
        """Return this page with another query; what is empty is left out."""
        query = {name: value for name, value in self._url.query.items() if name != "page"}
        query |= {name: str(value) for name, value in changes.items()}
        return str(URL("/").with_query({name: v for name, v in query.items() if v != ""}))


def _searchable(status: GatewayStatus) -> str:
    """Return what a gateway is found by: name, address, serial number, and what is wrong."""
    serial = status.identity.serial if status.identity else ""
    alerts = (problem.alert for problem in status.problems)
    return " ".join((status.gateway, status.host, serial, *alerts)).casefold()


def _number(text: str) -> int:
    """Return a page number; whatever is none is the first page."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1
