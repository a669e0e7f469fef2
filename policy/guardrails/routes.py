"""Ingresses and IngressRoutes as one thing: a host list, a class, middlewares, services and a certificate."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .kubernetes import INGRESS, INGRESS_ROUTE, annotation, identity
from .matches import RuleError, hosts_of
from .model import Resource
from .view import MalformedError, View

ROUTER: Final = "traefik.ingress.kubernetes.io/router."
OWN_CLASS: Final = "honeydue.com/ingress-class"
"""An IngressRoute's class: Traefik's CRD provider has none, and ignores a route of another `OLD_CLASS`."""
OLD_CLASS: Final = "kubernetes.io/ingress.class"
BUNDLED_CLASS: Final = "traefik"
"""The class that the chart makes."""
_CRD: Final = "@kubernetescrd"


@dataclass(frozen=True, kw_only=True)
class Route:
    """What one router of Traefik does.

    Attributes:
        hosts: The hosts it answers for; None for any.
        middlewares: As Traefik names them, `namespace-name`.
        services: Kind and name of what it passes requests to, in its own namespace.
        certificate: The names of the TLS secrets in its namespace.
        tls_options: As Traefik names them, or None.
    """

    resource: Resource
    namespace: str
    hosts: frozenset[str] | None
    ingress_class: str
    middlewares: tuple[str, ...]
    services: tuple[tuple[str, str], ...]
    certificates: tuple[str, ...]
    tls_options: str | None
    admin: bool


def routes_of(resource: Resource) -> Iterator[Route]:
    """The routers that a resource makes.

    Raises:
        NotKnown: when something about it is not known.
        MalformedError: when it is not of the shape that its schema asks for.
    """
    body = View(resource.plain)
    if resource.type == INGRESS:
        yield _ingress(resource, body)
    elif resource.type == INGRESS_ROUTE:
        yield from (_rule(resource, body, rule) for rule in body.at("spec", "routes").items())


def _ingress(resource: Resource, body: View) -> Route:
    spec = body.at("spec")
    rules = spec.at("rules").items()
    hosts = [rule.at("host").value for rule in rules]
    backends = [path.at("backend") for rule in rules for path in rule.at("http", "paths").items()]
    default = spec.at("defaultBackend")
    anything = default.value is not None or not all(hosts)
    options = annotation(body, f"{ROUTER}tls.options").value
    return Route(
        resource=resource,
        namespace=identity(body)[0],
        hosts=None if anything else frozenset(host.lower() for host in hosts),
        ingress_class=spec.at("ingressClassName").value or annotation(body, OLD_CLASS).value or "",
        middlewares=tuple(_named(annotation(body, f"{ROUTER}middlewares"))),
        services=tuple(
            ("Service", backend.at("service", "name").text())
            for backend in [*backends, default]
            if backend.at("service").value is not None
        ),
        certificates=tuple(item.at("secretName").value or "" for item in spec.at("tls").items()),
        tls_options=str(options).removesuffix(_CRD) if options else None,
        admin=_labelled(body),
    )


def _named(place: View) -> Iterator[str]:
    """The middlewares of an annotation.

    Raises:
        MalformedError: when one is no name that Traefik would find.
    """
    for text in str(place.value or "").split(","):
        name = text.strip()
        if name and not name.endswith(_CRD):
            raise MalformedError(f"{place.path} has {name!r}, which must be <namespace>-<name>{_CRD}")
        if name:
            yield name.removesuffix(_CRD)


def _rule(resource: Resource, body: View, rule: View) -> Route:
    namespace = identity(body)[0]
    tls = body.at("spec", "tls")
    options = tls.at("options", "name").value
    options_in = tls.at("options", "namespace").value or namespace
    match = rule.at("match")
    try:
        hosts = hosts_of(match.text())
    except RuleError as error:
        raise MalformedError(f"{match.path} is {match.text()!r}, no rule of Traefik's ({error})") from error
    return Route(
        resource=resource,
        namespace=namespace,
        hosts=hosts,
        ingress_class=annotation(body, OWN_CLASS).value or annotation(body, OLD_CLASS).value or BUNDLED_CLASS,
        middlewares=tuple(
            f"{item.at('namespace').value or namespace}-{item.at('name').text()}"
            for item in rule.at("middlewares").items()
        ),
        services=tuple(
            (item.at("kind").value or "Service", item.at("name").text()) for item in rule.at("services").items()
        ),
        certificates=(tls.at("secretName").value or "",),
        tls_options=f"{options_in}-{options}" if options else None,
        admin=_labelled(body),
    )


def _labelled(body: View) -> bool:
    return any(
        body.at("metadata", place).at("honeydue.com/admin").value == "true" for place in ("labels", "annotations")
    )
