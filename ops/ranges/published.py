"""Read the ranges that Cloudflare publishes, and compare them with a list that is trusted."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from components.cloudflare_ranges import Ranges, validate
from components.range_bounds import excesses
from ops.http import Api, ApiError

BASE_VARIABLE: Final = "CLOUDFLARE_BASE_URL"
_BASE: Final = "https://api.cloudflare.com/client/v4"
_PATH: Final = "/ips"
_LONGEST: Final = 200
"""Entries of one list at most; Cloudflare's have 15 and 7."""
_TEXT: Final = 1_500
"""Characters of a refusal at most."""


class RefusedError(ValueError):
    """The published list is not valid, or it differs too much from the trusted one. The text has every reason."""


def published(trusted: Ranges) -> Ranges:
    """Return the ranges that Cloudflare publishes, validated against the trusted ones.

    Source: Cloudflare's API, `GET /ips`, which needs no token.

    Raises:
        ApiError: If the API cannot be reached, or its answer has another form.
        RefusedError: If the list is invalid or exceeds the bounds of `components/range_bounds.py`.
    """
    api = Api("Cloudflare", os.environ.get(BASE_VARIABLE) or _BASE)
    answer = api.send("GET", _PATH)
    result = answer.get("result") if isinstance(answer, dict) else None
    lists = [result.get(key) if isinstance(result, dict) else None for key in ("ipv4_cidrs", "ipv6_cidrs")]
    ipv4, ipv6 = lists
    if not isinstance(ipv4, list) or not isinstance(ipv6, list):
        raise ApiError(f"Cloudflare: GET {_PATH}: the answer has no lists result.ipv4_cidrs and result.ipv6_cidrs")
    if max(len(ipv4), len(ipv6)) > _LONGEST:
        raise RefusedError(f"a list has {max(len(ipv4), len(ipv6)):,} ranges; at most {_LONGEST} are allowed")
    try:
        found = validate(ipv4, ipv6, previous=trusted)
    except ValueError as error:
        raise RefusedError(str(error)[:_TEXT]) from error
    if problems := list(excesses(found, trusted)):
        raise RefusedError("; ".join(problems))
    return found


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The ranges of one list that another one lacks, and the other way round."""

    added: tuple[IPv4Network | IPv6Network, ...]
    withdrawn: tuple[IPv4Network | IPv6Network, ...]

    @classmethod
    def between(cls, trusted: Ranges, found: Ranges) -> "Difference":
        """Compare a list with the trusted one."""
        return cls(
            added=tuple(network for network in found.all if network not in trusted.all),
            withdrawn=tuple(network for network in trusted.all if network not in found.all),
        )

    def __bool__(self) -> bool:
        return bool(self.added or self.withdrawn)

    def sentences(self) -> Iterator[str]:
        """Yield each difference in words, from the trusted list to the other one."""
        for network in self.added:
            yield (
                f"new range {network} ({network.num_addresses:,} addresses)"
                if network.version == 4
                else (f"new range {network}")
            )
        for network in self.withdrawn:
            yield f"withdrawn range {network}"
