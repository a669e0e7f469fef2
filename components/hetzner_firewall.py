"""Hetzner's firewall in front of the servers. It filters public traffic only; UFW on each server filters all of it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pulumi
from pulumi_hcloud import Firewall

from components.firewall import INTERNAL, Network, Rule

_SOURCES_PER_RULE: Final = 100
"""Hetzner's limit of sources per rule."""


def hetzner_firewall(
    name: str, *, display_name: str, rules: Iterable[Rule], labels: Mapping[str, str], opts: pulumi.ResourceOptions
) -> Firewall:
    """Create the firewall.

    Args:
        name: The resource's name.
        display_name: The name in the Hetzner project.
        rules: The rules for all traffic to a node; those for public sources are used.
        labels: Labels of the firewall.
        opts: Options of the resource.
    """
    rendered: list[Any] = hetzner_rules(rules)
    return Firewall(name, name=display_name, rules=rendered, labels=dict(labels), opts=opts)


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
        if any(rule.source.version == space.version and _inside(rule.source, space) for space in INTERNAL):
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
