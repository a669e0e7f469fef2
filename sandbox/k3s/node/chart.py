"""Traefik's chart, translated for a DaemonSet without a Service: its objects for values as this stack sets them.

It stands for traefik-39.0.501+up39.0.5, which k3s ships. Source: the templates of traefik-helm-chart up to 38, with
what 39 changed (its pull request 1603: an entry point's redirections, middlewares and TLS are under `http`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .values import ChartError, at, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ChartError", "manifests"]

_NAME = "traefik"
_CHART = "traefik-39.0.501_up39.0.5"
_RBAC = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_NETWORKING = ["extensions", "networking.k8s.io"]
_CUSTOM = """ingressroutes ingressroutetcps ingressrouteudps middlewares middlewaretcps serverstransports
    serverstransporttcps tlsoptions tlsstores traefikservices"""
_RULES = (
    ([""], ["configmaps", "nodes", "services"], _READ),
    (["discovery.k8s.io"], ["endpointslices"], ["list", "watch"]),
    ([""], ["pods"], ["get"]),
    ([""], ["secrets"], _READ),
    (_NETWORKING, ["ingressclasses", "ingresses"], _READ),
    (_NETWORKING, ["ingresses/status"], ["update"]),
    (["traefik.io"], _CUSTOM.split(), _READ),
)
"""Who may do what: API groups, resources, verbs."""
_PROBES = {"readinessProbe": 1, "livenessProbe": 3}
"""How often each may fail in a row."""
_TRANSPORT = (
    "respondingTimeouts.readTimeout",
    "respondingTimeouts.writeTimeout",
    "respondingTimeouts.idleTimeout",
    "lifeCycle.requestAcceptGraceTimeout",
    "lifeCycle.graceTimeOut",
    "keepAliveMaxRequests",
    "keepAliveMaxTime",
)
_PROVIDERS = {
    "kubernetesCRD": ("allowCrossNamespace", "allowExternalNameServices", "allowEmptyServices"),
    "kubernetesIngress": ("allowExternalNameServices", "allowEmptyServices", "strictPrefixMatching"),
}


def manifests(values: dict[str, Any], *, namespace: str = "kube-system") -> list[dict[str, Any]]:
    """The objects of the release `traefik`.

    Args:
        values: Of the HelmChartConfig; merged over k3s' own and the chart's.
        namespace: Of the release.

    Raises:
        ChartError: for values that the chart refuses or that are not translated.
    """
    resolved = resolve(values)
    whole = f"{_NAME}-{namespace}"
    selector = {"app.kubernetes.io/name": _NAME, "app.kubernetes.io/instance": whole}
    labels = {**selector, "helm.sh/chart": _CHART, "app.kubernetes.io/managed-by": "Helm"}
    local = {"name": _NAME, "namespace": namespace, "labels": labels}
    default_class = {"ingressclass.kubernetes.io/is-default-class": "true"}
    role = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": whole}
    subject = {"kind": "ServiceAccount", "name": _NAME, "namespace": namespace}
    rules = [{"apiGroups": groups, "resources": resources, "verbs": verbs} for groups, resources, verbs in _RULES]
    return [
        _object("v1", "ServiceAccount", local),
        _object(f"{_RBAC}/v1", "ClusterRole", {"name": whole, "labels": labels}, rules=rules),
        _object(
            f"{_RBAC}/v1", "ClusterRoleBinding", {"name": whole, "labels": labels}, roleRef=role, subjects=[subject]
        ),
        _object(
            "networking.k8s.io/v1",
            "IngressClass",
            {"name": _NAME, "labels": labels, "annotations": default_class},
            spec={"controller": "traefik.io/ingress-controller"},
        ),
        _object(
            "apps/v1",
            "DaemonSet",
            {**local, "annotations": at(resolved, "deployment.annotations") or {}},
            spec={
                "selector": {"matchLabels": selector},
                "updateStrategy": resolved["updateStrategy"],
                "minReadySeconds": at(resolved, "deployment.minReadySeconds") or 0,
                "template": {
                    "metadata": {"annotations": _pod_annotations(resolved), "labels": labels},
                    "spec": _pod(resolved),
                },
            },
        ),
    ]


def _object(api_version: str, kind: str, metadata: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    """Only what is said: the templates leave out what is empty."""
    return {key: value for key, value in fields.items() if value not in (None, "", [], {})}


def _pod_annotations(values: dict[str, Any]) -> dict[str, str]:
    """k3s' own, and over them where Prometheus really finds the metrics."""
    annotations = dict(at(values, "deployment.podAnnotations") or {})
    entry_point = at(values, "metrics.prometheus.entryPoint")
    if entry_point:
        annotations["prometheus.io/scrape"] = "true"
        annotations["prometheus.io/path"] = "/metrics"
        annotations["prometheus.io/port"] = str(values["ports"][entry_point]["port"])
    return annotations


