"""Every route to the admin has a login, whichever way it gets there."""

from typing import Any

import pytest

from guardrails import UNKNOWN, Resource
from tests.policy.compliant import ABSENT, PREFIX, Path, ingress, manifest, put, resource, stack, with_property, without
from tests.policy.verdict import leaves, passes, refuses

LOGIN = "admin-routes-have-a-login"
ANNOTATIONS = ("metadata", "annotations")


def chain(name: str, *inner: dict[str, str], namespace: str = "app") -> Resource:
    """A middleware that is a chain of others."""
    body = manifest("Middleware", namespace, name, spec={"chain": {"middlewares": list(inner)}})
    return resource("kubernetes:traefik.io/v1alpha1:Middleware", name, body)


def admin(middlewares: list[str], **metadata: dict[str, str]) -> list[Resource]:
    """The stack with an Ingress of the admin's, by its labels or annotations."""
    made = ingress("plain", "api.example.com", middlewares)
    body: Any = made.properties
    for place, entries in metadata.items():
        for key, value in entries.items():
            body = put(body, ("metadata", place, key), value)
    return [*stack(), resource(made.type, made.name, body)]


@pytest.mark.parametrize("place", ["labels", "annotations"])
def test_a_route_that_says_it_is_the_admins_has_a_login(place: str) -> None:
    mark = {place: {"honeydue.com/admin": "true"}}
    refuses(
        admin(["cloudflare-only"], **mark), LOGIN, "honeydue.com/admin makes it an admin's route, without admin-auth"
    )
    passes(admin(["cloudflare-only", "admin-auth"], **mark))
    passes(admin(["cloudflare-only"], **{place: {"honeydue.com/admin": "false"}}))


@pytest.mark.parametrize(
    ("name", "host", "says"),
    [
        ("web", "admin.example.com", "admin.example.com makes it an admin's route, without admin-auth"),
        ("web", "ADMIN.example.com", "admin.example.com makes it"),
        ("honeydue-admin", "api.example.com", "honeydue-admin makes it an admin's route"),
    ],
)
def test_a_route_to_the_admin_without_its_login_is_refused(name: str, host: str, says: str) -> None:
    refuses([*stack(), ingress(name, host, ["cloudflare-only", "rate-limit"])], LOGIN, says)
    passes([*stack(), ingress(name, host, ["admin-auth"])])


@pytest.mark.parametrize(
    "spec",
    [
        {"weighted": {"services": [{"name": "api", "port": 8000}, {"name": "admin", "port": 8000}]}},
        {"mirroring": {"name": "admin", "port": 8000, "mirrors": []}},
        {"mirroring": {"name": "api", "port": 8000, "mirrors": [{"name": "admin", "percent": 10}]}},
        {"weighted": {"services": [{"kind": "TraefikService", "name": "canary"}, {"name": "admin", "port": 8000}]}},
    ],
)
def test_an_admin_behind_other_services_has_its_login_too(spec: dict[str, Any]) -> None:
    resources = with_property("TraefikService", "canary", ("spec",), spec)
    refuses(resources, LOGIN, "admin makes it an admin's route, without admin-auth")


def test_a_default_backend_may_be_the_admin_too() -> None:
    resources = with_property(
        "Ingress", "api", ("spec", "defaultBackend"), {"service": {"name": "admin", "port": {"number": 8000}}}
    )
    refuses(resources, LOGIN, "admin makes it an admin's route, without admin-auth")


def test_a_login_through_a_chain_counts_and_one_of_another_namespace_does_not() -> None:
    route = ingress("admin", "admin.example.com", ["secured"])
    rest = without("Ingress", "admin")
    passes([*rest, route, chain("secured", {"name": "admin-auth"})], LOGIN)
    refuses([*rest, route, chain("secured", {"name": "admin-auth", "namespace": "other"})], LOGIN, "without admin-auth")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec",), {"rateLimit": {"average": 1}}),
        (("spec", "basicAuth"), {}),
        (("spec", "basicAuth", "secret"), ""),
        (("spec", "basicAuth", "secret"), ABSENT),
    ],
)
def test_a_login_that_asks_for_none_is_refused(path: Path, value: Any) -> None:
    refuses(
        with_property("Middleware", "admin-auth", path, value), LOGIN, "admin-auth asks for no login; give it basic"
    )


def test_a_login_without_users_is_refused() -> None:
    refuses(without("Secret", "admin-users"), LOGIN, "takes its users from secret admin-users, which is not in this")


@pytest.mark.parametrize(
    ("kind", "name", "path", "place"),
    [
        ("Middleware", "admin-auth", ("spec", "basicAuth", "secret"), "spec.basicAuth.secret"),
        ("Secret", "admin-users", ("metadata", "name"), "admin-users.metadata.name"),
        ("Ingress", "admin", (*ANNOTATIONS, f"{PREFIX}middlewares"), f"metadata.annotations.{PREFIX}middlewares"),
        ("Ingress", "api", ("metadata", "labels"), "metadata.labels"),
        ("TraefikService", "canary", ("spec", "weighted"), "spec.weighted"),
    ],
)
def test_a_login_that_is_not_known_yet_is_left_aloud(kind: str, name: str, path: Path, place: str) -> None:
    leaves(with_property(kind, name, path, UNKNOWN), LOGIN, place)
