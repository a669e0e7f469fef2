"""Whose addresses are whose: Cloudflare's published ranges, private space, and how broad a source may be.

The snapshot is the program's own data file; how it is read and judged here owes nothing to the program's code.
"""

import json
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final

from .view import MalformedError, View

Network = IPv4Network | IPv6Network

_SNAPSHOT: Final = Path(__file__).resolve().parents[2] / "components" / "cloudflare_ranges.json"
BROADEST_RANGE: Final = {4: 8, 6: 16}
"""The shortest prefix that one of Cloudflare's ranges may have, by IP version."""
BROADEST_OPERATOR: Final = {4: 16, 6: 32}
"""The shortest prefix from which SSH and the Kubernetes API may be reached."""


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


PRIVATE: Final = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""RFC 1918 and RFC 4193: reaches a server through its private network only."""
INSIDE_THE_CLUSTER: Final = _networks("10.42.0.0/16", "10.43.0.0/16")
"""k3s' pods and services."""
LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128")
_SPECIAL: Final = (
    *PRIVATE,
    *LOOPBACK,
    *_networks("0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15"),
    *_networks("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "::/8", "100::/64", "2001::/23", "2001:db8::/32"),
    *_networks("2002::/16", "3fff::/20", "fe80::/10", "ff00::/8"),
)
"""IANA's special-purpose registries (RFC 6890) and what embeds IPv4."""


@cache
def snapshot() -> frozenset[Network]:
    """Cloudflare's ranges as the repository pins them."""
    data = json.loads(_SNAPSHOT.read_text(encoding="utf-8"))
    return frozenset(_networks(*data["ipv4"], *data["ipv6"]))


def network_at(view: View) -> Network:
    """The address range that stands here; a single address is a range of one.

    Raises:
        NotKnown: when it is not known.
        MalformedError: when it is none, or has host bits.
    """
    text = view.text()
    try:
        return ip_network(text)
    except ValueError as error:
        raise MalformedError(f"{view.path} is {text!r}, which is no address range ({error})") from error


def within(network: Network, spaces: tuple[Network, ...] | frozenset[Network]) -> bool:
    """Whether all of a network is inside one of the spaces."""
    return any(
        network.version == space.version and network.network_address in space and network.prefixlen >= space.prefixlen
        for space in spaces
    )


def why_not_cloudflare(network: Network) -> str | None:
    """Why a range can't be one of Cloudflare's, or None: it is in the snapshot, or a stack's newer list may have it."""
    if within(network, snapshot()):
        return None
    if network.prefixlen < BROADEST_RANGE[network.version]:
        return f"it is broader than /{BROADEST_RANGE[network.version]}, so not one of Cloudflare's ranges"
    for special in _SPECIAL:
        if network.version == special.version and network.overlaps(special):
            return f"it overlaps {special}, which is nobody's on the internet"
    return None


def too_broad_for_operators(network: Network) -> bool:
    """Whether a source is broader than any group of operators is; parts of the internet count like the whole."""
    return network.prefixlen < BROADEST_OPERATOR[network.version]
