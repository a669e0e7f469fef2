"""Checks of the list of operators, the sources that may use SSH and the Kubernetes API: not too few, not too many."""

from ipaddress import IPv4Network, IPv6Network
from typing import Final

from components.reserved import DOCUMENTATION

Network = IPv4Network | IPv6Network

_BROADEST: Final = {4: 16, 6: 32}
"""The shortest prefix that a range may have, by IP version."""


def check_range(network: Network) -> Network:
    """Return the range. Raises ValueError if it is too broad, or includes addresses reserved for documentation."""
    least = _BROADEST[network.version]
    if network.prefixlen < least:
        raise ValueError(f"too broad for SSH and the Kubernetes API; it must be /{least} or narrower")
    for documentation, rfc in DOCUMENTATION.items():
        if network.overlaps(documentation):
            raise ValueError(
                f"this range overlaps {documentation}, which is reserved for documentation ({rfc}), "
                "so nobody can connect from there; list the public addresses you connect from"
            )
    return network


def check_list(operators: tuple[Network, ...]) -> tuple[Network, ...]:
    """Return the ranges. Raises ValueError if this program itself could not connect from any of them."""
    if not operators:
        raise ValueError(
            "the list is empty, so neither you nor this program could use SSH or the Kubernetes API; "
            "add the public IPv4 address you connect from, as ADDRESS/32"
        )
    if all(network.version == 6 for network in operators):
        raise ValueError(
            "the list has IPv6 ranges only, but this program connects to the servers' IPv4 addresses; "
            "add the public IPv4 address you connect from, as ADDRESS/32"
        )
    return operators
