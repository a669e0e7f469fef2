"""Cloudflare's published ranges against the snapshot, and against the ranges that the stack uses."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

from components.cloudflare_ranges import SNAPSHOT, Ranges, snapshot
from ops.drift.findings import Finding, Subject
from ops.drift.state import State
from ops.http import ApiError
from ops.preview.phrases import listed
from ops.ranges.published import Difference, RefusedError, published

_FILE: Final = f"components/{SNAPSHOT.name}"
_HTTPS: Final = "443"


def compare(state: State) -> Iterator[Finding]:
    """Yield how the published ranges differ from the snapshot, and from those in force on each server."""
    try:
        found = published(snapshot())
    except ApiError as error:
        yield Finding(
            subject=Subject.RANGES,
            where="api.cloudflare.com",
            what=str(error),
            remedy="run the check again later",
            checked=False,
        )
        return
    except RefusedError as error:
        yield Finding(
            subject=Subject.RANGES,
            where=_FILE,
            what=f"Cloudflare publishes a list that is refused: {error}",
            remedy="compare it with https://www.cloudflare.com/ips/ and edit the file by hand if it is right",
        )
        return
    if difference := Difference.between(snapshot(), found):
        yield Finding(
            subject=Subject.RANGES,
            where=_FILE,
            what=f"Cloudflare publishes another list: {_words(difference)}",
            remedy="run `python -m ops ranges update`, commit the file, and run `make up`",
        )
    yield from _in_force(state, found)


def _in_force(state: State, found: Ranges) -> Iterator[Finding]:
    """Yield how the ranges in the state's firewall policies differ, once for all servers with the same difference."""
    servers: dict[Difference, list[str]] = {}
    for server in state.servers:
        if server.ufw is None:
            continue
        try:
            difference = Difference.between(_https_sources(server.ufw), found)
        except (KeyError, TypeError, ValueError):
            yield Finding(
                subject=Subject.RANGES,
                where=server.name,
                what="the firewall policy in the state has another form",
                remedy="run `make up`",
                checked=False,
            )
            continue
        if difference:
            servers.setdefault(difference, []).append(server.name)
    for difference, names in servers.items():
        yield Finding(
            subject=Subject.RANGES,
            where=listed(names),
            what=f"the firewalls admit another list than Cloudflare publishes: {_words(difference)}",
            remedy="run `make up` with the new snapshot, or correct honeydue:cloudflareRanges",
        )


def _https_sources(policy: Mapping[str, Any]) -> Ranges:
    """Return the sources that may reach port 443."""
    sources = {ip_network(rule["from"]) for rule in policy["rules"] if rule["port"] == _HTTPS}
    return Ranges(
        tuple(sorted(network for network in sources if isinstance(network, IPv4Network))),
        tuple(sorted(network for network in sources if isinstance(network, IPv6Network))),
    )


def _words(difference: Difference) -> str:
    return listed(list(difference.sentences()))
