"""The private address plan: which networks exist, that none runs into another, and what a server may take."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_interface
from typing import Final

PRIVATE: Final = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918."""
_PUBLIC_GATEWAY: Final = IPv4Address("172.31.1.1")
"""Hetzner's gateway of every server's public interface."""

_POD_CIDR: Final = IPv4Network("10.42.0.0/16")
_SERVICE_CIDR: Final = IPv4Network("10.43.0.0/16")
_CLUSTER_DNS: Final = IPv4Address("10.43.0.10")


@dataclass(frozen=True, kw_only=True)
class AddressPlan:
    """The private network, the servers' subnet in it, and the ranges inside the cluster.

    Pod and service ranges are k3s' own defaults.

    Raises:
        ValueError: naming every contradiction of the plan.
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
            ValueError: when it is outside the subnet, or Hetzner or the subnet itself uses it.
        """
        allowed = f"allowed: {self.subnet[2]} to {self.subnet[-2]}"
        if address not in self.subnet:
            raise ValueError(f"{address} is outside the subnet {self.subnet}; {allowed}")
        taken = {
            self.subnet[0]: "the subnet's own address",
            self.subnet[-1]: "the subnet's broadcast address",
            self.subnet[1]: "the gateway's, the subnet's first host, which Hetzner reserves",
            self.network[1]: "the gateway's, the network's first host, which Hetzner reserves",
            _PUBLIC_GATEWAY: "the gateway's of Hetzner's public interfaces",
        }
        if address in taken:
            raise ValueError(f"{address} is {taken[address]}; {allowed}")

    def _problems(self) -> Iterator[str]:
        if not any(self.network.subnet_of(private) for private in PRIVATE):
            yield f"network {self.network} is not private; allowed: inside {', '.join(map(str, PRIVATE))} (RFC 1918)"
        if not self.subnet.subnet_of(self.network):
            yield f"subnet {self.subnet} is outside the network; allowed: inside {self.network}"
        if self.subnet.prefixlen > 29:
            yield f"subnet {self.subnet} has room for too few servers; allowed: /29 or broader"
        inside = {"pod range": self.pod_cidr, "service range": self.service_cidr}
        for name, cidr in inside.items():
            if self.network.overlaps(cidr):
                yield f"network {self.network} overlaps the cluster's {name} {cidr}; allowed: a network apart from it"
        if self.pod_cidr.overlaps(self.service_cidr):
            yield f"pod range {self.pod_cidr} overlaps service range {self.service_cidr}; allowed: ranges apart"
        if self.cluster_dns not in self.service_cidr:
            yield f"cluster DNS {self.cluster_dns} is outside the service range; allowed: inside {self.service_cidr}"


def first_host(ipv6: str) -> str:
    """The first host of an IPv6 network, which is the address a Hetzner server answers on.

    Args:
        ipv6: A /64 as a Primary IP gives it (`2001:db8:1::` or `2001:db8:1::/64`), or already a host in it.

    Returns:
        The canonical address, lower-case and compressed, as DNS providers store it; the same for its own result.

    Raises:
        ValueError: when it is no IPv6 address or network.
    """
    interface = ip_interface(ipv6.strip())
    if not isinstance(interface.ip, IPv6Address):
        raise ValueError(f"{ipv6} is no IPv6 address")  # noqa: TRY004 - the text is wrong, not its type
    return str(IPv6Network((interface.ip, 64), strict=False)[1])
