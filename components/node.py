"""One server: its permanent addresses and host key, the server itself, and its private network attachment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import pulumi
from pulumi_hcloud import PrimaryIp, Server, ServerNetwork
from pulumi_random import RandomId
from pulumi_tls import PrivateKey

from components.addresses import first_host
from components.cloud_init import FirstBoot
from components.firewall import Rule
from components.lockout import LockoutAdvice
from components.network import PrivateNetwork
from components.quorum_gate import QuorumGate
from components.settings import Server as ServerSettings
from components.ssh import Reachable, Script, install_programs, run

NOT_ROUTINE: Final = ("userData", "image", "sshKeys", "serverType")
"""Inputs whose change would replace or stop a server. They take effect only on the server that is being replaced."""


@dataclass(frozen=True, kw_only=True)
class NodeArgs:
    """The settings of one server, and the resources that it uses."""

    settings: ServerSettings
    shared: PrivateNetwork
    gate: QuorumGate
    lockout: LockoutAdvice
    prefix: str
    location: str
    server_type: str
    image: str
    user: str
    base_rules: tuple[Rule, ...]
    labels: Mapping[str, str]
    replacing: bool
    teardown: bool


class Node(pulumi.ComponentResource):
    """A server whose replacement keeps its public and private addresses and its host key."""

    settings: ServerSettings
    ipv4: pulumi.Output[str]
    ipv6: pulumi.Output[str]
    server_id: pulumi.Output[str]
    reachable: Reachable

    def __init__(self, name: str, args: NodeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:Node", name, None, opts)
        self.settings = args.settings
        child = pulumi.ResourceOptions(parent=self)

        host_key = PrivateKey(f"{name}-host-key", algorithm="ED25519", opts=child)
        primary = {family: self._primary_ip(name, family, args) for family in ("ipv4", "ipv6")}
        self.ipv4 = primary["ipv4"].ip_address
        self.ipv6 = primary["ipv6"].ip_address.apply(first_host)

        server = Server(
            name,
            name=f"{args.prefix}{name}",
            server_type=args.server_type,
            image=args.image,
            location=args.location,
            ssh_keys=[args.shared.ssh_key.id],
            user_data=self._user_data(name, args, host_key),
            placement_group_id=args.shared.placement_group_id,
            firewall_ids=[args.shared.firewall_id],
            public_nets=[
                {
                    "ipv4_enabled": True,
                    "ipv4": primary["ipv4"].id.apply(int),
                    "ipv6_enabled": True,
                    "ipv6": primary["ipv6"].id.apply(int),
                }
            ],
            labels={**args.labels, "role": args.settings.role, "ingress": str(args.settings.ingress).lower()},
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=not (args.replacing or args.teardown),
                ignore_changes=[] if args.replacing else list(NOT_ROUTINE),
                delete_before_replace=True,
                hooks=args.gate.binding,
            ),
        )
        self.server_id = server.id
        attachment = ServerNetwork(
            args.gate.attachment(name),
            server_id=server.id.apply(int),
            subnet_id=args.shared.subnet_id,
            ip=str(args.settings.private_ip),
            # not protected, because the engine would then refuse to replace its server; the gate checks every deletion
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True, hooks=args.gate.binding),
        )

        bare = Reachable(
            host=self.ipv4,
            host_key=host_key.public_key_openssh.apply(str.strip),
            user=args.user,
            private_key=args.shared.ssh_key.private_key,
            lockout=args.lockout,
        )
        programs = install_programs(
            f"{name}-programs",
            bare,
            server_id=server.id,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment], delete_before_replace=True),
        )
        self.reachable = replace(bare, after=[programs])
        self.booted = run(
            f"{name}-boot",
            self.reachable,
            Script(program="boot", verb="wait"),
            triggers=[server.id],
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.register_outputs({"ipv4": self.ipv4, "ipv6": self.ipv6})

    def _primary_ip(self, name: str, family: str, args: NodeArgs) -> PrimaryIp:
        return PrimaryIp(
            f"{name}-{family}",
            name=f"{args.prefix}{name}-{family}",
            type=family,
            location=args.location,
            auto_delete=False,
            labels=dict(args.labels),
            opts=pulumi.ResourceOptions(parent=self, protect=not args.teardown, delete_before_replace=True),
        )

    def _user_data(self, name: str, args: NodeArgs, host_key: PrivateKey) -> pulumi.Output[str]:
        """Return the user data. When `replacing` names this node, a new generation in it makes the server a new one."""
        generation = RandomId(
            f"{name}-generation",
            byte_length=4,
            keepers={"replacing": str(args.replacing).lower()},
            opts=pulumi.ResourceOptions(parent=self),
        )
        text = pulumi.Output.all(
            args.shared.ssh_key.public_key, host_key.private_key_openssh, host_key.public_key_openssh, generation.hex
        ).apply(
            lambda known: FirstBoot(
                hostname=f"{args.prefix}{name}",
                user=args.user,
                authorized_key=known[0],
                host_key_private=known[1],
                host_key_public=known[2].strip(),
                rules=args.base_rules,
                generation=known[3],
            ).user_data()
        )
        return pulumi.Output.secret(text)
