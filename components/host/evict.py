"""Take another node out of the cluster, from this control plane: drain it, delete it (with its etcd member), forget it.

Refused where the servers that stay would be no quorum. `teardown` skips that: everything goes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

DRAIN = {True: 300, False: 60}  # seconds, by whether the node is Ready: an unreachable one cannot end its pods
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


def check(node: str, _role: str, _mode: str = "") -> dict[str, Any]:
    """Whether this peer sees the node Ready; null where it does not know. Changes nothing."""
    try:
        found = _nodes().get(node)
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        print(f"{node}: {error}", file=sys.stderr)
        found = None
    return {"node": node, "ready": None if found is None else _ready(found)}


def evict(node: str, role: str, mode: str = "") -> dict[str, Any]:
    """Remove the node, or find that nothing is to be done."""
    if mode == "teardown":
        return _tear_down(node)
    nodes = _nodes()
    if node not in nodes:
        _forget(node)
        return {"node": node, "evicted": False, "reason": "it is no node of the cluster: nothing to do"}
    if role == "server":
        _keep_quorum(node, nodes)
    _drain(node, ready=_ready(nodes[node]))
    _kubectl("delete", "node", node, "--ignore-not-found", "--timeout=120s", patience=150)
    _forget(node)
    return {"node": node, "evicted": True}


def _keep_quorum(node: str, nodes: dict[str, dict[str, Any]]) -> None:
    servers = [name for name, found in nodes.items() if CONTROL_PLANE in found["metadata"].get("labels", {})]
    others = [name for name in servers if name != node]
    down = ", ".join(name for name in others if not _ready(nodes[name]))
    quorum = len({*servers, node}) // 2 + 1
    if down:
        raise RuntimeError(f"{node} stays: {down} not Ready; make every other control plane Ready first")
    if len(others) < quorum:
        needed = f"{len(others)} control planes would stay where {quorum} are a quorum; let another one join first"
        raise RuntimeError(f"{node} stays: {needed}, or set honeydue:teardown to give the cluster up")


def _drain(node: str, ready: bool) -> None:
    seconds = DRAIN[ready]
    options = ["--ignore-daemonsets", "--delete-emptydir-data", "--force", f"--timeout={seconds}s"]
    try:
        _kubectl("drain", node, *options, patience=seconds + 30)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        if not ready:
            print(f"{node} is not Ready and was not drained, going on: {error}", file=sys.stderr)
            return
        _kubectl("uncordon", node)
        if "disruption budget" in str(error):
            hint = "a PodDisruptionBudget forbids it; add replicas or loosen the budget"
            raise RuntimeError(f"{node} stays: {hint}: {error}") from error
        raise RuntimeError(f"{node} stays: it could not be drained within {seconds} s: {error}") from error


def _tear_down(node: str) -> dict[str, Any]:
    """Everything goes: a cluster that no longer answers, or that is no more, is no hindrance."""
    try:
        _kubectl("delete", "node", node, "--ignore-not-found", "--wait=false")
        _forget(node)
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        return {"node": node, "evicted": False, "reason": f"the cluster does not answer: {error}"}
    return {"node": node, "evicted": True}


def _forget(node: str) -> None:
    """A new server of the same name can join only once the password of the old one is gone."""
    _kubectl("-n", "kube-system", "delete", "secret", f"{node}.node-password.k3s", "--ignore-not-found")


def _nodes() -> dict[str, dict[str, Any]]:
    return {node["metadata"]["name"]: node for node in json.loads(_kubectl("get", "nodes", "-o", "json"))["items"]}


def _ready(node: dict[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any((entry["type"], entry["status"]) == ("Ready", "True") for entry in conditions)


def _kubectl(*words: str, patience: int = 30) -> str:
    done = subprocess.run(["k3s", "kubectl", *words], capture_output=True, text=True, timeout=patience, check=False)
    if done.returncode:
        lines = dict.fromkeys(
            line.strip() for line in done.stderr.splitlines() if line.strip()
        )  # a drain repeats itself
        raise RuntimeError(" ".join(lines)[-1000:])
    return done.stdout


if __name__ == "__main__":
    try:
        print(json.dumps({"check": check, "evict": evict}[sys.argv[1]](*sys.argv[2:])))
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        sys.exit(f"evict: {error}")