def _pod(values: dict[str, Any]) -> dict[str, Any]:
    deployment = values["deployment"]
    return {
        "serviceAccountName": _NAME,
        "automountServiceAccountToken": True,
        "terminationGracePeriodSeconds": deployment.get("terminationGracePeriodSeconds") or 60,
        "hostNetwork": bool(values.get("hostNetwork")),
        "containers": [_container(values), *(deployment.get("additionalContainers") or [])],
        "volumes": [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
        **_present(
            {
                "dnsPolicy": deployment.get("dnsPolicy"),
                "initContainers": deployment.get("initContainers"),
                "tolerations": values.get("tolerations"),
                "priorityClassName": values.get("priorityClassName"),
                "securityContext": values["podSecurityContext"],
            }
        ),
    }


def _container(values: dict[str, Any]) -> dict[str, Any]:
    fields = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace"}
    told = [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}} for name, field in fields.items()]
    return {
        "name": _NAME,
        "image": f"{at(values, 'image.repository')}:{at(values, 'image.tag')}",
        "imagePullPolicy": "IfNotPresent",
        **{probe: _probe(values["ports"]["traefik"], failures) for probe, failures in _PROBES.items()},
        "ports": [
            {
                "name": name,
                "containerPort": port["port"],
                "protocol": "TCP",
                **_present({"hostPort": port.get("hostPort"), "hostIP": port.get("hostIP")}),
            }
            for name, port in sorted(values["ports"].items())
        ],
        "securityContext": values["securityContext"],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the chart's
        "args": list(_arguments(values)),
        "env": [*told, {"name": "USER", "value": "traefik"}],
    }


def _probe(port: dict[str, Any], failures: int) -> dict[str, Any]:
    """Of the entry point `traefik`: at the pod's address, or where that entry point is bound to."""
    return {
        "httpGet": {"path": "/ping", "port": port["port"], "scheme": "HTTP", **_present({"host": port.get("hostIP")})},
        "failureThreshold": failures,
        "initialDelaySeconds": 2,
        "periodSeconds": 10,
        "successThreshold": 1,
        "timeoutSeconds": 2,
    }


def _arguments(values: dict[str, Any]) -> Iterator[str]:
    """The static configuration, in the templates' order."""
    if not at(values, "global.checkNewVersion"):
        yield "--global.checkNewVersion=false"
    if at(values, "global.sendAnonymousUsage"):
        yield "--global.sendAnonymousUsage"
    ports = dict(sorted(values["ports"].items()))
    for name, port in ports.items():
        yield f"--entryPoints.{name}.address={port.get('hostIP') or ''}:{port['port']}/tcp"
        if port.get("asDefault"):
            yield f"--entryPoints.{name}.asDefault=true"
    if at(values, "api.dashboard"):
        yield "--api.dashboard=true"
    yield "--ping=true"
    if at(values, "metrics.prometheus"):
        yield "--metrics.prometheus=true"
        yield f"--metrics.prometheus.entrypoint={at(values, 'metrics.prometheus.entryPoint')}"
    for provider, options in _PROVIDERS.items():
        yield f"--providers.{provider.lower()}"
        for option in options:
            said = at(values, f"providers.{provider}.{option}")
            if said or (option == "allowEmptyServices" and said is not None):
                yield f"--providers.{provider.lower()}.{option}={_text(said)}"
    for name, port in ports.items():
        yield from _entry_point(f"--entryPoints.{name}", port, ports)
    for option in ("format", "level"):
        said = at(values, f"logs.general.{option}")
        if said:
            yield f"--log.{option}={said.upper() if option == 'level' else said}"
    yield from map(str, values.get("additionalArguments") or [])


def _entry_point(prefix: str, port: dict[str, Any], ports: dict[str, Any]) -> Iterator[str]:
    """What an entry point does beside listening."""
    redirection = at(port, "http.redirections.entryPoint")
    if redirection:
        there = f"{prefix}.http.redirections.entryPoint"
        yield f"{there}.to=:{ports[redirection['to']]['exposedPort']}"
        for option in ("scheme", "priority", "permanent"):
            if redirection.get(option) or (option == "permanent" and option in redirection):
                yield f"{there}.{option}={_text(redirection[option])}"
    if at(port, "http.middlewares"):
        yield f"{prefix}.http.middlewares={','.join(map(str, port['http']['middlewares']))}"
    if at(port, "http.tls.enabled"):
        yield f"{prefix}.http.tls=true"
        if at(port, "http.tls.options"):
            yield f"{prefix}.http.tls.options={port['http']['tls']['options']}"
    for source in ("forwardedHeaders", "proxyProtocol"):
        if at(port, f"{source}.trustedIPs"):
            yield f"{prefix}.{source}.trustedIPs={','.join(map(str, port[source]['trustedIPs']))}"
        if at(port, f"{source}.insecure"):
            yield f"{prefix}.{source}.insecure"
    for option in _TRANSPORT:
        said = at(port, f"transport.{option}")
        if said not in (None, ""):
            yield f"{prefix}.transport.{option}={said}"


def _text(value: Any) -> str:
    """As a template prints it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
