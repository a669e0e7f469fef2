"""Hetzner Cloud's provider: the token, and all resources of the stack."""

from collections.abc import Callable
from typing import Any, ClassVar

from sandbox.engine.errors import SandboxError
from sandbox.nodes.following import fabric_in_use, follow
from sandbox.providers.base import StandIn
from sandbox.providers.hcloud_firewall import Firewall
from sandbox.providers.hcloud_network import Network, NetworkSubnet, ServerNetwork
from sandbox.providers.hcloud_primary_ip import PrimaryIp
from sandbox.providers.hcloud_server import Server
from sandbox.providers.hcloud_shared import PlacementGroup, SshKey
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Plain, Problem, Resource, is_known
from sandbox.world import World

_TOKEN_LENGTH = 64


class Hcloud(StandIn):
    """pulumi-hcloud over the world."""

    name = "hcloud"
    resources: ClassVar = (
        Firewall,
        Network,
        NetworkSubnet,
        PlacementGroup,
        PrimaryIp,
        Server,
        ServerNetwork,
        SshKey,
    )

    def configuration_problems(self, given: Plain) -> list[Problem]:
        """The token must be there, and of the right length."""
        token = given.get("token")
        if token is None:
            return [
                ("token", "Missing required property 'token'; set it with `pulumi config set --secret hcloud:token`")
            ]
        if is_known(token) and len(str(token)) != _TOKEN_LENGTH:
            return [("token", "entered token is invalid (must be exactly 64 characters long)")]
        return []

    def _do(self, verb: str, kind: Resource, identity: str, detail: str, action: Callable[[], Any]) -> Any:
        """Where servers are real, they follow each change."""
        done = super()._do(verb, kind, identity, detail, action)
        fabric = fabric_in_use()
        if fabric is not None and verb != "read":
            try:
                follow(self.world, fabric)
            except SandboxError as error:
                raise RefusalError(f"the sandbox's servers: {error}") from error
        return done


def provider(world: World) -> Hcloud:
    """The plugin."""
    return Hcloud(world)
