"""The text of a new stack file. Its comments explain each key, as in the repository's own files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from components.settings import Settings
from components.versions import K3S_RELEASES
from ops.stacks.backend import Backend
from ops.stacks.yaml_text import one_line

_FIRST: Final = 11
"""The host part of the first server's private address."""
_SHORTEST_LIST: Final = 23
"""The longest prefix of a network in which the servers get a /24 of their own."""


@dataclass(frozen=True, kw_only=True)
class NewStack:
    """The answers that make a stack file.

    Attributes:
        stack: The stack's name.
        zone: Its Cloudflare zone.
        servers: The number of servers.
        location: Hetzner's location.
        server_type: Hetzner's server type.
        network: The private network.
        operators: The ranges that may use SSH and the Kubernetes API.
        hosts: The hosts of the first route.
        service: The Service behind them, whose name is also the route's.
        port: The Service's port.
        backend: The state's place and the secrets provider.
    """

    stack: str
    zone: str
    servers: int
    location: str
    server_type: str
    network: IPv4Network
    operators: Sequence[str]
    hosts: Sequence[str]
    service: str
    port: int
    backend: Backend

    @property
    def subnet(self) -> IPv4Network:
        """The servers' subnet: the second /24 of the network, or the whole network if it is too small for that."""
        if self.network.prefixlen > _SHORTEST_LIST:
            return self.network
        return IPv4Network((self.network.network_address + 256, 24))

    @property
    def addresses(self) -> list[IPv4Address]:
        """The private addresses of the servers."""
        return [self.subnet.network_address + _FIRST + index for index in range(self.servers)]

    @property
    def text(self) -> str:
        """The content of `Pulumi.STACK.yaml`."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        release = Settings.model_fields["k3s_version"].default
        bundled = K3S_RELEASES[release]
        names = "keep these names at Hetzner" if self.stack == "prod" else f"are called {self.stack}-NAME at Hetzner"
        yield f"# Stack {self.stack}. State: {self.backend.url}. Secrets provider: {self.backend.provider}."
        yield "# Set three secrets once (docs/environments.md): hcloud:token, cloudflare:apiToken, honeydue:adminUsers."
        yield "config:"
        yield "  # The zone belongs to this stack alone, because TLS settings and origin pulls apply to the whole zone."
        yield f"  honeydue:zone: {one_line(self.zone)}"
        yield f"  honeydue:location: {one_line(self.location)}"
        yield "  # Takes effect only when a server is created or replaced."
        yield f"  honeydue:serverType: {one_line(self.server_type)}"
        yield "  # No other stack file of the repository uses this network. A live stack cannot change it."
        yield f"  honeydue:networkRange: {self.network}"
        yield f"  honeydue:subnetRange: {self.subnet}"
        yield f"  # They {names}. The number of servers with `role: server` must be odd."
        yield "  honeydue:servers:"
        for number, address in enumerate(self.addresses, 1):
            yield f"    - {{name: hetzner{number}, privateIp: {address}}}"
        yield "  # Only these public addresses reach SSH and the Kubernetes API; `pulumi up` refuses an empty list."
        yield "  honeydue:operators:"
        for operator in self.operators:
            yield f"    - {one_line(operator)}"
        yield f"  honeydue:k3sVersion: {release} # ships Traefik {bundled.traefik}, chart {bundled.chart}"
        yield "  # Every host gets DNS records, an Ingress and a name in the certificate. Its Service may follow later."
        yield "  honeydue:routes:"
        yield f"    - name: {one_line(self.service)}"
        yield f"      hosts: {one_line(list(self.hosts))}"
        yield f"      service: {one_line(self.service)}"
        yield f"      port: {self.port}"
