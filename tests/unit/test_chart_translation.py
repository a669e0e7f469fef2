"""The sandbox's translation of Traefik's chart: each value lands where it should, and nothing is taken in silence."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.chart_values import DIGEST_ANNOTATION, chart_values, values_content
from components.digests import json_digest
from sandbox.k3s.node.chart import ChartError, manifests
from sandbox.k3s.node.values import merge

RANGES = ["173.245.48.0/20", "103.21.244.0/22"]
PLAIN = chart_values(RANGES, "api.example.com")
VALUES: dict[str, Any] = yaml.safe_load(values_content(PLAIN))


def changed(path: str, value: Any) -> dict[str, Any]:
    """The stack's values, but for one."""
    values = copy.deepcopy(VALUES)
    *above, last = path.split(".")
    place = values
    for key in above:
        place = place.setdefault(key, {})
    place[last] = value
    return values


def made(values: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(item for item in manifests(values) if item["kind"] == kind)


def daemonset(values: dict[str, Any] = VALUES) -> dict[str, Any]:
    return made(values, "DaemonSet")


def pod(values: dict[str, Any] = VALUES) -> dict[str, Any]:
    found: dict[str, Any] = daemonset(values)["spec"]["template"]["spec"]
    return found


def container(values: dict[str, Any] = VALUES) -> dict[str, Any]:
    found: dict[str, Any] = pod(values)["containers"][0]
    return found


def arguments(values: dict[str, Any] = VALUES) -> list[str]:
    found: list[str] = container(values)["args"]
    return found


def refusal(values: dict[str, Any]) -> str:
    with pytest.raises(ChartError) as raised:
        manifests(values)
    return str(raised.value)


def keys(values: dict[str, Any], path: str = "") -> Iterator[str]:
    """The path of every key, mappings included."""
    for key, value in values.items():
        yield f"{path}{key}"
        if isinstance(value, dict) and key != "annotations":
            yield from keys(value, f"{path}{key}.")


def misspelt(values: dict[str, Any], path: str, key: str) -> dict[str, Any]:
    """The values with the last key of a path written otherwise."""
    result = copy.deepcopy(values)
    *above, last = path.split(".")
    place = result
    for name in above:
        place = place[name]
    place[key] = place.pop(last)
    return result


def misspellings(key: str) -> Iterator[str]:
    """A letter missing, a letter too many, the other case, and the snake_case that people write in other charts."""
    other_case = key.swapcase()
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
    yield from {key[:-1], f"{key}s", other_case, snake} - {key}


@pytest.mark.parametrize("path", list(keys(VALUES)))
def test_a_misspelt_key_is_refused(path: str) -> None:
    *above, key = path.split(".")
    for wrong in misspellings(key):
        message = refusal(misspelt(VALUES, path, wrong))
        assert f"{'.'.join([*above, wrong])} is not known; known there: " in message, "it would do nothing in silence"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("deployment.hostNetwork", True),
        ("deployment.strategy", {"type": "RollingUpdate"}),
        ("deployment.updateStrategy", {"type": "RollingUpdate"}),
        ("ports.web.redirections", {"entryPoint": {"to": "websecure"}}),
        ("ports.websecure.tls", {"enabled": True}),
        ("ports.admin", {"port": 9000}),
        ("globalArguments", ["--global.checkNewVersion=false"]),
        ("api.insecure", True),
        ("image", {"tag": "latest"}),
    ],
)
def test_a_key_of_another_place_or_chart_is_refused(path: str, value: Any) -> None:
    assert f"{path} is not known" in refusal(changed(path, value))


