"""Each route by itself: TLS, websecure, named hosts, a class and middlewares, one field broken at a time."""

from typing import Any

import pytest

from guardrails import UNKNOWN, Resource, judge
from tests.policy.compliant import ABSENT, PREFIX, Path, put, resource, stack, with_property
from tests.policy.verdict import leaves, passes, refuses

RULE = "routes-are-tls-only"
ANNOTATIONS = ("metadata", "annotations")
OLD_CLASS = "kubernetes.io/ingress.class"
BACKEND = {"service": {"name": "api", "port": {"number": 8000}}}


def on_ingress(path: Path, value: Any) -> list[Resource]:
    """The stack with one thing in an Ingress changed."""
    return with_property("Ingress", "api", path, value)


def on_route(path: Path, value: Any) -> list[Resource]:
    """The stack with one thing in an IngressRoute changed."""
    return with_property("IngressRoute", "canary", path, value)


def said(resources: list[Resource]) -> list[str]:
    """The messages of the rule."""
    return [item.message for item in judge(resources) if item.rule == RULE]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("spec", "ingressClassName"), ABSENT, "spec.ingressClassName is missing, but must be a string"),
        (("spec", "ingressClassName"), "", "spec.ingressClassName is ''; it must be 'traefik' or a class"),
        (
            (*ANNOTATIONS, OLD_CLASS),
            "traefik",
            f"{OLD_CLASS} is not known here; add it to ANNOTATIONS in policy/guardrails/routes/objects.py",
        ),
        (
            (*ANNOTATIONS, f"{PREFIX}entrypoints"),
            "web",
            "leave it out or use 'websecure': every other entrypoint is plain HTTP",
        ),
        (
            (*ANNOTATIONS, f"{PREFIX}entrypoints"),
            "web,websecure",
            "leave it out or use 'websecure': every other entrypoint is plain HTTP",
        ),
        (
            (*ANNOTATIONS, f"{PREFIX}entrypoints"),
            "",
            "leave it out or use 'websecure': every other entrypoint is plain HTTP",
        ),
        ((*ANNOTATIONS, f"{PREFIX}tls"), "false", "leave it out or use 'true': the route must use TLS"),
        ((*ANNOTATIONS, f"{PREFIX}tls"), False, "leave it out or use 'true': the route must use TLS"),
        (("spec", "tls"), ABSENT, "spec.tls is empty"),
        (("spec", "tls"), [], "spec.tls is empty"),
        (("spec", "tls"), "origin-cert", "spec.tls is of type str, but must be a list"),
        (("spec", "tls", 0, "secretName"), ABSENT, "spec.tls[0].secretName is missing"),
        (("spec", "tls", 0, "secretName"), "", "spec.tls[0].secretName is ''"),
        (("spec", "tls", 0, "hosts"), ABSENT, "spec.tls has no api.example.com; list every host"),
        (("spec", "tls", 0, "hosts"), ["new.example.com"], "spec.tls has no api.example.com"),
        (("spec", "tls", 0, "hosts"), ["*.example.com"], "spec.tls has no api.example.com"),
        (("spec", "tls", 1), {"hosts": ["new.example.com"]}, "spec.tls[1].secretName is missing"),
        (("spec", "rules", 1), {"host": "new.example.com"}, "spec.tls has no new.example.com"),
        (("spec", "rules", 0, "host"), ABSENT, "it has a rule without a host, which would answer for every name"),
        (("spec", "rules", 0, "host"), "", "it has a rule without a host"),
        (("spec", "rules", 1), {"http": {"paths": []}}, "it has a rule without a host"),
        (("spec", "defaultBackend"), BACKEND, "spec.defaultBackend is not known here; add it to INGRESS_SPEC in"),
        (("spec", "rules"), [], "spec.rules is empty"),
        (("spec", "rules"), ABSENT, "spec.rules is empty"),
        (("spec",), ABSENT, "spec.ingressClassName is missing"),
        (("spec",), "all", "spec is of type str, but must be a mapping"),
    ],
)
def test_an_ingress_that_is_not_tls_for_named_hosts_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(on_ingress(path, value), RULE, says)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*ANNOTATIONS, f"{PREFIX}entrypoints"), ABSENT),
        ((*ANNOTATIONS, f"{PREFIX}tls"), "true"),
        (("spec", "tls", 0, "hosts"), ["API.example.com", "new.example.com"]),
        (("spec", "rules", 0, "host"), "Api.Example.Com"),
    ],
)
def test_an_ingress_may_be_written_in_more_than_one_way(path: Path, value: Any) -> None:
    passes(on_ingress(path, value))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("spec", "entryPoints"), ABSENT, "spec.entryPoints is missing; set it to ['websecure']"),
        (("spec", "entryPoints"), [], "spec.entryPoints is []; set it to ['websecure']"),
        (("spec", "entryPoints"), ["web"], "spec.entryPoints is ['web']"),
        (("spec", "entryPoints"), ["websecure", "web"], "spec.entryPoints is ['websecure', 'web']"),
        (("spec", "entryPoints"), "websecure", "spec.entryPoints is 'websecure'"),
        (("spec", "tls"), ABSENT, "spec.tls.secretName is missing"),
        (("spec", "tls"), {}, "spec.tls.secretName is missing"),
        (("spec", "tls", "secretName"), ABSENT, "spec.tls.secretName is missing"),
        (("spec", "tls", "secretName"), "", "spec.tls.secretName is ''"),
        (("spec", "tls"), {"certResolver": "letsencrypt"}, "spec.tls.secretName is missing"),
        (("spec", "routes"), [], "spec.routes is empty"),
        (("spec", "routes"), ABSENT, "spec.routes is empty"),
        ((*ANNOTATIONS, OLD_CLASS), "partners", f"{OLD_CLASS} is not known here; add it to ROUTE_ANNOTATIONS in"),
        (("spec", "routes", 0, "match"), "PathPrefix(`/`)", "it has a rule without a host"),
        (("spec", "routes", 0, "match"), "HostRegexp(`.*`)", "it has a rule without a host"),
        (("spec", "routes", 0, "match"), "Host(`new.example.com`) || Path(`/`)", "it has a rule without a host"),
        (("spec", "routes", 0, "match"), "!Host(`new.example.com`)", "it has a rule without a host"),
        (("spec", "routes", 0, "match"), "Host(`a.b`) && Host(`c.d`)", "it has a rule that no host can match"),
        (("spec", "routes", 0, "match"), "everything", "'everything' is not a known matcher"),
        (("spec", "routes", 0, "match"), ABSENT, "spec.routes[0].match is missing, but must be a string"),
        (("spec", "routes", 1), {"match": "Path(`/`)", "services": []}, "it has a rule without a host"),
        (("spec", "tls"), "on", "spec.tls is of type str, but must be a mapping"),
    ],
)
def test_an_ingress_route_that_is_not_tls_for_named_hosts_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(on_route(path, value), RULE, says)


