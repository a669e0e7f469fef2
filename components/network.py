"""Resources that all servers share: the private network and the placement group, the SSH key, Hetzner's firewall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_hcloud import Network, NetworkSubnet, PlacementGroup

from components.addresses import AddressPlan
from components.firewall import Rule
from components.hetzner_firewall import hetzner_firewall
from components.quorum_gate import QuorumGate
from components.ssh_key import SshKeyPair, ssh_key


@dataclass(frozen=True, kw_only=True)
class PrivateNetworkArgs:
    """The prefix of names, the address plan, the rules for all traffic, and whether the network may be deleted."""

    prefix: str
    plan: AddressPlan
    network_zone: str
    rules: Sequence[Rule]
    labels: Mapping[str, str]
    gate: QuorumGate
    teardown: bool


class PrivateNetwork(pulumi.ComponentResource):
    """The network with its subnet, the spread placement group, the SSH key and Hetzner's firewall."""

    ssh_key: SshKeyPair
    subnet_id: pulumi.Output[str]
    placement_group_id: pulumi.Output[int]
    firewall_id: pulumi.Output[int]

    def __init__(self, name: str, args: PrivateNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:PrivateNetwork", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(
            parent=self,
            protect=not args.teardown,
            delete_before_replace=True,
            hooks=args.gate.network_binding,
        )
        labels = dict(args.labels)

        self.ssh_key = ssh_key(f"{name}-ssh", display_name=f"{args.prefix}{name}", labels=labels, parent=self)
        network = Network(
            f"{name}-network",
            name=f"{args.prefix}{name}",
            ip_range=str(args.plan.network),
            labels=labels,
            opts=kept,
        )
        subnet = NetworkSubnet(
            f"{name}-subnet",
            network_id=network.id.apply(int),
            type="cloud",
            network_zone=args.network_zone,
            ip_range=str(args.plan.subnet),
            opts=kept,
        )
        self.subnet_id = subnet.id

        group = PlacementGroup(f"{name}-spread", name=f"{args.prefix}{name}", type="spread", labels=labels, opts=child)
        self.placement_group_id = group.id.apply(int)
        firewall = hetzner_firewall(
            f"{name}-firewall", display_name=f"{args.prefix}{name}", rules=args.rules, labels=labels, opts=child
        )
        self.firewall_id = firewall.id.apply(int)
        self.register_outputs({"public_key": self.ssh_key.public_key})
