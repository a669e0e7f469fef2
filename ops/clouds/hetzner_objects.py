"""The objects of Hetzner Cloud, as far as this project reads them. Source of the shapes: hcloud-go 2.47."""

from datetime import datetime

from pydantic import Field

from ops.clouds.model import Record


class Reference(Record):
    """Another object's id."""

    id: int


class Named(Reference):
    """Another object's id and name."""

    name: str


class Protection(Record):
    """Whether the API refuses a deletion, and a rebuild of a server."""

    delete: bool = False
    rebuild: bool = False


class Owned(Named):
    """An object of the project. Its name is unique among the objects of its type."""

    labels: dict[str, str] = Field(default_factory=dict)


class PublicAddress(Record):
    """A server's public address: the Primary IP's id, and the IPv4 address or the IPv6 network."""

    id: int | None = None
    ip: str


class PublicNet(Record):
    """A server's public side."""

    ipv4: PublicAddress | None = None
    ipv6: PublicAddress | None = None
    firewalls: tuple[Reference, ...] = ()


class PrivateNet(Record):
    """A server's address in a network."""

    network: int
    ip: str
    alias_ips: tuple[str, ...] = ()
    mac_address: str = ""


class Image(Record):
    """The image of a server; one without a name is a snapshot or a backup."""

    id: int = 0
    name: str | None = None


class Server(Owned):
    """A server."""

    status: str
    public_net: PublicNet
    private_net: tuple[PrivateNet, ...] = ()
    server_type: Named
    location: Named
    image: Image | None = None
    primary_disk_size: int = 0
    backup_window: str | None = None
    placement_group: Named | None = None
    protection: Protection = Protection()


class Subnet(Record):
    """A subnet of a network; it has no id of its own."""

    type: str
    ip_range: str
    network_zone: str


class Network(Owned):
    """A private network."""

    ip_range: str
    subnets: tuple[Subnet, ...] = ()
    servers: tuple[int, ...] = ()
    protection: Protection = Protection()


class FirewallRule(Record):
    """A rule of a cloud firewall."""

    direction: str
    protocol: str
    port: str | None = None
    source_ips: tuple[str, ...] = ()
    destination_ips: tuple[str, ...] = ()
    description: str | None = None


class Firewall(Owned):
    """A cloud firewall."""

    rules: tuple[FirewallRule, ...] = ()


class PrimaryIp(Owned):
    """A Primary IP: an IPv4 address, or an IPv6 network as a CIDR."""

    ip: str
    type: str
    assignee_id: int | None = None
    auto_delete: bool = False
    location: Named
    protection: Protection = Protection()


class SshKey(Owned):
    """A public key."""

    fingerprint: str
    public_key: str


class PlacementGroup(Owned):
    """A placement group and the ids of its servers."""

    type: str
    servers: tuple[int, ...] = ()


class Deprecation(Record):
    """Until when a server type can be ordered."""

    unavailable_after: datetime


class TypeLocation(Record):
    """A server type at one location: whether it can be ordered there now, and whether it is being withdrawn."""

    name: str
    available: bool
    deprecation: Deprecation | None = None


class ServerType(Named):
    """A server type and the locations that have it.

    `GET /datacenters`, the former source of the availability, answers with 410 since October 2026.
    """

    architecture: str = ""
    locations: tuple[TypeLocation, ...]

    def at(self, location: str) -> TypeLocation | None:
        """Return this type at a location, None if the location does not have it."""
        return next((each for each in self.locations if each.name == location), None)


class Location(Named):
    """A location."""

    network_zone: str
