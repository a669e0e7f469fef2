"""Every admin route has a login. The stack file marks admin routes; names are not guessed."""

from dataclasses import replace
from typing import Any

import pytest

from guardrails import UNKNOWN, Resource, judge
from tests.policy.compliant import ABSENT, PREFIX, Path, ingress, manifest, put, resource, stack, with_property, without
from tests.policy.verdict import leaves, passes, refuses

RULE = "routes-find-what-they-name"
ANNOTATIONS = ("metadata", "annotations")
MARK = "honeydue.com/admin"


def chain(name: str, *inner: dict[str, str], namespace: str = "app") -> Resource:
    """A middleware that is a chain of others."""
    body = manifest("Middleware", namespace, name, spec={"chain": {"middlewares": list(inner)}})
    return resource("kubernetes:traefik.io/v1alpha1:Middleware", name, body)


def marked(middlewares: list[str], value: str = "true", place: str = "annotations") -> list[Resource]:
    """The stack with one more Ingress, which has a mark."""
    made = ingress("backoffice", "api.example.com", middlewares)
    return [*stack(), resource(made.type, made.name, put(made.properties, ("metadata", place, MARK), value))]


@pytest.mark.parametrize("place", ["labels", "annotations"])
def test_a_marked_route_must_have_the_login(place: str) -> None:
    says = "it is an admin route, so the route must have middleware admin-auth; attach it"
    refuses(marked(["cloudflare-only"], place=place), RULE, says)
    passes(marked(["cloudflare-only", "admin-auth"], place=place))
    passes(marked(["cloudflare-only"], "false", place=place))


def test_a_marked_ingress_route_must_have_the_login() -> None:
    refuses(with_property("IngressRoute", "canary", (*ANNOTATIONS, MARK), "true"), RULE, "it is an admin route")


def test_a_name_alone_does_not_make_an_admin_route() -> None:
    passes([*stack(), ingress("administration", "api.example.com", ["cloudflare-only"])])


def test_every_route_to_a_service_of_an_admin_route_must_have_the_login() -> None:
    second = replace(ingress("admin", "api.example.com", ["cloudflare-only"]), name="second", urn="urn:second")
    refuses([*stack(), second], RULE, "admin is behind admin route admin, so the route must have middleware admin-auth")
    spec = {"weighted": {"services": [{"name": "api", "port": 8000}, {"name": "admin", "port": 8000}]}}
    refuses(with_property("TraefikService", "canary", ("spec",), spec), RULE, "admin is behind admin route admin")


def test_a_service_of_the_same_name_in_another_namespace_is_another_service() -> None:
    other = ingress("admin", "api.example.com", ["cloudflare-only"])
    moved = put(other.properties, ("metadata", "namespace"), "other")
    missing = replace(other, name="second", urn="urn:second", properties=moved)
    said = [item.message for item in judge([*stack(), missing]) if item.rule == RULE]
    assert not any("admin route" in message for message in said)


def test_a_login_through_a_chain_counts_and_one_of_another_namespace_does_not() -> None:
    route = ingress("admin", "admin.example.com", ["secured"], **{MARK: "true"})
    rest = without("Ingress", "admin")
    passes([*rest, route, chain("secured", {"name": "admin-auth"})], RULE)
    refuses(
        [*rest, route, chain("secured", {"name": "admin-auth", "namespace": "other"})], RULE, "it is an admin route"
    )


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
    refuses(with_property("Middleware", "admin-auth", path, value), RULE, "admin-auth asks for no login; give it basic")


def test_a_login_without_users_is_refused() -> None:
    refuses(without("Secret", "admin-users"), RULE, "takes its users from Secret admin-users, which is not in this")


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
def test_an_unknown_login_is_reported(kind: str, name: str, path: Path, place: str) -> None:
    leaves(with_property(kind, name, path, UNKNOWN), RULE, place)
