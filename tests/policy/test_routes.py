"""Each route by itself: TLS, websecure, named hosts and a class, one field broken at a time."""

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


def told(resources: list[Resource]) -> list[str]:
    """What the rule says."""
    return [item.message for item in judge(resources) if item.rule == RULE]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("spec", "ingressClassName"), ABSENT, "spec.ingressClassName is missing; set it to 'traefik'"),
        (("spec", "ingressClassName"), "", "spec.ingressClassName is missing"),
        ((*ANNOTATIONS, OLD_CLASS), "traefik", f"{OLD_CLASS} is set beside spec.ingressClassName; remove it"),
        ((*ANNOTATIONS, f"{PREFIX}entrypoints"), "web", "entrypoints must be 'websecure' alone"),
        ((*ANNOTATIONS, f"{PREFIX}entrypoints"), "web,websecure", "entrypoints must be 'websecure' alone"),
        ((*ANNOTATIONS, f"{PREFIX}entrypoints"), "", "entrypoints must be 'websecure' alone"),
        ((*ANNOTATIONS, f"{PREFIX}tls"), "false", "router.tls turns TLS off; remove it"),
        ((*ANNOTATIONS, f"{PREFIX}tls"), False, "router.tls turns TLS off; remove it"),
        (("spec", "tls"), ABSENT, "spec.tls is empty, so Traefik's own certificate would be served"),
        (("spec", "tls"), [], "spec.tls is empty"),
        (("spec", "tls"), "origin-cert", "spec.tls is of type str where a list must stand"),
        (("spec", "tls", 0, "secretName"), ABSENT, "spec.tls[0].secretName is missing"),
        (("spec", "tls", 0, "secretName"), "", "spec.tls[0].secretName is missing"),
        (("spec", "tls", 0, "hosts"), ABSENT, "spec.tls has no api.example.com; list every host"),
        (("spec", "tls", 0, "hosts"), ["new.example.com"], "spec.tls has no api.example.com"),
        (("spec", "tls", 0, "hosts"), ["*.example.com"], "spec.tls has no api.example.com"),
        (("spec", "tls", 1), {"hosts": ["new.example.com"]}, "spec.tls[1].secretName is missing"),
        (("spec", "rules", 1), {"host": "new.example.com"}, "spec.tls has no new.example.com"),
        (("spec", "rules", 0, "host"), ABSENT, "it has a rule without a host, which would answer for every name"),
        (("spec", "rules", 0, "host"), "", "it has a rule without a host"),
        (("spec", "rules", 1), {"http": {"paths": []}}, "it has a rule without a host"),
        (("spec", "defaultBackend"), BACKEND, "it has a rule without a host"),
        (("spec", "rules"), [], "it has a rule that no host can match"),
        (("spec", "rules"), ABSENT, "it has a rule that no host can match"),
        (("spec",), ABSENT, "spec.ingressClassName is missing"),
        (("spec",), "all", "spec is of type str where a mapping must stand"),
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
        (("spec", "entryPoints"), ABSENT, "spec.entryPoints is None; set it to ['websecure']"),
        (("spec", "entryPoints"), [], "spec.entryPoints is []; set it to ['websecure']"),
        (("spec", "entryPoints"), ["web"], "spec.entryPoints is ['web']"),
        (("spec", "entryPoints"), ["websecure", "web"], "spec.entryPoints is ['websecure', 'web']"),
        (("spec", "entryPoints"), "websecure", "spec.entryPoints is 'websecure'"),
        (("spec", "tls"), ABSENT, "spec.tls.secretName is missing, so it is plain text or a borrowed certificate"),
        (("spec", "tls"), {}, "spec.tls.secretName is missing"),
        (("spec", "tls", "secretName"), ABSENT, "spec.tls.secretName is missing"),
        (("spec", "tls", "secretName"), "", "spec.tls.secretName is missing"),
        (("spec", "tls"), {"certResolver": "letsencrypt"}, "spec.tls.secretName is missing"),
        (("spec", "routes"), [], "spec.routes is empty"),
        (("spec", "routes"), ABSENT, "spec.routes is empty"),
        ((*ANNOTATIONS, OLD_CLASS), "partners", f"{OLD_CLASS} makes Traefik ignore the route"),
        (("spec", "routes", 0, "match"), "PathPrefix(`/`)", "it has a rule without a host"),
        (("spec", "routes", 0, "match"), "HostRegexp(`.*`)", "it has a rule without a host"),
        (("spec", "routes", 0, "match"), "Host(`new.example.com`) || Path(`/`)", "it has a rule without a host"),
        (("spec", "routes", 0, "match"), "!Host(`new.example.com`)", "it has a rule without a host"),
        (("spec", "routes", 0, "match"), "Host(`a.b`) && Host(`c.d`)", "it has a rule that no host can match"),
        (("spec", "routes", 0, "match"), "everything", "'everything' is no matcher that is known here"),
        (("spec", "routes", 0, "match"), ABSENT, "spec.routes[0].match is missing where a string must stand"),
        (("spec", "routes", 1), {"match": "Path(`/`)", "services": []}, "it has a rule without a host"),
        (("spec", "tls"), "on", "spec.tls is of type str where a mapping must stand"),
    ],
)
def test_an_ingress_route_that_is_not_tls_for_named_hosts_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(on_route(path, value), RULE, says)


