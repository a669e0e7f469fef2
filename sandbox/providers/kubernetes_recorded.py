"""The API server of a recorded cluster. It stores objects in the world, and merges them like server-side apply."""

import time
import uuid
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from sandbox.providers.k3s_cluster import Cluster, cluster_of
from sandbox.providers.k3s_credentials import access
from sandbox.providers.kubernetes_api import (
    UNAUTHORIZED,
    UNKNOWN_AUTHORITY,
    Manifest,
    UnreachableError,
    identity_of,
    not_created,
    not_found,
    skips_await,
    unreachable,
    without_address,
)
from sandbox.providers.kubernetes_kinds import Kind
from sandbox.providers.refusal import RefusalError
from sandbox.providers.ssh import server_at
from sandbox.world import Item, World

_APPLIED: Final = "_applied"
_BUNDLED_CLASS: Final = "traefik"
_CONTROLLER: Final = "traefik.io/ingress-controller"
_ENDPOINT: Final = "--providers.kubernetesingress.ingressendpoint.hostname="
_STANDING: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
"""Namespaces that every cluster has."""


class RecordedApi:
    """The objects of one cluster."""

    def __init__(self, world: World, cluster: Cluster) -> None:
        self._world: Final = world
        self._cluster: Final = cluster

    def refuse(self, kind: Kind, manifest: Manifest, *, exists: bool = False) -> None:
        """Check a manifest without storing it. Raises RefusalError if the API server would refuse it."""
        del exists
        problems = list(kind.refusals(manifest))
        if problems:
            raise RefusalError(f"failed to create typed patch object ({_named(kind, manifest)}): {'; '.join(problems)}")

    def create(self, kind: Kind, manifest: Manifest, urn: str, *, upsert: bool = False) -> Manifest:
        """Create an object, which must not exist yet; with `upsert`, apply to one that exists."""
        self.refuse(kind, manifest)
        name, identity = manifest["metadata"]["name"], identity_of(manifest)
        if upsert and self._item(kind, identity) is not None:
            return self.apply(kind, identity, manifest)
        if self._item(kind, identity) is not None:
            raise not_created(identity, f'{kind.resource} "{name}" already exists')
        namespace = manifest["metadata"].get("namespace")
        if kind.namespaced and not self._has_namespace(namespace):
            raise not_created(identity, f'namespaces "{namespace}" not found')
        made = {
            "uid": str(uuid.uuid4()),
            "creationTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        live = {**manifest, "metadata": {**manifest["metadata"], **made}}
        return self._put(kind, identity, live, manifest, urn)

    def get(self, kind: Kind, identity: str) -> Manifest | None:
        """Return the object as it is now, or None."""
        found = self._item(kind, identity)
        return None if found is None else _visible(found.data)

    def apply(self, kind: Kind, identity: str, manifest: Manifest) -> Manifest:
        """Apply server-side: remove fields that we set before and do not set now, and keep fields that others set."""
        self.refuse(kind, manifest)
        found = self._item(kind, identity)
        if found is None:
            raise not_found(kind, identity)
        live = merged(_visible(found.data), found.data.get(_APPLIED, {}), manifest)
        return self._put(kind, identity, live, manifest)

    def delete(self, kind: Kind, identity: str) -> None:
        """Delete the object, and with a namespace everything in it."""
        if kind.kind == "Namespace":
            for item in self._world.objects(place=self._cluster.id):
                if item.id.startswith(f"{identity}/"):
                    self._world.delete(item.kind, item.id, place=item.place)
        self._world.delete(world_kind(kind), identity, place=self._cluster.id)

    def _put(self, kind: Kind, identity: str, live: Manifest, applied: Manifest, urn: str | None = None) -> Manifest:
        live["metadata"]["resourceVersion"] = str(self._world.next_number(f"revisions of {self._cluster.id}"))
        if kind.kind == "Namespace":
            live["status"] = {"phase": "Active"}
        if kind.kind == "Ingress":
            live["status"] = self._ingress_status(identity, live)
        data = {**live, _APPLIED: applied}
        name = live["metadata"]["name"]
        place = self._cluster.id
        self._world.put(world_kind(kind), identity, data, place=place, provider="kubernetes", name=name, urn=urn)
        return live

    def _ingress_status(self, identity: str, live: Manifest) -> Manifest:
        """Return the status that Traefik writes if it serves the class; the real provider waits ten minutes for it."""
        chosen = (live.get("spec") or {}).get("ingressClassName")
        found = self._world.get("ingress_class", str(chosen), place=self._cluster.id)
        served = chosen == _BUNDLED_CLASS or (found is not None and found.data["spec"].get("controller") == _CONTROLLER)
        hostname = self._status_hostname()
        if skips_await(live):
            return {"loadBalancer": {"ingress": [{"hostname": hostname}]}} if served and hostname else {}
        if not served or not hostname:
            why = "Traefik has no host name to write there" if served else f"no controller serves the class {chosen}"
            raise RefusalError(without_address(identity, why))
        return {"loadBalancer": {"ingress": [{"hostname": hostname}]}}

    def _status_hostname(self) -> str:
        found = self._world.get("helm_chart_config", "kube-system/traefik", place=self._cluster.id)
        values = yaml.safe_load(found.data["spec"].get("valuesContent") or "") if found else None
        arguments = (values or {}).get("additionalArguments") or []
        return next((str(item).removeprefix(_ENDPOINT) for item in arguments if str(item).startswith(_ENDPOINT)), "")

    def _has_namespace(self, name: str | None) -> bool:
        return name in _STANDING or self._world.get("namespace", str(name), place=self._cluster.id) is not None

    def _item(self, kind: Kind, identity: str) -> Item | None:
        return self._world.get(world_kind(kind), identity, place=self._cluster.id)


def reach(world: World, kubeconfig: str) -> RecordedApi:
    """Return the API server of a kubeconfig. Raises UnreachableError with the error of a real client."""
    try:
        shown = access(kubeconfig)
    except ValueError as error:
        raise UnreachableError(f"configured Kubernetes cluster is unreachable: {error}") from error
    address = urlsplit(shown["server"]).hostname or ""
    server = server_at(world, address)
    cluster = cluster_of(world, server.id) if server is not None else None
    if server is None or cluster is None or not cluster.answers_at(server.id):
        raise unreachable(shown["server"], f"dial tcp {address}:6443: connect: connection refused")
    authority = cluster.item.data["_authority"]
    if shown["ca"] != authority["ca"]:
        raise unreachable(shown["server"], UNKNOWN_AUTHORITY)
    if shown["certificate"] != authority["certificate"]:
        raise unreachable(shown["server"], UNAUTHORIZED)
    return RecordedApi(world, cluster)


def world_kind(kind: Kind) -> str:
    """Return the world's name of a kind: `helm_chart_config` for `HelmChartConfig`, `tls_option` for `TLSOption`."""
    upper = kind.kind
    parts = [
        f"_{letter.lower()}" if index and letter.isupper() and _starts_word(upper, index) else letter.lower()
        for index, letter in enumerate(upper)
    ]
    return "".join(parts)


def merged(live: Any, before: Any, wanted: Any) -> Any:
    """Return `live` without fields that were applied `before` and are not `wanted` now, plus `wanted`, lists whole."""
    if not isinstance(live, Mapping) or not isinstance(wanted, Mapping):
        return wanted
    before = before if isinstance(before, Mapping) else {}
    kept = {key: item for key, item in live.items() if key in wanted or key not in before}
    return {**kept, **{key: merged(live.get(key), before.get(key), item) for key, item in wanted.items()}}


def _starts_word(text: str, index: int) -> bool:
    return text[index - 1].islower() or (index + 1 < len(text) and text[index + 1].islower())


def _visible(data: Mapping[str, Any]) -> Manifest:
    return {key: value for key, value in data.items() if not key.startswith("_")}


def _named(kind: Kind, manifest: Manifest) -> str:
    return f"{identity_of(manifest)}; {kind.api_version}, Kind={kind.kind}"
