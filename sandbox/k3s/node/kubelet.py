"""The node's part: its Node object with a heartbeat, the routes to the other nodes' pods, and its own pods."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from typing import Any

from .api import MERGE, Api, ApiError
from .moment import now, now_exactly
from .pods import Pods
from .site import site

_PAUSE = 0.5
"""Seconds between two looks at the pods."""
_BEAT = 4.0
"""Seconds between two signs of life."""
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


class Kubelet:
    """One node, as its own user sees the API."""

    def __init__(self, api: Api, settings: dict[str, Any], role: str) -> None:
        self._api = api
        self.name = str(settings["node-name"])
        self._address = str(settings["node-ip"])
        self._device = str(settings.get("flannel-iface", ""))
        self._role = role
        self._pods = Pods(api, self.name, self._address)
        self._beaten = self._routed = 0.0

    def register(self) -> None:
        """Be a node, with the labels and the version of this start."""
        labels = {
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
            "node.kubernetes.io/instance-type": "k3s",
        }
        if self._role == "server":
            labels.update({f"node-role.kubernetes.io/{role}": "true" for role in ("control-plane", "etcd")})
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self.name, "labels": labels}}
        if self._api.get(f"/api/v1/nodes/{self.name}") is None:
            self._api.call("POST", "/api/v1/nodes", node)
        else:
            self._api.call("PATCH", f"/api/v1/nodes/{self.name}", node, MERGE)
        self._tell_status()

    def run(self) -> None:
        """One round: sign of life, routes, pods; what fails is tried again in the next one."""
        try:
            moment = time.monotonic()
            if moment - self._beaten > _BEAT:
                self._beat()
                self._beaten = moment
            if moment - self._routed > _BEAT:
                self._route()
                self._routed = moment
            self._pods.run()
        except ApiError as error:
            print(f"kubelet: {error}", file=sys.stderr, flush=True)
        time.sleep(_PAUSE)

    def _beat(self) -> None:
        """A node that was evicted is not told of again: it is no node any more."""
        node = self._api.get(f"/api/v1/nodes/{self.name}")
        if node is None:
            return
        conditions = {entry["type"]: entry for entry in node["status"].get("conditions", [])}
        if conditions.get("Ready", {}).get("status") != "True":
            self._tell_status()
        spec = {
            "holderIdentity": self.name,
            "leaseDurationSeconds": 20,
            "renewTime": now_exactly(),
        }
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": self.name}, "spec": spec}
        try:
            self._api.call("PATCH", f"{_LEASES}/{self.name}", lease, MERGE)
        except ApiError as error:
            if error.status != 404:
                raise
            self._api.call("POST", _LEASES, lease)

    def _tell_status(self) -> None:

        def condition(kind: str, status: str, reason: str, message: str) -> dict[str, str]:
            times = {"lastHeartbeatTime": now(), "lastTransitionTime": now()}
            return {"type": kind, "status": status, "reason": reason, "message": message, **times}

        conditions = [condition("Ready", "True", "KubeletReady", "the sandbox's kubelet is posting ready status")]
        if self._role == "server":
            conditions.append(
                condition("EtcdIsVoter", "True", "MemberNotLearner", "the datastore is one for all nodes")
            )
        size = {"cpu": str(os.cpu_count() or 1), "memory": "4Gi", "pods": "110"}
        status = {
            "addresses": [
                {"type": "InternalIP", "address": self._address},
                {"type": "Hostname", "address": self.name},
            ],
            "capacity": size,
            "allocatable": size,
            "conditions": conditions,
            "nodeInfo": {
                "architecture": platform.machine(),
                "bootID": "",
                "containerRuntimeVersion": "sandbox://1",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "kubeletVersion": site().version,
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "Debian",
                "systemUUID": "",
            },
        }
        self._api.call("PATCH", f"/api/v1/nodes/{self.name}/status", {"status": status}, MERGE)

    def _route(self) -> None:
        """Each node's pods are reached through its private address; flannel's tunnel is a plain route here."""
        nodes = self._api.items("/api/v1/nodes")
        own = next((node for node in nodes if node["metadata"]["name"] == self.name), {})
        cidr = str(own.get("spec", {}).get("podCIDR", ""))
        if not cidr:
            return
        gateway = cidr.rpartition(".")[0] + ".1"
        self._pods.network = cidr.rpartition(".")[0]
        _ip("addr", "replace", f"{gateway}/32", "dev", "lo")
        for node in nodes:
            addresses = [
                entry["address"] for entry in node["status"].get("addresses", []) if entry["type"] == "InternalIP"
            ]
            theirs = node.get("spec", {}).get("podCIDR")
            if node is not own and theirs and addresses:
                _ip("route", "replace", str(theirs), "via", addresses[0], "dev", self._device, "src", gateway)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=10, check=False)
    if done.returncode:
        print(f"ip {' '.join(words)}: {done.stderr.strip()}", file=sys.stderr, flush=True)
