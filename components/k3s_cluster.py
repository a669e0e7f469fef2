"""The k3s cluster: nodes join one at a time, each control plane has a kubeconfig, and a replaced node is evicted first.

The membership of a node is a resource of its own. A replacement of the server deletes it first; the deletion drains the
node and removes it, with its etcd member, through another control plane.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import yaml
from pulumi_command.remote import Command
from pulumi_kubernetes import Provider
from pulumi_random import RandomPassword

from components.addresses import AddressPlan
from components.digests import digest
from components.k3s_flags import node_config
from components.node import Node
from components.quorum_gate import QuorumGate
from components.ssh import Script, run

READY_SECONDS: Final = 600
"""Seconds that a node may take to become Ready."""


@dataclass(frozen=True, kw_only=True)
class K3sClusterArgs:
    """The nodes in joining order, and the settings of the cluster."""

    nodes: Sequence[Node]
    api_node: str
    firewalls: Sequence[pulumi.Resource]
    plan: AddressPlan
    version: str
    installer: str
    kubeconfig_generation: int
    gate: QuorumGate
    teardown: bool


class K3sCluster(pulumi.ComponentResource):
    """A cluster whose nodes join one after another, each Ready before the next."""

    kubeconfig: pulumi.Output[str]
    api: Node
    joined: list[Command]

    def __init__(self, name: str, args: K3sClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:K3sCluster", name, None, opts)
        tokens = {
            role: RandomPassword(
                f"{name}-{role}-token", length=48, special=False, opts=pulumi.ResourceOptions(parent=self)
            )
            for role in ("server", "agent")
        }
        secrets: dict[str, pulumi.Output[str]] = {
            "server": pulumi.Output.json_dumps(
                {"token": tokens["server"].result, "agent-token": tokens["agent"].result}
            ),
            "agent": pulumi.Output.json_dumps({"token": tokens["agent"].result}),
        }
        planes = [node for node in args.nodes if node.settings.role == "server"]
        agents = [node for node in args.nodes if node.settings.role == "agent"]
        self.api = next(node for node in planes if node.settings.name == args.api_node)

        joined: dict[str, Command] = {}
        for node in [*planes, *agents]:
            settings = join_settings(node, planes, args)
            configured = run(
                f"{node.settings.name}-k3s-settings",
                node.reachable,
                Script(program="k3s", verb="configure"),
                stdin=settings,
                triggers=[node.server_id],
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            joined[node.settings.name] = run(
                f"{node.settings.name}-k3s",
                node.reachable,
                settings.apply(lambda text: Script(program="k3s", verb="join", args=(args.version, digest(text)))),
                stdin=pulumi.Output.secret(secrets[node.settings.role]),
                triggers=[node.server_id],
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[configured, *args.firewalls, *list(joined.values())[-1:]],
                    delete_before_replace=True,
                ),
            )
        for node in [*planes, *agents]:
            self._membership(node, planes, args, joined)
        kubeconfigs = {
            plane.settings.name: self._kubeconfig(plane, args, joined[plane.settings.name]) for plane in planes
        }
        self.joined = list(joined.values())
        self.kubeconfig = pulumi.Output.secret(
            pulumi.Output.all(kubeconfigs[args.api_node].stdout, self.api.ipv4).apply(
                lambda known: reachable_at(*known)
            )
        )
        self.register_outputs({})

    def _membership(self, node: Node, planes: Sequence[Node], args: K3sClusterArgs, joined: dict[str, Command]) -> None:
        """Check and evict the node through the API node, or the API node itself through the next control plane."""
        others = [plane for plane in planes if plane is not node]
        peer = self.api if self.api is not node else (others[0] if others else node)
        name, role = node.settings.name, node.settings.role
        leave = (name, role, "teardown") if args.teardown else (name, role)
        run(
            args.gate.membership(name),
            peer.reachable,
            Script(program="evict", verb="check", args=(name, role)),
            on_delete=Script(program="evict", verb="evict", args=leave),
            triggers=[node.server_id],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list({name: joined[name], peer.settings.name: joined[peer.settings.name]}.values()),
                delete_before_replace=True,
                hooks=args.gate.binding,
            ),
        )

    def _kubeconfig(self, plane: Node, args: K3sClusterArgs, joined: Command) -> Command:
        """Read the kubeconfig. The command names no server or release: a change would make all objects unknown."""
        return run(
            f"{plane.settings.name}-kubeconfig",
            plane.reachable,
            Script(program="cluster", verb="kubeconfig", args=(str(args.kubeconfig_generation),)),
            triggers=[plane.server_id],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[joined], delete_before_replace=True),
        )


def kubernetes_provider(name: str, cluster: K3sCluster, *, adopts: bool = False) -> Provider:
    """Create a Kubernetes provider that waits until every node has joined, because the API may pause during a join.

    Args:
        name: The resource's name.
        cluster: The cluster. A changed kubeconfig replaces no object.
        adopts: Whether to take over an object that exists already; otherwise that is an error.
    """
    return Provider(
        name,
        kubeconfig=cluster.kubeconfig,
        cluster_identifier=f"{pulumi.get_project()}-{pulumi.get_stack()}",  # so that a new kubeconfig replaces nothing
        enable_secret_mutable=True,  # so that a rotated certificate is updated in place
        upsert_existing_objects=adopts,
        opts=pulumi.ResourceOptions(depends_on=cluster.joined),
    )


def join_settings(node: Node, planes: Sequence[Node], args: K3sClusterArgs) -> pulumi.Output[str]:
    """Return the settings that `components/host/k3s.py` reads, as JSON."""
    own = node.settings
    role_config = pulumi.Output.all(*[plane.ipv4 for plane in planes]).apply(
        lambda addresses: node_config(
            role=own.role,
            name=own.name,
            private_ip=str(own.private_ip),
            api_addresses=[*addresses, *[str(plane.settings.private_ip) for plane in planes]],
            plan=args.plan,
        )
    )
    return role_config.apply(
        lambda config: json.dumps(
            {
                "name": own.name,
                "role": own.role,
                "initialise": node is planes[0],
                "version": args.version,
                "installer": args.installer,
                "privateIp": str(own.private_ip),
                "peers": [str(plane.settings.private_ip) for plane in planes if plane is not node],
                "config": config,
                "readySeconds": READY_SECONDS,
            },
            indent=1,
            sort_keys=True,
        )
    )


def reachable_at(kubeconfig: str, address: str) -> str:
    """Point the kubeconfig, which k3s writes for use on the node, at a public address from its certificate."""
    config = yaml.safe_load(kubeconfig)
    for cluster in config["clusters"]:
        cluster["cluster"]["server"] = f"https://{address}:6443"
    return yaml.safe_dump(config, sort_keys=True)
