"""The sources in both firewalls: Cloudflare's ranges, bounded by the snapshot, and the operators, bounded in sum."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from guardrails.mechanism.addresses import LOOPBACK, PRIVATE, Network, networks, size, within
from guardrails.mechanism.view import Outcome

_COMPONENTS: Final = Path(__file__).resolve().parents[3] / "components"
_EMBEDDING: Final = networks("::/8", "2001::/32", "2002::/16")
"""IPv6 ranges that contain all of IPv4: mapped addresses, NAT64, Teredo and 6to4."""
_SPECIAL: Final = (
    *PRIVATE,
    *LOOPBACK,
    *networks("0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15"),
    *networks("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "::/8", "100::/64", "2001::/23", "2001:db8::/32"),
    *networks("2002::/16", "3fff::/20", "fe80::/10", "ff00::/8"),
)
"""IANA's special-purpose registries (RFC 6890), and ranges that embed IPv4."""


@cache
def snapshot() -> frozenset[Network]:
    """Return Cloudflare's ranges as this repository pins them."""
    data = json.loads((_COMPONENTS / "cloudflare_ranges.json").read_text(encoding="utf-8"))
    return frozenset(networks(*data["ipv4"], *data["ipv6"]))


MOST_NEW: Final = 5
"""The number of ranges of a family that the snapshot may lack."""


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


@cache
def bounds() -> dict[str, dict[int, int]]:
    """Return the shortest prefix that a range of operators may have, and that of the space that all may fill together.

    The stack file has the same bounds: sixteen of the broadest ranges.
    """
    data = json.loads((_COMPONENTS / "operator_bounds.json").read_text(encoding="utf-8"))
    return {name: {int(version): prefix for version, prefix in given.items()} for name, given in data.items()}


def judge_operator(source: Network, path: str) -> Iterator[Outcome]:
    """Check one source of operators: SSH and the Kubernetes API are open to it."""
    least = bounds()["each"][source.version]
    if source.prefixlen < least:
        yield f"{path}: {source} is too broad; list the operators' addresses, /{least} or narrower"
    for shared, why in ((snapshot(), "Cloudflare's, where anybody's Worker runs"), (_EMBEDDING, "any IPv4 address")):
        if any(source.version == space.version and source.overlaps(space) for space in shared):
            yield f"{path}: {source} may be {why}; list the operators' own addresses"


def judge_operators(sources: Iterable[Network]) -> Iterator[Outcome]:
    """Check the sum of all sources of operators."""
    ranges = list(sources)
    for version, prefix in bounds()["together"].items():
        if size(ranges, version) > 2 ** ({4: 32, 6: 128}[version] - prefix):
            yield f"the operators' IPv{version} ranges together are more than a /{prefix}; list fewer addresses"
