"""Traefik's chart values, one field broken at a time."""

from typing import Any

import pytest
import yaml

from guardrails import UNKNOWN
from tests.policy.compliant import ABSENT, Path, chart_values, with_property, with_value
from tests.policy.verdict import leaves, passes, refuses

EVERY_NODE = "traefik-on-every-node"
CONFINED = "traefik-is-confined"
SHOWS = "traefik-shows-nothing"
BELIEVES = "traefik-believes-cloudflare-only"
CONTENT = ("spec", "valuesContent")
TRUSTED = ("ports", "websecure", "forwardedHeaders", "trustedIPs")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("deployment", "kind"), "Deployment", "deployment.kind is 'Deployment'; set it to 'DaemonSet'"),
        (("deployment", "kind"), ABSENT, "deployment.kind is missing"),
        (("deployment", "enabled"), False, "deployment.enabled is off"),
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
        (("deployment", "hostNetwork"), True, "deployment.hostNetwork is silently ignored"),
        (("deployment", "strategy"), {}, "deployment.strategy is silently ignored"),
        (("deployment", "updateStrategy"), {}, "deployment.updateStrategy is silently ignored"),
        (("extraObjects",), [{"kind": "Pod"}], "extraObjects makes objects that no policy sees"),
        (("deployment",), "DaemonSet", "deployment is of type str where a mapping must stand"),
    ],
)
def test_traefik_is_the_nodes_own_port_80_and_443(path: Path, value: Any, says: str) -> None:
    refuses(with_value(path, value), EVERY_NODE, says)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("spec", "failurePolicy"), "reinstall", "spec.failurePolicy is 'reinstall'; set it to 'abort'"),
        (("spec", "failurePolicy"), ABSENT, "spec.failurePolicy is missing"),
        (("spec", "valuesSecrets"), [{"name": "s"}], "spec.valuesSecrets sets values that no policy reads"),
        (("spec", "values"), {"hostNetwork": False}, "spec.values sets values that no policy reads"),
        (("metadata", "name"), "other", "it configures another chart"),
        (("metadata", "namespace"), "default", "it configures another chart"),
        (CONTENT, "", "spec.valuesContent holds NoneType where a mapping"),
        (CONTENT, "- a", "spec.valuesContent holds list where a mapping"),
        (CONTENT, "a: {", "spec.valuesContent is no YAML"),
        (CONTENT, "hostNetwork: true\nhostNetwork: false", "hostNetwork given twice"),
        (CONTENT, "a: 1\n---\nb: 2", "spec.valuesContent is no YAML"),
        (CONTENT, "a: !!python/object:os.system {}", "spec.valuesContent is no YAML"),
        (CONTENT, ABSENT, "spec.valuesContent is missing where a string must stand"),
        (CONTENT, {"hostNetwork": True}, "spec.valuesContent is of type dict where a string must stand"),
    ],
)
def test_what_cannot_be_read_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(with_property("HelmChartConfig", "traefik", path, value), EVERY_NODE, says)


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
        (("securityContext", "capabilities", "drop"), ABSENT, "drop is None; set it to ['ALL']"),
        (("securityContext", "capabilities", "add"), ["NET_BIND_SERVICE", "SYS_ADMIN"], "add has SYS_ADMIN"),
        (("securityContext", "capabilities", "add"), ["ALL"], "add has ALL"),
        (("securityContext", "privileged"), True, "securityContext.privileged is set"),
        (("securityContext", "runAsUser"), 0, "securityContext.runAsUser is 0 and overrides the pod's 65532"),
        (("securityContext", "runAsNonRoot"), False, "securityContext.runAsNonRoot overrides the pod's"),
        (("securityContext", "seccompProfile"), {"type": "Unconfined"}, "seccompProfile.type is 'Unconfined'"),
        (("podSecurityContext", "seccompProfile"), {"type": "Unconfined"}, "seccompProfile.type is 'Unconfined'"),
        (("podSecurityContext", "seccompProfile"), ABSENT, "missing, which means Unconfined"),
        (("deployment", "initContainers"), [{"name": "i"}], "initContainers[0].securityContext.readOnlyRootFilesystem"),
        (("deployment", "additionalContainers"), [{"name": "a"}], "additionalContainers[0].securityContext"),
    ],
)
def test_traefik_has_no_privileges(path: Path, value: Any, says: str) -> None:
    refuses(with_value(path, value), CONFINED, says)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("api", "dashboard"), True, "api.dashboard is True; set it to False"),
        (("api",), ABSENT, "api.dashboard is missing; set it to False: the chart turns it on"),
        (("api", "insecure"), True, "api.insecure opens the API"),
        (("ingressRoute", "dashboard", "enabled"), True, "ingressRoute.dashboard.enabled routes to the dashboard"),
        (("ports", "traefik", "hostIP"), ABSENT, "ports.traefik.hostIP is missing; set it to '127.0.0.1'"),
        (("ports", "traefik", "hostIP"), "0.0.0.0", "ports.traefik.hostIP is '0.0.0.0'"),
        (("ports", "metrics"), ABSENT, "ports.metrics.hostIP is missing"),
        (("ports", "metrics", "hostIP"), "0.0.0.0", "ports.metrics.hostIP is 0.0.0.0"),
        (("ports", "debug"), {"port": 9000}, "ports.debug.hostIP is missing"),
        (("ports", "debug"), {"port": 9000, "hostIP": "localhost"}, "ports.debug.hostIP is 'localhost', which is no"),
    ],
)
def test_traefiks_inside_is_not_shown(path: Path, value: Any, says: str) -> None:
    refuses(with_value(path, value), SHOWS, says)


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("--api.insecure", "turns the API or the dashboard on"),
        ("--api.insecure=true", "turns the API or the dashboard on"),
        ("--API.Insecure=TRUE", "turns the API or the dashboard on"),
        ("-api.dashboard=1", "turns the API or the dashboard on"),
        ("--api=true", "turns the API or the dashboard on"),
        ("--entrypoints.websecure.forwardedHeaders.insecure=true", "changes an entrypoint past the values"),
        ("--entryPoints.web.forwardedHeaders.trustedIPs=0.0.0.0/0", "changes an entrypoint past the values"),
        ("--entrypoints.websecure.proxyProtocol.insecure", "changes an entrypoint past the values"),
        ("--entrypoints.traefik.address=:8080", "changes an entrypoint past the values"),
        ("--entrypoints.extra", "changes an entrypoint past the values"),
        ("--configfile=/etc/other.yaml", "undoes what the values say"),
    ],
)
@pytest.mark.parametrize("key", ["additionalArguments", "globalArguments"])
def test_no_argument_undoes_the_values(key: str, argument: str, says: str) -> None:
    refuses(with_value((key,), ["--ping=true", argument]), SHOWS, f"{key}[1] ")
    refuses(with_value((key,), [argument]), SHOWS, says)


