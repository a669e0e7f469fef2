"""Traefik's chart values, one field broken at a time."""

from typing import Any

import pytest
import yaml

from guardrails import UNKNOWN
from tests.policy.compliant import ABSENT, Path, chart_values, put, with_property, with_value
from tests.policy.verdict import leaves, passes, refuses

RULE = "traefik-is-known"
CONTENT = ("spec", "valuesContent")
TRUSTED = ("ports", "websecure", "forwardedHeaders", "trustedIPs")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("deployment", "kind"), "Deployment", "deployment.kind is 'Deployment'; set it to 'DaemonSet'"),
        (("deployment", "kind"), ABSENT, "deployment.kind is missing"),
        (("deployment", "enabled"), False, "deployment.enabled is False; leave it out or use True"),
        (("hostNetwork",), False, "hostNetwork is False; set it to True"),
        (("hostNetwork",), ABSENT, "hostNetwork is missing"),
        (("hostNetwork",), "true", "hostNetwork is 'true'; set it to True"),
        (("service", "enabled"), True, "service.enabled is True; set it to False"),
        (("service", "enabled"), ABSENT, "service.enabled is missing"),
        (("ports", "web", "port"), 8000, "ports.web.port is 8000; set it to 80"),
        (("ports", "web", "hostPort"), ABSENT, "ports.web.hostPort is missing; set it to 80"),
        (("ports", "websecure", "port"), 8443, "ports.websecure.port is 8443; set it to 443"),
        (("ports", "websecure", "hostPort"), 8443, "ports.websecure.hostPort is 8443; set it to 443"),
        (("ports", "websecure", "hostPort"), "443", "ports.websecure.hostPort is '443'; set it to 443"),
        (("updateStrategy", "type"), "OnDelete", "updateStrategy.type is 'OnDelete'"),
        (("updateStrategy", "rollingUpdate", "maxUnavailable"), 0, "maxUnavailable is 0; set it to 1"),
        (("updateStrategy", "rollingUpdate", "maxSurge"), 1, "maxSurge is 1; set it to 0"),
        (("updateStrategy", "rollingUpdate", "maxSurge"), False, "maxSurge is False; set it to 0"),
        (("updateStrategy",), ABSENT, "maxUnavailable is missing"),
        (("deployment", "hostNetwork"), True, "deployment.hostNetwork is not known here"),
        (("deployment", "strategy"), {}, "deployment.strategy is not known here"),
        (("deployment", "updateStrategy"), {}, "deployment.updateStrategy is not known here"),
        (
            ("extraObjects",),
            [{"kind": "Pod"}],
            "extraObjects is not known here; add it to VALUES in policy/guardrails/traefik.py",
        ),
        (("deployment",), "DaemonSet", "deployment is of type str, but must be a mapping"),
    ],
)
def test_traefik_is_the_nodes_own_port_80_and_443(path: Path, value: Any, says: str) -> None:
    refuses(with_value(path, value), RULE, says)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("spec", "failurePolicy"), "reinstall", "spec.failurePolicy is 'reinstall'; set it to 'abort'"),
        (("spec", "failurePolicy"), ABSENT, "spec.failurePolicy is missing"),
        (("spec", "valuesSecrets"), [{"name": "s"}], "spec.valuesSecrets is not known here; add it to SPEC in"),
        (("spec", "values"), {"hostNetwork": False}, "spec.values is not known here"),
        (CONTENT, "", "spec.valuesContent contains NoneType, but must contain a mapping"),
        (CONTENT, "- a", "spec.valuesContent contains list, but must contain a mapping"),
        (CONTENT, "a: {", "spec.valuesContent is not strict YAML"),
        (CONTENT, "hostNetwork: true\nhostNetwork: false", "hostNetwork given twice"),
        (CONTENT, "a: 1\n---\nb: 2", "spec.valuesContent is not strict YAML"),
        (CONTENT, "a: !!python/object:os.system {}", "spec.valuesContent is not strict YAML"),
        (CONTENT, ABSENT, "spec.valuesContent is missing, but must be a string"),
        (CONTENT, {"hostNetwork": True}, "spec.valuesContent is of type dict, but must be a string"),
    ],
)
def test_a_config_that_cannot_be_parsed_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(with_property("HelmChartConfig", "traefik", path, value), RULE, says)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("podSecurityContext", "runAsUser"), 0, "podSecurityContext.runAsUser is 0; set it to 65532"),
        (("podSecurityContext", "runAsUser"), 1000, "runAsUser is 1000; set it to 65532"),
        (("podSecurityContext", "runAsGroup"), ABSENT, "runAsGroup is missing; set it to 65532"),
        (("podSecurityContext", "runAsNonRoot"), False, "runAsNonRoot is False; set it to True"),
        (("podSecurityContext",), ABSENT, "podSecurityContext.runAsNonRoot is missing"),
        (("securityContext", "readOnlyRootFilesystem"), False, "readOnlyRootFilesystem is False; set it to True"),
        (("securityContext", "allowPrivilegeEscalation"), True, "allowPrivilegeEscalation is True; set it to False"),
        (("securityContext", "allowPrivilegeEscalation"), ABSENT, "allowPrivilegeEscalation is missing"),
        (("securityContext", "capabilities", "drop"), ["NET_RAW"], "drop is ['NET_RAW']; set it to ['ALL']"),
        (("securityContext", "capabilities", "drop"), ABSENT, "drop is missing; set it to ['ALL']"),
        (
            ("securityContext", "capabilities", "add"),
            ["NET_BIND_SERVICE", "SYS_ADMIN"],
            "capabilities.add[1] is 'SYS_ADMIN'; use 'NET_BIND_SERVICE'",
        ),
        (("securityContext", "capabilities", "add"), ["ALL"], "capabilities.add[0] is 'ALL'"),
        (("securityContext", "privileged"), True, "securityContext.privileged is True; leave it out or use False"),
        (("securityContext", "runAsUser"), 0, "securityContext.runAsUser is 0 and overrides the pod's 65532"),
        (
            ("securityContext", "runAsNonRoot"),
            False,
            "securityContext.runAsNonRoot is False; leave it out or use True: it overrides the pod's",
        ),
        (("securityContext", "seccompProfile"), {"type": "Unconfined"}, "seccompProfile.type is 'Unconfined'"),
        (("podSecurityContext", "seccompProfile"), {"type": "Unconfined"}, "seccompProfile.type is 'Unconfined'"),
        (("podSecurityContext", "seccompProfile"), ABSENT, "seccompProfile.type is missing; use 'RuntimeDefault'"),
        (
            ("deployment", "initContainers"),
            [{"name": "i"}],
            "deployment.initContainers is [{'name': 'i'}]; leave it out or use []",
        ),
        (("deployment", "additionalContainers"), [{"name": "a"}], "deployment.additionalContainers is"),
    ],
)
def test_traefik_has_no_privileges(path: Path, value: Any, says: str) -> None:
    refuses(with_value(path, value), RULE, says)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("api", "dashboard"), True, "api.dashboard is True; set it to False"),
        (("api",), ABSENT, "api.dashboard is missing; set it to False: the chart turns it on"),
        (("api", "insecure"), True, "api.insecure is True; leave it out or use False: it opens the API"),
        (("ingressRoute", "dashboard", "enabled"), True, "ingressRoute.dashboard.enabled is True"),
        (("ports", "traefik", "hostIP"), ABSENT, "ports.traefik.hostIP is missing; set it to '127.0.0.1'"),
        (("ports", "traefik", "hostIP"), "0.0.0.0", "ports.traefik.hostIP is 0.0.0.0"),
        (("ports", "metrics"), ABSENT, "ports.metrics is missing, so the chart publishes metrics on every interface"),
        (("ports", "metrics", "hostIP"), "0.0.0.0", "ports.metrics.hostIP is 0.0.0.0"),
        (("ports", "debug"), {"port": 9000}, "ports.debug is not known here"),
        (("ports", "metrics", "hostIP"), "localhost", "ports.metrics.hostIP is 'localhost', which is not an address"),
    ],
)
def test_internal_ports_and_the_dashboard_stay_private(path: Path, value: Any, says: str) -> None:
    refuses(with_value(path, value), RULE, says)


