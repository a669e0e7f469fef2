"""UFW on one server: rules are applied over SSH, and confirmed over a second connection."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.digests import json_digest
from components.firewall import Rule, ufw_policy
from components.node import Node
from components.ssh import Script, run


@dataclass(frozen=True, kw_only=True)
class HostFirewallArgs:
    """The server, its rules, and the number of the attempt to apply them.

    If rules were applied but not confirmed, the next attempt has the next number, so that the command runs again.
    """

    node: Node
    rules: Sequence[Rule]
    attempt: int


class HostFirewall(pulumi.ComponentResource):
    """Apply the rules and confirm them. They travel as JSON on stdin, so that a preview shows them.

    The server restores the former rules by itself unless a fresh SSH connection confirms the new ones.
    """

    confirmed: pulumi.Resource

    def __init__(self, name: str, args: HostFirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:HostFirewall", name, None, opts)
        policy = ufw_policy(args.rules)
        applied = run(
            f"{name}-apply",
            args.node.reachable,
            Script(program="ufw", verb="apply"),
            stdin=json.dumps({"ufw": policy, "attempt": args.attempt}, indent=1, sort_keys=True),
            triggers=[args.node.server_id],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.node.booted], delete_before_replace=True),
        )
        self.confirmed = run(
            f"{name}-confirm",
            args.node.reachable,
            Script(program="ufw", verb="confirm"),
            stdin=json.dumps({"confirm": json_digest(policy)}),
            triggers=[args.node.server_id],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[applied], delete_before_replace=True),
        )
        self.register_outputs({"digest": json_digest(policy)})
