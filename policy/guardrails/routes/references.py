"""What routes name: classes, middlewares, Secrets, TLS options and Services. Every admin route has a login."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from guardrails.mechanism.model import Graph, Resource
from guardrails.mechanism.objects import (
    INGRESS,
    INGRESS_CLASS,
    INGRESS_ROUTE,
    MIDDLEWARE,
    SECRET,
    SERVICE,
    TLS_OPTION,
    TRAEFIK_SERVICE,
    annotation,
    identity_of,
)
from guardrails.mechanism.rules import Found, StackRule, at
from guardrails.mechanism.view import MalformedError, NotKnown, Outcome, View

from .objects import REQUIRED
from .routers import BUNDLED_CLASS, Route, routes_of

LOGIN: Final = "admin-auth"

Service = tuple[str, str]
"""The namespace and the name of a Service."""


@dataclass(frozen=True)
class _Known:
    """The objects of a kind by name. While one name is unknown, no other can be said to be missing."""

    objects: Mapping[str, Resource]
    gap: NotKnown | None

    def missing(self, name: str, message: str) -> Iterator[Outcome]:
        """Yield the message if no object has this name."""
        if name not in self.objects:
            yield self.gap or message


def _known(graph: Graph, kind: str, spell: Callable[[str, str], str]) -> _Known:
    objects: dict[str, Resource] = {}
    gap = None
    for resource in graph.of(kind):
        try:
            objects[spell(*identity_of(resource))] = resource
        except NotKnown as found:
            gap = NotKnown(f"{resource.name}.{found.path}")
        except MalformedError:
            continue  # nothing can name an object without a name
    return _Known(objects, gap)


def _selector(service: Resource) -> dict[str, str]:
    """Return the labels of a Service's pods; none while they are unknown."""
    try:
        return {key: item.text() for key, item in View(service.plain).at("spec", "selector").entries().items()}
    except (NotKnown, MalformedError):
        return {}


def _readable(service: Resource) -> Iterator[Outcome]:
    """Report a selector that is unknown or malformed."""
    for item in View(service.plain).at("spec", "selector").entries().values():
        item.text()
    yield from ()


def _share(one: dict[str, str], other: dict[str, str]) -> bool:
    return one.items() <= other.items() or one.items() >= other.items()


class _World:
    """Everything that routes can name, and the Services behind the login."""

    def __init__(self, graph: Graph) -> None:
        self.classes = _known(graph, INGRESS_CLASS, lambda _, name: name)
        self.middlewares = _known(graph, MIDDLEWARE, lambda namespace, name: f"{namespace}-{name}")
        self.secrets = _known(graph, SECRET, lambda namespace, name: f"{namespace}/{name}")
        self.tls_options = _known(graph, TLS_OPTION, lambda namespace, name: f"{namespace}-{name}")
        self.services = _known(graph, TRAEFIK_SERVICE, lambda namespace, name: f"{namespace}/{name}")
        plain = _known(graph, SERVICE, lambda namespace, name: f"{namespace}/{name}").objects
        self.selectors = {place: _selector(resource) for place, resource in plain.items()}

    def chained(self, names: tuple[str, ...]) -> set[str]:
        """Return these middlewares and those inside their chains."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            if name in self.middlewares.objects:
                body = View(self.middlewares.objects[name].plain)
                own = body.at("metadata", "namespace").value or "default"
                waiting += [
                    f"{item.at('namespace').value or own}-{item.at('name').text()}"
                    for item in body.at("spec", "chain", "middlewares").items()
                ]
        return found

    def twins(self, service: Service) -> set[Service]:
        """Return a Service and those of this stack that share its pods: one selector includes the other."""
        own = self.selectors.get("/".join(service))
        shared = [place for place, other in self.selectors.items() if own and other and _share(own, other)]
        names = [place.partition("/") for place in shared]
        return {service, *((namespace, name) for namespace, _, name in names if namespace == service[0])}

    def backends(self, route: Route) -> set[Service]:
        """Return the Services that get a route's requests, also through weighted ones."""
        waiting, found, seen = list(route.services), set[Service](), set[str]()
        while waiting:
            kind, name = waiting.pop()
            service = self.services.objects.get(f"{route.namespace}/{name}")
            if kind != "TraefikService":
                found.add((route.namespace, name))
            elif service and name not in seen:
                seen.add(name)
                inner = View(service.plain).at("spec", "weighted", "services").items()
                waiting += [(item.at("kind").value or "Service", item.at("name").text()) for item in inner]
        return found


