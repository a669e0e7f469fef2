"""How much Cloudflare's list of ranges may change in one update of the snapshot.

`cloudflare_ranges.validate` judges a list by itself. These bounds compare it with the list that is trusted so far, so
that a wrong or forged answer neither opens the origin to many addresses nor shuts Cloudflare out. Cloudflare's list has
22 ranges and rarely changes by more than two, so a larger change needs a person who compares it with
https://www.cloudflare.com/ips/.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from components.cloudflare_ranges import Ranges

MOST_NEW: Final = 5
"""New ranges of one family at most."""
GROWTH: Final = 2
"""A family has at most this many times the addresses of the trusted list."""
KEPT: Final = 2
"""At least one in this many addresses of a family's trusted list stays in it."""

Network = IPv4Network | IPv6Network


def excesses(new: Ranges, trusted: Ranges) -> Iterator[str]:
    """Yield each bound that a new list exceeds, in words.

    Args:
        new: A validated list.
        trusted: The list that is trusted so far.
    """
    yield from _family("IPv4", new.ipv4, trusted.ipv4)
    yield from _family("IPv6", new.ipv6, trusted.ipv6)


def _family(name: str, new: Sequence[Network], trusted: Sequence[Network]) -> Iterator[str]:
    added = [network for network in new if network not in trusted]
    if len(added) > MOST_NEW:
        yield f"the {name} list has {len(added)} new ranges; at most {MOST_NEW} may be new at once"
    before, after = (sum(network.num_addresses for network in networks) for networks in (trusted, new))
    if after > GROWTH * before:
        yield f"the {name} list grew to {after / before:.1f} times its addresses; at most {GROWTH} times are allowed"
    kept = sum(min(one.num_addresses, two.num_addresses) for one in new for two in trusted if one.overlaps(two))
    if KEPT * kept < before:
        yield f"the {name} list lost {1 - kept / before:.0%} of its addresses; at least half of them must stay"
