"""Routes: each Ingress and IngressRoute by itself. TLS on websecure, named hosts, a class, and middlewares.

Source: doc.traefik.io, Kubernetes Ingress and CRD providers of v3.
"""

from collections.abc import Iterator
from typing import Final

from guardrails.mechanism.model import Resource
from guardrails.mechanism.objects import INGRESS, INGRESS_CLASS, INGRESS_ROUTE, TRAEFIK_SERVICE, annotated, object_of
from guardrails.mechanism.rules import ResourceRule
from guardrails.mechanism.shapes import Entry, fixed, known, listed, maybe, number, one_of, table_in, text
from guardrails.mechanism.view import Outcome, View, attempt

from .routers import ADMIN, BUNDLED_CLASS, CRD, OWN_CLASS, ROUTER, routes_of

_in = table_in(__name__)
REQUIRED: Final = "honeydue.com/required-middlewares"
CONTROLLER: Final = "traefik.io/ingress-controller"
NAME: Final = text(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "the name of an object")
_CLASS: Final = text(r"\S+", f"{BUNDLED_CLASS!r} or a class of this stack")
_SECRET: Final = text(r"\S+", "the name of the Secret with the origin certificate; without it Cloudflare answers 526")
_MIDDLEWARES: Final = rf"\s*[-a-z0-9]+{CRD}\s*(,\s*[-a-z0-9]+{CRD}\s*)*"
_BY_NAME: Final[dict[str, Entry]] = {"name": NAME, "namespace": maybe(NAME)}

ANNOTATIONS: Final[dict[str, Entry]] = {
    f"{ROUTER}entrypoints": one_of(None, "websecure", why="every other entrypoint is plain HTTP"),
    f"{ROUTER}middlewares": text(
        _MIDDLEWARES, f"a list of <namespace>-<name>{CRD}; a public route without any has no protection"
    ),
    f"{ROUTER}tls": one_of(None, "true", why="the route must use TLS"),
    f"{ROUTER}tls.options": maybe(text(rf"\S+{CRD}", f"<namespace>-<name>{CRD}")),
    "pulumi.com/skipAwait": one_of(None, "true"),
    ADMIN: one_of(None, "true", "false"),
}
"""The annotations with an effect of an Ingress."""

ROUTE_ANNOTATIONS: Final[dict[str, Entry]] = {OWN_CLASS: maybe(_CLASS), ADMIN: ANNOTATIONS[ADMIN]}
"""The annotations with an effect of an IngressRoute."""

CLASS_ANNOTATIONS: Final[dict[str, Entry]] = {REQUIRED: known}
"""The annotations with an effect of an IngressClass."""

INGRESS_SPEC: Final[dict[str, Entry]] = {
    "ingressClassName": _CLASS,
    "rules": listed(
        {
            "host": known,  # a rule without a host is refused as a route
            "http": {
                "paths": listed(
                    {"path": known, "pathType": known, "backend": {"service": {"name": NAME, "port": known}}},
                    empty=False,
                )
            },
        },
        empty=False,
    ),
    "tls": listed({"hosts": known, "secretName": _SECRET}, empty=False),
}
"""The spec of an Ingress."""

_COOKIE: Final = maybe(
    {
        "cookie": {
            "name": text(r"[-A-Za-z0-9_]+", "the name of a cookie"),
            "httpOnly": fixed(True, "scripts must not read the cookie"),
            "secure": fixed(True, "the cookie must not travel over plain HTTP"),
            "sameSite": one_of("lax", "strict"),
        }
    }
)
_SERVICES: Final = listed(
    {
        "kind": one_of(None, "Service", "TraefikService"),
        "name": NAME,
        "port": known,
        "weight": maybe(number(0, 100)),
        "sticky": _COOKIE,
    },
    empty=False,
)
ROUTE_SPEC: Final[dict[str, Entry]] = {
    "entryPoints": fixed(["websecure"], "every other entrypoint is plain HTTP"),
    "routes": listed(
        {
            "kind": one_of(None, "Rule"),
            "match": known,
            "priority": known,
            "middlewares": listed(_BY_NAME, empty=False),
            "services": _SERVICES,
        },
        empty=False,
    ),
    "tls": {"secretName": _SECRET, "options": maybe(_BY_NAME)},
}
"""The spec of an IngressRoute."""

WEIGHTED: Final[dict[str, Entry]] = {"weighted": {"services": _SERVICES, "sticky": _COOKIE}}
"""The spec of a TraefikService."""

CLASS: Final[dict[str, Entry]] = {"controller": fixed(CONTROLLER, "nothing else serves its routes")}
"""The spec of an IngressClass."""


def _ingress(resource: Resource) -> Iterator[Outcome]:
    """Check that every host of the rules has a certificate; for another, Cloudflare would answer 526."""
    spec = View(resource.plain).at("spec")
    covered = {host.lower() for item in spec.at("tls").items() for host in item.at("hosts").texts()}
    hosts = [rule.at("host").value for rule in spec.at("rules").items()]
    bare = sorted(host for host in hosts if host and str(host).lower() not in covered)
    if bare:
        yield f"{spec.path}.tls has no {', '.join(bare)}; list every host of the rules there"
    yield from attempt(_hosts(resource))


def _hosts(resource: Resource) -> Iterator[Outcome]:
    for route in routes_of(resource):
        if route.hosts is None:
            yield "it has a rule without a host, which would answer for every name; name the hosts"
        elif not route.hosts:
            yield "it has a rule that no host can match; name the hosts"


RULES: Final = (
    ResourceRule(
        name="routes-are-tls-only",
        description="Every route has named hosts, TLS, a class and middlewares, and no entrypoint but websecure.",
        judges={
            **object_of(
                INGRESS,
                _in("INGRESS_SPEC"),
                {"spec": INGRESS_SPEC},
                annotations=annotated(_in("ANNOTATIONS"), ANNOTATIONS),
                more=_ingress,
            ),
            **object_of(
                INGRESS_ROUTE,
                _in("ROUTE_SPEC"),
                {"spec": ROUTE_SPEC},
                annotations=annotated(_in("ROUTE_ANNOTATIONS"), ROUTE_ANNOTATIONS),
                more=_hosts,
            ),
            **object_of(TRAEFIK_SERVICE, _in("WEIGHTED"), {"spec": WEIGHTED}),
            **object_of(
                INGRESS_CLASS,
                _in("CLASS"),
                {"spec": CLASS},
                annotations=annotated(_in("CLASS_ANNOTATIONS"), CLASS_ANNOTATIONS),
                namespaced=False,
            ),
        },
    ),
)
