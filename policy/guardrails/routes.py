"""Routes: each Ingress and IngressRoute by itself. TLS on websecure, named hosts, a class, and middlewares.

Source: doc.traefik.io, Kubernetes Ingress and CRD providers of v3.
"""

from collections.abc import Iterator
from typing import Final

from .kubernetes import INGRESS, INGRESS_CLASS, INGRESS_ROUTE, TRAEFIK_SERVICE
from .model import Resource
from .routers import ADMIN, BUNDLED_CLASS, CRD, OWN_CLASS, ROUTER, routes_of
from .rules import ResourceRule, inputs
from .shapes import fixed, holding, known, listed, maybe, number, one_of, shape, text
from .view import Outcome, View, attempt, together

REQUIRED: Final = "honeydue.com/required-middlewares"
CONTROLLER: Final = "traefik.io/ingress-controller"
_HERE: Final = "policy/guardrails/routes.py"
_NAME: Final = text(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "the name of an object")
_CLASS: Final = text(r"\S+", f"{BUNDLED_CLASS!r} or a class of this stack")
_MARK: Final = one_of(None, "true", "false")


def _judge(resource: Resource) -> Iterator[Outcome]:
    body = View(resource.plain)
    is_ingress = resource.type == INGRESS
    table, notes = (INGRESS_SPEC, ANNOTATIONS) if is_ingress else (ROUTE_SPEC, ROUTE_ANNOTATIONS)
    yield from together(
        shape(f"{'ANNOTATIONS' if is_ingress else 'ROUTE_ANNOTATIONS'} in {_HERE}", notes)(
            body.at("metadata", "annotations")
        ),
        shape(f"{'INGRESS_SPEC' if is_ingress else 'ROUTE_SPEC'} in {_HERE}", table)(body.at("spec")),
    )
    if is_ingress:
        yield from attempt(_covered(body.at("spec")))
    for route in routes_of(resource):
        if route.hosts is None:
            yield "it has a rule without a host, which would answer for every name; name the hosts"
        elif not route.hosts:
            yield "it has a rule that no host can match; name the hosts"


def _covered(spec: View) -> Iterator[Outcome]:
    """Check that every host of the rules has a certificate; for another, Cloudflare would answer 526."""
    covered = {host.lower() for item in spec.at("tls").items() for host in item.at("hosts").texts()}
    hosts = [rule.at("host").value for rule in spec.at("rules").items()]
    bare = sorted(host for host in hosts if host and str(host).lower() not in covered)
    if bare:
        yield f"{spec.path}.tls has no {', '.join(bare)}; list every host of the rules there"


ANNOTATIONS: Final = {
    f"{ROUTER}entrypoints": one_of(None, "websecure", why="every other entrypoint is plain HTTP"),
    f"{ROUTER}middlewares": text(r".*\S.*", "a list of middlewares; a public route without any has no protection"),
    f"{ROUTER}tls": one_of(None, "true", why="the route must use TLS"),
    f"{ROUTER}tls.options": maybe(text(rf"\S+{CRD}", f"<namespace>-<name>{CRD}")),
    "pulumi.com/skipAwait": one_of(None, "true"),
    ADMIN: _MARK,
}
"""The annotations of an Ingress."""

ROUTE_ANNOTATIONS: Final = {OWN_CLASS: maybe(_CLASS), ADMIN: _MARK}
"""The annotations of an IngressRoute."""

_SECRET: Final = text(r"\S+", "the name of the Secret with the origin certificate; without it Cloudflare answers 526")
_IN_SPEC: Final = f"INGRESS_SPEC in {_HERE}"
INGRESS_SPEC: Final = {
    "ingressClassName": _CLASS,
    "rules": listed(
        shape(
            _IN_SPEC,
            {
                "host": known,  # a rule without a host is refused as a route
                "http": shape(
                    _IN_SPEC,
                    {
                        "paths": listed(
                            shape(
                                _IN_SPEC,
                                {
                                    "path": known,
                                    "pathType": known,
                                    "backend": shape(
                                        _IN_SPEC, {"service": shape(_IN_SPEC, {"name": _NAME, "port": known})}
                                    ),
                                },
                            ),
                            empty=False,
                        )
                    },
                ),
            },
        ),
        empty=False,
    ),
    "tls": listed(shape(_IN_SPEC, {"hosts": known, "secretName": _SECRET}), empty=False),
}
"""The spec of an Ingress."""

_IN_ROUTE: Final = f"ROUTE_SPEC in {_HERE}"
_COOKIE: Final = maybe(
    shape(
        _IN_ROUTE,
        {
            "cookie": shape(
                _IN_ROUTE,
                {
                    "name": text(r"[-A-Za-z0-9_]+", "the name of a cookie"),
                    "httpOnly": fixed(True, "scripts must not read the cookie"),
                    "secure": fixed(True, "the cookie must not travel over plain HTTP"),
                    "sameSite": one_of("lax", "strict"),
                },
            )
        },
    )
)
_SERVICE: Final = shape(
    _IN_ROUTE,
    {
        "kind": one_of(None, "Service", "TraefikService"),
        "name": _NAME,
        "port": known,
        "weight": maybe(number(0, 100)),
        "sticky": _COOKIE,
    },
)
ROUTE_SPEC: Final = {
    "entryPoints": fixed(["websecure"], "every other entrypoint is plain HTTP"),
    "routes": listed(
        shape(
            _IN_ROUTE,
            {
                "kind": one_of(None, "Rule"),
                "match": known,
                "priority": known,
                "middlewares": listed(shape(_IN_ROUTE, {"name": _NAME, "namespace": maybe(_NAME)}), empty=False),
                "services": listed(_SERVICE, empty=False),
            },
        ),
        empty=False,
    ),
    "tls": shape(
        _IN_ROUTE,
        {"secretName": _SECRET, "options": maybe(shape(_IN_ROUTE, {"name": _NAME, "namespace": maybe(_NAME)}))},
    ),
}
"""The spec of an IngressRoute."""

WEIGHTED: Final = {
    "weighted": shape(f"WEIGHTED in {_HERE}", {"services": listed(_SERVICE, empty=False), "sticky": _COOKIE})
}
"""The spec of a TraefikService."""

_CONTROLLED: Final = {"controller": fixed(CONTROLLER, "nothing else serves its routes")}

RULES: Final = (
    ResourceRule(
        name="routes-are-tls-only",
        description="Every route has named hosts, TLS, a class and middlewares, and no entrypoint but websecure.",
        judges={
            INGRESS: _judge,
            INGRESS_ROUTE: _judge,
            TRAEFIK_SERVICE: inputs(holding({"spec": shape(f"WEIGHTED in {_HERE}", WEIGHTED)})),
            INGRESS_CLASS: inputs(holding({"spec": shape(f"_CONTROLLED in {_HERE}", _CONTROLLED)})),
        },
    ),
)
