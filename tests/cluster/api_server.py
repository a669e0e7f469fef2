"""A real Kubernetes API server on loopback, with kine for its store and the CRDs that k3s brings along."""

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.engine.layout import Layout
from sandbox.engine.voice import Silent
from sandbox.providers.k3s_credentials import kubeconfig, new_authority
from sandbox.tools.binaries import CLUSTER, ensure
from sandbox.tools.crds import definitions

_PATIENCE = 60.0
"""Seconds until it must answer."""


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """One that answers, and kubectl for it."""

    kubectl: Path
    address: str
    token: str
    authority: Path
    clients: Mapping[str, str]
    """CA, certificate and key of its administrator, in PEM."""

    @property
    def kubeconfig(self) -> str:
        """The administrator's."""
        return self.kubeconfig_with()

    def kubeconfig_with(self, **parts: str) -> str:
        """The same with another `server`, `ca`, `certificate` or `key`."""
        found = {**self.clients, "ca": self.authority.read_text(), "server": self.address, **parts}
        server = found.pop("server")
        return kubeconfig(found).replace("https://127.0.0.1:6443", server)

    def run(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """kubectl, as an administrator."""
        access = ["--server", self.address, "--token", self.token, "--certificate-authority", str(self.authority)]
        access += ["--cache-dir", str(self.authority.parent / "cache")]  # not in the user's home
        return subprocess.run(
            [self.kubectl, "--kubeconfig", "/dev/null", *access, *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def apply(self, text: str) -> "subprocess.CompletedProcess[str]":
        """Server-side, refusing each field that no schema declares, as the real provider does it."""
        words = ("apply", "--server-side", "--validate=strict", "--field-manager=pulumi", "-f", "-")
        return self.run(*words, stdin=text)


@contextmanager
def api_server(folder: Path, controllers: Sequence[str] = ()) -> Iterator[ApiServer]:
    """An empty cluster without nodes, and with these controllers of Kubernetes' own; gone with its processes."""
    tools = Layout().tools
    binaries = ensure(CLUSTER, tools, Silent())
    store, port = _free_port(), _free_port()
    token, clients = secrets.token_hex(16), new_authority()
    (folder / "tokens").touch(mode=0o600)
    (folder / "tokens").write_text(f"{token},admin,admin,system:masters\n")
    (folder / "clients.crt").write_text(clients["ca"])
    key = folder / "service-account.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    with ExitStack() as running:
        kine: list[str | Path] = [binaries["kine"], f"--listen-address=127.0.0.1:{store}", "--metrics-bind-address=0"]
        _start(running, folder, kine)  # its store is SQLite in its working folder
        flags = {
            "etcd-servers": f"http://127.0.0.1:{store}",
            "bind-address": "127.0.0.1",
            "secure-port": port,
            "cert-dir": folder / "certificates",
            "client-ca-file": folder / "clients.crt",
            "token-auth-file": folder / "tokens",
            "authorization-mode": "RBAC",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": key,
            "service-account-signing-key-file": key,
            "service-cluster-ip-range": "10.43.0.0/16",
            "disable-admission-plugins": "ServiceAccount",
        }
        _start(running, folder, [binaries["kube-apiserver"], *(f"--{name}={value}" for name, value in flags.items())])
        server = ApiServer(
            kubectl=binaries["kubectl"],
            address=f"https://127.0.0.1:{port}",
            token=token,
            authority=folder / "certificates" / "apiserver.crt",
            clients=clients,
        )
        _wait(server, folder)
        for text in definitions(tools, Silent()).values():
            done = server.apply(text)
            assert done.returncode == 0, done.stderr
        done = server.run("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        assert done.returncode == 0, done.stderr
        if controllers:
            (folder / "kubeconfig").touch(mode=0o600)
            (folder / "kubeconfig").write_text(server.kubeconfig)
            manager = [f"--kubeconfig={folder / 'kubeconfig'}", f"--controllers={','.join(controllers)}"]
            manager += ["--leader-elect=false", "--bind-address=127.0.0.1", f"--secure-port={_free_port()}"]
            _start(running, folder, [binaries["kube-controller-manager"], *manager])
        yield server


def _start(running: ExitStack, folder: Path, command: Sequence[str | Path]) -> None:
    log = running.enter_context((folder / f"{Path(command[0]).name}.log").open("wb"))
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    running.callback(process.wait)
    running.callback(process.kill)


def _wait(server: ApiServer, folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not server.authority.exists() or server.run("get", "--raw", "/readyz").returncode:
        logged = (folder / "kube-apiserver.log").read_text()[-2000:]
        assert time.monotonic() < deadline, f"the API server does not answer:\n{logged}"
        time.sleep(0.2)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
