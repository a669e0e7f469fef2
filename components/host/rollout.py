"""Wait until Traefik runs on every node with the values of a digest; fail early, with the log, if Helm refuses them.

The write of the HelmChartConfig succeeds before Helm has run, and Helm may still refuse the values.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

ANNOTATION = "honeydue.com/values-digest"
ATTEMPTS = 3  # a first boot may need two, until the CRDs of the chart exist
SETTLED = 15  # seconds that a failure must last: the job of the former values is still visible for a moment
PAUSE = 2
LOG_LINES, LOG_WIDTH = 12, 160  # an error must fit on a screen


def wait(digest: str, seconds: str) -> dict[str, Any]:
    """Return once every Traefik pod is updated and available; fail after `seconds`."""
    deadline = time.monotonic() + int(seconds)
    failing: tuple[str, float] = ("", 0.0)
    while True:
        try:
            daemonset = _get("daemonset", "traefik")
            state = _unfinished(daemonset, digest)
            if not state:
                return {"digest": digest, "pods": daemonset["status"]["numberAvailable"]}
            failure = _failure()
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            state, failure = f"the API does not answer ({error})", ""
        if failure != failing[0]:
            failing = (failure, time.monotonic())
        if failure and time.monotonic() - failing[1] > SETTLED:
            raise RuntimeError(f"{failure}; the log of Helm:\n{_log()}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"after {seconds} s {state}; the log of Helm:\n{_log()}")
        time.sleep(PAUSE)


def _unfinished(daemonset: dict[str, Any], digest: str) -> str:
    """Return why the rollout is not complete, or an empty text."""
    if not daemonset:
        return "there is no DaemonSet traefik yet"
    carried = daemonset["metadata"].get("annotations", {}).get(ANNOTATION, "none")
    if carried != digest:
        return f"the DaemonSet has values {carried}, not {digest} yet"
    status = daemonset["status"]
    if status.get("observedGeneration", 0) < daemonset["metadata"]["generation"]:
        return "the DaemonSet controller has not processed the new values yet"
    wanted = status.get("desiredNumberScheduled", 0)
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    if wanted and wanted == updated == available:
        return ""
    return f"of {wanted} pods, {updated} are updated and {available} are available"


def _failure() -> str:
    """Return the failure, or an empty text; the text stays the same for as long as the failure does."""
    for condition in _get("helmchart", "traefik").get("status", {}).get("conditions", []):
        if (condition["type"], condition["status"]) == ("Failed", "True"):
            message = condition.get("message", "")
            return f"HelmChart traefik has failed: {message}"
    job = _get("job", "helm-install-traefik")
    if not job:
        return ""
    uid = job["metadata"]["uid"]
    pods = json.loads(_kubectl("get", "pods", "-l", f"batch.kubernetes.io/controller-uid={uid}", "-o", "json"))["items"]
    containers = [entry for pod in pods for entry in pod["status"].get("containerStatuses", [])]
    attempts = job["status"].get("failed", 0) + sum(entry["restartCount"] for entry in containers)
    failed = [entry for entry in job["status"].get("conditions", []) if entry["type"] == "Failed"]
    if job["status"].get("succeeded") or not (failed or attempts >= ATTEMPTS):
        return ""
    return f"job helm-install-traefik ({uid}) has given up or has failed {ATTEMPTS} times"


def _log() -> str:
    try:
        lines = _kubectl("logs", "job/helm-install-traefik", f"--tail={LOG_LINES}").strip().splitlines()
        return "\n".join(line[:LOG_WIDTH] for line in lines)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return f"(no log: {error})"


def _get(kind: str, name: str) -> dict[str, Any]:
    """Return an object of kube-system, or an empty dict if it does not exist."""
    return dict(json.loads(_kubectl("get", kind, name, "--ignore-not-found", "-o", "json") or "{}"))


def _kubectl(*words: str) -> str:
    command = ["k3s", "kubectl", "-n", "kube-system", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise RuntimeError(" ".join(done.stderr.split())[-500:])
    return done.stdout


if __name__ == "__main__":
    try:
        print(json.dumps({"wait": wait}[sys.argv[1]](*sys.argv[2:])))
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"rollout: {error}")
