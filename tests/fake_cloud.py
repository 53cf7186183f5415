"""The simulated Enphase cloud, with secrets that the tests know, as pyenphase sees it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from pyenphase.auth import EnvoyTokenAuth

from exporter.gateway import cloud as exporter_cloud
from exporter.simulator.cloud import CloudMode, SimulatedCloud, serve_cloud

__all__ = [
    "MANAGER_TOKEN",
    "PASSWORD",
    "SESSION",
    "USER",
    "CloudMode",
    "SimulatedCloud",
    "serving_cloud",
]

USER = "owner@example.invalid"
#: these must never be seen anywhere
PASSWORD = "canary-password"
SESSION = "canary-cloud-session"
MANAGER_TOKEN = "canary-manager-token"


@asynccontextmanager
async def serving_cloud(
    now: Callable[[], float], patience: float = 30.0
) -> AsyncIterator[SimulatedCloud]:
    """Serve a cloud, and point pyenphase at it, with a timeout of `patience` seconds."""
    async with serve_cloud(now, username=USER, password=PASSWORD) as cloud:
        cloud.session, cloud.manager_token = SESSION, MANAGER_TOKEN
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(EnvoyTokenAuth, "JSON_LOGIN_URL", cloud.login_url)
            patch.setattr(EnvoyTokenAuth, "TOKEN_URL", cloud.token_url)
            patch.setattr(exporter_cloud, "_DEADLINE", patience)
            yield cloud
