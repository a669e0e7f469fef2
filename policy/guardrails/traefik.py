"""The bundled Traefik: its chart values, arguments and TLS options.

Source: values.yaml of traefik-helm-chart 39, Traefik v3's static options, TLSOption of v3.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from guardrails.firewalls.sources import why_not_cloudflare
from guardrails.mechanism.addresses import LOOPBACK, PRIVATE, network_at, within
from guardrails.mechanism.documents import yaml_in
from guardrails.mechanism.model import Resource
from guardrails.mechanism.objects import HELM_CHART_CONFIG, SYSTEM, TLS_OPTION, identity_of, object_of
from guardrails.mechanism.rules import ResourceRule
from guardrails.mechanism.shapes import (
    Entry,
    fixed,
    known,
    listed,
    maybe,
    number,
    one_of,
    shape,
    table_in,
    text,
    unknown,
)
from guardrails.mechanism.view import Outcome, View, attempt
from guardrails.pods.workloads import container_context, pod_context

_in = table_in(__name__)
TRAEFIK: Final = (SYSTEM, "traefik")
TRAEFIK_UID: Final = 65532
_HOST: Final = r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"

ARGUMENTS: Final = (rf"--providers\.kubernetesingress\.ingressendpoint\.hostname={_HOST}",)
"""The arguments that Traefik may get beside the values, as regular expressions."""


def _trusted(entry: View) -> Iterator[Outcome]:
    why = why_not_cloudflare(network_at(entry))
    if why:
        yield f"{entry.path} is {entry.text()}, not Cloudflare's: {why}; trust Cloudflare's ranges only"


def _private(view: View) -> Iterator[Outcome]:
    """Traefik uses the host's network, so an entrypoint without an address is public."""
    if view.missing or not within(network_at(view), (*LOOPBACK, *PRIVATE)):
        found = "missing" if view.missing else view.text()
        yield f"{view.path} is {found}; set it to '127.0.0.1' or a private address: the host's network is public"


def _argument(view: View) -> Iterator[Outcome]:
    if not re.fullmatch("|".join(ARGUMENTS), view.text()):
        yield unknown(f"{view.path} {view.text()!r}", _in("ARGUMENTS"))


_HEADERS: Final[dict[str, Entry]] = {
    "trustedIPs": listed(_trusted),
    "insecure": one_of(None, False, why="it trusts every sender"),
}
_DURATION: Final = maybe(text(r"[1-9]\d{0,4}(ms|s|m)", "a duration above 0, such as 30s"))
_INTERNAL: Final[dict[str, Entry]] = {"port": number(1024, 65535), "hostIP": _private}
_NO_CONTAINERS: Final = one_of(None, [], why="these containers would share the host's network")

VALUES: Final[dict[str, Entry]] = {
    "deployment": {
        "kind": fixed("DaemonSet", "every ingress node must answer by itself"),
        "enabled": one_of(None, True),
        "dnsPolicy": one_of(None, "ClusterFirstWithHostNet"),
        "terminationGracePeriodSeconds": maybe(number(1, 3600)),
        "annotations": maybe({"honeydue.com/values-digest": text(r"[0-9a-f]{16}", "a digest")}),
        "initContainers": _NO_CONTAINERS,
        "additionalContainers": _NO_CONTAINERS,
    },
    "hostNetwork": fixed(True, "Traefik uses the node's own ports 80 and 443"),
    "updateStrategy": {
        "type": fixed("RollingUpdate", "pods must be replaced one by one"),
        "rollingUpdate": {
            "maxUnavailable": fixed(1, "two pods cannot use one host port"),
            "maxSurge": fixed(0, "two pods cannot use one host port"),
        },
    },
    "service": {"enabled": fixed(False, "a Service opens a way past the host's firewall")},
    "ports": {
        "web": {
            "port": fixed(80, "the chart requires both ports to be equal"),
            "hostPort": fixed(80, "the chart requires both ports to be equal"),
            "forwardedHeaders": _HEADERS,
            "http": maybe(
                {
                    "redirections": {
                        "entryPoint": {
                            "to": fixed("websecure", "port 80 only redirects to HTTPS"),
                            "scheme": fixed("https", "port 80 only redirects to HTTPS"),
                            "permanent": one_of(True, False),
                        }
                    }
                }
            ),
        },
        "websecure": {
            "port": fixed(443, "the chart requires both ports to be equal"),
            "hostPort": fixed(443, "the chart requires both ports to be equal"),
            "asDefault": fixed(True, "routes would be served on every entrypoint"),
            "forwardedHeaders": {
                "trustedIPs": listed(_trusted, empty=False),
                "insecure": one_of(None, False, why="it trusts every sender"),
            },
            "transport": {
                "lifeCycle": {"requestAcceptGraceTimeout": _DURATION, "graceTimeOut": _DURATION},
                "respondingTimeouts": {"readTimeout": _DURATION, "writeTimeout": _DURATION, "idleTimeout": _DURATION},
                "keepAliveMaxTime": _DURATION,
            },
        },
        "traefik": _INTERNAL,
        "metrics": maybe(_INTERNAL),
    },
    "metrics": {"prometheus": one_of(None, False)},
    "podSecurityContext": lambda view: pod_context(view, TRAEFIK_UID),
    "securityContext": known,
    "api": {
        "dashboard": fixed(False, "the chart turns it on by default, and it shows every route"),
        "insecure": one_of(None, False, why="it opens the API to everybody"),
    },
    "ingressRoute": {"dashboard": {"enabled": one_of(None, False, why="it is a route to the dashboard")}},
    "global": {"checkNewVersion": one_of(None, False, True), "sendAnonymousUsage": one_of(None, False)},
    "providers": {
        "kubernetesCRD": {
            "enabled": one_of(None, True),
            "allowCrossNamespace": one_of(
                None, False, why="a route could use the middlewares and Services of other namespaces"
            ),
        },
        "kubernetesIngress": {
            "enabled": one_of(None, True),
            "publishedService": {"enabled": one_of(None, False, why="there is no Service")},
            "strictPrefixMatching": one_of(None, True),
        },
    },
    "additionalArguments": listed(_argument),
}
"""The chart values that Traefik may have."""

