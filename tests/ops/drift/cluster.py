"""Answers of `kubectl get -o json`, as far as the comparison reads them."""

from typing import Any

from tests.ops.drift.exported import DIGEST, VERSION


def nodes(*names: str) -> dict[str, Any]:
    status = {"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"kubeletVersion": VERSION}}
    return {"items": [{"metadata": {"name": name}, "status": status} for name in names]}


def daemonset(
    pods: int = 3,
    *,
    chart: str = "traefik-39.0.501_up39.0.5",
    image: str = "rancher/mirrored-library-traefik:3.6.10",
    digest: str = DIGEST,
    available: int | None = None,
) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"helm.sh/chart": chart}, "annotations": {"honeydue.com/values-digest": digest}},
        "spec": {"template": {"spec": {"containers": [{"name": "traefik", "image": image}]}}},
        "status": {
            "desiredNumberScheduled": pods,
            "updatedNumberScheduled": pods,
            "numberAvailable": pods if available is None else available,
        },
    }
