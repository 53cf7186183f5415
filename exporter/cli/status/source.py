"""Where `status` gets its data: from a running exporter, or from the gateways."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from pydantic import SecretStr, ValidationError, model_validator
from yarl import URL

from exporter.clock import SystemClock
from exporter.config import Config, strict_yaml
from exporter.config.errors import Strict, config_error, field_error
from exporter.config.types import read_secret
from exporter.diagnostics.saved_state import load_saved_state, save_token
from exporter.errors import ConfigError, ExporterError
from exporter.manager import PollerManager
from exporter.state import State
from exporter.status import api

#: seconds for the answer of an exporter
_DEADLINE = 10.0
#: seconds for all gateways together with --direct
_DIRECT_DEADLINE = 60.0
#: size limit of a document, enough for thousands of gateways
_MAX_BYTES = 64 * 2**20

#: returns the current document; raises ExporterError
Fetch = Callable[[], Awaitable[bytes]]


class _BasicAuth(Strict):
    """User name and password."""

    username: str
    password: SecretStr | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _one_password(self) -> "_BasicAuth":
        if (self.password is None) == (self.password_file is None):
            raise field_error("give one of password and password_file", "password")
        return self


class _Tls(Strict):
    """How the certificate of the exporter is verified."""

    ca_file: Path | None = None
    insecure_skip_verify: bool = False


class HttpConfig(Strict):
    """The file of `--http.config.file`: a part of the format of Prometheus's tools."""

    basic_auth: _BasicAuth | None = None
    tls_config: _Tls = _Tls()

    def login(self, folder: Path) -> dict[str, str]:
        """Return the login header; paths are relative to `folder`. Raises ConfigError."""
        login = self.basic_auth
        if login is None:
            return {}
        if login.password_file is not None:
            password = read_secret(folder / login.password_file)
        else:
            password = login.password.get_secret_value() if login.password else ""
        return {"Authorization": aiohttp.encode_basic_auth(login.username, password)}

    def tls(self, folder: Path) -> ssl.SSLContext | bool:
        """Return the TLS settings; raises ConfigError."""
        if self.tls_config.insecure_skip_verify:
            return False
        if self.tls_config.ca_file is None:
            return True
        path = folder / self.tls_config.ca_file
        try:
            return ssl.create_default_context(cafile=path)
        except OSError as error:
            reason = error.strerror or "it contains no certificate"
            raise ConfigError(f"{path}: cannot be read as a certificate ({reason})") from None


def read_http_config(path: Path | None) -> HttpConfig:
    """Read the file of `--http.config.file`; raise ConfigError."""
    if path is None:
        return HttpConfig()
    try:
        return HttpConfig.model_validate(strict_yaml.read(path))
    except ValidationError as error:
        raise config_error(error, HttpConfig, str(path)) from None


@asynccontextmanager
async def exporter(url: str, gateway: str | None, file: Path | None) -> AsyncIterator[Fetch]:
    """Read from a running exporter, one of its gateways or all."""
    config, folder = read_http_config(file), (file or Path()).parent
    timeout = aiohttp.ClientTimeout(total=_DEADLINE)
    address = URL(url) / "api/v1/status"
    if gateway is not None:
        address = address.with_query(gateway=gateway)
    verify, login = config.tls(folder), config.login(folder)
    async with aiohttp.ClientSession(timeout=timeout, headers=login) as session:

        async def fetch() -> bytes:
            try:
                async with session.get(address, ssl=verify, allow_redirects=False) as response:
                    _expect(response.status, url, gateway)
                    content = await _whole(response)
                api.load(content)
            except aiohttp.ClientSSLError:
                raise ExporterError(
                    f"{url}: TLS failed, or its certificate is not trusted: set"
                    " tls_config.ca_file in the file of --http.config.file"
                ) from None
            except TimeoutError:
                raise ExporterError(f"{url}: no answer within {_DEADLINE:g} s") from None
            except (aiohttp.ClientConnectionError, OSError):
                raise ExporterError(
                    f"{url}: no exporter is running there: start `enphase-exporter serve`, set its"
                    " address with --url, or read the gateway itself with --direct"
                ) from None
            except (aiohttp.ClientError, ValueError):
                raise _foreign(url) from None
            return content

        yield fetch


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """Return a body; raise ValueError for one beyond the size limit."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MAX_BYTES:
            raise ValueError("too large")
    return bytes(body)


def _expect(status: int, url: str, gateway: str | None) -> None:
    """Raise ExporterError unless the status is 200."""
    if status == 200:
        return
    if status == 401:
        raise ExporterError(
            f"{url}: needs a user name and password: write them as basic_auth into a file for"
            " --http.config.file"
        )
    if status == 404 and gateway is not None:
        raise ExporterError(f"{url}: has no gateway named '{gateway}': remove --gateway to see all")
    if status >= 500:
        raise ExporterError(f"{url}: failed with status {status}: see the log of the exporter")
    raise _foreign(url)


def _foreign(url: str) -> ExporterError:
    return ExporterError(f"{url}: this is not an enphase-exporter, or another version: check --url")


@asynccontextmanager
async def gateways(config: Config) -> AsyncIterator[Fetch]:
    """Poll the gateways of a configuration, as the exporter would, while the context is open.

    The saved state of the exporter is used but not changed: one may be running at the same time.
    """
    names = [each.name for each in config.gateways]
    with tempfile.TemporaryDirectory(prefix="enphase-exporter-") as folder:
        own = Path(folder)
        tokens = await asyncio.to_thread(_copy_state, config.state_dir, own, names)
        manager = PollerManager(own, SystemClock())
        await manager.apply_config(config.model_copy(update={"state_dir": own}))

        async def fetch() -> bytes:
            try:
                async with asyncio.timeout(_DIRECT_DEADLINE):
                    await manager.wait_ready()
            except TimeoutError:
                # show what has been read by now, the rest as unknown
                pass
            return api.dump(await manager.status_store.statuses(), manager.status_store.now)

        try:
            yield fetch
        finally:
            await manager.close()
            await asyncio.to_thread(_save_new_tokens, config.state_dir, own, tokens)


def _copy_state(directory: Path, own: Path, names: Sequence[str]) -> dict[str, str | None]:
    """Copy the saved state of these gateways; return their tokens."""
    tokens = {}
    for name in names:
        State(own, name).save(State(directory, name).read())
        tokens[name] = token = load_saved_state(directory, name).token
        if token:
            save_token(own, name, token)
    # Limits on requests and logins are for all processes together, and written in place.
    for pattern in ("*.requests", "*.account"):
        for file in directory.glob(pattern):
            (own / file.name).symlink_to(file.absolute())
    return tokens


def _save_new_tokens(directory: Path, own: Path, tokens: dict[str, str | None]) -> None:
    """Save tokens that the cloud issued meanwhile: it limits how often it does."""
    for name, before in tokens.items():
        token = load_saved_state(own, name).token
        if token and token != before:
            save_token(directory, name, token)
