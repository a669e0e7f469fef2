"""The values of the bundled Traefik chart.

They follow chart 39 (Traefik 3.6). k3s strips the chart's schema, so a misspelt key has no effect; tests compare each
key with the chart's own names.
"""

from collections.abc import Sequence
from typing import Any, Final

import yaml

from components.digests import json_digest

DIGEST_ANNOTATION: Final = "honeydue.com/values-digest"
UID: Final = 65532
INTERNAL_PORT: Final = 8080
METRICS_PORT: Final = 9101
"""Not 9100, because node_exporter uses that port on the host network."""
ACCEPT_GRACE_SECONDS: Final = 10
GRACE_SECONDS: Final = 30
KEEP_ALIVE_SECONDS: Final = 30


def chart_values(cloudflare: Sequence[str], status_hostname: str) -> dict[str, Any]:
    """Return the chart's values. Source: values.yaml of traefik-helm-chart 39.

    Args:
        cloudflare: CIDRs whose X-Forwarded-* headers Traefik trusts.
        status_hostname: The host name in Ingress status, because there is no Service to take it from.
    """
    return {
        "deployment": {
            "kind": "DaemonSet",
            "dnsPolicy": "ClusterFirstWithHostNet",
            "terminationGracePeriodSeconds": ACCEPT_GRACE_SECONDS + GRACE_SECONDS + 10,
        },
        "hostNetwork": True,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        "service": {"enabled": False},
        "ports": {
            "web": _web(),
            "websecure": _websecure(cloudflare),
            "traefik": {"port": INTERNAL_PORT, "hostIP": "127.0.0.1"},
            "metrics": {"port": METRICS_PORT, "hostIP": "127.0.0.1"},
        },
        "podSecurityContext": {
            "runAsUser": UID,
            "runAsGroup": UID,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
            "readOnlyRootFilesystem": True,
        },
        "api": {"dashboard": False},
        "ingressRoute": {"dashboard": {"enabled": False}},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "providers": {
            "kubernetesCRD": {"allowCrossNamespace": False},
            "kubernetesIngress": {"publishedService": {"enabled": False}, "strictPrefixMatching": True},
        },
        "additionalArguments": [f"--providers.kubernetesingress.ingressendpoint.hostname={status_hostname}"],
    }


def _web() -> dict[str, Any]:
    """Return the values of port 80, which only redirects and trusts no forwarded headers."""
    to_https = {"to": "websecure", "scheme": "https", "permanent": True}
    return {"port": 80, "hostPort": 80, "http": {"redirections": {"entryPoint": to_https}}}


def _websecure(cloudflare: Sequence[str]) -> dict[str, Any]:
    """Return the values of port 443, which serves all traffic and trusts the headers of these ranges."""
    return {
        "port": 443,
        "hostPort": 443,
        "asDefault": True,
        "forwardedHeaders": {"trustedIPs": sorted(cloudflare)},
        "transport": {
            "lifeCycle": {
                "requestAcceptGraceTimeout": f"{ACCEPT_GRACE_SECONDS}s",
                "graceTimeOut": f"{GRACE_SECONDS}s",
            },
            "keepAliveMaxTime": f"{KEEP_ALIVE_SECONDS}s",
        },
    }


def values_content(values: dict[str, Any]) -> str:
    """Return the values as sorted YAML, with their digest as an annotation of the DaemonSet for the rollout check."""
    deployment = {**values["deployment"], "annotations": {DIGEST_ANNOTATION: json_digest(values)}}
    return yaml.safe_dump({**values, "deployment": deployment}, sort_keys=True)
