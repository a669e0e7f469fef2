"""The namespace, middlewares, TLS secret and ingress classes, and an Ingress or IngressRoute for each route.

Source: doc.traefik.io, Kubernetes Ingress and CRD providers of v3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_kubernetes import Provider

from components.manifests import TRAEFIK_API, Manifest, manifest, register
from components.middlewares import Middlewares, MiddlewaresArgs
from components.namespace import create_namespace
from components.settings import Canary, IngressClass, RateLimit, Route
from components.tls_options import tls_option

TLS_SECRET: Final = "cloudflare-origin-cert"  # noqa: S105 - the Secret's name
CONTROLLER: Final = "traefik.io/ingress-controller"
BUNDLED_CLASS: Final = "traefik"
"""The class that the chart itself creates."""
CLASS_ANNOTATION: Final = "honeydue.com/ingress-class"
"""Traefik's CRD provider has no classes; it ignores routes with another kubernetes.io/ingress.class annotation."""
REQUIRED_ANNOTATION: Final = "honeydue.com/required-middlewares"
ADMIN_ANNOTATION: Final = "honeydue.com/admin"
"""Marks an admin route, for the policies."""
CANARY_PRIORITY: Final = 1000
_ROUTERS: Final = ("Ingress", "IngressRoute")


@dataclass(frozen=True, kw_only=True)
class RoutesArgs:
    """The routes and their classes, the middlewares' settings, the origin certificate, and resources to create first.

    Attributes:
        namespace_provider: Takes over a namespace that exists already; an application may have created it.
        teardown: Whether everything may be deleted.
    """

    namespace: str
    namespace_provider: Provider
    teardown: bool
    rate_limit: RateLimit
    cloudflare: Sequence[str]
    admin_users: pulumi.Output[str]
    routes: Sequence[Route]
    classes: Sequence[IngressClass]
    min_tls_version: str
    certificate: pulumi.Output[str]
    private_key: pulumi.Output[str]
    after: Sequence[pulumi.Resource]


class Routes(pulumi.ComponentResource):
    """All objects that route the requests for a host."""

    answering: dict[str, pulumi.Resource]
    """The router of each host."""

    def __init__(self, name: str, args: RoutesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:Routes", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = create_namespace(
            f"{name}-namespace",
            args.namespace,
            provider=args.namespace_provider,
            teardown=args.teardown,
            parent=self,
        )
        middlewares = Middlewares(
            f"{name}-middlewares",
            MiddlewaresArgs(
                namespace=args.namespace,
                rate_limit=args.rate_limit,
                cloudflare=args.cloudflare,
                admin_users=args.admin_users,
                after=[namespace],
            ),
            child,
        )
        after = [*args.after, namespace, *middlewares.made]
        tls = manifest(
            "v1",
            "Secret",
            args.namespace,
            TLS_SECRET,
            type="kubernetes.io/tls",
            stringData={"tls.crt": args.certificate, "tls.key": args.private_key},
        )
        first = pulumi.ResourceOptions(parent=self, depends_on=after)
        before: list[pulumi.Resource] = [*after, register(f"{name}-{TLS_SECRET}", tls, first)]
        before += [
            register(f"{name}-class-{item.name}", ingress_class(item), first)
            for item in args.classes
            if item.name != BUNDLED_CLASS
        ]
        self.answering = {}
        announce = pulumi.ResourceHook("announce-router", _announce)
        for route in args.routes:
            made = before
            for body in route_manifests(route, args.namespace, args.min_tls_version):
                hooks = pulumi.ResourceHookBinding(after_create=[announce]) if body["kind"] in _ROUTERS else None
                resource = register(
                    f"{name}-{body['metadata']['name']}-{body['kind'].lower()}",
                    body,
                    pulumi.ResourceOptions(parent=self, depends_on=made, hooks=hooks),
                )
                made = [*made, resource]
            self.answering |= dict.fromkeys(route.hosts, made[-1])
        self.register_outputs({})


def _announce(args: pulumi.ResourceHookArgs) -> None:
    """Log, when a router is created, that the application may be deployed later."""
    metadata = (args.new_inputs or {})["metadata"]
    pulumi.log.info(
        f"Route {metadata['name']} does not wait for its Service: until the Service has ready pods in namespace "
        f"{metadata['namespace']}, the route's hosts answer 404 or 503."
    )


def ingress_class(item: IngressClass) -> Manifest:
    """Return an IngressClass of Traefik. An annotation lists its required middlewares, for the policies."""
    required = ",".join(sorted(item.required_middlewares))
    return manifest(
        "networking.k8s.io/v1",
        "IngressClass",
        None,
        item.name,
        annotations={REQUIRED_ANNOTATION: required} if required else {},
        spec={"controller": CONTROLLER},
    )