def test_an_ingress_route_may_name_the_bundled_class_as_traefik_reads_it() -> None:
    passes(on_route((*ANNOTATIONS, OLD_CLASS), "traefik"))


def test_every_fault_of_a_route_is_told_at_once() -> None:
    [ingress] = [item for item in stack() if item.name == "api" and item.type.endswith(":Ingress")]
    broken = put(ingress.properties, ("spec",), {"rules": [{"host": "api.example.com"}]})
    broken = put(broken, (*ANNOTATIONS, f"{PREFIX}entrypoints"), "web")
    found = told([resource(ingress.type, "broken", broken)])
    assert [message.partition(" ")[0] for message in found] == [
        "spec.ingressClassName",
        f"metadata.annotations.{PREFIX}entrypoints",
        "spec.tls",
    ], "whoever mends the first is told of the next only then"


@pytest.mark.parametrize(
    "type_",
    [
        "traefik.io/v1alpha1:IngressRouteTCP",
        "traefik.io/v1alpha1:IngressRouteUDP",
        "traefik.io/v1alpha1:IngressRoutePatch",
        "traefik.io/v1alpha1:IngressRouteList",
        "networking.k8s.io/v1:IngressPatch",
        "networking.k8s.io/v1:IngressList",
    ],
)
def test_a_route_of_a_kind_that_no_rule_reads_is_refused(type_: str) -> None:
    refuses(
        [*stack(), resource(f"kubernetes:{type_}", "more", {"spec": {}})], RULE, "use an Ingress or an IngressRoute"
    )


@pytest.mark.parametrize(
    "type_",
    [
        "traefik.io/v1alpha1:MiddlewarePatch",
        "traefik.io/v1alpha1:MiddlewareList",
        "traefik.io/v1alpha1:TLSOptionPatch",
        "traefik.io/v1alpha1:TraefikServicePatch",
        "helm.cattle.io/v1:HelmChartConfigPatch",
        "networking.k8s.io/v1:IngressClassPatch",
    ],
)
def test_what_routes_rest_on_is_not_changed_from_elsewhere(type_: str) -> None:
    weaker = resource(f"kubernetes:{type_}", "weaker", {"metadata": {"name": "admin-auth"}, "spec": {}})
    refuses([*stack(), weaker], RULE, "write the object itself")


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
def test_what_is_not_known_yet_is_left_aloud(kind: str, name: str, path: Path, place: str) -> None:
    leaves(with_property(kind, name, path, UNKNOWN), RULE, place)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (("spec", "ingressClassName"), "entrypoints must be 'websecure' alone"),
        (("spec", "tls"), "entrypoints must be 'websecure' alone"),
        (("spec", "tls", 0, "secretName"), "entrypoints must be 'websecure' alone"),
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
