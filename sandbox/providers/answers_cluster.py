"""Answers of the host programs for the cluster: join, evict, kubeconfig, and the rollout of Traefik's values."""

import hashlib
import json
from typing import Any, Final

import yaml

from components.host import k3s
from sandbox.providers.answers_server import FailedError
from sandbox.providers.k3s_cluster import NODE, Cluster, cluster_of, new_cluster
from sandbox.providers.k3s_credentials import kubeconfig as kubeconfig_of
from sandbox.providers.ssh import Host
from sandbox.world import Item, World

_SETTINGS: Final = "k3s_settings"
ANNOTATION: Final = "honeydue.com/values-digest"


def configure(host: Host, arguments: list[str], stdin: str) -> dict[str, Any]:
    """Keep the settings for the next join."""
    del arguments
    try:
        settings = json.loads(stdin)
        k3s.check(settings)
    except (KeyError, ValueError, RuntimeError) as error:
        raise FailedError(str(error)) from error
    text = json.dumps(settings, indent=1, sort_keys=True)
    host.world.put(_SETTINGS, host.server.name, {"text": text}, place=host.place, provider="command")
    return {"settings": k3s.digest(text)}


def join(host: Host, arguments: list[str], stdin: str) -> dict[str, Any]:
    """Become a node: stay one, join the cluster of a peer that answers, or initialise one if no peer has any."""
    version, wanted = arguments
    found = host.world.get(_SETTINGS, host.server.name, place=host.place)
    text = found.data["text"] if found else ""
    if k3s.digest(text) != wanted:
        raise FailedError(
            f"the settings on this server have digest {k3s.digest(text)}, not {wanted}: run pulumi up again"
        )
    settings, tokens = json.loads(text), json.loads(stdin)
    if settings["version"] != version:
        raise FailedError(f"the settings on this server are for {settings['version']}, not {version}")
    name, own = str(settings["name"]), str(settings["privateIp"])
    data = {"role": settings["role"], "version": settings["version"], "privateIp": own}
    places = [item for item in host.world.objects("server_network") if str(item.data["serverId"]) == host.server.id]
    if own not in [item.data["ip"] for item in places]:
        raise FailedError(f"no network interface has the private address {own}")
    cluster, mode = cluster_of(host.world, host.server.id), "updated"
    if cluster is not None:
        if cluster.nodes.get(name) is not None and _same(cluster.nodes[name], data):
            mode = "unchanged"
    else:
        networks = {item.data["networkId"] for item in places}
        cluster = _peers_cluster(host.world, networks, [str(peer) for peer in settings["peers"]])
        mode = "joined"
    if cluster is None:
        if not settings["initialise"] or settings["role"] != "server":
            refusals = ", ".join(f"{peer} refuses" for peer in settings["peers"])
            raise FailedError(f"no control plane answers on port {k3s.PORT}: {refusals}")
        cluster = new_cluster(host.world, {role: _digest(token) for role, token in tokens.items()})
        mode = "initialised"
    _admit(cluster, host, name, settings["role"], tokens)
    cluster.add(name, host.server, data)
    return {"node": name, "role": settings["role"], "mode": mode, "version": settings["version"]}


def check(host: Host, arguments: list[str], stdin: str) -> dict[str, Any]:
    """Return whether this server sees the node Ready, or null if it does not know."""
    del stdin
    cluster = cluster_of(host.world, host.server.id)
    node = cluster.nodes.get(arguments[0]) if cluster and cluster.answers_at(host.server.id) else None
    return {"node": arguments[0], "ready": cluster.is_ready(node) if cluster and node else None}