@pytest.mark.parametrize("argument", ["--api.insecure=false", "--api.dashboard=False", "--accesslog=true"])
def test_an_argument_that_opens_nothing_passes(argument: str) -> None:
    passes(with_value(("additionalArguments",), [argument]))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (TRUSTED, ABSENT, "ports.websecure.forwardedHeaders.trustedIPs is empty"),
        (TRUSTED, [], "ports.websecure.forwardedHeaders.trustedIPs is empty"),
        ((*TRUSTED, 0), "0.0.0.0/0", "trustedIPs[0] is 0.0.0.0/0, not Cloudflare's"),
        ((*TRUSTED, 0), "0.0.0.0/1", "broader than /8"),
        ((*TRUSTED, 0), "10.0.0.0/8", "overlaps 10.0.0.0/8"),
        ((*TRUSTED, 0), "2000::/3", "broader than /16"),
        ((*TRUSTED, 0), "cloudflare", "no address range"),
        ((*TRUSTED, 0), 7, "is of type int where a string must stand"),
        (TRUSTED, "173.245.48.0/20", "of type str where a list must stand"),
        (("ports", "web", "forwardedHeaders"), {"trustedIPs": ["127.0.0.0/8"]}, "overlaps 127.0.0.0/8"),
        (("ports", "websecure", "forwardedHeaders", "insecure"), True, "insecure believes everybody's headers"),
        (("ports", "web", "forwardedHeaders"), {"insecure": True}, "insecure believes everybody's headers"),
        (("ports", "websecure", "proxyProtocol"), {"insecure": True}, "insecure believes everybody's addresses"),
        (("ports", "websecure", "asDefault"), ABSENT, "ports.websecure.asDefault is missing"),
    ],
)
def test_headers_are_believed_from_cloudflare_only(path: Path, value: Any, says: str) -> None:
    refuses(with_value(path, value), BELIEVES, says)


def test_trust_on_port_80_is_allowed_where_it_is_cloudflares() -> None:
    trusted = chart_values()["ports"]["websecure"]["forwardedHeaders"]["trustedIPs"]
    passes(with_value(("ports", "web", "forwardedHeaders"), {"trustedIPs": trusted}))


def test_metrics_may_be_off_instead_of_private() -> None:
    values = {**chart_values(), "metrics": {"prometheus": None}}
    del values["ports"]["metrics"]
    passes(with_property("HelmChartConfig", "traefik", CONTENT, yaml.safe_dump(values)))


@pytest.mark.parametrize("rule", [EVERY_NODE, CONFINED, SHOWS, BELIEVES])
@pytest.mark.parametrize("path", [CONTENT, ("metadata", "name"), ("spec",)])
def test_values_that_are_not_known_yet_are_left_aloud(rule: str, path: tuple[str, ...]) -> None:
    resources = with_property("HelmChartConfig", "traefik", path, UNKNOWN)
    expected = "spec" if path == ("spec",) and rule == EVERY_NODE else ".".join(path)
    leaves(resources, rule, expected)


def test_an_unknown_field_does_not_hide_its_neighbour() -> None:
    resources = with_property("HelmChartConfig", "traefik", ("spec",), {"failurePolicy": "reinstall"})
    refuses(resources, EVERY_NODE, "failurePolicy")
    resources = with_property(
        "HelmChartConfig", "traefik", ("spec",), {"failurePolicy": UNKNOWN, "valuesContent": "hostNetwork: false"}
    )
    refuses(resources, EVERY_NODE, "hostNetwork is False")
