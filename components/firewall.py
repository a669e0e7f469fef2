"""The rules for traffic to a node: one list, for both UFW on the host and Hetzner's firewall in front of it.

Both firewalls refuse everything that is not listed. No port is open to the whole internet.
"""

import hashlib
import json
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

_SOURCES_PER_RULE: Final = 100
"""Hetzner's limit of sources per rule."""

_INTERNAL: Final[tuple[Network, ...]] = (
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


def policy_digest(policy: dict[str, Any]) -> str:
    """Return sixteen hex digits of the SHA-256 of a policy's canonical JSON; the host computes the same."""
    canonical = json.dumps(policy, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def hetzner_rules(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """Return the rules for public sources as hcloud's firewall takes them: one per port, with all of its sources.

    Each rule has a stable place in a preview. The provider keeps rules as a set and shows them in the order of their
    descriptions, so descriptions are unique, the rules are sorted by them, and sources are sorted as text. In any other
    order a preview would pair unrelated rules and show changed ports (pulumi-terraform-bridge, detailed_diff.go).

    Raises:
        ValueError: If a public source may use any port or protocol.
    """
    groups: dict[tuple[str, str], list[Rule]] = {}
    for rule in sorted(rules, key=lambda rule: str(rule.source)):
        if any(rule.source.version == space.version and _inside(rule.source, space) for space in _INTERNAL):
            continue
        if not (rule.port and rule.proto):
            raise ValueError(
                f"the rule for public source {rule.source} has no port or protocol; give it one port over tcp or udp"
            )
        groups.setdefault((rule.proto, rule.port), []).append(rule)
    rendered = [
        {
            "direction": "in",
            "protocol": proto,
            "port": port.replace(":", "-"),
            "source_ips": [str(rule.source) for rule in group[start : start + _SOURCES_PER_RULE]],
            "description": f"{port}/{proto} {group[0].comment}" + f" {start // _SOURCES_PER_RULE + 1}" * bool(start),
        }
        for (proto, port), group in groups.items()
        for start in range(0, len(group), _SOURCES_PER_RULE)
    ]
    return sorted(rendered, key=lambda rule: str(rule["description"]))


def _inside(source: Network, space: Network) -> bool:
    return source.network_address in space and source.prefixlen >= space.prefixlen
