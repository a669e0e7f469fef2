"""What routes name must exist: classes, middlewares, secrets, TLS options, services; and the admin has a login."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .kubernetes import (
    INGRESS,
    INGRESS_CLASS,
    INGRESS_ROUTE,
    MIDDLEWARE,
    SECRET,
    TLS_OPTION,
    TRAEFIK_SERVICE,
    annotation,
    identity_of,
)
from .model import Graph, Resource
from .routes import BUNDLED_CLASS, Route, routes_of
from .rules import Found, StackRule, at
from .view import MalformedError, NotKnown, Outcome, View

REQUIRED: Final = "honeydue.com/required-middlewares"
CONTROLLER: Final = "traefik.io/ingress-controller"
LOGIN: Final = "admin-auth"
_READ: Final = (INGRESS, INGRESS_ROUTE, INGRESS_CLASS, MIDDLEWARE, SECRET, TLS_OPTION, TRAEFIK_SERVICE)


@dataclass(frozen=True)
class _Known:
    """The objects of a kind, by name; while one's name is not known, that another is missing can't be said."""

    objects: Mapping[str, Resource]
    gap: NotKnown | None

    def missing(self, name: str, message: str) -> Iterator[Outcome]:
        """What to say of a name that must be among them."""
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
            continue  # without a name nothing can name it
    return _Known(objects, gap)


class _World:
    """All that routes can name."""

    def __init__(self, graph: Graph) -> None:
        self.classes = _known(graph, INGRESS_CLASS, lambda _, name: name)
        self.middlewares = _known(graph, MIDDLEWARE, lambda namespace, name: f"{namespace}-{name}")
        self.secrets = _known(graph, SECRET, lambda namespace, name: f"{namespace}/{name}")
        self.tls_options = _known(graph, TLS_OPTION, lambda namespace, name: f"{namespace}-{name}")
        self.services = _known(graph, TRAEFIK_SERVICE, lambda namespace, name: f"{namespace}/{name}")

    def chained(self, names: tuple[str, ...]) -> set[str]:
        """These middlewares and those inside of chains."""
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

    def backends(self, route: Route) -> Iterator[str]:
        """The names of the Services that a route ends at, also through weighted and mirrored ones."""
        waiting, seen = list(route.services), set[tuple[str, str]]()
        while waiting:
            kind, name = waiting.pop()
            if (kind, name) in seen:
                continue
            seen.add((kind, name))
            yield name
            service = self.services.objects.get(f"{route.namespace}/{name}")
            if kind == "TraefikService" and service:
                spec = View(service.plain).at("spec")
                mirroring = spec.at("mirroring")
                inner = [*spec.at("weighted", "services").items(), *mirroring.at("mirrors").items()]
                inner += [mirroring] * (mirroring.value is not None)
                waiting += [(item.at("kind").value or "Service", item.at("name").text()) for item in inner]


def _references(graph: Graph) -> Iterator[Found]:
    world = _World(graph)
    for resource in graph.of(INGRESS, INGRESS_ROUTE):
        yield from at(resource, (out for route in routes_of(resource) for out in _named(route, world)))
    for resource in graph.of(INGRESS_CLASS):
        yield from at(resource, _class(resource))


def _class(resource: Resource) -> Iterator[Outcome]:
    controller = View(resource.plain).at("spec", "controller")
    if controller.value != CONTROLLER:
        yield f"{controller.path} is {controller.value!r}; set it to {CONTROLLER!r}, or nothing serves its routes"


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
            f"TLS options {route.tls_options} are not in this stack, so Traefik would not ask for what they ask; "
            "register them",
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
        for middleware in filter(None, (item.strip() for item in required.split(","))):
            if f"{route.namespace}-{middleware}" not in attached:
                yield f"class {name} asks for middleware {middleware}, which the route does not have; attach it"


def _admin(graph: Graph) -> Iterator[Found]:
    world = _World(graph)
    for resource in graph.of(INGRESS, INGRESS_ROUTE):
        yield from at(resource, (out for route in routes_of(resource) for out in _login(route, world)))


def _login(route: Route, world: _World) -> Iterator[Outcome]:
    services = [name for name in world.backends(route) if "admin" in name]
    hosts = [host for host in sorted(route.hosts or ()) if "admin" in host]
    if not (services or hosts or route.admin):
        return
    what = (services or hosts or ["honeydue.com/admin"])[0]
    login = f"{route.namespace}-{LOGIN}"
    if login not in world.chained(route.middlewares):
        yield f"{what} makes it an admin's route, without {LOGIN}; attach that middleware"
        return
    middleware = world.middlewares.objects.get(login)
    if middleware is not None:  # one that is missing is another rule's to tell
        secret = View(middleware.plain).at("spec", "basicAuth", "secret").value
        if not secret:
            yield f"{LOGIN} asks for no login; give it basicAuth with the secret of the admin's users"
        else:
            yield from world.secrets.missing(
                f"{route.namespace}/{secret}",
                f"{LOGIN} takes its users from secret {secret}, which is not in this stack",
            )


REFERENCE_RULES: Final = (
    StackRule(
        name="routes-find-what-they-name",
        description="A route's class, middlewares, TLS secret and options exist; its class's middlewares are attached.",
        types=_READ,
        check=_references,
    ),
    StackRule(
        name="admin-routes-have-a-login",
        description=f"Every route to the admin goes through {LOGIN}.",
        types=_READ,
        check=_admin,
    ),
)
