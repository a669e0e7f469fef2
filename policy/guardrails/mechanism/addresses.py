"""Address ranges as plain data."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Final

from .view import MalformedError, Outcome, View

Network = IPv4Network | IPv6Network


def networks(*texts: str) -> tuple[Network, ...]:
    """Parse address ranges."""
    return tuple(ip_network(text) for text in texts)


PRIVATE: Final = networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""RFC 1918 and RFC 4193: these reach a server only through its private network."""
INSIDE_THE_CLUSTER: Final = networks("10.42.0.0/16", "10.43.0.0/16")
"""The ranges of the pods and of the services of k3s."""
LOOPBACK: Final = networks("127.0.0.0/8", "::1/128")


def network_at(view: View) -> Network:
    """Return an address range; a single address is a range of one.

    Raises:
        NotKnown: If it is unknown.
        MalformedError: If it is not an address range, or has host bits.
    """
    text = view.text()
    try:
        return ip_network(text)
    except ValueError as error:
        raise MalformedError(f"{view.path} is {text!r}, which is not an address range ({error})") from error


def within(network: Network, spaces: tuple[Network, ...] | frozenset[Network]) -> bool:
    """Whether a network is inside one of these spaces."""
    return any(
        network.version == space.version and network.network_address in space and network.prefixlen >= space.prefixlen
        for space in spaces
    )


def private(view: View) -> Iterator[Outcome]:
    """Check that an address or a range is private."""
    if not within(network_at(view), PRIVATE):
        yield f"{view.path} is {view.text()}, which is not private; use an address inside RFC 1918"


def size(ranges: Iterable[Network], version: int) -> int:
    """Return the number of addresses in networks of an IP version, each counted once."""
    of_version: list[Any] = [network for network in ranges if network.version == version]
    return sum(int(network.num_addresses) for network in collapse_addresses(of_version))
