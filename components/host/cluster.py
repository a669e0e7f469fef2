"""Print the kubeconfig once the cluster is one: API ready, every node Ready, the CRDs that we need established."""

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


def kubeconfig(names: str, version: str = "") -> str:
    """The text of the kubeconfig that k3s wrote.

    names: the nodes to wait for, with commas between them; version: what each of them must run, if given.
    """
    deadline = time.monotonic() + PATIENCE
    missing = "; ".join(_missing(names.split(","), version))
    while missing:
        if time.monotonic() > deadline:
            raise RuntimeError(f"after {PATIENCE} s the cluster still lacks: {missing}")
        print(f"waiting for {missing}", file=sys.stderr)
        time.sleep(PAUSE)
        missing = "; ".join(_missing(names.split(","), version))
    with open(f"{ROOT}etc/rancher/k3s/k3s.yaml") as file:
        return file.read()


def _missing(names: list[str], version: str) -> list[str]:
    """What the cluster still lacks."""
    try:
        _kubectl("get", "--raw", "/readyz")
        nodes = {node["metadata"]["name"]: node for node in json.loads(_kubectl("get", "nodes", "-o", "json"))["items"]}
        crds = json.loads(_kubectl("get", "crd", "-o", "json"))["items"]
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return [f"an API that answers ({error})"]
    lacks = [f"node {name}" for name in names if name not in nodes]
    lacks += [f"node {name} Ready" for name in names if name in nodes and not _is(nodes[name], "Ready")]
    running = {name: nodes[name]["status"]["nodeInfo"]["kubeletVersion"] for name in names if version and name in nodes}
    lacks += [f"node {name} on {version} (has {has})" for name, has in running.items() if has != version]
    established = {crd["metadata"]["name"] for crd in crds if _is(crd, "Established")}
    return lacks + [f"CRD {name}" for name in CRDS if name not in established]


def _is(item: dict[str, Any], condition: str) -> bool:
    conditions = item.get("status", {}).get("conditions", [])
    return any(entry["type"] == condition and entry["status"] == "True" for entry in conditions)


def _kubectl(*words: str) -> str:
    done = subprocess.run(["k3s", "kubectl", *words], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise RuntimeError(" ".join(done.stderr.split()))
    return done.stdout


if __name__ == "__main__":
    try:
        print({"kubeconfig": kubeconfig}[sys.argv[1]](*sys.argv[2:]), end="")
    except (OSError, RuntimeError) as error:
        sys.exit(f"cluster: {error}")
