"""How a server begins a cluster or joins one: the shared keys travel as a Secret that the join token may read."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import shutil
import subprocess
import urllib.error
import urllib.request
from typing import Any

from .api import Api, ApiError
from .pki import SHARED, new_authority, shared, write
from .site import DEFINITIONS, MEMBER, PASSWORD, PROGRAMS, TLS, site

_SYSTEM = "/api/v1/namespaces/kube-system"
_BOOTSTRAP = f"{_SYSTEM}/secrets/k3s-bootstrap"


class MembershipError(Exception):
    """Why this server is no member."""


def take_keys(settings: dict[str, Any]) -> bool:
    """Have the cluster's keys: a member has them, a new server gets them from a peer, the first one makes them.

    Returns:
        Whether this server begins a cluster.

    Raises:
        MembershipError: where it is told neither to begin one nor which to join, or is turned away.
    """
    if MEMBER.exists():
        return False
    if settings.get("cluster-init"):
        if not (TLS / "encryption.json").exists():
            new_authority(TLS)
        _claim()
        return True
    if not settings.get("server"):
        raise MembershipError("neither cluster-init nor server is set: the sandbox has no cluster of one server")
    peer = Api(str(settings["server"]), authority=None, token=str(settings["token"]))
    try:
        kept = peer.call("GET", _BOOTSTRAP)["data"]
    except ApiError as error:
        why = "failed to validate token: not authorized" if error.status in (401, 403) else str(error)
        raise MembershipError(f"{settings['server']}: {why}") from error
    for name in SHARED:
        write(TLS / name, base64.b64decode(kept[name]).decode())
    return False


def begin(admin: Api) -> None:
    """Put the shared keys where the next servers find them, and what k3s brings along."""
    _kubectl("apply", "--server-side", "--force-conflicts", "-f", str(DEFINITIONS))
    _kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
    _kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=json.dumps(_list(_access())))
    metadata = {"name": "k3s-bootstrap", "namespace": "kube-system"}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": shared(TLS)}
    if admin.get(_BOOTSTRAP) is None:  # an earlier start may have been cut off right after this
        admin.call("POST", f"{_SYSTEM}/secrets", body)


def _claim() -> None:
    """The datastore is of the cluster that came first; a second one would split it."""
    fingerprint = hashlib.sha256((TLS / "ca.crt").read_bytes()).hexdigest()
    request = urllib.request.Request(site().claims, fingerprint.encode(), method="PUT")  # noqa: S310 - the installer's own
    try:
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        shutil.rmtree(TLS, ignore_errors=True)
        if error.code != http.client.CONFLICT:
            raise
    raise MembershipError("cluster-init is set, but a cluster exists: remove it and set server to join that one")


def become_member() -> None:
    """From now on this server is one, also after a restart."""
    MEMBER.mkdir(parents=True, exist_ok=True)


def show_password(api: Api, node: str) -> None:
    """A node's name belongs to whoever came first with it, until it is evicted.

    Raises:
        MembershipError: in k3s' words, when it is another one's.
    """
    if not PASSWORD.exists():
        write(PASSWORD, secrets.token_hex(16))
    digest = hashlib.sha256(PASSWORD.read_bytes()).hexdigest()
    name = f"{node}.node-password.k3s"
    found = api.get(f"{_SYSTEM}/secrets/{name}")
    if found is None:
        metadata = {"name": name, "namespace": "kube-system"}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"hash": digest}}
        api.call("POST", f"{_SYSTEM}/secrets", body)
    elif base64.b64decode(found["data"]["hash"]).decode() != digest:
        raise MembershipError(
            f"Node password rejected, duplicate hostname or contents of '{PASSWORD}' may not match server "
            f"node-passwd entry, try enabling a unique node name with the --with-node-id flag ({name})"
        )


def _access() -> list[dict[str, Any]]:
    """What the two join tokens open."""
    group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group"}
    reader = {"apiGroups": [""], "resources": ["secrets"]}
    return [
        _role("k3s-bootstrap", [{**reader, "resourceNames": ["k3s-bootstrap"], "verbs": ["get"]}]),
        _binding("RoleBinding", "k3s-bootstrap", "Role", "k3s-bootstrap", {**group, "name": "k3s:servers"}),
        _role("k3s-agents", [{**reader, "verbs": ["create"]}]),
        _binding("RoleBinding", "k3s-agents", "Role", "k3s-agents", {**group, "name": "k3s:agents"}),
        _binding("ClusterRoleBinding", "k3s-nodes", "ClusterRole", "system:node", {**group, "name": "system:nodes"}),
    ]


def _role(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "kube-system"}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": rules}


def _binding(kind: str, name: str, role_kind: str, role: str, subject: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": "kube-system"} if kind == "RoleBinding" else {})}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": role}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "roleRef": reference,
        "subjects": [subject],
    }


def _list(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _kubectl(*words: str, text: str = "") -> None:
    access = ["--kubeconfig", "/etc/rancher/k3s/k3s.yaml"]
    done = subprocess.run(
        [str(PROGRAMS / "kubectl"), *access, *words],
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise MembershipError(f"kubectl {words[0]}: {done.stderr.strip()[-500:]}")
