"""A certificate authority of the tests' own, a certificate for 127.0.0.1 and localhost, and a relay that speaks TLS before a server that cannot."""

import ipaddress
import socket
import ssl
import threading
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def issue(folder: Path, name: str = "ours") -> tuple[Path, Path, Path]:
    """(authority, certificate, key) as PEM files."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority of {name}")])
    authority = _certificate(subject, subject, authority_key, authority_key, x509.BasicConstraints(ca=True, path_length=0))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    server = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = _certificate(server, subject, key, authority_key, x509.BasicConstraints(ca=False, path_length=None), names)
    paths = tuple(folder / f"{name}-{part}.pem" for part in ("ca", "cert", "key"))
    paths[0].write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths[2].write_bytes(key.private_bytes(*plain))
    paths[2].chmod(0o600)
    return paths


def _certificate(subject, issuer, key, signer, *extensions):
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    now = datetime.now(UTC)
    made = (
        made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    )
    for extension in extensions:
        made = made.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return made.sign(signer, hashes.SHA256())


@contextmanager
def tls_before(port: int, certificate: Path, key: Path):
    """A port that speaks TLS and passes on to this one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=_serve, args=(listener, context, port), daemon=True).start()
        yield listener.getsockname()[1]


def _serve(listener, context, port):
    with suppress(OSError):  # the listener was closed
        while True:
            client, _ = listener.accept()
            with suppress(ssl.SSLError):  # who does not trust us hangs up
                secured = context.wrap_socket(client, server_side=True)
                behind = socket.create_connection(("127.0.0.1", port))
                for one, other in ((secured, behind), (behind, secured)):
                    threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one, other):
    with suppress(OSError):
        while piece := one.recv(65_536):
            other.sendall(piece)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
