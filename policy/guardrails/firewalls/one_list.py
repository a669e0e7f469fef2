"""One list of Cloudflare's ranges everywhere: both firewalls, Traefik's trusted IPs and the allow list."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from guardrails.mechanism.addresses import PRIVATE, Network, network_at, size, within
from guardrails.mechanism.model import Graph, Resource
from guardrails.mechanism.objects import HELM_CHART_CONFIG, MIDDLEWARE, identity_of
from guardrails.mechanism.rules import Found, StackRule
from guardrails.mechanism.view import MalformedError, NotKnown, View
from guardrails.releases.commands import COMMAND
from guardrails.traefik import chart_values, is_traefiks

from .openings import FIREWALL, Opening, cloud_openings, host_openings, is_ufw_apply, ufw_policy
from .sources import MOST_NEW, growth, snapshot

ALLOW_LIST: Final = "cloudflare-only"
"""The middleware that refuses every connection that does not come from Cloudflare."""

_GIVE_ONE: Final = "give both firewalls (443 and 80), Traefik's trusted IPs and the allow list the same list"
_COMPARE: Final = "compare it with https://www.cloudflare.com/ips/ and update components/cloudflare_ranges.json"


@dataclass(frozen=True)
class _Place:
    resource: Resource
    what: str
    networks: frozenset[Network]


def _openings(resource: Resource, openings: Iterable[Opening]) -> Iterator[_Place]:
    """Return the public sources that may reach 443, and those that may reach 80."""
    public = [opening for opening in openings if not within(opening.source, PRIVATE)]
    for port in (443, 80):
        yield _Place(resource, f"port {port}", frozenset(opening.source for opening in public if opening.reaches(port)))


def _cloud(firewall: Resource) -> Iterator[_Place]:
    rules = [rule for rule in View(firewall.plain).at("rules").items() if rule.at("protocol").value != "icmp"]
    return _openings(firewall, [opening for rule in rules for opening in cloud_openings(rule)])


def _host(command: Resource) -> Iterator[_Place]:
    if is_ufw_apply(command):
        rules = ufw_policy(command).at("rules").items()
        yield from _openings(command, [opening for rule in rules for opening in host_openings(rule)])


def _traefik(config: Resource) -> Iterator[_Place]:
    if is_traefiks(config):
        for name in ("websecure", "web"):
            trusted = chart_values(config).at("ports", name, "forwardedHeaders", "trustedIPs").items()
            if trusted or name == "websecure":
                yield _Place(config, f"{name}'s trustedIPs", frozenset(map(network_at, trusted)))


def _allow_list(middleware: Resource) -> Iterator[_Place]:
    if identity_of(middleware)[1] == ALLOW_LIST:
        spec = View(middleware.plain).at("spec", "ipAllowList")
        yield _Place(middleware, "sourceRange", frozenset(map(network_at, spec.at("sourceRange").items())))


_READERS: Final = {FIREWALL: _cloud, COMMAND: _host, HELM_CHART_CONFIG: _traefik, MIDDLEWARE: _allow_list}


def _check(graph: Graph) -> Iterator[Found]:
    places: list[_Place] = []
    for type_, read in _READERS.items():
        for resource in graph.of(type_):
            try:
                places += read(resource)
            except NotKnown as gap:
                yield resource, gap
            except MalformedError as fault:
                yield resource, f"{fault}; its ranges cannot be compared"
    if not places:
        return
    (in_force, _), *_others = Counter(place.networks for place in places).most_common(1)
    for place in places:
        extra, missing = place.networks - in_force, in_force - place.networks
        if extra or missing:
            differences = [f"has {_listed(extra)}"] * bool(extra) + [f"lacks {_listed(missing)}"] * bool(missing)
            yield place.resource, f"{place.what} {' and '.join(differences)}, unlike the other places; {_GIVE_ONE}"
    yield from _judge(in_force)


def _judge(in_force: frozenset[Network]) -> Iterator[Found]:
    """Check the list in force: half of it is in the snapshot, and it is not much larger than the snapshot."""
    known = [network for network in in_force if within(network, snapshot())]
    if 2 * len(known) < len(in_force) or not in_force:
        yield None, f"only {len(known)} of the {len(in_force)} ranges in force are in the snapshot; {_COMPARE}"
    for version in (4, 6):
        new = [network for network in in_force - frozenset(known) if network.version == version]
        more = size(in_force, version) - size(snapshot(), version)
        if len(new) > MOST_NEW:
            yield (
                None,
                f"{len(new)} IPv{version} ranges are not in the snapshot; at most {MOST_NEW} may be new; {_COMPARE}",
            )
        if more > growth(version):
            yield (
                None,
                f"the IPv{version} ranges have {more} addresses more than the snapshot, twice its size; {_COMPARE}",
            )


def _listed(networks: Iterable[Network]) -> str:
    return ", ".join(sorted(map(str, networks)))


RULES: Final = (
    StackRule(
        name="one-list-of-ranges",
        description="Both firewalls, Traefik's trusted IPs and the allow list have the same ranges: Cloudflare's.",
        types=tuple(_READERS),
        check=_check,
    ),
)
