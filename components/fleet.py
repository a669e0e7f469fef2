"""The servers of a stack: the shared resources, each node, and its host firewall."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.addresses import AddressPlan
from components.cloudflare_ranges import Ranges
from components.config import StackConfig
from components.firewall import node_rules
from components.host_firewall import HostFirewall, HostFirewallArgs
from components.lockout import LockoutAdvice
from components.network import PrivateNetwork, PrivateNetworkArgs
from components.node import Node, NodeArgs
from components.quorum_gate import QuorumGate


@dataclass(frozen=True, kw_only=True)
class FleetArgs:
    """The stack's settings, its address plan, Cloudflare's ranges, and the gate that checks deletions.

    Attributes:
        firewall_attempts: The number of the attempt to apply each server's rules, by server; 1 if it is not listed.
    """

    config: StackConfig
    plan: AddressPlan
    ranges: Ranges
    gate: QuorumGate
    firewall_attempts: Mapping[str, int]


class Fleet(pulumi.ComponentResource):
    """All servers, with one list of rules for both Hetzner's firewall in front of them and UFW on each."""

    nodes: list[Node]
    firewalls: list[pulumi.Resource]

    def __init__(self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:Fleet", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        config, plan = args.config, args.plan
        rules = node_rules(args.ranges, config.operators, plan.subnet, plan.pod_cidr, plan.service_cidr)
        labels = {"project": pulumi.get_project(), "stack": config.stack}
        if config.teardown:
            labels["teardown"] = "true"
        shared = PrivateNetwork(
            name,
            PrivateNetworkArgs(
                prefix=config.prefix,
                plan=plan,
                network_zone=config.location.network_zone,
                rules=rules,
                labels=labels,
                gate=args.gate,
                teardown=config.teardown,
            ),
            child,
        )
        lockout = LockoutAdvice(config.operators)
        self.nodes = [
            Node(
                server.name,
                NodeArgs(
                    settings=server,
                    shared=shared,
                    gate=args.gate,
                    lockout=lockout,
                    prefix=config.prefix,
                    location=config.location,
                    server_type=server.server_type or config.server_type,
                    image=config.image,
                    user=config.user,
                    base_rules=tuple(rule for rule in rules if rule.port == "22"),
                    labels=labels,
                    replacing=config.replacing == server.name,
                    teardown=config.teardown,
                ),
                child,
            )
            for server in config.servers
        ]
        self.firewalls = [
            HostFirewall(
                f"{node.settings.name}-ufw",
                HostFirewallArgs(node=node, rules=rules, attempt=args.firewall_attempts.get(node.settings.name, 1)),
                child,
            ).confirmed
            for node in self.nodes
        ]
        self.register_outputs({})

    @property
    def ingress_nodes(self) -> list[Node]:
        """The nodes that DNS points to."""
        return [node for node in self.nodes if node.settings.ingress]

    @property
    def summary(self) -> dict[str, Any]:
        """Each node's addresses and role, by name."""
        return {
            node.settings.name: {
                "ipv4": node.ipv4,
                "ipv6": node.ipv6,
                "private": str(node.settings.private_ip),
                "role": node.settings.role,
                "ingress": node.settings.ingress,
            }
            for node in self.nodes
        }
