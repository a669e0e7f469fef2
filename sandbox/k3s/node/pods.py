"""The pods of this node: started as their specs say, probed, told of, and ended with the grace that they have."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

from .api import MERGE, Api, ApiError
from .container import Container, end_strays
from .moment import now

if TYPE_CHECKING:
    from collections.abc import Iterable


class Pods:
    """All of them; `network` is the first three bytes of the addresses that they get, once the node has some."""

    def __init__(self, api: Api, node: str, address: str) -> None:
        self._api = api
        self._node = node
        self._address = address
        self._running: dict[str, Pod] = {}
        self._swept = False
        self.network = ""

    def run(self) -> None:
        """Bring them in line with the objects."""
        selected = urllib.parse.urlencode({"fieldSelector": f"spec.nodeName={self._node}"})
        listed = {item["metadata"]["uid"]: item for item in self._api.items(f"/api/v1/pods?{selected}")}
        if not self._swept:
            end_strays(listed)
            self._swept = True
        for uid in [uid for uid in self._running if uid not in listed]:
            self._running.pop(uid).end()
        for uid, item in listed.items():
            pod = self._running.get(uid)
            if pod is None:
                address = self._address if item["spec"].get("hostNetwork") else self._own(item, listed.values())
                if not address:
                    continue
                pod = self._running[uid] = Pod(self._api, item, address)
            pod.item = item
            try:
                if item["metadata"].get("deletionTimestamp"):
                    pod.leave()
                else:
                    pod.run()
            except ApiError as error:
                if error.status not in (404, 409):
                    print(f"pod {item['metadata']['name']}: {error}", file=sys.stderr, flush=True)

    def _own(self, item: dict[str, Any], listed: Iterable[dict[str, Any]]) -> str:
        """The address that it has had since it was started, also where k3s was started anew since; or a free one."""
        had = str(item["status"].get("podIP", ""))
        if had.rpartition(".")[0] == self.network and self.network:
            return had
        taken = {pod.address for pod in self._running.values()}
        taken |= {str(other["status"].get("podIP", "")) for other in listed}
        choices = (f"{self.network}.{number}" for number in range(2, 255)) if self.network else iter(())
        return next((address for address in choices if address not in taken), "")


class Pod:
    """One pod; `item` is its object as last seen."""

    def __init__(self, api: Api, item: dict[str, Any], address: str) -> None:
        self._api = api
        self.item = item
        self.address = address
        self._told: dict[str, Any] = {}
        self._since = now()
        self._changed: dict[str, tuple[str, str]] = {}
        self._leaving = 0.0
        if not item["spec"].get("hostNetwork"):
            subprocess.run(["ip", "addr", "replace", f"{address}/32", "dev", "lo"], check=True, capture_output=True)
        token = self._token() if item["spec"].get("automountServiceAccountToken", True) else ""
        self._containers = [
            Container(item, spec, address, api=api.server, token=token) for spec in item["spec"]["containers"]
        ]

    def run(self) -> None:
        """Keep its containers going, and tell of them."""
        for container in self._containers:
            container.run()
        self._tell()

    def leave(self) -> None:
        """Ask its containers to end; once they have, or their time is up, let the object go."""
        moment, grace = time.monotonic(), int(self.item["metadata"].get("deletionGracePeriodSeconds") or 0)
        if not self._leaving:
            self._leaving = moment
            for container in self._containers:
                container.ask()
            self._tell()
        if all(not container.pid for container in self._containers) or moment - self._leaving > grace:
            self.end()
            meta = self.item["metadata"]
            body = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
            self._api.call("DELETE", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}", body)

    def end(self) -> None:
        """Gone at once, with its address."""
        for container in self._containers:
            container.kill()
        if not self.item["spec"].get("hostNetwork"):
            subprocess.run(["ip", "addr", "del", f"{self.address}/32", "dev", "lo"], check=False, capture_output=True)

    def _token(self) -> str:
        meta, account = self.item["metadata"], self.item["spec"].get("serviceAccountName", "default")
        bound = {"kind": "Pod", "apiVersion": "v1", "name": meta["name"], "uid": meta["uid"]}
        spec = {"expirationSeconds": 86400, "audiences": [], "boundObjectRef": bound}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        path = f"/api/v1/namespaces/{meta['namespace']}/serviceaccounts/{account}/token"
        return str(self._api.call("POST", path, body)["status"]["token"])

    def _tell(self) -> None:
        """The status, if it differs from the last one told."""
        states = [container.status() for container in self._containers]
        ready = bool(states) and all(state["ready"] for state in states) and not self._leaving
        started = all("running" in state["state"] for state in states)
        conditions = {"PodScheduled": True, "Initialized": True, "ContainersReady": ready, "Ready": ready}
        status = {
            "phase": "Running" if started or any(state["restartCount"] for state in states) else "Pending",
            "hostIP": self.item["status"].get("hostIP", ""),
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "startTime": self._since,
            "containerStatuses": states,
            "conditions": [self._condition(kind, "True" if holds else "False") for kind, holds in conditions.items()],
        }
        if status == self._told:
            return
        meta = self.item["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/status"
        self._api.call("PATCH", path, {"metadata": {"uid": meta["uid"]}, "status": status}, MERGE)
        self._told = status

    def _condition(self, kind: str, status: str) -> dict[str, str]:
        before, since = self._changed.get(kind, ("", ""))
        if before != status:
            since = now()
            self._changed[kind] = (status, since)
        return {"type": kind, "status": status, "lastTransitionTime": since}
