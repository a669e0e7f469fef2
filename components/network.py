"""Resources that all servers share: the SSH key, the private network, the placement group, the cloud firewall."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_hcloud import Firewall, Network, NetworkSubnet, PlacementGroup, SshKey
from pulumi_tls import PrivateKey

from components.addresses import AddressPlan
from components.quorum_gate import QuorumGate


@dataclass(frozen=True, kw_only=True)
class PrivateNetworkArgs:
    """The prefix of names, the address plan, the cloud firewall's rules, and whether the network may be deleted."""

    prefix: str
    plan: AddressPlan
    network_zone: str
    firewall_rules: list[Any]
    labels: Mapping[str, str]
    gate: QuorumGate
    teardown: bool


class PrivateNetwork(pulumi.ComponentResource):
    """The SSH key, the network with its subnet, the spread placement group and the cloud firewall."""

    private_key: pulumi.Output[str]
    public_key: pulumi.Output[str]
    ssh_key_id: pulumi.Output[str]
    subnet_id: pulumi.Output[str]
    placement_group_id: pulumi.Output[int]
    firewall_id: pulumi.Output[int]

    def __init__(self, name: str, args: PrivateNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:PrivateNetwork", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        unique = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        kept = pulumi.ResourceOptions(
            parent=self,
            protect=not args.teardown,
            delete_before_replace=True,
            hooks=args.gate.network_binding,
        )
        labels = dict(args.labels)

        key = PrivateKey(f"{name}-ssh", algorithm="ED25519", opts=child)
        self.private_key = key.private_key_openssh
        self.public_key = key.public_key_openssh.apply(str.strip)
        ssh_key = SshKey(
            f"{name}-ssh", name=f"{args.prefix}{name}", public_key=self.public_key, labels=labels, opts=unique
        )
        self.ssh_key_id = ssh_key.id

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
        firewall = Firewall(
            f"{name}-firewall", name=f"{args.prefix}{name}", rules=args.firewall_rules, labels=labels, opts=child
        )
        self.firewall_id = firewall.id.apply(int)
        self.register_outputs({"public_key": self.public_key})