def evict(host: Host, arguments: list[str], stdin: str) -> dict[str, Any]:
    """Remove a node, unless the others would have no quorum."""
    del stdin
    name, role, *mode = arguments
    cluster = cluster_of(host.world, host.server.id)
    if cluster is None or not cluster.answers_at(host.server.id):
        reason = cluster.lost_quorum if cluster else "the server is not a node of a cluster"
        if mode == ["teardown"]:
            return {"node": name, "evicted": False, "reason": f"the cluster does not answer: {reason}"}
        raise FailedError(f"the API does not answer: {reason}")
    if mode != ["teardown"]:
        if name not in cluster.nodes:
            return {"node": name, "evicted": False, "reason": "the cluster has no such node: nothing to do"}
        if role == "server":
            _keep_quorum(cluster, name)
    cluster.remove(name)
    return {"node": name, "evicted": True}


def kubeconfig(host: Host, arguments: list[str], stdin: str) -> str:
    """Return the kubeconfig of a control plane whose API answers."""
    del arguments, stdin
    cluster = cluster_of(host.world, host.server.id)
    if cluster is None or not cluster.answers_at(host.server.id):
        raise FailedError("after 600 s the cluster still lacks: an API that answers")
    return kubeconfig_of(cluster.item.data["_authority"])


def wait_for_rollout(host: Host, arguments: list[str], stdin: str) -> dict[str, Any]:
    """Check that the HelmChartConfig has these values. One pod runs on each node that is Ready."""
    del stdin
    digest, seconds = arguments
    cluster = cluster_of(host.world, host.server.id)
    if cluster is None or not cluster.answers_at(host.server.id):
        raise FailedError(f"after {seconds} s the API does not answer")
    found = host.world.get("helm_chart_config", "kube-system/traefik", place=cluster.id)
    try:
        values = yaml.safe_load(found.data["spec"].get("valuesContent") or "{}") if found else {}
        carried = (values.get("deployment") or {}).get("annotations", {}).get(ANNOTATION, "none")
    except (AttributeError, yaml.YAMLError) as error:
        raise FailedError(
            f"HelmChart traefik has failed; the log of Helm:\nError: failed to parse values: {error}"
        ) from error
    if carried != digest:
        raise FailedError(f"after {seconds} s the DaemonSet has values {carried}, not {digest} yet")
    return {"digest": digest, "pods": len([node for node in cluster.nodes.values() if cluster.is_ready(node)])}


def _peers_cluster(world: World, networks: set[int], peers: list[str]) -> Cluster | None:
    """Return the cluster that answers at a peer's private address, if any."""
    for item in world.objects("server_network"):
        if item.data["ip"] in peers and item.data["networkId"] in networks:
            found = cluster_of(world, str(item.data["serverId"]))
            if found is not None and found.answers_at(str(item.data["serverId"])):
                return found
            if found is not None:
                why = found.lost_quorum or "its API does not answer"
                raise FailedError(f"{item.data['ip']} has a cluster that cannot be joined: {why}")
    return None


def _admit(cluster: Cluster, host: Host, name: str, role: str, tokens: dict[str, str]) -> None:
    """Check that the token is the cluster's, and that no other server has the name."""
    needed = {"server": "token", "agent": "agent-token"}[role]
    shown = tokens.get(needed) or tokens.get("token", "")
    if cluster.item.data["tokens"].get(needed) not in (None, _digest(shown)):
        raise FailedError("failed to validate token: not authorized")
    holder = cluster.nodes.get(name)
    if holder is not None and str(holder.data["server"]) != host.server.id:
        raise FailedError(
            f"Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match "
            f"server node-passwd entry: {name}.{NODE} belongs to another server"
        )


def _keep_quorum(cluster: Cluster, name: str) -> None:
    servers = cluster.servers
    others = [other for other in servers if other != name]
    down = ", ".join(other for other in others if not cluster.is_ready(servers[other]))
    quorum = len({*servers, name}) // 2 + 1
    if down:
        raise FailedError(f"refusing to remove {name}: {down} not Ready; make every other control plane Ready first")
    if len(others) < quorum:
        needed = f"{len(others)} control planes would remain, and etcd needs {quorum} for a quorum"
        raise FailedError(f"refusing to remove {name}: {needed}; add one first, or set honeydue:teardown")


def _same(node: Item, data: dict[str, str]) -> bool:
    return all(node.data.get(key) == value for key, value in data.items())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
