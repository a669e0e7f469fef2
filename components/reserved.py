"""Address space that is not public (IANA's special-purpose registries, RFC 6890), or that embeds IPv4 addresses."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

DOCUMENTATION: Final[dict[IPv4Network | IPv6Network, str]] = {
    ip_network("192.0.2.0/24"): "RFC 5737",
    ip_network("198.51.100.0/24"): "RFC 5737",
    ip_network("203.0.113.0/24"): "RFC 5737",
    ip_network("2001:db8::/32"): "RFC 3849",
    ip_network("3fff::/20"): "RFC 9637",
}
"""The ranges for examples in documentation, each with the RFC that reserves it."""

RESERVED: Final[tuple[IPv4Network | IPv6Network, ...]] = (
    *DOCUMENTATION,
    *map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "::/8",
            "100::/64",
            "2001::/23",
            "2002::/16",
            "fc00::/7",
            "fe80::/10",
            "ff00::/8",
        ),
    ),
)
"""All reserved ranges, including those for documentation."""
