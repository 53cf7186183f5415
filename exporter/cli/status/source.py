"""Where `status` gets the state of the house: from a running exporter, or from the gateways."""

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

#: seconds that an exporter has to answer, which has all of it ready
_DEADLINE = 10.0
#: the same for all gateways together, each of which is asked for everything once
_LONGEST = 60.0
#: the largest honest answer: thousands of gateways
_LARGEST = 64 * 2**20

#: gives the states now, as a document; raises ExporterError
Look = Callable[[], Awaitable[bytes]]


class _BasicAuth(Strict):
    """User and password."""

    username: str
    password: SecretStr | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _one_password(self) -> "_BasicAuth":
        if (self.password is None) == (self.password_file is None):
            raise field_error("give one of password and password_file", "password")
        return self


class _Tls(Strict):
    """Whom to believe."""

    ca_file: Path | None = None
    insecure_skip_verify: bool = False


class Client(Strict):
    """The file of `--http.config.file`, a part of what Prometheus's own tools read there."""

    basic_auth: _BasicAuth | None = None
    tls_config: _Tls = _Tls()

    def login(self, folder: Path) -> dict[str, str]:
        """Return the header of the login; paths are relative to `folder`. Raises ConfigError."""
        told = self.basic_auth
        if told is None:
            return {}
        if told.password_file is not None:
            password = read_secret(folder / told.password_file)
        else:
            password = told.password.get_secret_value() if told.password else ""
        return {"Authorization": aiohttp.encode_basic_auth(told.username, password)}

    def tls(self, folder: Path) -> ssl.SSLContext | bool:
        """Return whom to believe; raises ConfigError."""
        if self.tls_config.insecure_skip_verify:
            return False
        if self.tls_config.ca_file is None:
            return True
        path = folder / self.tls_config.ca_file
        try:
            return ssl.create_default_context(cafile=path)
        except OSError as error:
            reason = error.strerror or "no certificate in it"
            raise ConfigError(f"{path}: cannot be read as a certificate ({reason})") from None


def client(path: Path | None) -> Client:
    """Read the file of `--http.config.file`; raise ConfigError."""
    if path is None:
        return Client()
    try:
        return Client.model_validate(strict_yaml.read(path))
    except ValidationError as error:
        raise config_error(error, Client, str(path)) from None


@asynccontextmanager
async def exporter(url: str, gateway: str | None, file: Path | None) -> AsyncIterator[Look]:
    """Ask a running exporter, for one of its gateways or for all."""
    config, folder = client(file), (file or Path()).parent
    timeout = aiohttp.ClientTimeout(total=_DEADLINE)
    address = URL(url) / "api/v1/status"
    if gateway is not None:
        address = address.with_query(gateway=gateway)
    verify, login = config.tls(folder), config.login(folder)
    async with aiohttp.ClientSession(timeout=timeout, headers=login) as session:

        async def look() -> bytes:
            try:
                async with session.get(address, ssl=verify, allow_redirects=False) as response:
                    _expect(response.status, url, gateway)
                    content = await _whole(response)
                api.load(content)
            except aiohttp.ClientSSLError:
                raise ExporterError(
                    f"{url}: TLS failed, or its certificate is not trusted here: name the"
                    " authority as tls_config.ca_file in the file of --http.config.file"
                ) from None
            except TimeoutError:
                raise ExporterError(f"{url}: no answer within {_DEADLINE:g} s") from None
            except (aiohttp.ClientConnectionError, OSError):
                raise ExporterError(
                    f"{url}: no exporter can be reached there: start `enphase-exporter serve`, give"
                    " its address with --url, or ask the gateway itself with --direct"
                ) from None
            except (aiohttp.ClientError, ValueError):
                raise _foreign(url) from None
            return content

        yield look


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """Return a body; raise ValueError when it is larger than any document."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST:
            raise ValueError("too large")
    return bytes(body)


def _expect(status: int, url: str, gateway: str | None) -> None:
    """Raise ExporterError unless the status is that of an answer."""
    if status == 200:
        return
    if status == 401:
        raise ExporterError(
            f"{url}: wants a user and a password: write them as basic_auth into a file, and name"
            " it with --http.config.file"
        )
    if status == 404 and gateway is not None:
        raise ExporterError(
            f"{url}: knows no gateway named '{gateway}': leave out --gateway to see all"
        )
    if status >= 500:
        raise ExporterError(f"{url}: in trouble (status {status}): see the log of the exporter")
    raise _foreign(url)


def _foreign(url: str) -> ExporterError:
    return ExporterError(
        f"{url}: what answers there is no enphase-exporter, or one of another version: check --url"
    )


@asynccontextmanager
async def gateways(config: Config) -> AsyncIterator[Look]:
    """Ask the gateways of a configuration, as the exporter would, and go on while this is open.

    What an exporter remembers of them is used and not touched: one may be running beside.
    """
    names = [each.name for each in config.gateways]
    with tempfile.TemporaryDirectory(prefix="enphase-exporter-") as folder:
        own = Path(folder)
        tokens = await asyncio.to_thread(_borrow, config.state_dir, own, names)
        manager = PollerManager(own, SystemClock())
        await manager.apply_config(config.model_copy(update={"state_dir": own}))

        async def look() -> bytes:
            try:
                async with asyncio.timeout(_LONGEST):
                    await manager.wait_ready()
            except TimeoutError:
                # what is known by now is told, and what is not known as not known
                pass
            return api.dump(await manager.status_store.statuses(), manager.status_store.now)

        try:
            yield look
        finally:
            await manager.close()
            await asyncio.to_thread(_give_back, config.state_dir, own, tokens)


def _borrow(directory: Path, own: Path, names: Sequence[str]) -> dict[str, str | None]:
    """Copy what is remembered of these gateways; return their tokens."""
    found = {}
    for name in names:
        state = State(directory, name)
        if state.path.exists():
            State(own, name).save(state.load())
        found[name] = load_saved_state(own, name).token
    return found


def _give_back(directory: Path, own: Path, tokens: dict[str, str | None]) -> None:
    """Keep tokens that the cloud gave meanwhile, as it gives no others soon."""
    for name, before in tokens.items():
        token = load_saved_state(own, name).token
        if token and token != before:
            save_token(directory, name, token)
