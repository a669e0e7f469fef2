"""What routes name exists, and classes get their middlewares."""

from typing import Any

import pytest

from guardrails import UNKNOWN, Resource, unjudged
from tests.policy.compliant import (
    ABSENT,
    PREFIX,
    Path,
    ingress,
    manifest,
    put,
    resource,
    stack,
    with_property,
    without,
)
from tests.policy.verdict import leaves, passes, refuses

FOUND = "routes-find-what-they-name"
ANNOTATIONS = ("metadata", "annotations")
MIDDLEWARES = ("spec", "routes", 0, "middlewares")
TRAEFIK = "kubernetes:traefik.io/v1alpha1:"


def on_route(path: Path, value: Any) -> list[Resource]:
    """The stack with one thing in the IngressRoute changed."""
    return with_property("IngressRoute", "canary", path, value)


def on_ingress(path: Path, value: Any) -> list[Resource]:
    """The stack with one thing in a plain Ingress changed."""
    return with_property("Ingress", "api", path, value)


def chain(name: str, *inner: dict[str, str], namespace: str = "app") -> Resource:
    """A middleware that is a chain of others."""
    body = manifest("Middleware", namespace, name, spec={"chain": {"middlewares": list(inner)}})
    return resource(f"{TRAEFIK}Middleware", name, body)


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("IngressClass", "partners", "ingress class 'partners' is not in this stack; register it or name another"),
        (
            "Middleware",
            "rate-limit",
            "middleware app-rate-limit@kubernetescrd is not in this stack, so Traefik answers",
        ),
        ("Middleware", "cloudflare-only", "middleware app-cloudflare-only@kubernetescrd is not in this stack"),
        ("Secret", "origin-cert", "TLS secret origin-cert is not in this stack in namespace app; register it there"),
        ("TLSOption", "partners", "TLS options app-partners are not in this stack, so Traefik would not ask"),
        ("TraefikService", "canary", "TraefikService canary is not in this stack in app; register it"),
    ],
)
def test_a_route_that_names_what_is_not_there_is_refused(kind: str, name: str, says: str) -> None:
    refuses(without(kind, name), FOUND, says)


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("Middleware", "rate-limit", "middleware app-rate-limit@kubernetescrd is not in this stack"),
        ("Secret", "origin-cert", "TLS secret origin-cert is not in this stack in namespace app"),
        ("TLSOption", "partners", "TLS options app-partners are not in this stack"),
        ("TraefikService", "canary", "TraefikService canary is not in this stack in app"),
    ],
)
@pytest.mark.parametrize("namespace", ["other", ABSENT])
def test_a_thing_of_the_same_name_elsewhere_does_not_count(kind: str, name: str, namespace: Any, says: str) -> None:
    refuses(with_property(kind, name, ("metadata", "namespace"), namespace), FOUND, says)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("spec", "ingressClassName"), "nginx", "ingress class 'nginx' is not in this stack"),
        (("spec", "ingressClassName"), "partners", "class partners asks for middleware rate-limit, which the route"),
        (("spec", "tls", 0, "secretName"), "other", "TLS secret other is not in this stack"),
        ((*ANNOTATIONS, f"{PREFIX}tls.options"), "app-other@kubernetescrd", "TLS options app-other are not in this"),
        ((*ANNOTATIONS, f"{PREFIX}tls.options"), "other-partners@kubernetescrd", "TLS options other-partners are not"),
        ((*ANNOTATIONS, f"{PREFIX}middlewares"), "app-typo@kubernetescrd", "middleware app-typo@kubernetescrd is not"),
        ((*ANNOTATIONS, f"{PREFIX}middlewares"), "rate-limit", "'rate-limit', which must be <namespace>-<name>"),
        ((*ANNOTATIONS, f"{PREFIX}middlewares"), "app-rate-limit@file", "must be <namespace>-<name>@kubernetescrd"),
    ],
)
def test_an_ingress_that_names_what_is_not_there_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(on_ingress(path, value), FOUND, says)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ((*ANNOTATIONS, "honeydue.com/ingress-class"), "nginx", "ingress class 'nginx' is not in this stack"),
        (MIDDLEWARES, [{"name": "cloudflare-only"}], "class partners asks for middleware rate-limit, which the route"),
        (MIDDLEWARES, ABSENT, "class partners asks for middleware cloudflare-only"),
        ((*MIDDLEWARES, 1), {"name": "rate-limit", "namespace": "other"}, "middleware other-rate-limit@kubernetescrd"),
        ((*MIDDLEWARES, 1), {"name": "rate-limit", "namespace": "other"}, "class partners asks for middleware rate"),
        ((*MIDDLEWARES, 0), {}, "middlewares[0].name is missing where a string must stand"),
        (("spec", "tls", "options"), {"name": "partners", "namespace": "other"}, "TLS options other-partners are not"),
        (("spec", "routes", 0, "services", 0, "name"), "other", "TraefikService other is not in this stack"),
        (("spec", "routes", 1), {"match": "Host(`a.b`)", "services": []}, "class partners asks for middleware"),
    ],
)
def test_an_ingress_route_that_names_what_is_not_there_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(on_route(path, value), FOUND, says)


