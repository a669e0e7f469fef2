"""One list of Cloudflare's ranges in every place: what one lock lets in, another must know."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from .firewalls import COMMAND, FIREWALL, Opening, cloud_openings, host_openings, is_ufw_apply, ufw_policy
from .kubernetes import HELM_CHART_CONFIG, MIDDLEWARE, identity_of
from .model import Graph, Resource
from .ranges import PRIVATE, Network, network_at, snapshot, within
from .rules import Found, StackRule
from .traefik_values import chart_values, is_traefiks
from .view import MalformedError, NotKnown, View

ALLOW_LIST: Final = "cloudflare-only"
"""The middleware that turns away whoever does not come through Cloudflare."""

_GIVE_ONE: Final = "give both firewalls (443 and 80), Traefik's trusted IPs and the allow list the same list"
_COMPARE: Final = (
    "this is another list: compare it with https://www.cloudflare.com/ips/ and renew components/cloudflare_ranges.json"
)


@dataclass(frozen=True)
class _Place:
    resource: Resource
    what: str
    networks: frozenset[Network]


def _openings(resource: Resource, openings: Iterable[Opening]) -> Iterator[_Place]:
    """Who of the internet reaches 443, and who 80."""
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
        if spec.at("ipStrategy").value is not None:
            raise MalformedError("spec.ipAllowList.ipStrategy believes a header where the connection must count")
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
                yield resource, f"{fault}, so its ranges can't be compared; write addresses as CIDRs"
    if not places:
        return
    (in_force, _), *_others = Counter(place.networks for place in places).most_common(1)
    for place in places:
        extra, missing = place.networks - in_force, in_force - place.networks
        if extra or missing:
            differences = [f"has {_listed(extra)}"] * bool(extra) + [f"lacks {_listed(missing)}"] * bool(missing)
            yield place.resource, f"{place.what} {' and '.join(differences)}, unlike the other places; {_GIVE_ONE}"
    known = [network for network in in_force if within(network, snapshot())]
    if 2 * len(known) < len(in_force) or not in_force:
        yield None, f"only {len(known)} of the {len(in_force)} ranges in force are Cloudflare's known ones; {_COMPARE}"


def _listed(networks: Iterable[Network]) -> str:
    return ", ".join(sorted(map(str, networks)))


ONE_LIST: Final = StackRule(
    name="one-list-of-ranges",
    description="Both firewalls, Traefik's trusted IPs and the allow list carry the same ranges: Cloudflare's.",
    types=tuple(_READERS),
    check=_check,
)