@pytest.mark.parametrize(
    "argument",
    [
        "--api.insecure",
        "--API.Insecure=TRUE",
        "-api.dashboard=1",
        "--entrypoints.websecure.forwardedHeaders.insecure=true",
        "--entrypoints.extra",
        "--configfile=/etc/other.yaml",
        "--accesslog=true",
        "--providers.kubernetesingress.ingressendpoint.hostname=a.example.com --api",
    ],
)
def test_an_argument_that_is_not_known_is_refused(argument: str) -> None:
    known = chart_values()["additionalArguments"][0]
    refuses(
        with_value(("additionalArguments",), [known, argument]),
        RULE,
        f"additionalArguments[1] {argument!r} is not known",
    )
    refuses(with_value(("globalArguments",), [argument]), RULE, "globalArguments is not known here")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (TRUSTED, ABSENT, "ports.websecure.forwardedHeaders.trustedIPs is empty"),
        (TRUSTED, [], "ports.websecure.forwardedHeaders.trustedIPs is empty"),
        ((*TRUSTED, 0), "0.0.0.0/0", "trustedIPs[0] is 0.0.0.0/0, not Cloudflare's"),
        ((*TRUSTED, 0), "64.0.0.0/8", "it is larger than all of Cloudflare's known ranges together"),
        ((*TRUSTED, 0), "10.0.0.0/8", "overlaps 10.0.0.0/8"),
        ((*TRUSTED, 0), "2600::/16", "it is larger than all of Cloudflare's known ranges together"),
        ((*TRUSTED, 0), "cloudflare", "which is not an address range"),
        ((*TRUSTED, 0), 7, "is of type int, but must be a string"),
        (TRUSTED, "173.245.48.0/20", "of type str, but must be a list"),
        (("ports", "web", "forwardedHeaders"), {"trustedIPs": ["127.0.0.0/8"]}, "overlaps 127.0.0.0/8"),
        (
            ("ports", "websecure", "forwardedHeaders", "insecure"),
            True,
            "insecure is True; leave it out or use False: it trusts every sender",
        ),
        (
            ("ports", "web", "forwardedHeaders"),
            {"insecure": True},
            "insecure is True; leave it out or use False: it trusts every sender",
        ),
        (("ports", "websecure", "proxyProtocol"), {"insecure": True}, "proxyProtocol is not known here"),
        (("ports", "websecure", "asDefault"), ABSENT, "ports.websecure.asDefault is missing"),
    ],
)
def test_only_cloudflares_headers_are_trusted(path: Path, value: Any, says: str) -> None:
    refuses(with_value(path, value), RULE, says)


