"""No response causes an exception or an impossible value."""

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest
from awesomeversion import AwesomeVersion
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import GatewayError
from exporter.gateway.endpoints import ENDPOINTS, PATHS, assemble
from exporter.gateway.endpoints.base import Parsed
from exporter.gateway.endpoints.context import Context
from tests.blast.series import series
from tests.blast.spoiling import Path, leaves, replaced
from tests.gateway.endpoints.samples import NOW, SAMPLES

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["production", "ENCHARGE", "enabled", "closed", "1", "-1", "1e999", "\x00"])
)
JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
#: keys of our models, so that wild values reach them
_KEYS = sorted(
    {
        str(step)
        for sample in SAMPLES.values()
        for path in leaves(sample)
        for step in path
        if isinstance(step, str)
    }
    | {"devices:", "devices", "type", "production", "consumption", "storage", "tariff", "network"}
)
SHAPED = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6)
    ),
    max_leaves=30,
)
_PLACES = [(path, place) for path, sample in SAMPLES.items() for place in leaves(sample)]
#: one profile for all endpoints together
_MANY = settings(max_examples=4 * settings().max_examples)
CONTEXT = Context(gateway_time=float(NOW), firmware=AwesomeVersion("8.3.5433"), metered=True)


def body(document: Any) -> bytes:
    """Return a document as a careless gateway would write it."""
    return json.dumps(document).encode("utf-8", "surrogatepass")


def check(parsed: Mapping[str, Parsed]) -> None:
    """Assemble all collectors and look at every series."""
    for collector in PATHS:
        try:
            data = assemble(collector, parsed, CONTEXT)
        except GatewayError:
            continue
        for (name, labels), value in series(collector, data).items():
            assert math.isfinite(value), name
            assert all(len(text) <= 200 for _, text in labels), name
            if name.endswith("_ratio"):
                assert -1 <= value <= 1, name


@_MANY
@given(path=st.sampled_from(list(ENDPOINTS)), document=JSON | SHAPED)
def test_any_document_is_read_or_refused(path: str, document: Any) -> None:
    """Anything at all in place of an answer makes data or a clear error, never a crash."""
    try:
        parsed = ENDPOINTS[path].parse(body(document))
    except GatewayError:
        return
    check({path: parsed})


@_MANY
@given(place=st.sampled_from(_PLACES), value=JSON)
def test_any_value_in_a_place_costs_no_crash(place: tuple[str, Path], value: Any) -> None:
    """An answer that is well but for one place is read."""
    path, where = place
    try:
        parsed = ENDPOINTS[path].parse(body(replaced(SAMPLES[path], where, value)))
    except GatewayError:
        return
    check({path: parsed})


@given(st.lists(st.binary(max_size=60), max_size=3))
def test_any_bytes_are_read_or_refused(bodies: list[bytes]) -> None:
    """Bytes that are no answer at all leave as GatewayError."""
    for endpoint in ENDPOINTS.values():
        for content in bodies:
            try:
                check({endpoint.path: endpoint.parse(content)})
            except GatewayError:
                continue


@pytest.mark.parametrize("path", SAMPLES)
def test_a_sample_is_read_whole(path: str) -> None:
    """The samples have the shape that the readers expect."""
    parsed = ENDPOINTS[path].parse(body(SAMPLES[path]))
    assert parsed.unreadable == {}
    assert not parsed.empty
    check({path: parsed})
