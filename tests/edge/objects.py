"""More objects in the application's namespace than the program put there, for a while."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.edge.conftest import NODES, Stack

HOST = "symptom.sandbox.test"
"""A host that no route of the program has, and no DNS record."""
KNOWN = "canary.sandbox.test"
"""One that has: for the handshake, since Traefik shows no certificate for an unknown name."""


@contextmanager
def objects(stack: Stack, *items: dict[str, Any]) -> Iterator[None]:
    """More objects in the application's namespace, for a while."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)})
    stack.kubectl("--namespace", "honeydue", "apply", "-f", "-", stdin=text)
    try:
        yield
    finally:
        stack.kubectl("--namespace", "honeydue", "delete", "-f", "-", stdin=text)


def ingress(service: str, **annotations: str) -> dict[str, Any]:
    """A route of HOST."""
    backend = {"service": {"name": service, "port": {"number": 8000}}}
    rule = {"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    own = {"traefik.ingress.kubernetes.io/router.entrypoints": "websecure"}
    more = {f"traefik.ingress.kubernetes.io/router.{name}": value for name, value in annotations.items()}
    tls = {"hosts": [HOST], "secretName": "cloudflare-origin-cert"}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "symptom",
            "annotations": {**own, **more, "traefik.ingress.kubernetes.io/router.tls": "true"},
        },
        "spec": {"ingressClassName": "traefik", "rules": [rule], "tls": [tls]},
    }


def asked(stack: Stack, host: str, path: str = "/") -> int:
    """The status that Cloudflare's edge gets from a node; the name it shows in its handshake is one that is known."""
    [answer] = stack.edge().ask(host, path, sni=KNOWN, address=stack.addresses("node1")[0])
    return answer.status


def until(stack: Stack, host: str, status: int) -> int:
    """The status, as soon as it is this one; otherwise the last one after ten seconds."""
    for _ in range(50):
        found = asked(stack, host)
        if found == status:
            break
        stack.run("node1", "sleep", "0.2")
    return found


@contextmanager
def no_traefik(stack: Stack) -> Iterator[None]:
    """Traefik runs nowhere, for a while."""
    daemonset = ("--namespace", "kube-system", "patch", "daemonset", "traefik", "--type=merge", "-p")
    selector: dict[str, Any] = {"nowhere": "true"}
    stack.kubectl(*daemonset, json.dumps({"spec": {"template": {"spec": {"nodeSelector": selector}}}}))
    try:
        for node in NODES:
            gone = "for n in $(seq 300); do pgrep -x traefik >/dev/null || exit 0; sleep 0.2; done; exit 1"
            stack.run(node, "sh", "-c", gone)
        yield
    finally:
        selector = {"nowhere": None}
        stack.kubectl(*daemonset, json.dumps({"spec": {"template": {"spec": {"nodeSelector": selector}}}}))
        stack.kubectl("--namespace", "kube-system", "rollout", "status", "daemonset/traefik", "--timeout=90s")
