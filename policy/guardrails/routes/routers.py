"""Routers: Ingresses and IngressRoutes in one form, with hosts, class, middlewares, Services and certificates."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from guardrails.mechanism.model import Resource
from guardrails.mechanism.objects import INGRESS, INGRESS_ROUTE, annotation, identity
from guardrails.mechanism.view import MalformedError, View

from .matches import RuleError, hosts_of

ROUTER: Final = "traefik.ingress.kubernetes.io/router."
OWN_CLASS: Final = "honeydue.com/ingress-class"
"""The class of an IngressRoute, because Traefik's CRD provider has no classes."""
ADMIN: Final = "honeydue.com/admin"
"""The annotation or label of a route that the stack file marks with `admin: true`."""
BUNDLED_CLASS: Final = "traefik"
"""The class that the chart creates."""
CRD: Final = "@kubernetescrd"


@dataclass(frozen=True, kw_only=True)
class Route:
    """One router of Traefik.

    Attributes:
        name: The name of its object.
        hosts: The hosts that it answers for; None for any.
        middlewares: As Traefik names them, `namespace-name`.
        services: Kind and name of each Service in its namespace that gets requests.
        certificates: The names of the TLS Secrets in its namespace.
        tls_options: As Traefik names them, or None.
        admin: Whether the stack file marks it as an admin route.
    """

    name: str
    namespace: str
    hosts: frozenset[str] | None
    ingress_class: str
    middlewares: tuple[str, ...]
    services: tuple[tuple[str, str], ...]
    certificates: tuple[str, ...]
    tls_options: str | None
    admin: bool


def routes_of(resource: Resource) -> Iterator[Route]:
    """Return the routers that a resource creates.

    Raises:
        NotKnown: If a value is unknown.
        MalformedError: If a value has the wrong form.
    """
    body = View(resource.plain)
    if resource.type == INGRESS:
        yield _from_ingress(body)
    elif resource.type == INGRESS_ROUTE:
        yield from (_from_rule(body, rule) for rule in body.at("spec", "routes").items())


def _from_ingress(body: View) -> Route:
    spec = body.at("spec")
    rules = spec.at("rules").items()
    hosts = [rule.at("host").value for rule in rules]
    backends = [path.at("backend", "service") for rule in rules for path in rule.at("http", "paths").items()]
    options = annotation(body, f"{ROUTER}tls.options").value
    namespace, name = identity(body)
    return Route(
        name=name,
        namespace=namespace,
        hosts=frozenset(str(host).lower() for host in hosts) if all(hosts) else None,
        ingress_class=spec.at("ingressClassName").value or "",
        middlewares=tuple(_named(annotation(body, f"{ROUTER}middlewares"))),
        services=tuple(("Service", backend.at("name").text()) for backend in backends if not backend.missing),
        certificates=tuple(item.at("secretName").value or "" for item in spec.at("tls").items()),
        tls_options=str(options).removesuffix(CRD) if options else None,
        admin=_marked(body),
    )


def _named(place: View) -> Iterator[str]:
    """Return the middlewares of an annotation.

    Raises:
        MalformedError: If Traefik would not find one of them.
    """
    for part in str(place.value or "").split(","):
        name = part.strip()
        if name and not name.endswith(CRD):
            raise MalformedError(f"{place.path} has {name!r}, which must be <namespace>-<name>{CRD}")
        if name:
            yield name.removesuffix(CRD)


def _from_rule(body: View, rule: View) -> Route:
    namespace, name = identity(body)
    tls = body.at("spec", "tls")
    options = tls.at("options", "name").value
    options_in = tls.at("options", "namespace").value or namespace
    return Route(
        name=name,
        namespace=namespace,
        hosts=_matched(rule.at("match")),
        ingress_class=annotation(body, OWN_CLASS).value or BUNDLED_CLASS,
        middlewares=tuple(
            f"{item.at('namespace').value or namespace}-{item.at('name').text()}"
            for item in rule.at("middlewares").items()
        ),
        services=tuple(
            (item.at("kind").value or "Service", item.at("name").text()) for item in rule.at("services").items()
        ),
        certificates=(tls.at("secretName").value or "",),
        tls_options=f"{options_in}-{options}" if options else None,
        admin=_marked(body),
    )


def _matched(match: View) -> frozenset[str] | None:
    try:
        return hosts_of(match.text())
    except RuleError as error:
        raise MalformedError(f"{match.path} is {match.text()!r}, which is not a rule of Traefik ({error})") from error


def _marked(body: View) -> bool:
    return any(body.at("metadata", place).at(ADMIN).value == "true" for place in ("labels", "annotations"))
