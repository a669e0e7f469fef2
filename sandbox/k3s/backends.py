"""The application that the routes lead to: a small echo server behind each Service that the stack file names.

The program leaves the application to others; here the sandbox is the one who deploys it, as an operator would.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.engine.errors import SandboxError
from sandbox.k3s.node.container import ECHO
from sandbox.nodes.fabric import Fabric
from sandbox.nodes.following import host_of
from sandbox.nodes.machine import Machine
from sandbox.world import World

REPLICAS: Final = 2
_PATIENCE: Final = 90
_DEFAULT_NAMESPACE: Final = "honeydue"


def services(config: Mapping[str, Any]) -> dict[str, int]:
    """The Services that a stack file's routes lead to, and their ports."""
    found: dict[str, int] = {}
    for route in config.get("honeydue:routes") or []:
        names = [route["service"], *([route["canary"]["service"]] if route.get("canary") else [])]
        found.update(dict.fromkeys(names, int(route["port"])))
    return dict(sorted(found.items()))


def manifests(name: str, port: int) -> list[dict[str, Any]]:
    """A Service and what is behind it; a pod is ready once it answers."""
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "honeydue-sandbox"}
    metadata = {"name": name, "labels": labels}
    container = {
        "name": "echo",
        "image": f"{ECHO}:1",
        "args": [str(port)],
        "ports": [{"containerPort": port}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": port}, "periodSeconds": 2},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "readOnlyRootFilesystem": True,
        },
    }
    pod = {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 5, "containers": [container]}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": labels, "ports": [{"port": port, "targetPort": port}]},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": REPLICAS,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
    ]


@dataclass(frozen=True, kw_only=True)
class Backends:
    """The application of one stack, on real servers."""

    fabric: Fabric
    world: World

    def deploy(self, config: Mapping[str, Any]) -> dict[str, int]:
        """Have it run, and wait until every pod is ready; gives the Services.

        Raises:
            SandboxError: with kubectl's words.
        """
        found = services(config)
        items = [item for name, port in found.items() for item in manifests(name, port)]
        namespace = ["--namespace", str(config.get("honeydue:namespace") or _DEFAULT_NAMESPACE)]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        self._kubectl(*namespace, "apply", "--server-side", "--field-manager=app", "-f", "-", text=text)
        wait = ["wait", "--for=condition=Available", f"--timeout={_PATIENCE}s"]
        self._kubectl(*namespace, *wait, *(f"deployment/{name}" for name in found))
        return found

    def _kubectl(self, *words: str, text: str = "") -> str:
        """On the first server that runs."""
        servers = [item for item in self.world.objects("server") if item.data["status"] == "running"]
        for item in sorted(servers, key=lambda found: found.name):
            machine = Machine(fabric=self.fabric, host=host_of(item))
            command = [*machine.enter(), "k3s", "kubectl", *words]
            limit = _PATIENCE + 30
            done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=limit, check=False)
            if done.returncode:
                raise SandboxError(f"the application's pods: {' '.join(done.stderr.split())[-600:]}")
            return done.stdout
        raise SandboxError("the application's pods: no server runs")
