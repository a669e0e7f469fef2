"""Remove another node from the cluster: drain it, delete it with its etcd member, and delete its node password.

Refuses if the remaining control planes would have no quorum. `teardown` skips that check, because all nodes leave.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

DRAIN = {True: 300, False: 60}  # seconds, by whether the node is Ready: an unreachable node cannot end its pods
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


def check(node: str, _role: str, _mode: str = "") -> dict[str, Any]:
    """Return whether this peer sees the node Ready, or null if it does not know. Changes nothing."""
    try:
        found = _nodes().get(node)
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        return {"node": node, "ready": None, "reason": str(error)}
    return {"node": node, "ready": None if found is None else _ready(found)}


def evict(node: str, role: str, mode: str = "") -> dict[str, Any]:
    """Remove the node, if the cluster has it."""
    if mode == "teardown":
        return _tear_down(node)
    nodes = _nodes()
    if node not in nodes:
        _forget(node)
        return {"node": node, "evicted": False, "reason": "the cluster has no such node: nothing to do"}
    if role == "server":
        _keep_quorum(node, nodes)
    drained = _drain(node, ready=_ready(nodes[node]))
    _kubectl("delete", "node", node, "--ignore-not-found", "--timeout=120s", patience=150)
    _forget(node)
    return {"node": node, "evicted": True, "drained": drained}


def _keep_quorum(node: str, nodes: dict[str, dict[str, Any]]) -> None:
    servers = [name for name, found in nodes.items() if CONTROL_PLANE in found["metadata"].get("labels", {})]
    others = [name for name in servers if name != node]
    down = ", ".join(name for name in others if not _ready(nodes[name]))
    quorum = len({*servers, node}) // 2 + 1
    if down:
        raise RuntimeError(f"refusing to remove {node}: {down} not Ready; make every other control plane Ready first")
    if len(others) < quorum:
        needed = f"{len(others)} control planes would remain, and etcd needs {quorum} for a quorum"
        raise RuntimeError(f"refusing to remove {node}: {needed}; add one first, or set honeydue:teardown")


def _drain(node: str, ready: bool) -> bool:
    """Return whether every pod was evicted. A failure is an error only if the node is Ready."""
    seconds = DRAIN[ready]
    options = ["--ignore-daemonsets", "--delete-emptydir-data", "--force", f"--timeout={seconds}s"]
    try:
        _kubectl("drain", node, *options, patience=seconds + 30)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        if not ready:
            return False
        _kubectl("uncordon", node)
        if "disruption budget" in str(error):
            hint = "a PodDisruptionBudget forbids it; add replicas or loosen the budget"
            raise RuntimeError(f"{node} was not removed: {hint}: {error}") from error
        raise RuntimeError(f"{node} was not removed: it could not be drained within {seconds} s: {error}") from error
    return True


def _tear_down(node: str) -> dict[str, Any]:
    """Remove the node without checks. A cluster that does not answer, or no longer exists, is not an error."""
    try:
        _kubectl("delete", "node", node, "--ignore-not-found", "--wait=false")
        _forget(node)
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        return {"node": node, "evicted": False, "reason": f"the cluster does not answer: {error}"}
    return {"node": node, "evicted": True}


def _forget(node: str) -> None:
    """Delete the node password, so that a new server with the same name can join."""
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