def test_every_fault_of_a_route_is_reported_at_once() -> None:
    [ingress] = [item for item in stack() if item.name == "api" and item.type.endswith(":Ingress")]
    broken = put(ingress.properties, ("spec",), {"rules": [{"host": "api.example.com"}]})
    broken = put(broken, (*ANNOTATIONS, f"{PREFIX}entrypoints"), "web")
    found = said([resource(ingress.type, "broken", broken)])
    assert [message.partition(" ")[0] for message in found] == [
        f"metadata.annotations.{PREFIX}entrypoints",
        "spec.ingressClassName",
        "spec.rules[0].http.paths",
        "spec.tls",
        "spec.tls",
    ]


@pytest.mark.parametrize(
    ("kind", "name", "path", "value", "says"),
    [
        ("Ingress", "api", (*ANNOTATIONS, f"{PREFIX}priority"), "1", f"{PREFIX}priority is not known here"),
        ("Ingress", "api", (*ANNOTATIONS, f"{PREFIX}tls.options"), "app-x@file", "<namespace>-<name>@kubernetescrd"),
        ("Ingress", "api", (*ANNOTATIONS, "honeydue.com/admin"), "yes", "leave it out or use 'true' or 'false'"),
        ("Ingress", "api", ("spec", "rules", 0, "http", "paths"), [], "spec.rules[0].http.paths is empty"),
        ("IngressRoute", "canary", ("spec", "routes", 0, "services"), [], "spec.routes[0].services is empty"),
        ("IngressRoute", "canary", ("spec", "routes", 0, "services", 0, "namespace"), "x", "namespace is not known"),
        ("IngressRoute", "canary", ("spec", "routes", 0, "services", 0, "scheme"), "h2c", "scheme is not known here"),
        ("IngressRoute", "canary", ("spec", "routes", 0, "syntax"), "v2", "spec.routes[0].syntax is not known here"),
        ("IngressRoute", "canary", ("spec", "tls", "domains"), [], "spec.tls.domains is not known here"),
        ("TraefikService", "canary", ("spec", "mirroring"), {"name": "x"}, "add it to WEIGHTED in"),
        ("TraefikService", "canary", ("spec", "weighted", "services"), [], "spec.weighted.services is empty"),
        ("TraefikService", "canary", ("spec", "weighted", "services", 0, "weight"), 101, "weight is 101"),
        (
            *("TraefikService", "canary", ("spec", "weighted", "sticky")),
            *({"cookie": {"name": "c", "httpOnly": True, "secure": False, "sameSite": "lax"}}, "secure is False"),
        ),
        ("IngressClass", "partners", ("spec", "controller"), "k8s.io/ingress-nginx", "nothing else serves its routes"),
        ("IngressClass", "partners", ("spec", "parameters"), {}, "spec.parameters is not known here"),
    ],
)
def test_every_other_value_is_known_and_judged(kind: str, name: str, path: Path, value: Any, says: str) -> None:
    refuses(with_property(kind, name, path, value), RULE, says)


