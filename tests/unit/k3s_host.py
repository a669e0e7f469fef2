"""A host on which k3s is to be: fake tools, a root of its own, an installer to fetch, peers that listen or not."""

import http.server
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.fake_cluster import FakeCluster, node
from tests.unit.host_programs import calls, fake, run_program

VERSION: Final = "v1.34.6+k3s1"
TOKENS: Final = {"token": "server-token-of-48-characters", "agent-token": "agent-token-of-48-characters"}
PEERS: Final = ["127.0.0.12", "127.0.0.13"]
_ADDRESSES: Final = [
    {"ifname": "lo", "addr_info": [{"local": "127.0.0.1"}]},
    {"ifname": "eth0", "addr_info": [{"local": "203.0.113.11"}, {"local": "2001:db8:1::1"}]},
    {"ifname": "enp7s0", "addr_info": [{"local": "10.0.1.11", "prefixlen": 32}]},
]


class K3sHost:
    """Everything that `k3s join` touches, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.tools = folder / "tools"
        self.cluster = FakeCluster(self.tools)
        self._stack = ExitStack()
        with socket.socket() as free:
            free.bind((PEERS[0], 0))
            self.port = free.getsockname()[1]
        fake(self.tools, "ip", f"cat <<'END'\n{json.dumps(_ADDRESSES)}\nEND")
        fake(self.tools, "sysctl", "")
        fake(self.tools, "systemctl", "")
        fake(self.tools, "journalctl", f"echo the journal, with {TOKENS['token']} in it")
        self.serve_installer(f'mv "{self.tools}/k3s.away" "{self.tools}/k3s" 2>/dev/null || :')

    def close(self) -> None:
        self._stack.close()

    def installed(self, version: str = VERSION) -> None:
        """k3s is there, in this version, with a node that is Ready in the wanted one."""
        self.cluster.answer("--version", f"k3s version {version} (abcdef)\ngo version go1.24\n")
        self.node(node("hetzner1"))

    def node(self, seen: dict[str, Any], **how: Any) -> None:
        """What the API says of the node."""
        self.cluster.answer("*get node hetzner1 -o json", seen, **how)

    def not_installed(self) -> None:
        """No k3s until the installer has run."""
        self.installed()
        (self.tools / "k3s").rename(self.tools / "k3s.away")

    def is_member(self, config: dict[str, Any], role: str = "server") -> None:
        """Data and configuration of an earlier join."""
        place = "server/db/etcd/member" if role == "server" else "agent/client-kubelet.crt"
        (self.root / "var/lib/rancher/k3s" / place).mkdir(parents=True)
        self.write("etc/rancher/k3s/config.yaml", json.dumps(config))

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    @property
    def config(self) -> dict[str, Any]:
        """The configuration that k3s would start with, without the tokens."""
        return dict(json.loads((self.root / "etc/rancher/k3s/config.yaml").read_text()))

    @property
    def starts(self) -> list[str]:
        """What systemd was told to start, in order."""
        return [call for call in calls(self.tools) if call.startswith(("systemctl restart", "systemctl start"))]

    def serve_installer(self, script: str, size: int = 0) -> None:
        """What the installer's URL gives; it notes its settings."""
        noting = f'env | grep -E "^(INSTALL_)?K3S_" | sort >"{self.tools}/installer"\n'
        text = f"#!/bin/sh\n{noting}{script}\n" + "#" * size
        self.installer = self._stack.enter_context(_web_server(text.encode()))

    def peer_answers(self, peer: str) -> None:
        self._stack.enter_context(_peer(peer, self.port, self.tools))

    def peer_is_silent(self, peer: str) -> None:
        listening = self._stack.enter_context(socket.socket())
        listening.bind((peer, self.port))
        listening.listen()

    def settings(self, **changes: Any) -> dict[str, Any]:
        return {
            "name": "hetzner1",
            "role": "server",
            "initialise": True,
            "version": VERSION,
            "installer": self.installer,
            "privateIp": "10.0.1.11",
            "peers": PEERS,
            "config": {"node-name": "hetzner1", "disable": ["servicelb"], "secrets-encryption": True},
            "readySeconds": 5,
            **changes,
        }

    def join(self, tokens: dict[str, str] | None = None, **changes: Any) -> subprocess.CompletedProcess[str]:
        """Configure, then join, as the program does."""
        settings = self.settings(**changes)
        configured = self.run("configure", settings)
        if configured.returncode:
            return configured
        return self.run("join", tokens or TOKENS, settings["version"], json.loads(configured.stdout)["settings"])

    def run(self, verb: str, given: dict[str, Any], *args: str) -> subprocess.CompletedProcess[str]:
        """One verb of the program."""
        return run_program(
            "k3s",
            verb,
            *args,
            stdin=json.dumps(given),
            tools=self.tools,
            changes={
                "ROOT =": f'ROOT = "{self.root}/"',
                "PORT =": f"PORT = {self.port}",
                "PAUSE =": "PAUSE = 0.2",
                "LOOK =": "LOOK = 0.2",
            },
        )

    def joined(self, **changes: Any) -> dict[str, Any]:
        """A join that must go well."""
        done = self.join(**changes)
        assert done.returncode == 0, done.stderr
        assert not any(secret in done.stdout + done.stderr for secret in TOKENS.values())
        return dict(json.loads(done.stdout))


@contextmanager
def _web_server(body: bytes) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with _serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_address[1]}/install.sh"


@contextmanager
def _peer(address: str, port: int, folder: Path) -> Iterator[None]:
    """A control plane as k3s answers on its port: TLS with a certificate of nobody's, and /ping."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/ping" else 401)
            self.end_headers()
            self.wfile.write(b"pong")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer((address, port), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder / "peer.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with _serving(server):
        yield


@contextmanager
def _serving(server: http.server.ThreadingHTTPServer) -> Iterator[http.server.ThreadingHTTPServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certificate(path: Path) -> Path:
    """Key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "k3s")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    certificate = builder.not_valid_before(now).not_valid_after(now + timedelta(hours=1)).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