def _references(graph: Graph) -> Iterator[Found]:
    world = _World(graph)
    for service in graph.of(SERVICE):
        yield from at(service, _readable(service))
    admins: dict[Service, str] = {}
    for resource in graph.of(INGRESS, INGRESS_ROUTE):
        try:
            for route in routes_of(resource):
                if route.admin:
                    for backend in world.backends(route):
                        admins |= dict.fromkeys(world.twins(backend), route.name)
        except (NotKnown, MalformedError):
            continue  # reported below
    for resource in graph.of(INGRESS, INGRESS_ROUTE):
        yield from at(resource, (out for route in routes_of(resource) for out in _named(route, world)))
        yield from at(resource, (out for route in routes_of(resource) for out in _login(route, world, admins)))


def _named(route: Route, world: _World) -> Iterator[Outcome]:
    yield from _in_class(route, world)
    for name in route.middlewares:
        yield from world.middlewares.missing(
            name, f"middleware {name}@kubernetescrd is not in this stack, so Traefik answers 404; register it"
        )
    for name in filter(None, route.certificates):
        yield from world.secrets.missing(
            f"{route.namespace}/{name}",
            f"TLS secret {name} is not in this stack in namespace {route.namespace}; register it there",
        )
    if route.tls_options:
        yield from world.tls_options.missing(
            route.tls_options,
            f"TLS options {route.tls_options} are not in this stack, so Traefik would not apply them; register them",
        )
    for kind, name in route.services:
        if kind == "TraefikService":
            yield from world.services.missing(
                f"{route.namespace}/{name}",
                f"TraefikService {name} is not in this stack in {route.namespace}; register it",
            )


def _in_class(route: Route, world: _World) -> Iterator[Outcome]:
    name = route.ingress_class
    if name and name != BUNDLED_CLASS:
        yield from world.classes.missing(
            name, f"ingress class {name!r} is not in this stack; register it or name another"
        )
    if name in world.classes.objects:
        required = annotation(View(world.classes.objects[name].plain), REQUIRED).value or ""
        attached = world.chained(route.middlewares)
        for middleware in filter(None, (item.strip() for item in str(required).split(","))):
            if f"{route.namespace}-{middleware}" not in attached:
                yield f"class {name} requires middleware {middleware}, which the route does not have; attach it"


def _login(route: Route, world: _World, admins: Mapping[Service, str]) -> Iterator[Outcome]:
    """Check the login of a route that is marked as admin, or that leads to a Service of such a route."""
    behind = sorted(admins.keys() & world.backends(route))
    if not (route.admin or behind):
        return
    login = f"{route.namespace}-{LOGIN}"
    if login not in world.chained(route.middlewares):
        why = "it is an admin route" if route.admin else f"{behind[0][1]} is behind admin route {admins[behind[0]]}"
        yield f"{why}, so the route must have middleware {LOGIN}; attach it"
        return
    middleware = world.middlewares.objects.get(login)
    if middleware is not None:  # a missing one is reported above
        secret = View(middleware.plain).at("spec", "basicAuth", "secret").value
        if not secret:
            yield f"{LOGIN} asks for no login; give it basicAuth with the Secret of the admin users"
        else:
            yield from world.secrets.missing(
                f"{route.namespace}/{secret}",
                f"{LOGIN} takes its users from Secret {secret}, which is not in this stack",
            )


RULES: Final = (
    StackRule(
        name="routes-find-what-they-name",
        description="What a route names exists, its class's middlewares are attached, and admin routes have a login.",
        types=(INGRESS, INGRESS_ROUTE, INGRESS_CLASS, MIDDLEWARE, SECRET, SERVICE, TLS_OPTION, TRAEFIK_SERVICE),
        check=_references,
    ),
)
