"""The overview of many gateways: searched, filtered, sorted and paged by the address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from exporter.status.models import GatewayStatus, StorageStatus
from exporter.web.fleet import PAGE_SIZE, SORTS, FleetOverview

NOW = 1_782_000_000.0


def site(name: str, health: str = "well", soc: float | None = None) -> GatewayStatus:
    """Return the status of a gateway."""
    storage = None if soc is None else StorageStatus(soc_ratio=soc)
    return GatewayStatus(name, f"{name}.example", NOW, "answers", health=health, storage=storage)  # type: ignore[arg-type]  # tests name states


SITES = [
    site("Beach house", "act", 0.1),
    site("site 10", "blind", 0.9),
    site("site 9", "attention"),
    site("site 2", "well", 0.5),
]


def names(query: str) -> list[str]:
    """Return the names that a query selects."""
    return [status.gateway for status in FleetOverview(SITES, URL(f"/?{query}")).statuses]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Beach house", "site 10", "site 9", "site 2"]),
        ("q=SITE", ["site 10", "site 9", "site 2"]),
        ("q=9+site", ["site 9"]),
        ("q=beach.example", []),
        ("q=house.example", ["Beach house"]),
        ("state=blind", ["site 10"]),
        ("state=nonsense", ["Beach house", "site 10", "site 9", "site 2"]),
        ("sort=name", ["Beach house", "site 2", "site 9", "site 10"]),
        ("sort=charge", ["Beach house", "site 2", "site 10", "site 9"]),
        ("q=site&sort=name&state=well&page=7", ["site 2"]),
    ],
)
def test_the_address_selects_what_is_displayed(query: str, expected: list[str]) -> None:
    """Words are looked for in names and addresses; nonsense changes nothing."""
    assert names(query) == expected


def test_links_carry_the_query() -> None:
    """The next page is that of the same search; a new search begins at its first page."""
    many = [site(f"site {number}") for number in range(3 * PAGE_SIZE)]
    fleet = FleetOverview(many, URL("/?q=site&sort=name&page=2&refresh=0"))
    assert (fleet.page, fleet.pages, len(fleet.statuses)) == (2, 3, PAGE_SIZE)
    assert URL(fleet.link(page=3)).query == {
        "q": "site",
        "sort": "name",
        "refresh": "0",
        "page": "3",
    }
    assert URL(fleet.link(q="", state="")).query == {"sort": "name", "refresh": "0"}


_TEXT = st.text(max_size=200)


@given(
    query=st.dictionaries(st.sampled_from(["q", "state", "sort", "page"]) | _TEXT, _TEXT),
    sites=st.lists(st.sampled_from(SITES)),
)
def test_any_address_shows_something_of_what_there_is(
    query: dict[str, str], sites: list[GatewayStatus]
) -> None:
    """Any query gives a page, whose links lead to other pages."""
    fleet = FleetOverview(sites, URL("/").with_query(query))
    assert 1 <= fleet.page <= fleet.pages
    assert all(status in sites for status in fleet.statuses)
    assert fleet.sort in SORTS
    assert URL(fleet.link(page=1)).path == "/"
