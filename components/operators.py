"""Checks of the list of operators, the sources that may use SSH and the Kubernetes API: not too few, not too many."""

import json
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from pathlib import Path
from typing import Any, Final

from components.reserved import DOCUMENTATION

Network = IPv4Network | IPv6Network

_BOUNDS: Final = json.loads(Path(__file__).with_name("operator_bounds.json").read_text(encoding="utf-8"))
"""The shortest prefix of a range, and of the space that all ranges fill, by IP version. The policies read this file."""


def check_range(network: Network) -> Network:
    """Return the range. Raises ValueError if it is too broad, or includes addresses reserved for documentation."""
    least = _BOUNDS["each"][str(network.version)]
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
    """Return the ranges. Raises ValueError if they are too many, or this program could not connect from them."""
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
    for version, prefix in _BOUNDS["together"].items():
        family: list[Any] = [network for network in operators if str(network.version) == version]
        if sum(one.num_addresses for one in collapse_addresses(family)) > 2 ** ({"4": 32, "6": 128}[version] - prefix):
            raise ValueError(f"the IPv{version} ranges together are more than a /{prefix}; list fewer addresses")
    return operators
