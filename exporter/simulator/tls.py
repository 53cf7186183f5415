"""The certificate of a simulated gateway: self-signed as on the real one, new at each start."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from tempfile import NamedTemporaryFile

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_LIFETIME = timedelta(days=3650)
#: it is valid from yesterday on
_EARLIER = timedelta(days=-1)
_NAMES = (
    x509.DNSName("envoy.local"),
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
)


def server_context(*, expired: bool = False) -> ssl.SSLContext:
    """Return the context of a server with a new self-signed certificate, `expired` or not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # load_cert_chain reads files only; this one is readable by us alone and gone at once
    with NamedTemporaryFile(suffix=".pem") as pem:
        pem.write(_key_and_certificate(_EARLIER - _LIFETIME if expired else _EARLIER))
        pem.flush()
        context.load_cert_chain(pem.name)
    return context


def _key_and_certificate(begins: timedelta) -> bytes:
    """Return a key and its certificate as PEM, valid for ten years; `begins` is from now."""
    # an elliptic key takes a millisecond to make, an RSA key half a second
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "envoy.local")])
    start = datetime.now(UTC) + begins
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ) + certificate.public_bytes(Encoding.PEM)
