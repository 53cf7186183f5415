"""What every test of the simulator needs: a client that speaks like the exporter's."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from pyenphase.ssl import NO_VERIFY_SSL_CONTEXT


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """Return an HTTP client that trusts any certificate and keeps the cookies of IP addresses."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=NO_VERIFY_SSL_CONTEXT),
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        timeout=aiohttp.ClientTimeout(total=20),
    ) as session:
        yield session
