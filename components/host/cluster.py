"""Print the kubeconfig of this control plane once its API answers, its own node is Ready and the CRDs are established.

The state of other nodes is ignored, because an operator may need the API precisely when another node is down.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

ROOT = "/"
PATIENCE = 600  # seconds
PAUSE = 3
CRDS = (
    "helmchartconfigs.helm.cattle.io",
    "helmcharts.helm.cattle.io",
    "ingressroutes.traefik.io",
    "middlewares.traefik.io",
    "tlsoptions.traefik.io",
    "traefikservices.traefik.io",
)


def kubeconfig(_generation: str) -> str:
    """Return the kubeconfig that k3s wrote. Another generation only makes the command run again."""
    with open(f"{ROOT}etc/rancher/k3s/config.yaml") as file:
        own = json.load(file)["node-name"]
    deadline = time.monotonic() + PATIENCE
    missing = _missing(own)
    while missing:
        if time.monotonic() > deadline:
            raise RuntimeError(f"after {PATIENCE} s the cluster still lacks: {missing}")
        time.sleep(PAUSE)
        missing = _missing(own)
    with open(f"{ROOT}etc/rancher/k3s/k3s.yaml") as file:
        return file.read()


def _missing(own: str) -> str:
    """Return what the cluster still lacks, or an empty text."""
    try:
        _kubectl("get", "--raw", "/readyz")
        nodes = {node["metadata"]["name"]: node for node in json.loads(_kubectl("get", "nodes", "-o", "json"))["items"]}
        crds = json.loads(_kubectl("get", "crd", "-o", "json"))["items"]
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return f"an API that answers ({error})"
    lacks = [] if own in nodes and _is(nodes[own], "Ready") else [f"node {own} Ready"]
    established = {crd["metadata"]["name"] for crd in crds if _is(crd, "Established")}
    return "; ".join(lacks + [f"CRD {name}" for name in CRDS if name not in established])


def _is(item: dict[str, Any], condition: str) -> bool:
    conditions = item.get("status", {}).get("conditions", [])
    return any(entry["type"] == condition and entry["status"] == "True" for entry in conditions)


def _kubectl(*words: str) -> str:
    done = subprocess.run(["k3s", "kubectl", *words], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise RuntimeError(" ".join(done.stderr.split())[-500:])
    return done.stdout


if __name__ == "__main__":
    try:
        print({"kubeconfig": kubeconfig}[sys.argv[1]](*sys.argv[2:]), end="")
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        sys.exit(f"cluster: {error}")
