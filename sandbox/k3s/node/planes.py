"""The control plane of one server: API server, controller manager and scheduler, each a real one."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

from .api import Api
from .pki import client, kubeconfig, serving, write
from .site import ADMIN_CONFIG, PROGRAMS, RUN, TLS, site

LOCAL = "https://127.0.0.1:6443"
_PATIENCE = 120
_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
)
_NOTICED = {"node-monitor-period": "2s", "node-monitor-grace-period": "20s"}
"""How soon a node counts as lost; with Kubernetes' own defaults, half a minute later."""
_ELECTION = {
    "leader-elect-lease-duration": "6s",
    "leader-elect-renew-deadline": "4s",
    "leader-elect-retry-period": "1s",
}


class ControlPlane:
    """The processes of one server."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def admin(self) -> Api:
        """The API here, as its administrator."""
        return Api(LOCAL, authority=TLS / "ca.crt", certificate=TLS / "client-admin.crt")

    def serve(self) -> None:
        """Start the API server, and be there when it answers."""
        settings = self._settings
        own = [str(settings["advertise-address"]), str(settings["node-ip"]), "127.0.0.1", "10.43.0.1"]
        told = [str(entry) for entry in settings.get("tls-san", [])]
        shown = serving(TLS, "serving-kube-apiserver", sorted({*own, *told}), _NAMES)
        self._access()
        write(TLS / "tokens.csv", self._tokens())
        self._start(
            "kube-apiserver",
            {
                "etcd-servers": site().datastore,
                "etcd-prefix": "/registry",
                "bind-address": "0.0.0.0",  # noqa: S104 - as k3s does it; UFW decides who gets through
                "secure-port": "6443",
                "advertise-address": str(settings["advertise-address"]),
                "tls-cert-file": str(shown),
                "tls-private-key-file": str(shown.with_suffix(".key")),
                "client-ca-file": f"{TLS}/ca.crt",
                "token-auth-file": f"{TLS}/tokens.csv",
                "anonymous-auth": "false",
                "authorization-mode": "RBAC",
                "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
                "service-account-key-file": f"{TLS}/service-account.key",
                "service-account-signing-key-file": f"{TLS}/service-account.key",
                "service-cluster-ip-range": str(settings["service-cidr"]),
                **(
                    {"encryption-provider-config": f"{TLS}/encryption.json"}
                    if settings.get("secrets-encryption")
                    else {}
                ),
            },
        )
        admin, deadline = self.admin, time.monotonic() + _PATIENCE
        while not admin.ready():
            self.judge()
            if time.monotonic() > deadline:
                raise RuntimeError(f"the API server does not answer after {_PATIENCE} s")
            time.sleep(0.2)

    def control(self) -> None:
        """Start what acts on the objects; of all servers' ones, one of each kind is at work at a time."""
        access = {"kubeconfig": f"{TLS}/kube-controller-manager.kubeconfig", "bind-address": "127.0.0.1"}
        self._start(
            "kube-controller-manager",
            {
                **access,
                **_ELECTION,
                **_NOTICED,
                "use-service-account-credentials": "true",
                "allocate-node-cidrs": "true",
                "cluster-cidr": str(self._settings["cluster-cidr"]),
                "service-cluster-ip-range": str(self._settings["service-cidr"]),
                "service-account-private-key-file": f"{TLS}/service-account.key",
                "root-ca-file": f"{TLS}/ca.crt",
            },
        )
        self._start("kube-scheduler", {**access, **_ELECTION, "kubeconfig": f"{TLS}/kube-scheduler.kubeconfig"})

    def judge(self) -> None:
        """Raises RuntimeError when one of them has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                last = (RUN / f"{name}.log").read_text(errors="replace")[-800:]
                raise RuntimeError(f"{name} ended with {process.returncode}: {last}")

    def end(self) -> None:
        """End them all."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()

    def _access(self) -> None:
        """The kubeconfigs: the administrator's, and those of the other processes."""
        admin = client(TLS, "client-admin", "system:admin", "system:masters")
        write(ADMIN_CONFIG, kubeconfig(LOCAL, TLS / "ca.crt", admin))
        ADMIN_CONFIG.chmod(int(str(self._settings.get("write-kubeconfig-mode", "0600")), 8))
        for name in ("kube-controller-manager", "kube-scheduler"):
            shown = client(TLS, f"client-{name}", f"system:{name}")
            write(TLS / f"{name}.kubeconfig", kubeconfig(LOCAL, TLS / "ca.crt", shown))

    def _tokens(self) -> str:
        """Who may join, and as what."""
        lines = [f'{self._settings["token"]},k3s:server,k3s:server,"k3s:servers"']
        if self._settings.get("agent-token"):
            lines.append(f'{self._settings["agent-token"]},k3s:agent,k3s:agent,"k3s:agents,system:nodes"')
        return "\n".join([*lines, ""])

    def _start(self, name: str, flags: dict[str, str]) -> None:
        RUN.mkdir(parents=True, exist_ok=True)
        command = [str(PROGRAMS / name), *(f"--{flag}={value}" for flag, value in flags.items())]
        with Path(RUN / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