SPEC: Final[dict[str, Entry]] = {
    "valuesContent": known,
    "failurePolicy": fixed("abort", "reinstall would uninstall Traefik when Helm fails"),
}
"""The spec of a HelmChartConfig."""


def is_traefiks(resource: Resource) -> bool:
    """Whether a HelmChartConfig is that of the bundled Traefik.

    Raises:
        NotKnown: If its name or namespace is unknown.
    """
    return identity_of(resource) == TRAEFIK


def chart_values(resource: Resource) -> View:
    """Return the values of a HelmChartConfig.

    Raises:
        NotKnown: If the text is unknown.
        MalformedError: If it is not a mapping in strict YAML.
    """
    return yaml_in(View(resource.plain).at("spec", "valuesContent"))


def _config(resource: Resource) -> Iterator[Outcome]:
    if not is_traefiks(resource):
        yield "it configures another chart than kube-system/traefik, whose pods no rule judges; remove it"
        return
    values = chart_values(resource)
    yield from attempt(shape(_in("VALUES"), VALUES)(values))
    yield from attempt(container_context(values.at("securityContext"), values.at("podSecurityContext")))
    metrics = values.at("metrics").entries()
    if "prometheus" not in metrics and values.at("ports", "metrics").missing:
        yield "ports.metrics is missing, so the chart publishes metrics on every interface; bind it to 127.0.0.1"


TLS: Final[dict[str, Entry]] = {
    "minVersion": one_of("VersionTLS12", "VersionTLS13", why="older versions of TLS are broken"),
    "sniStrict": fixed(True, "Traefik would serve a certificate of its own for unknown names"),
}
"""The keys of a TLSOption, except `clientAuth`."""

CLIENT_AUTH: Final[dict[str, Entry]] = {
    "clientAuthType": fixed("RequireAndVerifyClientCert", "any weaker type lets clients in without a certificate"),
    "secretNames": listed(text(r"[-.a-z0-9]+", "the name of a Secret"), empty=False, most=1),
}
"""The check of client certificates. The default TLS options have it while the stack has a CA for origin pulls."""

TLS_OPTIONS: Final = ("kube-system/default", "*/*-client-certificates")
"""The TLSOptions that the stack may have, as NAMESPACE/NAME; `*` is any text. All but the default have `clientAuth`."""


def _tls_option(resource: Resource) -> Iterator[Outcome]:
    name = "/".join(identity_of(resource))
    if not any(fnmatchcase(name, pattern) for pattern in TLS_OPTIONS):
        yield unknown(f"TLSOption {name}", _in("TLS_OPTIONS"))
    client = maybe(CLIENT_AUTH) if name == TLS_OPTIONS[0] else CLIENT_AUTH
    yield from shape(_in("TLS"), {**TLS, "clientAuth": client})(View(resource.plain).at("spec"))


RULES: Final = (
    ResourceRule(
        name="traefik-is-known",
        description="Traefik has known values, arguments and TLS options, no privileges, and trusts Cloudflare only.",
        judges={
            **object_of(HELM_CHART_CONFIG, _in("SPEC"), {"spec": SPEC}, system=("traefik",), more=_config),
            **object_of(TLS_OPTION, _in("TLS_OPTIONS"), {"spec": known}, system=("default",), more=_tls_option),
        },
    ),
)