def test_all_problems_are_told_at_once_and_in_order() -> None:
    values = changed("ports.websecure.hostport", 443)
    values["ports"]["web"]["hostPort"] = 8080
    values["service"]["enabled"] = True
    values["additionalArguments"] = "--log.level=DEBUG"
    message = refusal(values)
    places = ["additionalArguments", "ports.web.hostPort", "ports.websecure.hostport", "service.enabled"]
    assert [message.index(place) for place in places] == sorted(message.index(place) for place in places), message
    assert message.startswith("values don't meet the sandbox's translation of the chart: ")


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("ports.web.hostPort", 8080, "ports.web.hostPort"),
        ("ports.websecure.port", 8443, "ports.websecure.hostPort"),
        ("ports.traefik", None, "ports.traefik"),
        ("ports.metrics", None, "metrics.prometheus.entryPoint"),
        ("ports.web.port", None, "ports.web.port"),
        ("ports.web.http.redirections.entryPoint.to", "secure", "ports.web.http.redirections.entryPoint.to"),
        ("ports.web.http.redirections.entryPoint.scheme", "http", "ports.web.http.redirections.entryPoint.scheme"),
        ("updateStrategy.rollingUpdate.maxUnavailable", 0, "updateStrategy.rollingUpdate.maxUnavailable"),
        ("updateStrategy.rollingUpdate.maxUnavailable", None, "updateStrategy.rollingUpdate.maxUnavailable"),
        ("deployment.kind", "Deployment", "deployment.kind"),
        ("deployment.kind", None, "deployment.kind"),
        ("deployment.enabled", False, "deployment.enabled"),
        ("service.enabled", True, "service.enabled"),
        ("service", None, "service"),
        ("extraObjects", [{"kind": "ConfigMap"}], "extraObjects"),
        ("ingressRoute.dashboard.enabled", True, "ingressRoute.dashboard.enabled"),
        ("additionalArguments", ["--certificatesresolvers.le.acme.email=a@example.com"], "additionalArguments"),
        ("hostNetwork", "true", "hostNetwork"),
        ("ports.web.port", True, "ports.web.port"),
        ("ports.web", 80, "ports.web"),
        ("ports", [80], "ports"),
        ("podSecurityContext", None, "podSecurityContext"),
        ("metrics.prometheus.entryPoint", ["metrics"], "metrics.prometheus.entryPoint"),
    ],
)
def test_what_the_chart_or_the_translation_does_not_take_is_refused_by_name(path: str, value: Any, named: str) -> None:
    assert f"{named} " in refusal(changed(path, value))


