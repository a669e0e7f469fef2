"""The bundled Traefik: its chart values, arguments and TLS options.

Source: values.yaml of traefik-helm-chart 39, Traefik v3's static options, TLSOption of v3.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from .addresses import LOOPBACK, PRIVATE, network_at, why_not_cloudflare, within
from .documents import yaml_in
from .kubernetes import HELM_CHART_CONFIG, SYSTEM, TLS_OPTION, identity, identity_of
from .model import Resource
from .pods import TRAEFIK, TRAEFIK_UID, container_context, pod_context
from .rules import ResourceRule
from .shapes import fixed, known, listed, maybe, number, one_of, shape, text
from .view import Check, Outcome, View, attempt

_HERE: Final = "policy/guardrails/traefik.py"
_HOST: Final = r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"

ARGUMENTS: Final = (rf"--providers\.kubernetesingress\.ingressendpoint\.hostname={_HOST}",)
"""The arguments that Traefik may get beside the values, as regular expressions."""


def _tree(entries: Mapping[str, Check]) -> Check:
    return shape(f"VALUES in {_HERE}", entries)


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
    yield from text("|".join(ARGUMENTS), f"a known argument; add it to ARGUMENTS in {_HERE} if it is wanted")(view)


_HEADERS: Final = _tree({"trustedIPs": listed(_trusted), "insecure": one_of(None, False, why="it trusts every sender")})
_DURATION: Final = maybe(text(r"[1-9]\d{0,4}(ms|s|m)", "a duration above 0, such as 30s"))
_INTERNAL: Final = _tree({"port": number(1024, 65535), "hostIP": _private})
_NO_CONTAINERS: Final = one_of(None, [], why="these containers would share the host's network")

VALUES: Final = {
    "deployment": _tree(
        {
            "kind": fixed("DaemonSet", "every ingress node must answer by itself"),
            "enabled": one_of(None, True),
            "dnsPolicy": one_of(None, "ClusterFirstWithHostNet"),
            "terminationGracePeriodSeconds": maybe(number(1, 3600)),
            "annotations": maybe(_tree({"honeydue.com/values-digest": text(r"[0-9a-f]{16}", "a digest")})),
            "initContainers": _NO_CONTAINERS,
            "additionalContainers": _NO_CONTAINERS,
        },
    ),
    "hostNetwork": fixed(True, "Traefik uses the node's own ports 80 and 443"),
    "updateStrategy": _tree(
        {
            "type": fixed("RollingUpdate", "pods must be replaced one by one"),
            "rollingUpdate": _tree(
                {
                    "maxUnavailable": fixed(1, "two pods cannot use one host port"),
                    "maxSurge": fixed(0, "two pods cannot use one host port"),
                },
            ),
        },
    ),
    "service": _tree({"enabled": fixed(False, "a Service opens a way past the host's firewall")}),
    "ports": _tree(
        {
            "web": _tree(
                {
                    "port": fixed(80, "the chart requires both ports to be equal"),
                    "hostPort": fixed(80, "the chart requires both ports to be equal"),
                    "forwardedHeaders": _HEADERS,
                    "http": maybe(
                        _tree(
                            {
                                "redirections": _tree(
                                    {
                                        "entryPoint": _tree(
                                            {
                                                "to": fixed("websecure", "port 80 only redirects to HTTPS"),
                                                "scheme": fixed("https", "port 80 only redirects to HTTPS"),
                                                "permanent": one_of(True, False),
                                            },
                                        )
                                    },
                                )
                            },
                        )
                    ),
                },
            ),
            "websecure": _tree(
                {
                    "port": fixed(443, "the chart requires both ports to be equal"),
                    "hostPort": fixed(443, "the chart requires both ports to be equal"),
                    "asDefault": fixed(True, "routes would be served on every entrypoint"),
                    "forwardedHeaders": _tree(
                        {
                            "trustedIPs": listed(_trusted, empty=False),
                            "insecure": one_of(None, False, why="it trusts every sender"),
                        },
                    ),
                    "transport": _tree(
                        {
                            "lifeCycle": _tree({"requestAcceptGraceTimeout": _DURATION, "graceTimeOut": _DURATION}),
                            "respondingTimeouts": _tree(
                                {"readTimeout": _DURATION, "writeTimeout": _DURATION, "idleTimeout": _DURATION},
                            ),
                            "keepAliveMaxTime": _DURATION,
                        },
                    ),
                },
            ),
            "traefik": _INTERNAL,
            "metrics": maybe(_INTERNAL),
        },
    ),
    "metrics": _tree({"prometheus": one_of(None, False)}),
    "podSecurityContext": lambda view: pod_context(view, TRAEFIK_UID),
    "securityContext": known,
    "api": _tree(
        {
            "dashboard": fixed(False, "the chart turns it on by default, and it shows every route"),
            "insecure": one_of(None, False, why="it opens the API to everybody"),
        },
    ),
    "ingressRoute": _tree({"dashboard": _tree({"enabled": one_of(None, False, why="it is a route to the dashboard")})}),
    "global": _tree({"checkNewVersion": one_of(None, False, True), "sendAnonymousUsage": one_of(None, False)}),
    "providers": _tree(
        {
            "kubernetesCRD": _tree(
                {
                    "enabled": one_of(None, True),
                    "allowCrossNamespace": one_of(
                        None, False, why="a route could use the middlewares and Services of other namespaces"
                    ),
                },
            ),
            "kubernetesIngress": _tree(
                {
                    "enabled": one_of(None, True),
                    "publishedService": _tree({"enabled": one_of(None, False, why="there is no Service")}),
                    "strictPrefixMatching": one_of(None, True),
                },
            ),
        },
    ),
    "additionalArguments": listed(_argument),
}
"""The chart values that Traefik may have."""

_SPEC: Final = {
    "valuesContent": known,
    "failurePolicy": fixed("abort", "reinstall would uninstall Traefik when Helm fails"),
}


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
    yield from attempt(shape(f"_SPEC in {_HERE}", _SPEC)(View(resource.plain).at("spec")))
    if not is_traefiks(resource):
        yield "it configures another chart than kube-system/traefik, whose pods no rule judges; remove it"
        return
    values = chart_values(resource)
    yield from attempt(_tree(VALUES)(values))
    yield from attempt(container_context(values.at("securityContext"), values.at("podSecurityContext")))
    metrics = values.at("metrics").entries()
    if "prometheus" not in metrics and values.at("ports", "metrics").missing:
        yield "ports.metrics is missing, so the chart publishes metrics on every interface; bind it to 127.0.0.1"


def _tls_option(resource: Resource) -> Iterator[Outcome]:
    """Check a TLSOption: the default one, or one of a route with client certificates."""
    body = View(resource.plain)
    namespace, name = identity(body)
    if (namespace, name) == (SYSTEM, "default"):
        client = maybe(_CLIENT_AUTH)
    elif name.endswith("-client-certificates"):
        client = _CLIENT_AUTH
    else:
        yield f"TLSOption {namespace}/{name} is not known here; add its name to _tls_option in {_HERE} if it is wanted"
        return
    yield from shape(f"TLS in {_HERE}", {**TLS, "clientAuth": client})(body.at("spec"))


TLS: Final = {
    "minVersion": one_of("VersionTLS12", "VersionTLS13", why="older versions of TLS are broken"),
    "sniStrict": fixed(True, "Traefik would serve a certificate of its own for unknown names"),
}
"""The keys of a TLSOption, except `clientAuth`."""

_CLIENT_AUTH: Final = shape(
    f"_CLIENT_AUTH in {_HERE}",
    {
        "clientAuthType": fixed("RequireAndVerifyClientCert", "any weaker type lets clients in without a certificate"),
        "secretNames": listed(text(r"[-.a-z0-9]+", "the name of a Secret"), empty=False, most=1),
    },
)

RULES: Final = (
    ResourceRule(
        name="traefik-is-known",
        description="Traefik has known values, arguments and TLS options, no privileges, and trusts Cloudflare only.",
        judges={HELM_CHART_CONFIG: _config, TLS_OPTION: _tls_option},
    ),
)
