"""Address ranges: Cloudflare's, private ones, and how broad the sources of operators may be."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from pathlib import Path
from typing import Any, Final

from .view import MalformedError, Outcome, View

Network = IPv4Network | IPv6Network

_SNAPSHOT: Final = Path(__file__).resolve().parents[2] / "components" / "cloudflare_ranges.json"
BROADEST_OPERATOR: Final = {4: 16, 6: 32}
"""The shortest prefix from which SSH and the Kubernetes API may be reached."""
ALL_OPERATORS: Final = {4: 12, 6: 28}
"""The prefix of the space that all operators together may fill: sixteen of the broadest ranges."""


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


PRIVATE: Final = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""RFC 1918 and RFC 4193: these reach a server only through its private network."""
INSIDE_THE_CLUSTER: Final = _networks("10.42.0.0/16", "10.43.0.0/16")
"""The ranges of the pods and of the services of k3s."""
LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128")
_SPECIAL: Final = (
    *PRIVATE,
    *LOOPBACK,
    *_networks("0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15"),
    *_networks("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "::/8", "100::/64", "2001::/23", "2001:db8::/32"),
    *_networks("2002::/16", "3fff::/20", "fe80::/10", "ff00::/8"),
)
"""IANA's special-purpose registries (RFC 6890), and ranges that embed IPv4."""


@cache
def snapshot() -> frozenset[Network]:
    """Return Cloudflare's ranges as this repository pins them."""
    data = json.loads(_SNAPSHOT.read_text(encoding="utf-8"))
    return frozenset(_networks(*data["ipv4"], *data["ipv6"]))


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


MOST_NEW: Final = 5
"""The number of ranges of a family that the snapshot may lack."""


def size(networks: Iterable[Network], version: int) -> int:
    """Return the number of addresses in networks of an IP version, each counted once."""
    of_version: list[Any] = [network for network in networks if network.version == version]
    return sum(int(network.num_addresses) for network in collapse_addresses(of_version))


def growth(version: int) -> int:
    """Return the number of addresses by which a list may exceed the snapshot: as many as the snapshot has."""
    return size(snapshot(), version)


def why_not_cloudflare(network: Network) -> str | None:
    """Return why a range cannot be one of Cloudflare's, or None if it is in the snapshot or may be a new one."""
    if within(network, snapshot()):
        return None
    for special in _SPECIAL:
        if network.version == special.version and network.overlaps(special):
            return f"it overlaps {special}, which is not public"
    if network.num_addresses > growth(network.version):
        return "it is larger than all of Cloudflare's known ranges together"
    return None


def judge_operator(source: Network, path: str) -> Iterator[Outcome]:
    """Check the breadth of one source of operators."""
    least = BROADEST_OPERATOR[source.version]
    if source.prefixlen < least:
        yield f"{path}: {source} is too broad; list the operators' addresses, /{least} or narrower"


def judge_operators(sources: Iterable[Network]) -> Iterator[Outcome]:
    """Check the sum of all sources of operators."""
    networks = list(sources)
    for version, prefix in ALL_OPERATORS.items():
        bits = 32 if version == 4 else 128
        if size(networks, version) > 2 ** (bits - prefix):
            yield f"the operators' IPv{version} ranges together are more than a /{prefix}; list fewer addresses"