def test_what_only_the_api_server_refuses_is_rendered() -> None:
    values = changed("updateStrategy.rollingUpdate.maxSurge", 1)
    assert daemonset(values)["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 1}


def test_without_the_host_network_ports_may_differ_and_no_pod_need_give_way() -> None:
    values = changed("hostNetwork", False)
    values["ports"]["web"]["hostPort"] = 8080
    values["updateStrategy"]["rollingUpdate"]["maxUnavailable"] = 0
    assert pod(values)["hostNetwork"] is False


def test_maps_merge_deep_lists_replace_and_null_deletes() -> None:
    base = {"map": {"kept": 1, "gone": 2}, "list": [1, 2], "scalar": 1, "other": {"x": 1}}
    over = {"map": {"gone": None, "new": {"a": None, "b": 3}}, "list": [3], "scalar": {"now": "a map"}, "other": None}
    merged = merge(base, over)
    assert merged == {"map": {"kept": 1, "new": {"b": 3}}, "list": [3], "scalar": {"now": "a map"}}
    merged["list"].append(4)
    assert over["list"] == [3], "what comes out must not be what went in"
    assert base["map"] == {"kept": 1, "gone": 2}


def test_ours_go_over_k3s_own_values() -> None:
    assert [entry["key"] for entry in pod()["tolerations"]] == [
        "CriticalAddonsOnly",
        "node-role.kubernetes.io/control-plane",
        "node-role.kubernetes.io/master",
    ]
    assert pod(changed("tolerations", [{"operator": "Exists"}]))["tolerations"] == [{"operator": "Exists"}]
    assert "tolerations" not in pod(changed("tolerations", None))
    assert pod()["priorityClassName"] == "system-cluster-critical"
    assert "priorityClassName" not in pod(changed("priorityClassName", None))
    assert container()["image"] == "rancher/mirrored-library-traefik:3.6.10"


def test_a_default_comes_back_where_ours_says_nothing() -> None:
    values = copy.deepcopy(VALUES)
    del values["podSecurityContext"], values["securityContext"], values["providers"], values["global"], values["api"]
    assert pod(values)["securityContext"] == {"runAsUser": 65532, "runAsGroup": 65532, "runAsNonRoot": True}
    assert container(values)["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "--api.dashboard=true" in arguments(values), "the chart turns it on by itself"
    assert "--global.checkNewVersion=false" not in arguments(values)
    assert not [word for word in arguments(values) if "strictPrefixMatching" in word]
    assert pod(changed("deployment.terminationGracePeriodSeconds", None))["terminationGracePeriodSeconds"] == 60
    assert "dnsPolicy" not in pod(changed("deployment.dnsPolicy", None))


def test_the_objects_are_those_of_the_chart() -> None:
    assert [item["kind"] for item in manifests(VALUES)] == [
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "IngressClass",
        "DaemonSet",
    ]
    for item in manifests(VALUES):
        assert item["metadata"]["labels"] == {
            "app.kubernetes.io/name": "traefik",
            "app.kubernetes.io/instance": "traefik-kube-system",
            "app.kubernetes.io/managed-by": "Helm",
            "helm.sh/chart": "traefik-39.0.501_up39.0.5",
        }
    assert made(VALUES, "ClusterRoleBinding")["subjects"][0] == {
        "kind": "ServiceAccount",
        "name": "traefik",
        "namespace": "kube-system",
    }
    assert made(VALUES, "ClusterRoleBinding")["roleRef"]["name"] == made(VALUES, "ClusterRole")["metadata"]["name"]
    annotations = made(VALUES, "IngressClass")["metadata"]["annotations"]
    assert annotations == {"ingressclass.kubernetes.io/is-default-class": "true"}


def test_the_release_can_be_in_another_namespace() -> None:
    made_there = {item["kind"]: item for item in manifests(VALUES, namespace="edge")}
    assert made_there["DaemonSet"]["metadata"]["namespace"] == "edge"
    assert made_there["ClusterRole"]["metadata"]["name"] == "traefik-edge"
    assert made_there["ClusterRoleBinding"]["subjects"][0]["namespace"] == "edge"
    assert made_there["ServiceAccount"]["metadata"]["labels"]["app.kubernetes.io/instance"] == "traefik-edge"


def test_the_daemonset_selects_its_own_pods_and_carries_the_digest() -> None:
    found = daemonset()
    assert found["metadata"]["annotations"] == {DIGEST_ANNOTATION: json_digest(PLAIN)}
    labels = found["spec"]["template"]["metadata"]["labels"]
    assert found["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert "helm.sh/chart" not in found["spec"]["selector"]["matchLabels"], "it must outlive an upgrade of the chart"
    assert found["spec"]["updateStrategy"] == VALUES["updateStrategy"]


def test_the_pod_is_as_the_values_say() -> None:
    found = pod()
    assert found["hostNetwork"] is True
    assert found["dnsPolicy"] == VALUES["deployment"]["dnsPolicy"]
    assert found["terminationGracePeriodSeconds"] == VALUES["deployment"]["terminationGracePeriodSeconds"]
    assert found["securityContext"] == VALUES["podSecurityContext"]
    assert found["volumes"] == [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    assert container()["securityContext"] == VALUES["securityContext"]
    assert {entry["name"] for entry in container()["env"]} == {"POD_NAME", "POD_NAMESPACE", "USER"}
    extra = {"name": "extra", "image": "example.com/extra:1"}
    assert pod(changed("deployment.additionalContainers", [extra]))["containers"][1:] == [extra]
    assert pod(changed("deployment.initContainers", [extra]))["initContainers"] == [extra]


def test_ports_are_the_hosts() -> None:
    assert container()["ports"] == [
        {"name": "metrics", "containerPort": 9101, "protocol": "TCP", "hostIP": "127.0.0.1"},
        {"name": "traefik", "containerPort": 8080, "protocol": "TCP", "hostIP": "127.0.0.1"},
        {"name": "web", "containerPort": 80, "protocol": "TCP", "hostPort": 80},
        {"name": "websecure", "containerPort": 443, "protocol": "TCP", "hostPort": 443},
    ]


@pytest.mark.parametrize(("probe", "failures"), [("readinessProbe", 1), ("livenessProbe", 3)])
def test_probes_ask_where_the_entry_point_is_bound(probe: str, failures: int) -> None:
    asked = {"path": "/ping", "port": 8080, "scheme": "HTTP"}
    assert container()[probe]["httpGet"] == {**asked, "host": "127.0.0.1"}
    assert container()[probe]["periodSeconds"] == 10
    assert container()[probe]["failureThreshold"] == failures
    assert container(changed("ports.traefik.hostIP", None))[probe]["httpGet"] == asked, "the pod's own address"


def test_prometheus_is_told_the_port_that_has_the_metrics() -> None:
    def annotations(values: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = daemonset(values)["spec"]["template"]["metadata"]["annotations"]
        return found

    assert annotations(VALUES)["prometheus.io/port"] == "9101"
    for off in (None, False):
        values = changed("metrics.prometheus", off)
        values["ports"]["metrics"] = None
        assert annotations(values)["prometheus.io/port"] == "8082", "k3s' own"
        assert not [word for word in arguments(values) if "metrics" in word]


def test_the_arguments_are_these() -> None:
    assert arguments() == [
        "--global.checkNewVersion=false",
        "--entryPoints.metrics.address=127.0.0.1:9101/tcp",
        "--entryPoints.traefik.address=127.0.0.1:8080/tcp",
        "--entryPoints.web.address=:80/tcp",
        "--entryPoints.websecure.address=:443/tcp",
        "--entryPoints.websecure.asDefault=true",
        "--ping=true",
        "--metrics.prometheus=true",
        "--metrics.prometheus.entrypoint=metrics",
        "--providers.kubernetescrd",
        "--providers.kubernetescrd.allowEmptyServices=true",
        "--providers.kubernetesingress",
        "--providers.kubernetesingress.allowEmptyServices=true",
        "--providers.kubernetesingress.strictPrefixMatching=true",
        "--entryPoints.web.http.redirections.entryPoint.to=:443",
        "--entryPoints.web.http.redirections.entryPoint.scheme=https",
        "--entryPoints.web.http.redirections.entryPoint.permanent=true",
        "--entryPoints.websecure.http.tls=true",
        f"--entryPoints.websecure.forwardedHeaders.trustedIPs={','.join(sorted(RANGES))}",
        "--entryPoints.websecure.transport.lifeCycle.requestAcceptGraceTimeout=10s",
        "--entryPoints.websecure.transport.lifeCycle.graceTimeOut=30s",
        "--entryPoints.websecure.transport.keepAliveMaxTime=30s",
        "--log.level=INFO",
        "--providers.kubernetesingress.ingressendpoint.hostname=api.example.com",
    ]


@pytest.mark.parametrize(
    ("path", "value", "argument"),
    [
        ("api.dashboard", True, "--api.dashboard=true"),
        ("global.sendAnonymousUsage", True, "--global.sendAnonymousUsage"),
        ("logs.general.level", "debug", "--log.level=DEBUG"),
        ("logs.general.format", "json", "--log.format=json"),
        ("ports.web.asDefault", True, "--entryPoints.web.asDefault=true"),
        ("ports.web.hostIP", "10.0.0.2", "--entryPoints.web.address=10.0.0.2:80/tcp"),
        ("ports.web.forwardedHeaders.insecure", True, "--entryPoints.web.forwardedHeaders.insecure"),
        ("ports.web.proxyProtocol.trustedIPs", ["10.0.0.0/8"], "--entryPoints.web.proxyProtocol.trustedIPs=10.0.0.0/8"),
        (
            "ports.web.http.redirections.entryPoint.permanent",
            False,
            "--entryPoints.web.http.redirections.entryPoint.permanent=false",
        ),
        ("ports.websecure.exposedPort", 8443, "--entryPoints.web.http.redirections.entryPoint.to=:8443"),
        ("ports.websecure.http.middlewares", ["a@x", "b@x"], "--entryPoints.websecure.http.middlewares=a@x,b@x"),
        ("ports.websecure.http.tls.options", "strict", "--entryPoints.websecure.http.tls.options=strict"),
        (
            "ports.websecure.transport.respondingTimeouts.readTimeout",
            0,
            "--entryPoints.websecure.transport.respondingTimeouts.readTimeout=0",
        ),
        (
            "providers.kubernetesCRD.allowCrossNamespace",
            True,
            "--providers.kubernetescrd.allowCrossNamespace=true",
        ),
        (
            "providers.kubernetesIngress.allowEmptyServices",
            False,
            "--providers.kubernetesingress.allowEmptyServices=false",
        ),
        ("additionalArguments", ["--log.level=DEBUG"], "--log.level=DEBUG"),
    ],
)
def test_a_value_becomes_its_argument(path: str, value: Any, argument: str) -> None:
    assert argument in arguments(changed(path, value))
    assert argument not in arguments()


def test_tls_can_be_turned_off() -> None:
    values = changed("ports.websecure.http.tls.enabled", False)
    assert "--entryPoints.websecure.http.tls=true" not in arguments(values)


def test_every_argument_is_an_option_of_its_own() -> None:
    assert all(word.startswith("--") for word in arguments())
    names = [word.partition("=")[0].lower() for word in arguments()]
    assert len(names) == len(set(names)), "Traefik would take one of them"


def test_there_is_no_published_service_without_a_service() -> None:
    values = changed("providers.kubernetesIngress.publishedService.enabled", True)
    assert arguments(values) == arguments(), "the chart names its Service only where it makes one"


def test_it_is_data_that_json_can_carry() -> None:
    assert json.loads(json.dumps(manifests(VALUES))) == manifests(VALUES)


def test_it_needs_nothing_but_the_standard_library() -> None:
    folder = Path(__file__).parents[2] / "sandbox" / "k3s"
    program = "import sys; from node.chart import manifests; sys.exit('yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {program}"])  # noqa: PLW1510 - judged below
    assert done.returncode == 0
