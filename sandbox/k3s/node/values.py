"""The values of Traefik's chart: which keys the translation knows, what ours are merged over, what the chart refuses.

Source: values.yaml of traefik-helm-chart 38 with what 39 moved under `http`, and k3s' HelmChart `traefik`.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class ChartError(ValueError):
    """Values that Helm would refuse, or that are not translated; names the path of each."""

    def __init__(self, problems: set[str]) -> None:
        super().__init__(f"values don't meet the sandbox's translation of the chart: {'; '.join(sorted(problems))}")


_FLAG, _NUMBER, _TEXT, _LIST, _MAP = ("a boolean",), ("an integer",), ("a string",), ("a list",), ("a mapping",)
_COUNT = (*_NUMBER, *_TEXT)
_PYTHONS = {bool: "a boolean", int: "an integer", str: "a string", list: "a list", dict: "a mapping"}
_TRUST = {"trustedIPs": _LIST, "insecure": _FLAG}
_PORT = {
    "port": _NUMBER,
    "hostPort": _NUMBER,
    "hostIP": _TEXT,
    "exposedPort": _NUMBER,
    "asDefault": _FLAG,
    "http": {
        "redirections": {"entryPoint": {"to": _TEXT, "scheme": _TEXT, "priority": _COUNT, "permanent": _FLAG}},
        "middlewares": _LIST,
        "tls": {"enabled": _FLAG, "options": _TEXT},
    },
    "forwardedHeaders": _TRUST,
    "proxyProtocol": _TRUST,
    "transport": {
        "respondingTimeouts": {"readTimeout": _COUNT, "writeTimeout": _COUNT, "idleTimeout": _COUNT},
        "lifeCycle": {"requestAcceptGraceTimeout": _COUNT, "graceTimeOut": _COUNT},
        "keepAliveMaxRequests": _NUMBER,
        "keepAliveMaxTime": _COUNT,
    },
}
_USERS = {
    "runAsUser": _NUMBER,
    "runAsGroup": _NUMBER,
    "runAsNonRoot": _FLAG,
    "seccompProfile": {"type": _TEXT, "localhostProfile": _TEXT},
}
_KNOWN: dict[str, Any] = {
    "additionalArguments": _LIST,
    "api": {"dashboard": _FLAG},
    "deployment": {
        "additionalContainers": _LIST,
        "annotations": _MAP,
        "dnsPolicy": _TEXT,
        "enabled": _FLAG,
        "initContainers": _LIST,
        "kind": _TEXT,
        "minReadySeconds": _NUMBER,
        "podAnnotations": _MAP,
        "terminationGracePeriodSeconds": _NUMBER,
    },
    "extraObjects": (*_LIST, *_MAP),
    "global": {"checkNewVersion": _FLAG, "sendAnonymousUsage": _FLAG},
    "hostNetwork": _FLAG,
    "ingressRoute": {"dashboard": {"enabled": _FLAG}},
    "logs": {"general": {"level": _TEXT, "format": _TEXT}},
    "metrics": {"prometheus": {"entryPoint": _TEXT}},
    "podSecurityContext": {**_USERS, "fsGroup": _NUMBER, "supplementalGroups": _LIST},
    "ports": {"metrics": _PORT, "traefik": _PORT, "web": _PORT, "websecure": _PORT},
    "priorityClassName": _TEXT,
    "providers": {
        "kubernetesCRD": {
            "allowCrossNamespace": _FLAG,
            "allowExternalNameServices": _FLAG,
            "allowEmptyServices": _FLAG,
        },
        "kubernetesIngress": {
            "allowExternalNameServices": _FLAG,
            "allowEmptyServices": _FLAG,
            "publishedService": {"enabled": _FLAG},
            "strictPrefixMatching": _FLAG,
        },
    },
    "securityContext": {
        **_USERS,
        "allowPrivilegeEscalation": _FLAG,
        "capabilities": {"drop": _LIST, "add": _LIST},
        "privileged": _FLAG,
        "readOnlyRootFilesystem": _FLAG,
    },
    "service": {"enabled": _FLAG},
    "tolerations": _LIST,
    "updateStrategy": {"type": _TEXT, "rollingUpdate": {"maxUnavailable": _COUNT, "maxSurge": _COUNT}},
}
_REMOVABLE = {"metrics.prometheus": False, "ports.metrics": None, "ports.web": None, "ports.websecure": None}
"""Mappings that the chart lets one set to null, or to this; elsewhere null breaks its templates or means nothing."""
_CHART: dict[str, Any] = {
    "api": {"dashboard": True},
    "deployment": {
        "enabled": True,
        "kind": "Deployment",
        "minReadySeconds": 0,
        "terminationGracePeriodSeconds": 60,
    },
    "global": {"checkNewVersion": True, "sendAnonymousUsage": False},
    "hostNetwork": False,
    "logs": {"general": {"level": "INFO"}},
    "metrics": {"prometheus": {"entryPoint": "metrics"}},
    "podSecurityContext": {"runAsGroup": 65532, "runAsNonRoot": True, "runAsUser": 65532},
    "ports": {
        "metrics": {"port": 9100, "exposedPort": 9100},
        "traefik": {"port": 8080, "exposedPort": 8080},
        "web": {"port": 8000, "exposedPort": 80},
        "websecure": {"port": 8443, "exposedPort": 443, "http": {"tls": {"enabled": True}}},
    },
    "providers": {
        "kubernetesCRD": {"allowCrossNamespace": False, "allowEmptyServices": True},
        "kubernetesIngress": {
            "allowEmptyServices": True,
            "publishedService": {"enabled": True},
            "strictPrefixMatching": False,
        },
    },
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    },
    "service": {"enabled": True},
    "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
}
K3S_VALUES: dict[str, Any] = {
    "deployment": {"podAnnotations": {"prometheus.io/port": "8082", "prometheus.io/scrape": "true"}},
    "image": {"repository": "rancher/mirrored-library-traefik", "tag": "3.6.10"},
    "priorityClassName": "system-cluster-critical",
    "providers": {"kubernetesIngress": {"publishedService": {"enabled": True}}},
    "tolerations": [
        {"key": "CriticalAddonsOnly", "operator": "Exists"},
        {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "node-role.kubernetes.io/master", "operator": "Exists", "effect": "NoSchedule"},
    ],
}


def resolve(values: dict[str, Any]) -> dict[str, Any]:
    """What the templates see: the chart's values, k3s' over them, and ours over those.

    Raises:
        ChartError: with everything that is unknown, of a wrong type, refused by the chart or not translated.
    """
    resolved = merge(merge(_CHART, K3S_VALUES), values)
    problems = {*_misfits(values, _KNOWN, ""), *_refusals(resolved), *_port_refusals(resolved)}
    if problems:
        raise ChartError(problems)
    return resolved


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """As Helm does it: maps merge deep, anything else replaces, null deletes."""
    merged = copy.deepcopy(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            below = merged.get(key)
            merged[key] = merge(below if isinstance(below, dict) else {}, value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def at(values: Any, path: str) -> Any:
    """What stands at a dotted path; None where nothing does."""
    for key in path.split("."):
        if not isinstance(values, dict):
            return None
        values = values.get(key)
    return values


def _misfits(values: dict[str, Any], known: dict[str, Any], above: str) -> Iterator[str]:
    """Keys that are not known, and values of a wrong type."""
    for key, value in values.items():
        path, wanted = f"{above}{key}", known.get(key)
        if wanted is None:
            yield f"{path} is not known; known there: {', '.join(sorted(known))}"
        elif isinstance(wanted, dict):
            if isinstance(value, dict):
                yield from _misfits(value, wanted, f"{path}.")
            elif path not in _REMOVABLE or value not in (None, _REMOVABLE[path]):
                yield f"{path} is {value!r} where a mapping must stand"
        elif value is not None and _PYTHONS.get(type(value)) not in wanted:
            yield f"{path} is {value!r} where {' or '.join(wanted)} must stand"


def _refusals(values: dict[str, Any]) -> Iterator[str]:
    """What the chart does not render, or what would make objects that are not translated."""
    only = {"deployment.enabled": True, "deployment.kind": "DaemonSet", "service.enabled": False}
    for path, value in only.items():
        if at(values, path) != value:
            yield f"{path} is {at(values, path)!r}; only {value!r} is translated"
    for path in ("extraObjects", "ingressRoute.dashboard.enabled"):
        if at(values, path):
            yield f"{path} is set; what it makes is not translated"
    arguments = at(values, "additionalArguments")
    if isinstance(arguments, list) and any(".acme." in str(argument) for argument in arguments):
        yield "additionalArguments sets up ACME, which the chart refuses for a DaemonSet"
    limit = str(at(values, "updateStrategy.rollingUpdate.maxUnavailable") or 0)
    rolls = at(values, "hostNetwork") and at(values, "updateStrategy.type") == "RollingUpdate"
    if rolls and "%" not in limit and not (limit.isdigit() and int(limit)):
        yield f"updateStrategy.rollingUpdate.maxUnavailable is {limit}; with hostNetwork it must be at least 1"


def _port_refusals(values: dict[str, Any]) -> Iterator[str]:
    """What the chart refuses of entry points."""
    ports = values["ports"] if isinstance(values.get("ports"), dict) else {}
    if at(values, "metrics.prometheus") and str(at(values, "metrics.prometheus.entryPoint")) not in ports:
        yield "metrics.prometheus.entryPoint names no entry point"
    for name in ports:
        path, number = f"ports.{name}", at(ports, f"{name}.port")
        host_port, redirection = at(ports, f"{name}.hostPort"), at(ports, f"{name}.http.redirections.entryPoint")
        for key in ("port", "exposedPort"):
            if not at(ports, f"{name}.{key}"):
                yield f"{path}.{key} is missing"
        if at(values, "hostNetwork") and host_port and host_port != number:
            yield f"{path}.hostPort is {host_port!r} and {path}.port is {number!r}; with hostNetwork they must be equal"
        if not redirection:
            continue
        target = str(at(redirection, "to"))
        if target not in ports:
            yield f"{path}.http.redirections.entryPoint.to names no entry point"
        elif at(ports, f"{target}.http.tls.enabled") and at(redirection, "scheme") not in (None, "https"):
            yield f"{path}.http.redirections.entryPoint.scheme must be https, as {target} has TLS"
