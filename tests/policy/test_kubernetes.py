"""Kubernetes objects and middlewares: their kinds, metadata and bodies, one field broken at a time."""

from typing import Any

import pytest

from guardrails import UNKNOWN, Secret, judge
from tests.policy.compliant import ABSENT, Path, manifest, resource, stack, with_property
from tests.policy.verdict import leaves, passes, refuses

RULE = "pods-are-confined"
SECRETS = "secrets-are-known"
MIDDLEWARES = "middlewares-are-known"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("apiVersion",), "v2", "apiVersion is 'v2'; use 'v1'"),
        (("apiVersion",), ABSENT, "apiVersion is missing"),
        (("kind",), ABSENT, "kind is missing"),
        (("metadata", "name"), "Api Server", "metadata.name is 'Api Server'; it must be a name of a Kubernetes object"),
        (("metadata", "name"), ABSENT, "metadata.name is missing"),
        (("metadata", "generateName"), "x-", "metadata.generateName is not known here; add it to SERVICES in"),
        (("metadata", "finalizers"), ["x"], "metadata.finalizers is not known here"),
        (("status",), {}, "status is not known here; add it to SERVICES in policy/guardrails/pods/objects.py"),
        (("spec", "ports"), [], "spec.ports is empty"),
        (("spec", "ports", 0, "port"), 0, "spec.ports[0].port is 0"),
        (("spec", "ports", 0, "protocol"), "SCTP", "spec.ports[0].protocol is 'SCTP'"),
        (("spec", "clusterIP"), "10.43.0.99", "spec.clusterIP is '10.43.0.99'"),
        (("spec", "sessionAffinity"), "x", "spec.sessionAffinity is 'x'"),
        (
            ("spec", "externalTrafficPolicy"),
            "Local",
            "spec.externalTrafficPolicy is not known here; add it to SERVICES",
        ),
    ],
)
def test_a_broken_field_of_a_service_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(with_property("Service", "api", path, value), RULE, says)


@pytest.mark.parametrize("type_", ["kubernetes.io/service-account-token", "helm.sh/release.v1"])
def test_a_secret_of_another_type_is_refused(type_: str) -> None:
    refuses(with_property("Secret", "admin-users", ("type",), type_), SECRETS, "type is ")


def test_a_known_secret_may_be_in_its_own_place_only() -> None:
    for name, namespace in (("origin-pulls-ca", "app"), ("admin-users", "kube-system")):
        refuses(with_property("Secret", name, ("metadata", "namespace"), namespace), SECRETS, "to SECRETS in policy/")


def test_a_config_map_and_more_namespaces_of_applications_pass() -> None:
    config = resource("kubernetes:core/v1:ConfigMap", "more", manifest("ConfigMap", "app", "more", data={"a": "b"}))
    namespace = resource("kubernetes:core/v1:Namespace", "more", manifest("Namespace", None, "more"))
    passes([*stack(), config, namespace])


@pytest.mark.parametrize(
    ("kind", "name", "path", "place"),
    [
        ("Service", "api", ("spec", "type"), "spec.type"),
        ("Service", "api", ("metadata",), "metadata"),
        ("Secret", "admin-users", ("type",), "type"),
        ("Namespace", "app", ("metadata", "name"), "metadata.name"),
    ],
)
def test_an_unknown_value_is_reported(kind: str, name: str, path: Path, place: str) -> None:
    leaves(with_property(kind, name, path, UNKNOWN), SECRETS if kind == "Secret" else RULE, place)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"headers": {"customRequestHeaders": {"X-Forwarded-For": "1"}}}, "customRequestHeaders is not known here"),
        ({"headers": {"accessControlAllowOriginList": ["*"]}}, "accessControlAllowOriginList is not known here"),
        ({"headers": {"stsSeconds": -1}}, "stsSeconds is -1"),
        ({"headers": {"frameDeny": "yes"}}, "frameDeny is 'yes'"),
        ({"headers": {"contentSecurityPolicy": "a\nb"}}, "it must be one line"),
        ({"basicAuth": {"secret": "s"}}, "removeHeader is missing; set it to True"),
        ({"basicAuth": {"removeHeader": True}}, "secret is missing"),
        ({"basicAuth": {"secret": "s", "removeHeader": True, "headerField": "X"}}, "headerField is not known here"),
        ({"ipAllowList": {"sourceRange": []}}, "sourceRange is empty"),
        ({"ipAllowList": {"sourceRange": ["0.0.0.0/0"], "ipStrategy": {}}}, "ipStrategy is not known here"),
        ({"chain": {"middlewares": []}}, "middlewares is empty"),
        ({"chain": {"middlewares": [{"name": "X"}]}}, "it must be the name of an object"),
        ({"forwardAuth": {"address": "http://x"}}, "spec.forwardAuth is not known here; add it to MIDDLEWARES in"),
        ({"plugin": {}}, "spec.plugin is not known here"),
    ],
)
def test_a_broken_field_of_a_middleware_is_refused(spec: dict[str, Any], says: str) -> None:
    more = resource(
        "kubernetes:traefik.io/v1alpha1:Middleware", "more", manifest("Middleware", "app", "more", spec=spec)
    )
    refuses([*stack(), more], MIDDLEWARES, says)


@pytest.mark.parametrize(
    "spec",
    [
        {"headers": {"stsSeconds": 31536000, "frameDeny": True, "referrerPolicy": "no-referrer"}},
        {"chain": {"middlewares": [{"name": "rate-limit"}]}},
        {"basicAuth": {"secret": "admin-users", "removeHeader": True, "realm": "admin"}},
        {
            "rateLimit": {
                "average": 1,
                "burst": 2,
                "period": "1s",
                "sourceCriterion": {"ipStrategy": {"depth": 1}},
            }
        },
    ],
)
def test_the_middlewares_of_the_design_pass(spec: dict[str, Any]) -> None:
    more = resource(
        "kubernetes:traefik.io/v1alpha1:Middleware", "more", manifest("Middleware", "app", "more", spec=spec)
    )
    passes([*stack(), more])


def test_no_message_shows_a_value_of_a_secret() -> None:
    for data in ({"users": "hunter2", "more": "hunter2"}, "hunter2", ["hunter2"]):
        for item in judge(with_property("Secret", "admin-users", ("stringData",), Secret(data))):
            assert "hunter2" not in item.message
