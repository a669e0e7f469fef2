"""Hosts of routes ⊆ names in DNS ⊆ names in the origin certificate."""

from collections.abc import Iterable, Iterator
from typing import Final

from .dns import RECORDS, is_address
from .kubernetes import INGRESS, INGRESS_ROUTE, SECRET, identity_of
from .model import Graph, Resource
from .routes import routes_of
from .rules import Found, StackRule, at
from .view import MalformedError, NotKnown, Outcome, View

ORIGIN_CERTIFICATE: Final = "cloudflare:index/originCaCertificate:OriginCaCertificate"


def covers(name: str, host: str) -> bool:
    """Whether a name in DNS or in a certificate stands for a host; a wildcard stands for one label (RFC 6125)."""
    return name == host or (name.startswith("*.") and name[2:] == host.partition(".")[2] and not host.startswith("*."))


def _check(graph: Graph) -> Iterator[Found]:
    names: set[str] = set()
    gaps: list[tuple[Resource, NotKnown]] = []
    for record in graph.of(*RECORDS):
        try:
            if is_address(record):
                names.add(View(record.plain).at("name").text().lower())
        except NotKnown as gap:
            gaps.append((record, gap))
        except MalformedError as fault:
            yield record, str(fault)
    named = not gaps
    hostnames: set[str] = set()
    certified = True
    for certificate in graph.of(ORIGIN_CERTIFICATE):
        try:
            hostnames |= _hostnames(certificate)
        except NotKnown as gap:
            gaps.append((certificate, gap))
            certified = False
    yield from gaps
    for resource in graph.of(INGRESS, INGRESS_ROUTE):
        yield from at(resource, _route(graph, resource, names, certain=named))
    if certified:
        for name in sorted(names):
            if not _covered(hostnames, name):
                yield None, f"{name} is in DNS but not in the origin certificate ({_listed(hostnames)}); add it there"


def _hostnames(certificate: Resource) -> set[str]:
    return {name.lower() for name in View(certificate.plain).at("hostnames").texts()}


def _covered(names: Iterable[str], host: str) -> bool:
    return any(covers(name, host) for name in names)


def _route(graph: Graph, resource: Resource, names: set[str], *, certain: bool) -> Iterator[Outcome]:
    for route in routes_of(resource):
        for host in sorted(route.hosts or ()):
            if certain and not _covered(names, host):
                yield f"{host} is not in DNS ({_listed(names)}); make its records, or take the route out"
            for secret in route.certificates:
                yield from _served(graph, f"{route.namespace}/{secret}", host)


def _served(graph: Graph, secret: str, host: str) -> Iterator[Outcome]:
    """The very certificate that the route's secret is made from."""
    for resource in graph.of(SECRET):
        if "/".join(identity_of(resource)) == secret:
            for certificate in graph.behind(resource, ORIGIN_CERTIFICATE):
                if not _covered(_hostnames(certificate), host):
                    yield f"{host} is not in the certificate that secret {secret} holds; add it to its hostnames"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


HOSTS: Final = StackRule(
    name="hosts-are-in-dns-and-certificate",
    description="Every route's host is in DNS, and every name in DNS is in the origin certificate.",
    types=(INGRESS, INGRESS_ROUTE, *RECORDS, ORIGIN_CERTIFICATE, SECRET),
    check=_check,
)
