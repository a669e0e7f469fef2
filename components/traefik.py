"""The bundled Traefik: a HelmChartConfig with the chart values, the wait for its rollout, the default TLS options."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi

from components.chart_values import chart_values, values_content
from components.digests import json_digest
from components.manifests import TRAEFIK_API, manifest, register
from components.ssh import Reachable, Script, run
from components.tls_options import tls_option

NAMESPACE: Final = "kube-system"
PULLS_CA_SECRET: Final = "origin-pulls-ca"  # noqa: S105 - the Secret's name
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
            Script(program="rollout", verb="wait", args=(json_digest(values), str(ROLLOUT_SECONDS))),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[config]),
        )
        self.ready = self._tls_options(name, args, rolled_out)
        self.register_outputs({"digest": json_digest(values)})

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
