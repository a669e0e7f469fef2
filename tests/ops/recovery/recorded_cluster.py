"""The objects of a recorded cluster over HTTPS on loopback, for clients with a certificate."""

import base64
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.providers.kubernetes_kinds import KINDS
from sandbox.providers.kubernetes_recorded import world_kind
from sandbox.providers.tls_certificates import new_certificate, pem_of
from sandbox.world import World

MANAGER: Final = "pulumi-kubernetes-1a2b3c4d"
"""A real API server notes who owns the fields of an object; recorded objects have no such note."""


@contextmanager
def recorded_cluster(world: World, folder: Path) -> Iterator[Path]:
    """Serve the recorded objects until the end of the block, and give a kubeconfig for them."""
    authority, server, client = _certificates()
    ca, own = folder / "ca.pem", folder / "server.pem"
    ca.write_bytes(authority)
    own.write_bytes(server)
    http = _Server(world)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
    http.socket = context.wrap_socket(http.socket, server_side=True)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    file = folder / "kubeconfig.yaml"
    certificate, _, key = client.partition(b"-----BEGIN PRIVATE KEY-----")
    encoded = {
        "certificate-authority-data": authority,
        "client-certificate-data": certificate,
        "client-key-data": b"-----BEGIN PRIVATE KEY-----" + key,
    }
    data = {name: base64.b64encode(value).decode() for name, value in encoded.items()}
    cluster = {
        "server": f"https://127.0.0.1:{http.server_port}",
        "certificate-authority-data": data["certificate-authority-data"],
    }
    user = {name: data[name] for name in ("client-certificate-data", "client-key-data")}
    file.write_text(yaml.safe_dump({"clusters": [{"cluster": cluster}], "users": [{"user": user}]}))
    try:
        yield file
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, world: World) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.world: Final = world


class _Handler(BaseHTTPRequestHandler):
    timeout = 30
    server: _Server

    def do_GET(self) -> None:
        """Answer with an object, the list of a group's resources, or 404."""
        found = self._found(self.path)
        content = json.dumps(found or {"kind": "Status", "message": f"{self.path} not found", "code": 404}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Write no log."""

    def _found(self, path: str) -> dict[str, Any] | None:
        for kind in KINDS:
            base = f"/apis/{kind.api_version}" if "/" in kind.api_version else f"/api/{kind.api_version}"
            if path == base:
                same = [each for each in KINDS if each.api_version == kind.api_version]
                shown = [{"name": each.plural, "kind": each.kind, "namespaced": each.namespaced} for each in same]
                return {"kind": "APIResourceList", "resources": shown}
            for item in self.server.world.objects(world_kind(kind)):
                namespace, _, name = item.id.rpartition("/")
                place = f"{base}/namespaces/{namespace}" if kind.namespaced else base
                if path == f"{place}/{kind.plural}/{name}":
                    live = {key: value for key, value in item.data.items() if not key.startswith("_")}
                    managed = [{"manager": MANAGER, "operation": "Update"}]
                    return {**live, "metadata": {**live["metadata"], "managedFields": managed}}
        return None


def _certificates() -> tuple[bytes, bytes, bytes]:
    """Return a CA, and a server's and a client's certificate with their keys, all as PEM."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cluster")])
    common: dict[str, Any] = {"issuer": issuer, "issuer_key": authority_key, "hours": 24}
    authority = new_certificate(
        subject=issuer, public_key=authority_key.public_key(), names=[], uses=["cert_signing"], authority=True, **common
    )
    pairs = []
    for use, names in (
        ("server_auth", [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
        ("client_auth", [x509.DNSName("admin")]),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        signed = new_certificate(
            subject=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, use)]),
            public_key=key.public_key(),
            names=names,
            uses=[use],
            authority=False,
            **common,
        )
        secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        pairs.append(pem_of(signed).encode() + secret)
    return pem_of(authority).encode(), pairs[0], pairs[1]
