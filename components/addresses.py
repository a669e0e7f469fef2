"""The private address plan: the networks, the checks that they do not overlap, and the addresses free for servers."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_interface
from typing import Final

PRIVATE: Final = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918."""
_PUBLIC_GATEWAY: Final = IPv4Address("172.31.1.1")
"""The gateway of the public interface of every Hetzner server."""

_POD_CIDR: Final = IPv4Network("10.42.0.0/16")
_SERVICE_CIDR: Final = IPv4Network("10.43.0.0/16")
_CLUSTER_DNS: Final = IPv4Address("10.43.0.10")


@dataclass(frozen=True, kw_only=True)
class AddressPlan:
    """The private network, the servers' subnet in it, and the ranges inside the cluster.

    The pod and service ranges are k3s' defaults.

    Raises:
        ValueError: If the plan contradicts itself; the message lists every contradiction.
    """

    network: IPv4Network
    subnet: IPv4Network
    pod_cidr: IPv4Network = _POD_CIDR
    service_cidr: IPv4Network = _SERVICE_CIDR
    cluster_dns: IPv4Address = _CLUSTER_DNS

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))

    def check_server(self, address: IPv4Address) -> None:
        """Refuse an address that no server can have.

        Raises:
            ValueError: If it is outside the subnet, or is reserved by Hetzner or the subnet itself.
        """
        allowed = f"allowed: {self.subnet[2]} to {self.subnet[-2]}"
        if address not in self.subnet:
            raise ValueError(f"{address} is outside the subnet {self.subnet}; {allowed}")
        taken = {
            self.subnet[0]: "the subnet's network address",
            self.subnet[-1]: "the subnet's broadcast address",
            self.subnet[1]: "the subnet's first host, which Hetzner reserves for the gateway",
            self.network[1]: "the network's first host, which Hetzner reserves for the gateway",
            _PUBLIC_GATEWAY: "the gateway of Hetzner's public interfaces",
        }
        if address in taken:
            raise ValueError(f"{address} is {taken[address]}; {allowed}")

    def _problems(self) -> Iterator[str]:
        if not any(self.network.subnet_of(private) for private in PRIVATE):
            yield f"network {self.network} is not private; use one inside {', '.join(map(str, PRIVATE))} (RFC 1918)"
        if not self.subnet.subnet_of(self.network):
            yield f"subnet {self.subnet} is outside the network; it must be inside {self.network}"
        if self.subnet.prefixlen > 29:
            yield f"subnet {self.subnet} is too small for the servers; it must be /29 or larger"
        inside = {"pod range": self.pod_cidr, "service range": self.service_cidr}
        for name, cidr in inside.items():
            if self.network.overlaps(cidr):
                yield f"network {self.network} overlaps the cluster's {name} {cidr}; use a network outside that range"
        if self.pod_cidr.overlaps(self.service_cidr):
            yield f"pod range {self.pod_cidr} overlaps service range {self.service_cidr}; they must not overlap"
        if self.cluster_dns not in self.service_cidr:
            yield f"cluster DNS {self.cluster_dns} is outside the service range; it must be inside {self.service_cidr}"


def first_host(ipv6: str) -> str:
    """Return the first host of an IPv6 network, which is the address of a Hetzner server.

    Args:
        ipv6: The /64 of a Primary IP (`2001:db8:1::` or `2001:db8:1::/64`), or a host in it.

    Returns:
        The canonical address, lower-case and compressed, as DNS providers store it. The function is idempotent.

    Raises:
        ValueError: If the text is not an IPv6 address or network.
    """
    interface = ip_interface(ipv6.strip())
    if not isinstance(interface.ip, IPv6Address):
        raise ValueError(f"{ipv6} is not an IPv6 address")  # noqa: TRY004 - the text is wrong, not its type
    return str(IPv6Network((interface.ip, 64), strict=False)[1])
