"""TLS on a real listener, and certificates that change under it."""

import ssl
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from exporter.web.config import WebConfig
from tests.web.certificates import Authority
from tests.web.listener import listening, status

TLS = "tls_server_config: {cert_file: server.pem, key_file: server.key%s}\n"

Write = Callable[[str], Path]


def client_context(authority: Authority, client: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    """Return a client's context that trusts the authority and may show a certificate."""
    context = ssl.create_default_context(cafile=str(authority.path))
    if client:
        context.load_cert_chain(*client)
    return context


async def test_tls(write: Write, authority: Authority) -> None:
    """The listener speaks TLS 1.2 and later with the configured certificate."""
    async with listening(WebConfig.load(write(TLS % ""))) as address:
        context = client_context(authority)
        assert await status(f"https://{address}/", context=context) == 200
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await status(f"https://{address}/", context=context) == 200


async def test_minimum_version(write: Write, authority: Authority) -> None:
    """A client that is too old gets no connection."""
    async with listening(WebConfig.load(write(TLS % ", min_version: TLS13"))) as address:
        context = client_context(authority)
        assert await status(f"https://{address}/", context=context) == 200
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(aiohttp.ClientError):
            await status(f"https://{address}/", context=context)


async def test_client_certificates(write: Write, authority: Authority) -> None:
    """Without a certificate of the authority nobody gets a page."""
    path = write(TLS % ", client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert")
    async with listening(WebConfig.load(path)) as address:
        url = f"https://{address}/"
        trusted = client_context(authority, authority.issue("client"))
        assert await status(url, context=trusted) == 200
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await status(url, context=client_context(authority))


async def test_renewed_certificate_is_used(
    write: Write, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """New connections get the new certificate; one without its key changes nothing."""
    path = write(TLS % "")
    async with listening(WebConfig.load(path)) as address:
        url = f"https://{address}/"
        (tmp_path / "later").mkdir()
        renewed = Authority(tmp_path / "later")
        certificate, key = renewed.issue("server")
        certificate.replace(tmp_path / "server.pem")
        assert await status(url, context=client_context(authority)) == 200
        assert "not a PEM pair" in caplog.text
        key.replace(tmp_path / "server.key")
        assert await status(url, context=client_context(renewed)) == 200
        with pytest.raises(aiohttp.ClientError):
            await status(url, context=client_context(authority))


async def test_certificate_may_come_after_its_configuration(
    write: Write, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is named before it exists is used as soon as it does."""
    async with listening(WebConfig.load(write(TLS % ""))) as address:
        write(TLS.replace("server.", "later.") % ", min_version: TLS13")
        context = client_context(authority)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await status(f"https://{address}/", context=context) == 200
        assert "later.pem cannot be read" in caplog.text
        authority.issue("later")
        with pytest.raises(aiohttp.ClientError):
            await status(f"https://{address}/", context=context)


async def test_tls_is_not_switched_off_by_a_change(
    write: Write, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """A listener stays as secure as it was started."""
    async with listening(WebConfig.load(write(TLS % ""))) as address:
        write("basic_auth_users: {}")
        assert await status(f"https://{address}/", context=client_context(authority)) == 200
        assert "restart the exporter" in caplog.text
