"""Everything that a route names exists, and the middlewares of its class are attached."""

from typing import Any

import pytest

from guardrails import UNKNOWN, Resource, unjudged
from tests.policy.compliant import (
    ABSENT,
    OPTIONS,
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
        (
            "Secret",
            "cloudflare-origin-cert",
            "TLS secret cloudflare-origin-cert is not in this stack in namespace app; register it there",
        ),
        (
            "TLSOption",
            OPTIONS,
            "TLS options app-partners-client-certificates are not in this stack, so Traefik would not apply",
        ),
        ("TraefikService", "canary", "TraefikService canary is not in this stack in app; register it"),
    ],
)
def test_a_route_that_names_a_missing_object_is_refused(kind: str, name: str, says: str) -> None:
    refuses(without(kind, name), FOUND, says)


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("Middleware", "rate-limit", "middleware app-rate-limit@kubernetescrd is not in this stack"),
        ("Secret", "cloudflare-origin-cert", "TLS secret cloudflare-origin-cert is not in this stack in namespace app"),
        ("TLSOption", OPTIONS, "TLS options app-partners-client-certificates are not in this stack"),
        ("TraefikService", "canary", "TraefikService canary is not in this stack in app"),
    ],
)
@pytest.mark.parametrize("namespace", ["other", ABSENT])
def test_an_object_of_the_same_name_in_another_namespace_does_not_count(
    kind: str, name: str, namespace: Any, says: str
) -> None:
    refuses(with_property(kind, name, ("metadata", "namespace"), namespace), FOUND, says)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("spec", "ingressClassName"), "nginx", "ingress class 'nginx' is not in this stack"),
        (("spec", "ingressClassName"), "partners", "class partners requires middleware rate-limit, which the route"),
        (("spec", "tls", 0, "secretName"), "other", "TLS secret other is not in this stack"),
        ((*ANNOTATIONS, f"{PREFIX}tls.options"), "app-other@kubernetescrd", "TLS options app-other are not in this"),
        ((*ANNOTATIONS, f"{PREFIX}tls.options"), "other-partners@kubernetescrd", "TLS options other-partners are not"),
        ((*ANNOTATIONS, f"{PREFIX}middlewares"), "app-typo@kubernetescrd", "middleware app-typo@kubernetescrd is not"),
        ((*ANNOTATIONS, f"{PREFIX}middlewares"), "rate-limit", "'rate-limit', which must be <namespace>-<name>"),
        ((*ANNOTATIONS, f"{PREFIX}middlewares"), "app-rate-limit@file", "must be <namespace>-<name>@kubernetescrd"),
    ],
)
def test_an_ingress_that_names_a_missing_object_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(on_ingress(path, value), FOUND, says)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ((*ANNOTATIONS, "honeydue.com/ingress-class"), "nginx", "ingress class 'nginx' is not in this stack"),
        (MIDDLEWARES, [{"name": "cloudflare-only"}], "class partners requires middleware rate-limit, which the route"),
        (MIDDLEWARES, ABSENT, "class partners requires middleware cloudflare-only"),
        ((*MIDDLEWARES, 1), {"name": "rate-limit", "namespace": "other"}, "middleware other-rate-limit@kubernetescrd"),
        ((*MIDDLEWARES, 1), {"name": "rate-limit", "namespace": "other"}, "class partners requires middleware rate"),
        ((*MIDDLEWARES, 0), {}, "middlewares[0].name is missing, but must be a string"),
        (("spec", "tls", "options"), {"name": "partners", "namespace": "other"}, "TLS options other-partners are not"),
        (("spec", "routes", 0, "services", 0, "name"), "other", "TraefikService other is not in this stack"),
        (("spec", "routes", 1), {"match": "Host(`a.b`)", "services": []}, "class partners requires middleware"),
    ],
)
def test_an_ingress_route_that_names_a_missing_object_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(on_route(path, value), FOUND, says)


def test_middlewares_may_have_spaces_around_them() -> None:
    value = "app-cloudflare-only@kubernetescrd , app-rate-limit@kubernetescrd"
    passes(on_ingress((*ANNOTATIONS, f"{PREFIX}middlewares"), value))


def test_a_route_without_a_class_has_the_bundled_one() -> None:
    body: Any = next(item for item in stack() if item.type.endswith(":IngressRoute")).properties
    for path, value in (
        ((*ANNOTATIONS, "honeydue.com/ingress-class"), ABSENT),
        (MIDDLEWARES, [{"name": "rate-limit"}]),
    ):
        body = put(body, path, value)
    rest = without("IngressRoute", "canary")
    passes([*rest, resource(f"{TRAEFIK}IngressRoute", "canary", body)])


def test_a_route_without_tls_options_names_none() -> None:
    passes(on_route(("spec", "tls", "options"), ABSENT))


def test_a_plain_service_need_not_be_in_the_stack() -> None:
    passes(on_route(("spec", "routes", 0, "services"), [{"name": "elsewhere", "port": 8000}]), FOUND)


def test_a_class_may_get_its_middlewares_through_chains() -> None:
    more = [chain("outer", {"name": "inner"}), chain("inner", {"name": "rate-limit"}, {"name": "outer"})]
    resources = on_route((*MIDDLEWARES, 1), {"name": "outer"})
    passes([*resources, *more])
    refuses(
        [*resources, chain("outer", {"name": "rate-limit", "namespace": "other"})], FOUND, "requires middleware rate"
    )


def test_an_ingress_has_the_middlewares_of_its_class() -> None:
    partner = ingress("partner", "api.example.com", ["cloudflare-only", "rate-limit"])
    passes(
        [*stack(), resource(partner.type, "partner", put(partner.properties, ("spec", "ingressClassName"), "partners"))]
    )


@pytest.mark.parametrize(
    ("kind", "name", "place"),
    [
        ("IngressClass", "partners", "partners.metadata.name"),
        ("Middleware", "rate-limit", "rate-limit.metadata.name"),
        ("Secret", "cloudflare-origin-cert", "cloudflare-origin-cert.metadata.name"),
        ("TLSOption", OPTIONS, f"{OPTIONS}.metadata.name"),
        ("TraefikService", "canary", "canary.metadata.name"),
    ],
)
def test_an_unknown_name_is_reported_and_nothing_is_missing(kind: str, name: str, place: str) -> None:
    resources = with_property(kind, name, ("metadata", "name"), UNKNOWN)
    leaves(resources, FOUND, place)


def test_an_object_is_found_beside_one_with_an_unknown_name() -> None:
    spare = resource(
        f"{TRAEFIK}Middleware", "spare", manifest("Middleware", "app", "spare", spec={"headers": {"frameDeny": True}})
    )
    resources = [*stack(), resource(spare.type, "spare", put(spare.properties, ("metadata", "name"), UNKNOWN))]
    passes(resources)
    assert not [item for item in unjudged(resources) if item.rule == FOUND], "an advisory for nothing"


def test_an_object_without_a_name_does_not_count() -> None:
    resources = with_property("Middleware", "rate-limit", ("metadata", "name"), ABSENT)
    refuses(resources, FOUND, "middleware app-rate-limit@kubernetescrd is not in this stack")
