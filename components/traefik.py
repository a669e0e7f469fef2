"""The bundled Traefik: its chart values in a HelmChartConfig, the default TLS options, and the wait for its rollout.

The values follow chart 39 (Traefik 3.6). k3s strips the chart's schema, so a misspelt key has no effect; tests compare
each key with the chart's own names.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import yaml

from components.manifests import TRAEFIK_API, manifest, register
from components.ssh import Reachable, Script, run

NAMESPACE: Final = "kube-system"
DIGEST_ANNOTATION: Final = "honeydue.com/values-digest"
PULLS_CA_SECRET: Final = "origin-pulls-ca"  # noqa: S105 - the Secret's name
UID: Final = 65532
INTERNAL_PORT: Final = 8080
METRICS_PORT: Final = 9101
"""Not 9100, because node_exporter uses that port on the host network."""
ACCEPT_GRACE_SECONDS: Final = 10
GRACE_SECONDS: Final = 30
KEEP_ALIVE_SECONDS: Final = 30
ROLLOUT_SECONDS: Final = 600


@dataclass(frozen=True, kw_only=True)
class TraefikArgs:
    """The trusted ranges, the host name for Ingress status, the API node, and the origin pulls' CA if required."""

    cloudflare: Sequence[str]
    status_hostname: str
    min_tls_version: str
    api: Reachable
    pulls_ca: pulumi.Output[str] | None
    pulls_ready: pulumi.Resource


class Traefik(pulumi.ComponentResource):
    """Traefik as a DaemonSet on the host network. It is ready when every pod runs our values."""

    ready: pulumi.Resource

    def __init__(self, name: str, args: TraefikArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:Traefik", name, None, opts)
        values = chart_values(args.cloudflare, args.status_hostname)
        config = register(
            f"{name}-values",
            manifest(
                "helm.cattle.io/v1",
                "HelmChartConfig",
                NAMESPACE,
                "traefik",
                # helm-controller's default, reinstall, would uninstall Traefik when Helm rejects a change
                spec={"valuesContent": values_content(values), "failurePolicy": "abort"},
            ),
            pulumi.ResourceOptions(parent=self),
        )
        rolled_out = run(
            f"{name}-rollout",
            args.api,
            Script(program="rollout", verb="wait", args=(digest(values), str(ROLLOUT_SECONDS))),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[config]),
        )
        self.ready = self._tls_options(name, args, rolled_out)
        self.register_outputs({"digest": digest(values)})

    def _tls_options(self, name: str, args: TraefikArgs, rolled_out: pulumi.Resource) -> pulumi.Resource:
        """Create the default TLS options. They require a client certificate only after Cloudflare presents one."""
        before: list[pulumi.Resource] = [args.pulls_ready, rolled_out]
        if args.pulls_ca is not None:
            secret = manifest("v1", "Secret", NAMESPACE, PULLS_CA_SECRET, stringData={"ca.crt": args.pulls_ca})
            opts = pulumi.ResourceOptions(parent=self, depends_on=before)
            before = [*before, register(f"{name}-{PULLS_CA_SECRET}", secret, opts)]
        spec = tls_option(args.min_tls_version, PULLS_CA_SECRET if args.pulls_ca is not None else None)
        return register(
            f"{name}-tls-options",
            manifest(TRAEFIK_API, "TLSOption", NAMESPACE, "default", spec=spec),
            pulumi.ResourceOptions(parent=self, depends_on=before),
        )


def tls_option(min_tls_version: str, ca_secret: str | None) -> dict[str, Any]:
    """Return a TLSOption's spec: the minimum version, strict SNI, and the CA of client certificates, if required."""
    spec: dict[str, Any] = {"minVersion": f"VersionTLS{min_tls_version.replace('.', '')}", "sniStrict": True}
    if ca_secret is not None:
        spec["clientAuth"] = {"clientAuthType": "RequireAndVerifyClientCert", "secretNames": [ca_secret]}
    return spec


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


def digest(values: dict[str, Any]) -> str:
    """Return the first 16 hex digits of the SHA-256 of the values' canonical JSON."""
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def values_content(values: dict[str, Any]) -> str:
    """Return the values as sorted YAML, with their digest as an annotation of the DaemonSet for the rollout check."""
    deployment = {**values["deployment"], "annotations": {DIGEST_ANNOTATION: digest(values)}}
    return yaml.safe_dump({**values, "deployment": deployment}, sort_keys=True)
