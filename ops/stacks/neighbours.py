"""Compare a new stack with the other stack files of the repository: what two stacks may not share."""

import hashlib
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from typing import Any, Final

from components.addresses import AddressPlan
from components.config import PROJECT
from components.problems import Problem, shown
from components.settings import Settings
from ops.stacks.files import StackFile

_NUMBERS: Final = 254
"""The networks 10.1.0.0/16 to 10.254.0.0/16."""


def conflicts(zone: str, hosts: Sequence[str], network: IPv4Network, others: Sequence[StackFile]) -> Iterator[Problem]:
    """Return everything that another stack file already has."""
    for other in others:
        if zone and _setting(other, "zone") == zone:
            why = "TLS settings and origin pulls apply to a whole zone; use another zone"
            yield Problem(f"{PROJECT}:zone", shown(zone), f"{other.path.name} has this zone, and {why}")
        for host in hosts:
            if host in _hosts(other):
                why = "two stacks cannot own the same DNS records; use another host"
                yield Problem(f"{PROJECT}:routes", shown(host), f"{other.path.name} has this host, and {why}")
        if network.overlaps(_network(other)):
            free = "omit --network-range to get a free one"
            used = f"{other.path.name} uses {_network(other)}, which overlaps"
            yield Problem(f"{PROJECT}:networkRange", shown(str(network)), f"{used}; {free}")


def free_network(stack: str, others: Sequence[StackFile]) -> IPv4Network:
    """Return a private /16 that no other stack file uses.

    The stack's name selects it, so that two branches that each add a stack are unlikely to select the same one.

    Raises:
        ValueError: If every /16 of 10.0.0.0/8 is used.
    """
    start = int.from_bytes(hashlib.sha256(stack.encode()).digest()[:4])
    for offset in range(_NUMBERS):
        network = IPv4Network(f"10.{(start + offset) % _NUMBERS + 1}.0.0/16")
        if _usable(network) and not any(network.overlaps(_network(other)) for other in others):
            return network
    raise ValueError("every network from 10.1.0.0/16 to 10.254.0.0/16 is used by a stack file; give --network-range")


def _usable(network: IPv4Network) -> bool:
    """Return whether the network is outside the cluster's pod and service ranges."""
    try:
        AddressPlan(network=network, subnet=network)
    except ValueError:
        return False
    return True


def _setting(file: StackFile, key: str) -> Any:
    return file.values.get(f"{PROJECT}:{key}")


def _hosts(file: StackFile) -> set[str]:
    routes = _setting(file, "routes")
    rows = [route for route in routes if isinstance(route, dict)] if isinstance(routes, list) else []
    return {str(host) for row in rows for host in row.get("hosts") or ()}


def _network(file: StackFile) -> IPv4Network:
    """Return the file's network; its default if the file gives none, or none that is valid."""
    default: IPv4Network = Settings.model_fields["network_range"].default
    try:
        return IPv4Network(str(_setting(file, "networkRange") or default))
    except ValueError:
        return default
