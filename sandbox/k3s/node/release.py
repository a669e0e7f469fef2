"""What k3s' Helm controller does for Traefik: the chart's objects, made anew whenever the HelmChartConfig changes.

Unlike the real one it waits for the first HelmChartConfig, since the chart's own defaults (a Deployment behind a load
balancer) are not translated; and it runs no job, so what Helm would say stands in the HelmChart's conditions.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import Any

import yaml

from .api import MERGE, Api
from .chart import ChartError, manifests
from .helm import HelmError, chart, render
from .site import ADMIN_CONFIG, PROGRAMS

_SYSTEM = "namespaces/kube-system"
_CHART = f"/apis/helm.cattle.io/v1/{_SYSTEM}/helmcharts"
_CONFIG = f"/apis/helm.cattle.io/v1/{_SYSTEM}/helmchartconfigs/traefik"
_LEADER = f"/apis/coordination.k8s.io/v1/{_SYSTEM}/leases/kube-controller-manager"


class Release:
    """The release `traefik`; at work on the server whose controller manager leads."""

    def __init__(self, admin: Api) -> None:
        self._admin = admin
        self._done = ""

    def run(self) -> None:
        """One look."""
        lease = self._admin.get(_LEADER) or {}
        if not str(lease.get("spec", {}).get("holderIdentity", "")).startswith(f"{socket.gethostname()}_"):
            self._done = ""
            return
        config = self._admin.get(_CONFIG)
        wanted = f"{config['metadata']['uid']} {config['metadata']['generation']}" if config else ""
        if config is None or wanted == self._done:
            return
        failure = self._install(str(config["spec"].get("valuesContent") or ""))
        self._tell(failure)
        print(f"helm: {failure or 'installed traefik'}", file=sys.stderr, flush=True)
        self._done = wanted

    def _install(self, content: str) -> str:
        """Why it failed; what stood before stands on then, as with failurePolicy abort."""
        try:
            values = yaml.safe_load(content) or {}
            if not isinstance(values, dict):
                return "Error: failed to parse values: they are no mapping"
            given = chart()
            items = render(given, values) if given else manifests(values)
            objects = {"apiVersion": "v1", "kind": "List", "items": items}
        except yaml.YAMLError as error:
            return f"Error: failed to parse values: {error}"
        except (ChartError, HelmError) as error:
            return f"Error: UPGRADE FAILED: {error}"
        apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=helm", "--validate=strict"]
        for dry_run in (["--dry-run=server"], []):  # Helm leaves nothing half done
            done = subprocess.run(
                [str(PROGRAMS / "kubectl"), "--kubeconfig", str(ADMIN_CONFIG), *apply, *dry_run, "-f", "-"],
                input=json.dumps(objects),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            if done.returncode:
                return f"Error: UPGRADE FAILED: {' '.join(done.stderr.split())[-800:]}"
        return ""

    def _tell(self, failure: str) -> None:
        """The HelmChart's conditions."""
        if self._admin.get(f"{_CHART}/traefik") is None:
            metadata = {"name": "traefik", "namespace": "kube-system"}
            chart: dict[str, Any] = {"apiVersion": "helm.cattle.io/v1", "kind": "HelmChart", "metadata": metadata}
            self._admin.call("POST", _CHART, {**chart, "spec": {"chart": "traefik"}})
        condition = {
            "type": "Failed",
            "status": "True" if failure else "False",
            "reason": "InstallFailed" if failure else "Installed",
            "message": failure[:1000],
        }
        self._admin.call("PATCH", f"{_CHART}/traefik/status", {"status": {"conditions": [condition]}}, MERGE)
