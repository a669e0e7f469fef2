"""Cloudflare's address ranges: the one validated source for firewalls, trusted IPs and the allow list.

Validation refuses a list that would open the origin (too broad, reserved) or cut it off (empty, shrunk).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from components.digests import digest
from components.reserved import RESERVED

SNAPSHOT: Final = Path(__file__).with_suffix(".json")
"""The file with the list that the repository trusts."""
_BROADEST: Final = {4: 8, 6: 16}
"""The shortest prefix that a range may have, by IP version."""


@dataclass(frozen=True)
class Ranges:
    """Sorted, validated IPv4 and IPv6 ranges; created by `validate`."""

    ipv4: tuple[IPv4Network, ...]
    ipv6: tuple[IPv6Network, ...]

    @property
    def all(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """All ranges, IPv4 first."""
        return (*self.ipv4, *self.ipv6)

    @property
    def cidrs(self) -> list[str]:
        """All ranges as text, in the order of `all`."""
        return [str(network) for network in self.all]

    @property
    def digest(self) -> str:
        """Sixteen hex digits that depend on the ranges only, not on the order or spelling of the source."""
        return digest("\n".join(self.cidrs))


@cache
def snapshot() -> Ranges:
    """Return the list pinned in `cloudflare_ranges.json`.

    Raises:
        ValueError: If an edit of the file made the list invalid.
    """
    return read(SNAPSHOT)


def read(file: Path) -> Ranges:
    """Return the list in a file of the snapshot's form.

    Raises:
        ValueError: If the file is no JSON, has another form, or has an invalid list.
        OSError: If the file cannot be read.
    """
    data = json.loads(file.read_text(encoding="utf-8"))
    try:
        ipv4, ipv6 = data["ipv4"], data["ipv6"]
    except (KeyError, TypeError) as error:
        raise ValueError("the file needs the keys ipv4 and ipv6, each a list of CIDRs") from error
    return validate(ipv4, ipv6, previous=None)


def validate(ipv4: Sequence[str], ipv6: Sequence[str], *, previous: Ranges | None) -> Ranges:
    """Validate a list of ranges.

    Args:
        ipv4: CIDRs, in any order.
        ipv6: CIDRs, in any order.
        previous: The ranges trusted so far; a family that lost half of its ranges or more is refused.

    Raises:
        ValueError: If a list is invalid; the message lists every problem of both.
    """
    problems: list[str] = []
    four = _family(4, ipv4, previous.ipv4 if previous else (), problems)
    six = _family(6, ipv6, previous.ipv6 if previous else (), problems)
    if problems:
        raise ValueError("; ".join(problems))
    return Ranges(
        tuple(sorted(network for network in four if isinstance(network, IPv4Network))),
        tuple(sorted(network for network in six if isinstance(network, IPv6Network))),
    )


def _family(
    version: int, texts: Sequence[str], previous: Sequence[IPv4Network | IPv6Network], problems: list[str]
) -> list[IPv4Network | IPv6Network]:
    if not texts:
        problems.append(f"the IPv{version} list is empty; use Cloudflare's published ranges")
        return []
    networks = list(_parsed(version, texts, problems))
    problems += [problem for network in networks for problem in _faults(network)]
    for one, other in combinations(networks, 2):
        if one.overlaps(other):
            problems.append(f"{one} and {other} overlap; ranges must not overlap")
    if previous and 2 * len(networks) <= len(previous):
        least = len(previous) // 2 + 1
        problems.append(
            f"the IPv{version} list shrank from {len(previous)} to {len(networks)} ranges; at least {least} must remain"
        )
    return networks


def _parsed(version: int, texts: Sequence[str], problems: list[str]) -> Iterator[IPv4Network | IPv6Network]:
    for text in texts:
        network = _network(text)
        if network is None:
            problems.append(f"{text!r} is not an address range; use a CIDR without host bits: 104.16.0.0/13")
        elif network.version != version:
            problems.append(
                f"{text} is not an IPv{version} range; the IPv{version} list takes IPv{version} ranges only"
            )
        else:
            yield network


def _network(text: Any) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _faults(network: IPv4Network | IPv6Network) -> Iterator[str]:
    if network.prefixlen < _BROADEST[network.version]:
        yield f"{network} is too broad; it must be /{_BROADEST[network.version]} or narrower"
    for reserved in RESERVED:
        if network.overlaps(reserved):
            yield f"{network} overlaps reserved space {reserved}; use public addresses only"
