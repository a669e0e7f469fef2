"""k3s clusters of recorded servers: who belongs to which, who is Ready, and where the API answers.

A node stays in its cluster when its server is gone, as a real etcd member does, until it is evicted. A cluster whose
servers are all gone is gone, with all that was in it.
"""

from dataclasses import dataclass
from typing import Final

from sandbox.providers.k3s_credentials import new_authority
from sandbox.world import Item, World

CLUSTER: Final = "k3s_cluster"
NODE: Final = "k3s_node"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """One cluster, as it is now."""

    world: World
    item: Item

    @property
    def id(self) -> str:
        """The place of its nodes and objects in the world."""
        return self.item.id

    @property
    def nodes(self) -> dict[str, Item]:
        """The nodes by name, in the order in which they joined."""
        return {item.name: item for item in self.world.objects(NODE, place=self.id)}

    @property
    def servers(self) -> dict[str, Item]:
        """The control planes among them."""
        return {name: item for name, item in self.nodes.items() if item.data["role"] == "server"}

    def is_ready(self, node: Item) -> bool:
        """Whether its server is there, runs, and has not been made anew since."""
        server = self.world.get("server", str(node.data["server"]))
        return server is not None and server.data["status"] == "running"

    @property
    def lost_quorum(self) -> str:
        """Why etcd can't answer, or nothing."""
        servers = self.servers
        ready = [name for name, node in servers.items() if self.is_ready(node)]
        quorum = len(servers) // 2 + 1
        return "" if len(ready) >= quorum else f"etcd has {len(ready)} of {len(servers)} members, and needs {quorum}"

    def answers_at(self, server: str) -> bool:
        """Whether the API answers on this server."""
        here = [node for node in self.servers.values() if str(node.data["server"]) == server and self.is_ready(node)]
        return bool(here) and not self.lost_quorum

    def add(self, name: str, server: Item, data: dict[str, str]) -> Item:
        """Make a server a node, or change the node that it is."""
        return self.world.put(NODE, name, {**data, "server": server.id}, place=self.id, provider="command", name=name)

    def remove(self, name: str) -> None:
        """Take a node out, with its etcd member and its password."""
        self.world.delete(NODE, name, place=self.id)


def new_cluster(world: World, tokens: dict[str, str]) -> Cluster:
    """A cluster without nodes; `tokens` are digests of what must be shown to join, by role."""
    identity = f"cluster-{world.next_number('clusters')}"
    data = {"tokens": tokens, "_authority": new_authority()}
    return Cluster(world=world, item=world.put(CLUSTER, identity, data, provider="command", name=identity))


def clusters(world: World) -> list[Cluster]:
    """All that there are."""
    return [Cluster(world=world, item=item) for item in world.objects(CLUSTER)]


def cluster_of(world: World, server: str) -> Cluster | None:
    """The cluster that a server is a node of."""
    for cluster in clusters(world):
        if any(str(node.data["server"]) == server for node in cluster.nodes.values()):
            return cluster
    return None


def bury(world: World) -> None:
    """Remove the clusters whose servers are all gone, with everything in them."""
    for cluster in clusters(world):
        if not any(world.get("server", str(node.data["server"])) for node in cluster.nodes.values()):
            for item in world.objects(place=cluster.id):
                world.delete(item.kind, item.id, place=item.place)
            world.delete(CLUSTER, cluster.id)