def test_port_80_may_trust_cloudflare_too() -> None:
    trusted = chart_values()["ports"]["websecure"]["forwardedHeaders"]["trustedIPs"]
    passes(with_value(("ports", "web", "forwardedHeaders"), {"trustedIPs": trusted}))


def test_metrics_may_be_off_instead_of_private() -> None:
    values = {**chart_values(), "metrics": {"prometheus": None}}
    del values["ports"]["metrics"]
    passes(with_property("HelmChartConfig", "traefik", CONTENT, yaml.safe_dump(values)))


@pytest.mark.parametrize("path", [CONTENT, ("metadata", "name"), ("spec",)])
def test_unknown_values_are_reported(path: tuple[str, ...]) -> None:
    leaves(with_property("HelmChartConfig", "traefik", path, UNKNOWN), RULE, ".".join(path))


def test_an_unknown_field_does_not_hide_its_neighbour() -> None:
    resources = with_property("HelmChartConfig", "traefik", ("spec",), {"failurePolicy": "reinstall"})
    refuses(resources, RULE, "failurePolicy")
    text = yaml.safe_dump(put(chart_values(), ("hostNetwork",), False))
    resources = with_property(
        "HelmChartConfig", "traefik", ("spec",), {"failurePolicy": UNKNOWN, "valuesContent": text}
    )
    refuses(resources, RULE, "hostNetwork is False")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("ports", "web", "http", "redirections", "entryPoint", "to"), "web", "to is 'web'; set it to 'websecure'"),
        (("ports", "websecure", "transport", "lifeCycle", "graceTimeOut"), "0s", "it must be a duration above 0"),
        (("ports", "websecure", "transport", "respondingTimeouts", "readTimeout"), "0", "a duration above 0"),
        (("deployment", "terminationGracePeriodSeconds"), 0, "terminationGracePeriodSeconds is 0"),
        (("deployment", "annotations"), {"container.apparmor": "x"}, "annotations.container.apparmor is not known"),
        (("deployment", "dnsPolicy"), "Default", "dnsPolicy is 'Default'"),
        (("providers", "kubernetesIngress", "enabled"), False, "providers.kubernetesIngress.enabled is False"),
        (("providers", "kubernetesIngress", "publishedService"), {"enabled": True}, "publishedService.enabled is True"),
        (("global", "sendAnonymousUsage"), True, "global.sendAnonymousUsage is True"),
        (("service", "spec"), {}, "service.spec is not known here"),
    ],
)
def test_every_other_value_is_known_and_judged(path: Path, value: Any, says: str) -> None:
    refuses(with_value(path, value), RULE, says)


def test_a_config_of_another_chart_is_refused() -> None:
    for path, value in ((("metadata", "name"), "other"), (("metadata", "namespace"), "app")):
        resources = with_property("HelmChartConfig", "traefik", path, value)
        if path[1] == "name":
            refuses(resources, "traefik-is-known", "add HelmChartConfig other to SPEC in")
        else:
            refuses(resources, RULE, "it configures another chart")
