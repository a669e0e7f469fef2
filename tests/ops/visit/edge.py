"""A TLS server on loopback with a certificate for some hosts. Each host has prepared answers."""

import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer; `silent` never sends it, `cut` closes the connection, `drip` sends a header without an end."""

    status: int = 200
    body: str = "hello"
    headers: Mapping[str, str] = field(default_factory=dict)
    how: str = ""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """The server's address for --resolve, and the file with its authority for --cacert."""

    address: str
    authority: Path
    asked: list[str]


class Authority:
    """A certificate authority, and the certificates that it signs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority for tests")])
        basic = x509.BasicConstraints(ca=True, path_length=None)
        own = self._builder(self._name, self._key, days=1).add_extension(basic, critical=True)
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def sign(self, hosts: Sequence[str], days: int = 1) -> Path:
        """Return a file with a key and a certificate for hosts; with negative days it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edge")])
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        signed = self._builder(name, key, days).add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        file = self._folder / "edge.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
        return file

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        begin, end = sorted((now - timedelta(hours=1), now + timedelta(days=days)))
        return (
            x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(begin - timedelta(days=2))
            .not_valid_after(end if days > 0 else now - timedelta(hours=1))
        )


@contextmanager
def serving(
    folder: Path,
    replies: Mapping[str, Sequence[Reply]],
    *,
    hosts: Sequence[str] | None = None,
    days: int = 1,
) -> Iterator[Edge]:
    """Serve; the last reply of a host repeats.

    Args:
        folder: The folder for keys and certificates.
        replies: The replies of each host, in order.
        hosts: The hosts in the certificate; the default is those with replies.
        days: The days until the certificate expires.
    """
    authority = Authority(folder)
    left = {host: list(given) for host, given in replies.items()}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = str(self.headers["Host"])
            asked.append(host)
            given = left[host]
            _send(self, given.pop(0) if len(given) > 1 else given[0], ended)

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    ended = threading.Event()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.sign(list(hosts or replies), days))
    with _Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Edge(address=f"127.0.0.1:{server.server_address[1]}", authority=authority.file, asked=asked)
        finally:
            ended.set()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Write nothing about a client that refuses the certificate."""


def _send(handler: BaseHTTPRequestHandler, reply: Reply, ended: threading.Event) -> None:
    if reply.how == "silent":
        ended.wait(60)
        return
    if reply.how == "cut":
        return
    if reply.how == "drip":
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        deadline = time.monotonic() + 60
        while not ended.wait(0.1) and time.monotonic() < deadline:
            handler.wfile.write(b"a")
        return
    content = reply.body.encode()
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
