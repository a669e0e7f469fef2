"""Each route by itself: TLS, on websecure only, for named hosts only, in a class."""

from collections.abc import Iterator
from typing import Final

from .kubernetes import INGRESS, INGRESS_ROUTE, PATCHES, ROUTES_NOT_JUDGED, annotation
from .model import Resource
from .routes import BUNDLED_CLASS, OLD_CLASS, ROUTER, routes_of
from .rules import ResourceRule
from .view import Outcome, View, allow, attempt, together


def _check(resource: Resource) -> Iterator[Outcome]:
    if resource.type in ROUTES_NOT_JUDGED:
        yield f"{resource.type} routes past hosts, middlewares and their policies; use an Ingress or an IngressRoute"
        return
    if resource.type in PATCHES:
        yield f"{resource.type} changes what routes rest on, and no rule sees the result; write the object itself"
        return
    body = View(resource.plain)
    yield from attempt(_ingress(body) if resource.type == INGRESS else _ingress_route(body))
    for route in routes_of(resource):
        if route.hosts is None:
            yield "it has a rule without a host, which would answer for every name; name the hosts"
        elif not route.hosts:
            yield "it has a rule that no host can match; name the hosts"


def _ingress(body: View) -> Iterator[Outcome]:
    spec = body.at("spec")
    entrypoints = annotation(body, f"{ROUTER}entrypoints")
    yield from together(
        _class(spec.at("ingressClassName"), annotation(body, OLD_CLASS)),
        allow(entrypoints, (None, "websecure"), "must be 'websecure' alone: everything else is plain text"),
        allow(annotation(body, f"{ROUTER}tls"), (None, "true"), "turns TLS off; remove it"),
        _tls(spec),
    )


def _class(ingress_class: View, old: View) -> Iterator[Outcome]:
    if not ingress_class.value:
        yield f"{ingress_class.path} is missing; set it to {BUNDLED_CLASS!r} or to a class of this stack"
    if old.value is not None:
        yield f"{old.path} is set beside spec.ingressClassName; remove it"


def _tls(spec: View) -> Iterator[Outcome]:
    tls = spec.at("tls")
    if not tls.items():
        yield f"{tls.path} is empty, so Traefik's own certificate would be served and Cloudflare answers 526; add it"
        return
    covered: set[str] = set()
    for item in tls.items():
        covered |= {host.lower() for host in item.at("hosts").texts()}
        if not item.at("secretName").value:
            yield f"{item.path}.secretName is missing; name the origin certificate's secret"
    hosts = [rule.at("host").value for rule in spec.at("rules").items()]
    open_hosts = sorted(host for host in hosts if host and host.lower() not in covered)
    if open_hosts:
        yield f"{tls.path} has no {', '.join(open_hosts)}; list every host of the rules there"


def _ingress_route(body: View) -> Iterator[Outcome]:
    spec = body.at("spec")
    yield from together(_only_websecure(spec.at("entryPoints")), _route_tls(spec.at("tls")), _routes(spec.at("routes")))
    why = "makes Traefik ignore the route; remove it and name the class in honeydue.com/ingress-class"
    yield from attempt(allow(annotation(body, OLD_CLASS), (None, BUNDLED_CLASS), why))


def _only_websecure(entrypoints: View) -> Iterator[Outcome]:
    if entrypoints.value != ["websecure"]:
        yield f"{entrypoints.path} is {entrypoints.value!r}; set it to ['websecure']: everything else is plain text"


def _route_tls(tls: View) -> Iterator[Outcome]:
    if not tls.at("secretName").value:
        yield f"{tls.path}.secretName is missing, so it is plain text or a borrowed certificate; name the secret"


def _routes(routes: View) -> Iterator[Outcome]:
    if not routes.items():
        yield f"{routes.path} is empty; remove the object or say what it routes"


ROUTE_SHAPE: Final = ResourceRule(
    name="routes-are-tls-only",
    description="Every route has named hosts, TLS, a class, and no entrypoint but websecure.",
    types=(INGRESS, INGRESS_ROUTE, *ROUTES_NOT_JUDGED, *PATCHES),
    check=_check,
)
