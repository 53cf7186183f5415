"""The page of endpoints is current, and nothing in it goes without a metric or a reason."""

from fnmatch import fnmatchcase

from exporter.gateway.endpoints import ENDPOINTS
from tools import endpoints_docs
from tools.endpoint_readers import INFO, NO_METRIC, READ_ELSEWHERE, READERS


def test_the_page_is_current() -> None:
    """`make generate` changes nothing, and every field has a metric or a reason."""
    assert endpoints_docs.document() == endpoints_docs.PATH.read_text(encoding="utf-8")


def test_readers_are_named_of_endpoints_that_exist() -> None:
    """Readers are listed only for endpoints that the exporter reads."""
    assert set(READERS) <= set(ENDPOINTS)


def test_what_others_read_is_on_the_page() -> None:
    """Every field that other programs read has a row, with a metric or a reason."""
    assert READ_ELSEWHERE.keys() == READERS.keys()
    rows = {path: set(endpoints_docs.fields(path)) for path in READERS if path != "/info"}
    rows["/info"] = {field for field, _ in INFO}
    missing = [
        (path, field)
        for path, names in READ_ELSEWHERE.items()
        for field in names.split()
        if not any(fnmatchcase(f".{row}", f"*.{field}") for row in rows[path])
    ]
    assert missing == []


def test_every_endpoint_has_a_sample() -> None:
    """What no home and no sample has could not be described."""
    assert [path for path in ENDPOINTS if path != "/info" and not endpoints_docs.fields(path)] == []


def test_no_reason_is_out_of_date() -> None:
    """A reason is given for a field that there is and that makes no metric."""
    silent = [
        (path, field)
        for path in ENDPOINTS
        for field, names in endpoints_docs.fields(path).items()
        if not names
    ]
    assert [
        (path, field)
        for path, field, _ in NO_METRIC
        if not any(fnmatchcase(p, path) and fnmatchcase(f, field) for p, f in silent)
    ] == []
