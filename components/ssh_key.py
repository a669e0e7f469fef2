"""The SSH key of the program: its public half is on every server, its private half opens the program's connections.

The operators' own access is `operators` in the stack file, which the rules of firewall.py admit to port 22.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_hcloud import SshKey
from pulumi_tls import PrivateKey


@dataclass(frozen=True, kw_only=True)
class SshKeyPair:
    """Both halves of the key, and the id of the public one at Hetzner."""

    private_key: pulumi.Output[str]
    public_key: pulumi.Output[str]
    id: pulumi.Output[str]


def ssh_key(name: str, *, display_name: str, labels: Mapping[str, str], parent: pulumi.Resource) -> SshKeyPair:
    """Create the key, and register its public half at Hetzner.

    Args:
        name: The name of both resources.
        display_name: The name in the Hetzner project.
        labels: Labels of the registered key.
        parent: The component that both resources belong to.
    """
    key = PrivateKey(name, algorithm="ED25519", opts=pulumi.ResourceOptions(parent=parent))
    public_key = key.public_key_openssh.apply(str.strip)
    registered = SshKey(
        name,
        name=display_name,
        public_key=public_key,
        labels=dict(labels),
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
    return SshKeyPair(private_key=key.private_key_openssh, public_key=public_key, id=registered.id)