def route_manifests(route: Route, namespace: str, min_tls_version: str) -> list[Manifest]:
    """Return a route's objects, in the order of creation."""
    bodies: list[Manifest] = []
    if route.client_certificates is not None:
        authorities = "\n".join(pem.strip() for pem in route.client_certificates)
        secret = f"{route.name}-client-ca"
        bodies.append(manifest("v1", "Secret", namespace, secret, stringData={"ca.crt": authorities}))
        spec = tls_option(min_tls_version, secret)
        bodies.append(manifest(TRAEFIK_API, "TLSOption", namespace, _tls_options(route), spec=spec))
    if route.canary is not None:
        bodies.append(weighted_service(route, route.canary, namespace))
    if route.needs_ingress_route:
        return [*bodies, ingress_route(route, namespace)]
    return [*bodies, ingress(route, namespace)]


def ingress(route: Route, namespace: str) -> Manifest:
    """Return the standard Ingress of a plain route."""
    prefix = "traefik.ingress.kubernetes.io/router"
    annotations = {
        f"{prefix}.entrypoints": "websecure",
        "pulumi.com/skipAwait": "true",  # otherwise the provider waits a minute for a Service that may not exist yet
    }
    annotations |= _mark(route)
    if route.middlewares:
        annotations[f"{prefix}.middlewares"] = ",".join(_qualified(namespace, name) for name in route.middlewares)
    if route.client_certificates is not None:
        annotations[f"{prefix}.tls.options"] = _qualified(namespace, _tls_options(route))
    backend = {"service": {"name": route.service, "port": {"number": route.port}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return manifest(
        "networking.k8s.io/v1",
        "Ingress",
        namespace,
        route.name,
        annotations=annotations,
        spec={
            "ingressClassName": route.ingress_class,
            "rules": [{"host": host, "http": {"paths": [path]}} for host in sorted(route.hosts)],
            "tls": [{"hosts": sorted(route.hosts), "secretName": TLS_SECRET}],
        },
    )


def weighted_service(route: Route, canary: Canary, namespace: str) -> Manifest:
    """Return the TraefikService of a canary. Cookies, if set, keep a visitor on one Service and on one of its pods."""
    stable = _service(route.service, route.port, _pod_cookie(route.sticky)) | {"weight": 100 - canary.weight}
    second = _service(canary.service, canary.port or route.port, _pod_cookie(route.sticky)) | {"weight": canary.weight}
    weighted = {"services": [stable, second]} | _sticky(route.sticky)
    return manifest(TRAEFIK_API, "TraefikService", namespace, _weighted(route), spec={"weighted": weighted})


def ingress_route(route: Route, namespace: str) -> Manifest:
    """Return the router of a canary or sticky route.

    A sticky route names its Service here, not in a TraefikService. Traefik keys a Service of a TraefikService only by
    its name and port, so two routes to one Service would share one cookie setting (crd/kubernetes_http.go,
    `fullServiceName`). A Service named here has a key per route.
    """
    whole = _service(route.service, route.port, route.sticky)
    weighted = {"kind": "TraefikService", "name": _weighted(route)}
    tls: dict[str, Any] = {"secretName": TLS_SECRET}
    if route.client_certificates is not None:
        tls["options"] = {"name": _tls_options(route), "namespace": namespace}
    rule = {
        "kind": "Rule",
        "match": " || ".join(f"Host(`{host}`)" for host in sorted(route.hosts)),
        "priority": CANARY_PRIORITY,
        "middlewares": [{"name": name} for name in route.middlewares],
        "services": [whole if route.canary is None else weighted],
    }
    return manifest(
        TRAEFIK_API,
        "IngressRoute",
        namespace,
        route.name,
        annotations={CLASS_ANNOTATION: route.ingress_class} | _mark(route),
        spec={"entryPoints": ["websecure"], "routes": [rule], "tls": tls},
    )


def _mark(route: Route) -> dict[str, str]:
    """Return the annotation of an admin route, or none."""
    return {ADMIN_ANNOTATION: "true"} if route.admin else {}


def _qualified(namespace: str, name: str) -> str:
    """Return the name of an object of Traefik's CRD provider, as annotations spell it."""
    return f"{namespace}-{name}@kubernetescrd"


def _tls_options(route: Route) -> str:
    """Return the name of the route's TLSOption. A second one named `default` would make Traefik ignore both."""
    return f"{route.name}-client-certificates"


def _weighted(route: Route) -> str:
    """Return the TraefikService's name. It must not end in a port like Traefik's Service names, or it would loop."""
    return f"{route.name}-weighted"


def _service(name: str, port: int, cookie: str | None) -> dict[str, Any]:
    return {"name": name, "port": port} | _sticky(cookie)


def _sticky(cookie: str | None) -> dict[str, Any]:
    """Return the options of a sticky cookie, or none without a cookie."""
    if cookie is None:
        return {}
    return {"sticky": {"cookie": {"name": cookie, "httpOnly": True, "secure": True, "sameSite": "lax"}}}


def _pod_cookie(cookie: str | None) -> str | None:
    return None if cookie is None else f"{cookie}-pod"
