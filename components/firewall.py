"""The rules for traffic to a node: one list, for both UFW on the host and Hetzner's firewall in front of it.

Both firewalls refuse everything that is not listed. No port is open to the whole internet.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import total_ordering
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final

from components.cloudflare_ranges import Ranges

Network = IPv4Network | IPv6Network

ROLLBACK_SECONDS: Final = 90
"""Seconds until a host reverts new rules that no fresh connection has confirmed."""

INTERNAL: Final[tuple[Network, ...]] = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv6Network("fc00::/7"),
)
"""Sources that reach a server only through its private network, which Hetzner's firewall does not filter."""


@total_ordering
@dataclass(frozen=True)
class Rule:
    """A source that may reach a port of a node.

    Attributes:
        source: An address range; never the whole internet.
        port: `443`, a range `2379:2380`, or empty for any.
        proto: `tcp`, `udp`, or empty for any.
        comment: Shown by `ufw status` and Hetzner's console; plain ASCII without quotes.

    Raises:
        ValueError: If UFW could not store the rule unchanged.
    """

    source: Network
    port: str
    proto: str
    comment: str

    def __post_init__(self) -> None:
        if self.source.prefixlen == 0:
            raise ValueError(f"{self.source} is the whole internet; use a narrower source")
        if self.proto not in ("tcp", "udp", ""):
            raise ValueError(f"protocol is {self.proto!r}; allowed: tcp, udp, or empty for any")
        if not re.fullmatch(r"[A-Za-z0-9 .,:()/-]{1,60}", self.comment):
            raise ValueError(f"comment is {self.comment!r}; use 1 to 60 letters, digits and spaces, without quotes")
        low, colon, high = self.port.partition(":")
        numbers = [low, high] if colon else [low] * bool(low)
        if not all(re.fullmatch(r"[1-9][0-9]{0,4}", number) and int(number) < 65536 for number in numbers):
            raise ValueError(f"port is {self.port!r}; use a port (443), a range (2379:2380), or empty for any")
        if colon and (int(low) >= int(high) or not self.proto):
            raise ValueError(f"port is {self.port!r}; use a rising range with a protocol, such as 2379:2380 over tcp")

    def __lt__(self, other: "Rule") -> bool:
        return self._key < other._key

    @property
    def _key(self) -> tuple[Any, ...]:
        source = (self.source.version, int(self.source.network_address), self.source.prefixlen)
        return (*source, int(self.port.partition(":")[0] or 0), self.port, self.proto, self.comment)


def node_rules(
    ranges: Ranges,
    operators: Iterable[Network],
    subnet: IPv4Network,
    pod_cidr: IPv4Network,
    service_cidr: IPv4Network,
) -> tuple[Rule, ...]:
    """Return the rules for traffic to a node, sorted, without duplicates.

    Args:
        ranges: Cloudflare's ranges, for 443 and for the redirect on 80.
        operators: The sources that may use SSH and the Kubernetes API.
        subnet: The nodes' subnet, for etcd, kubelet, the API and the pod network.
        pod_cidr: The range of the pods, which may reach the node that they run on.
        service_cidr: The range of the services.
    """
    rules = [
        *[Rule(source, "443", "tcp", "https from Cloudflare") for source in ranges.all],
        *[Rule(source, "80", "tcp", "http from Cloudflare") for source in ranges.all],
        Rule(subnet, "6443", "tcp", "Kubernetes API between nodes"),
        Rule(subnet, "2379:2380", "tcp", "etcd between nodes"),
        Rule(subnet, "10250", "tcp", "kubelet between nodes"),
        Rule(subnet, "8472", "udp", "pod network between nodes"),
        Rule(pod_cidr, "", "", "pods"),
        Rule(service_cidr, "", "", "services"),
    ]
    for source in operators:
        rules += [
            Rule(source, "22", "tcp", "ssh from operators"),
            Rule(source, "6443", "tcp", "Kubernetes API from operators"),
        ]
    first = {(rule.source, rule.port, rule.proto): rule for rule in reversed(rules)}
    return tuple(sorted(first.values()))


def ufw_policy(rules: Iterable[Rule]) -> dict[str, Any]:
    """Return the UFW policy that `components/host/ufw.py` reads on stdin."""
    return {
        "incoming": "deny",
        "outgoing": "allow",
        "routed": "deny",
        "rollbackSeconds": ROLLBACK_SECONDS,
        "rules": [
            {"from": str(rule.source), "port": rule.port, "proto": rule.proto, "comment": rule.comment}
            for rule in sorted(rules)
        ],
    }