@pytest.mark.parametrize("value", ["app-cloudflare-only@kubernetescrd , app-rate-limit@kubernetescrd", ABSENT, ""])
def test_middlewares_may_have_spaces_around_them_or_be_none(value: Any) -> None:
    passes(on_ingress((*ANNOTATIONS, f"{PREFIX}middlewares"), value))


def test_a_route_without_a_class_of_its_own_is_of_the_bundled_one() -> None:
    body: Any = next(item for item in stack() if item.type.endswith(":IngressRoute")).properties
    for path, value in (((*ANNOTATIONS, "honeydue.com/ingress-class"), ABSENT), (MIDDLEWARES, ABSENT)):
        body = put(body, path, value)
    rest = without("IngressRoute", "canary")
    passes([*rest, resource(f"{TRAEFIK}IngressRoute", "canary", body)])
    named = put(body, (*ANNOTATIONS, "kubernetes.io/ingress.class"), "partners")
    refuses([*rest, resource(f"{TRAEFIK}IngressRoute", "canary", named)], FOUND, "class partners asks for middleware")


def test_the_old_way_to_name_a_class_is_read_too() -> None:
    old = put(ingress("old", "api.example.com", []).properties, (*ANNOTATIONS, "kubernetes.io/ingress.class"), "nginx")
    old = put(old, ("spec", "ingressClassName"), ABSENT)
    more = resource("kubernetes:networking.k8s.io/v1:Ingress", "old", old)
    refuses([*stack(), more], FOUND, "ingress class 'nginx' is not in this stack")


def test_a_route_without_tls_options_names_none() -> None:
    passes(on_route(("spec", "tls", "options"), ABSENT))


def test_a_plain_service_need_not_be_in_the_stack() -> None:
    passes(on_route(("spec", "routes", 0, "services"), [{"name": "elsewhere", "port": 8000}]), FOUND)


def test_a_class_may_get_its_middlewares_through_chains() -> None:
    more = [chain("outer", {"name": "inner"}), chain("inner", {"name": "rate-limit"}, {"name": "outer"})]
    resources = on_route((*MIDDLEWARES, 1), {"name": "outer"})
    passes([*resources, *more])
    refuses(
        [*resources, chain("outer", {"name": "rate-limit", "namespace": "other"})], FOUND, "asks for middleware rate"
    )


def test_an_ingress_of_a_class_has_what_the_class_asks_for() -> None:
    partner = ingress("partner", "api.example.com", ["cloudflare-only", "rate-limit"])
    passes(
        [*stack(), resource(partner.type, "partner", put(partner.properties, ("spec", "ingressClassName"), "partners"))]
    )


@pytest.mark.parametrize("value", ["k8s.io/ingress-nginx", "", ABSENT])
def test_a_class_that_traefik_does_not_serve_is_refused(value: Any) -> None:
    resources = with_property("IngressClass", "partners", ("spec", "controller"), value)
    refuses(resources, FOUND, "set it to 'traefik.io/ingress-controller', or nothing serves its routes")


@pytest.mark.parametrize(
    ("kind", "name", "place"),
    [
        ("IngressClass", "partners", "partners.metadata.name"),
        ("Middleware", "rate-limit", "rate-limit.metadata.name"),
        ("Secret", "origin-cert", "origin-cert.metadata.name"),
        ("TLSOption", "partners", "partners.metadata.name"),
        ("TraefikService", "canary", "canary.metadata.name"),
    ],
)
def test_while_a_name_is_not_known_nothing_is_said_to_be_missing(kind: str, name: str, place: str) -> None:
    resources = with_property(kind, name, ("metadata", "name"), UNKNOWN)
    leaves(resources, FOUND, place)


def test_what_is_there_is_found_beside_one_whose_name_is_not_known() -> None:
    spare = resource(f"{TRAEFIK}Middleware", "spare", manifest("Middleware", "app", "spare"))
    resources = [*stack(), resource(spare.type, "spare", put(spare.properties, ("metadata", "name"), UNKNOWN))]
    passes(resources)
    assert not [item for item in unjudged(resources) if item.rule == FOUND], "an advisory for nothing"


def test_a_thing_without_a_name_is_no_thing_of_that_name() -> None:
    resources = with_property("Middleware", "rate-limit", ("metadata", "name"), ABSENT)
    refuses(resources, FOUND, "middleware app-rate-limit@kubernetescrd is not in this stack")
