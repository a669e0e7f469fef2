"""DNS: each host has one proxied A and AAAA record per ingress node. Cloudflare distributes requests among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import pulumi

from components.cloudflare import DnsRecord
from components.node import Node


class ZoneNotFoundError(pulumi.RunError):
    """The API token cannot see a zone with the configured name."""


@dataclass(frozen=True, kw_only=True)
class RoundRobinDnsArgs:
    """The zone, the nodes, and each host with the router that must exist before its records."""

    zone_id: str
    nodes: Sequence[Node]
    answering: Mapping[str, pulumi.Resource]


class RoundRobinDns(pulumi.ComponentResource):
    """Proxied records. Their TTL is 1 (automatic), because Cloudflare refuses any other, but only at `up`."""

    def __init__(self, name: str, args: RoundRobinDnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:RoundRobinDns", name, None, opts)
        for host, router in sorted(args.answering.items()):
            for node in args.nodes:
                for kind, address in (("A", node.ipv4), ("AAAA", node.ipv6)):
                    DnsRecord(
                        f"{host}-{node.settings.name}-{kind.lower()}",
                        zone_id=args.zone_id,
                        name=host,
                        type=kind,
                        content=address,
                        proxied=True,
                        ttl=1,
                        comment=f"{node.settings.name}, {pulumi.get_project()}/{pulumi.get_stack()}",
                        opts=pulumi.ResourceOptions(parent=self, depends_on=[router]),
                    )
        self.register_outputs({})


def find_zone(name: str) -> str:
    """Return the zone's id at Cloudflare.

    Raises:
        ZoneNotFoundError: If the token cannot see the zone.
    """
    answer = pulumi.runtime.invoke(
        "cloudflare:index/getZones:getZones", {"name": name}, pulumi.InvokeOptions(version=version("pulumi_cloudflare"))
    ).value
    found = [zone for zone in (answer or {}).get("results", []) if zone["name"] == name]
    if len(found) != 1:
        raise ZoneNotFoundError(
            f"honeydue:zone: '{name}': cloudflare:apiToken sees {len(found)} zones with this name, not one; "
            "create the zone, or give the token Zone:Read on it"
        )
    return str(found[0]["id"])