@pytest.mark.parametrize(
    ("kind", "name", "path", "place"),
    [
        ("Ingress", "api", ("spec", "ingressClassName"), "spec.ingressClassName"),
        ("Ingress", "api", (*ANNOTATIONS, f"{PREFIX}entrypoints"), f"metadata.annotations.{PREFIX}entrypoints"),
        ("Ingress", "api", ANNOTATIONS, "metadata.annotations"),
        ("Ingress", "api", ("spec", "tls"), "spec.tls"),
        ("Ingress", "api", ("spec", "tls", 0, "hosts", 0), "spec.tls[0].hosts[0]"),
        ("Ingress", "api", ("spec", "tls", 0, "secretName"), "spec.tls[0].secretName"),
        ("Ingress", "api", ("spec", "rules", 0, "host"), "spec.rules[0].host"),
        ("IngressRoute", "canary", ("spec", "entryPoints"), "spec.entryPoints"),
        ("IngressRoute", "canary", ("spec", "entryPoints", 0), "spec.entryPoints[0]"),
        ("IngressRoute", "canary", ("spec", "tls"), "spec.tls"),
        ("IngressRoute", "canary", ("spec", "routes"), "spec.routes"),
        ("IngressRoute", "canary", ("spec", "routes", 0, "match"), "spec.routes[0].match"),
    ],
)
def test_an_unknown_value_is_reported(kind: str, name: str, path: Path, place: str) -> None:
    leaves(with_property(kind, name, path, UNKNOWN), RULE, place)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (("spec", "ingressClassName"), "leave it out or use 'websecure': every other entrypoint is plain HTTP"),
        (("spec", "tls"), "leave it out or use 'websecure': every other entrypoint is plain HTTP"),
        (("spec", "tls", 0, "secretName"), "leave it out or use 'websecure': every other entrypoint is plain HTTP"),
    ],
)
def test_an_unknown_field_does_not_hide_its_neighbour(path: Path, says: str) -> None:
    [ingress] = [item for item in stack() if item.name == "api" and item.type.endswith(":Ingress")]
    broken = put(put(ingress.properties, path, UNKNOWN), (*ANNOTATIONS, f"{PREFIX}entrypoints"), "web")
    refuses([resource(ingress.type, "broken", broken)], RULE, says)


def test_an_unknown_entrypoint_does_not_hide_a_missing_certificate() -> None:
    [route] = [item for item in stack() if item.type.endswith(":IngressRoute")]
    broken = put(put(route.properties, ("spec", "entryPoints"), UNKNOWN), ("spec", "tls"), {})
    refuses([resource(route.type, "broken", broken)], RULE, "spec.tls.secretName is missing")
