"""What tests of whole scenarios share: they begin all that is chosen before they wait for one."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

#: begins to run a function with its arguments in another process
Submit = Callable[..., Future[Any]]


def chosen(request: pytest.FixtureRequest, parameter: str) -> set[Any]:
    """Return the values of a parameter among the tests of this run in the module that asks."""
    return {
        item.callspec.params[parameter]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.path == request.path
        and hasattr(item, "callspec")
        and parameter in item.callspec.params
    }
