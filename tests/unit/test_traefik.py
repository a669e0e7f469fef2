"""Traefik's chart values, key by key: the chart's schema is stripped by k3s, so a misspelt key would do nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from components.chart_values import DIGEST_ANNOTATION, chart_values, values_content
from components.digests import json_digest
from components.tls_options import tls_option

CHART_39_NAMES = {
    "additionalArguments",
    "api.dashboard",
    "deployment.annotations",
    "deployment.dnsPolicy",
    "deployment.kind",
    "deployment.terminationGracePeriodSeconds",
    "global.checkNewVersion",
    "global.sendAnonymousUsage",
    "hostNetwork",
    "ingressRoute.dashboard.enabled",
    "podSecurityContext.runAsGroup",
    "podSecurityContext.runAsNonRoot",
    "podSecurityContext.runAsUser",
    "podSecurityContext.seccompProfile.type",
    "ports.metrics.hostIP",
    "ports.metrics.port",
    "ports.traefik.hostIP",
    "ports.traefik.port",
    "ports.web.hostPort",
    "ports.web.http.redirections.entryPoint.permanent",
    "ports.web.http.redirections.entryPoint.scheme",
    "ports.web.http.redirections.entryPoint.to",
    "ports.web.port",
    "ports.websecure.asDefault",
    "ports.websecure.forwardedHeaders.trustedIPs",
    "ports.websecure.hostPort",
    "ports.websecure.port",
    "ports.websecure.transport.keepAliveMaxTime",
    "ports.websecure.transport.lifeCycle.graceTimeOut",
    "ports.websecure.transport.lifeCycle.requestAcceptGraceTimeout",
    "providers.kubernetesCRD.allowCrossNamespace",
    "providers.kubernetesIngress.publishedService.enabled",
    "providers.kubernetesIngress.strictPrefixMatching",
    "securityContext.allowPrivilegeEscalation",
    "securityContext.capabilities.add",
    "securityContext.capabilities.drop",
    "securityContext.readOnlyRootFilesystem",
    "service.enabled",
    "updateStrategy.rollingUpdate.maxSurge",
    "updateStrategy.rollingUpdate.maxUnavailable",
    "updateStrategy.type",
}
"""Names of values in chart 39.0.5 that the stack sets; read from the chart's values.yaml."""

RANGES = ["173.245.48.0/20", "103.21.244.0/22"]
VALUES = chart_values(RANGES, "api.example.com")


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield path, value
        return
    for key, inner in value.items():
        yield from leaves(inner, f"{path}.{key}".lstrip("."))


LEAVES = dict(leaves(VALUES))


def test_every_value_has_a_name_that_the_chart_knows() -> None:
    assert not set(LEAVES) - CHART_39_NAMES, "k3s would take it without a word and do nothing"


@pytest.mark.parametrize(
    ("name", "value", "stake"),
    [
        ("deployment.kind", "DaemonSet", "each node must answer by itself"),
        ("deployment.dnsPolicy", "ClusterFirstWithHostNet", "the host's resolver does not know Services"),
        ("hostNetwork", True, "Traefik would not be the host's :443"),
        ("service.enabled", False, "a LoadBalancer Service would bypass UFW"),
        ("updateStrategy.rollingUpdate.maxUnavailable", 1, "the chart refuses 0 with the host network"),
        ("updateStrategy.rollingUpdate.maxSurge", 0, "two pods can't hold one host port"),
        ("ports.web.port", 80, "the container binds the host's port itself"),
        ("ports.web.hostPort", 80, "hostPort must equal port or the render fails"),
        ("ports.websecure.port", 443, "the container binds the host's port itself"),
        ("ports.websecure.hostPort", 443, "hostPort must equal port or the render fails"),
        ("ports.websecure.asDefault", True, "each Ingress would be served in plaintext on the metrics port too"),
        ("ports.traefik.hostIP", "127.0.0.1", "ping and API would listen on every interface"),
        ("ports.metrics.hostIP", "127.0.0.1", "metrics would listen on every interface"),
        ("ports.metrics.port", 9101, "9100 is node_exporter's"),
        ("ports.web.http.redirections.entryPoint.to", "websecure", "http must only redirect"),
        ("podSecurityContext.runAsUser", 65532, "not root"),
        ("podSecurityContext.runAsGroup", 65532, "not root"),
        ("podSecurityContext.runAsNonRoot", True, "not root"),
        ("podSecurityContext.seccompProfile.type", "RuntimeDefault", "system calls stay filtered"),
        ("securityContext.readOnlyRootFilesystem", True, "nothing to write to"),
        ("securityContext.allowPrivilegeEscalation", False, "no way up"),
        ("securityContext.capabilities.drop", ["ALL"], "no capability"),
        ("securityContext.capabilities.add", ["NET_BIND_SERVICE"], "but the design's one"),
        ("api.dashboard", False, "the dashboard leaks the routes"),
        ("ingressRoute.dashboard.enabled", False, "the dashboard leaks the routes"),
        ("providers.kubernetesIngress.publishedService.enabled", False, "without a Service, status would stay empty"),
        ("providers.kubernetesIngress.strictPrefixMatching", True, "/api would match /apiary"),
        ("ports.websecure.forwardedHeaders.trustedIPs", sorted(RANGES), "X-Forwarded-* arrives on 443"),
    ],
)
def test_a_value_is_what_the_design_needs(name: str, value: Any, stake: str) -> None:
    assert LEAVES[name] == value, stake


def test_ingress_status_has_an_endpoint_of_its_own() -> None:
    arguments = VALUES["additionalArguments"]
    assert "--providers.kubernetesingress.ingressendpoint.hostname=api.example.com" in arguments


def test_a_pod_is_killed_only_after_its_grace_periods() -> None:
    cycle = VALUES["ports"]["websecure"]["transport"]["lifeCycle"]
    needed = sum(int(cycle[key].rstrip("s")) for key in ("requestAcceptGraceTimeout", "graceTimeOut"))
    assert VALUES["deployment"]["terminationGracePeriodSeconds"] > needed, "requests in flight would be cut"


def test_the_daemonset_carries_the_digest_of_its_values() -> None:
    written = yaml.safe_load(values_content(VALUES))
    assert written["deployment"].pop("annotations") == {DIGEST_ANNOTATION: json_digest(VALUES)}
    assert written == VALUES


def test_another_value_has_another_digest() -> None:
    assert json_digest(chart_values([*RANGES, "131.0.72.0/22"], "api.example.com")) != json_digest(VALUES)
    assert json_digest(chart_values(RANGES[::-1], "api.example.com")) == json_digest(VALUES), "an order is not a change"


def test_unknown_names_get_no_certificate() -> None:
    assert tls_option("1.2", None) == {"minVersion": "VersionTLS12", "sniStrict": True}
