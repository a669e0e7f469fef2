"""Traefik's HelmChartConfig, key by key. Source: values.yaml of traefik-helm-chart 39, Traefik v3's static options."""

import re
from collections.abc import Iterator
from typing import Final

from .kubernetes import HELM_CHART_CONFIG
from .model import Resource
from .pods import TRAEFIK_UID, container_context, pod_context
from .ranges import LOOPBACK, PRIVATE, network_at, why_not_cloudflare, within
from .rules import ResourceRule
from .traefik_values import SPEC_KEYS, chart_values, is_traefiks
from .view import Outcome, View, allow, attempt, demand, each, together

_HIDDEN: Final = {
    "hostNetwork": "hostNetwork at the top level",
    "strategy": "updateStrategy at the top level",
    "updateStrategy": "updateStrategy at the top level",
}
"""What the chart ignores under `deployment`, and where it belongs."""
_PUBLIC: Final = ("web", "websecure")
_FALSE: Final = ("false", "0", "f")


def _daemonset(resource: Resource) -> Iterator[Outcome]:
    spec = View(resource.plain).at("spec")
    if not is_traefiks(resource):
        yield "it configures another chart than kube-system/traefik, whose pods no policy sees; remove it"
        return
    yield from attempt(demand(spec.at("failurePolicy"), "abort", "reinstall would uninstall Traefik when Helm fails"))
    for key in sorted(set(spec.entries()) - SPEC_KEYS):
        yield f"spec.{key} sets values that no policy reads; say them in spec.valuesContent"
    values = chart_values(resource)
    deployment, surge = values.at("deployment"), values.at("updateStrategy", "rollingUpdate")
    yield from together(
        demand(deployment.at("kind"), "DaemonSet", "every ingress node must answer by itself"),
        allow(deployment.at("enabled"), (None, True), "is off, so nothing would answer; remove it"),
        demand(values.at("hostNetwork"), True, "Traefik is the node's own port 80 and 443"),
        demand(values.at("service", "enabled"), False, "a Service opens a way past the host's firewall"),
        demand(values.at("updateStrategy", "type"), "RollingUpdate", "pods must give way one by one"),
        demand(surge.at("maxUnavailable"), 1, "two pods can't hold one host port"),
        demand(surge.at("maxSurge"), 0, "two pods can't hold one host port"),
        allow(values.at("extraObjects"), (None, [], {}), "makes objects that no policy sees; register each by itself"),
    )
    for name, number in zip(_PUBLIC, (80, 443), strict=True):
        for key in ("port", "hostPort"):
            yield from attempt(demand(values.at("ports", name, key), number, "the chart wants both alike"))
    for key, instead in _HIDDEN.items():
        if key in deployment.entries():
            yield f"deployment.{key} is silently ignored by the chart; write {instead}"


def _confined(resource: Resource) -> Iterator[Outcome]:
    if not is_traefiks(resource):
        return
    values = chart_values(resource)
    pod, deployment = values.at("podSecurityContext"), values.at("deployment")
    yield from attempt(pod_context(pod, TRAEFIK_UID))
    yield from attempt(container_context(values.at("securityContext"), pod))
    for group in ("initContainers", "additionalContainers"):
        for container in deployment.at(group).items():
            yield from attempt(container_context(container.at("securityContext"), pod))


def _surface(resource: Resource) -> Iterator[Outcome]:
    if not is_traefiks(resource):
        return
    values = chart_values(resource)
    yield from together(
        demand(values.at("api", "dashboard"), False, "the chart turns it on by itself, and it tells every route"),
        allow(values.at("api", "insecure"), (None, False), "opens the API to everybody; remove it"),
        allow(values.at("ingressRoute", "dashboard", "enabled"), (None, False), "routes to the dashboard; remove it"),
        demand(values.at("ports", "traefik", "hostIP"), "127.0.0.1", "ping and API would listen on every interface"),
        _metrics(values),
    )
    for name, port in values.at("ports").entries().items():
        if name not in (*_PUBLIC, "traefik", "metrics"):
            yield from attempt(_private(port))
    for key in ("additionalArguments", "globalArguments"):
        yield from each(values.at(key).items(), _argument)


def _metrics(values: View) -> Iterator[Outcome]:
    """On by default, and on every interface of the host."""
    metrics = values.at("metrics").entries()
    if "prometheus" not in metrics or metrics["prometheus"].value not in (None, False):
        yield from _private(values.at("ports", "metrics"))


def _private(port: View) -> Iterator[Outcome]:
    """Any entrypoint that is not the visitors' listens on loopback or a private address."""
    host_ip = port.at("hostIP")
    if host_ip.value is None or not within(network_at(host_ip), (*LOOPBACK, *PRIVATE)):
        found = "missing" if host_ip.value is None else host_ip.text()
        yield f"{host_ip.path} is {found}; set it to '127.0.0.1' or a private address: the host's network is public"


def _argument(argument: View) -> Iterator[Outcome]:
    """Traefik's options know no case; a flag without a value is on."""
    name, _, value = argument.text().strip().lstrip("-").lower().partition("=")
    off = value.strip("\"' ") in _FALSE
    if name in ("api", "api.insecure", "api.dashboard", "api.debug") and not off:
        yield f"{argument.path} turns the API or the dashboard on; remove it"
    elif re.match(r"entrypoints\.[^.]+(\.(address|forwardedheaders|proxyprotocol|asdefault)\b|$)", name):
        yield f"{argument.path} changes an entrypoint past the values; say it under ports, where it is judged"
    elif name in ("configfile", "serverstransport.insecureskipverify") and not off:
        yield f"{argument.path} is not allowed: --{name} undoes what the values say; remove it"


def _trusted(resource: Resource) -> Iterator[Outcome]:
    if not is_traefiks(resource):
        return
    ports = chart_values(resource).at("ports")
    trusted = ports.at("websecure", "forwardedHeaders", "trustedIPs")
    if not trusted.items():
        yield f"{trusted.path} is empty; list Cloudflare's ranges, or every visitor has an edge's address"
    yield from attempt(demand(ports.at("websecure", "asDefault"), True, "routes would be served on every entrypoint"))
    for port in ports.entries().values():
        yield from together(
            allow(port.at("forwardedHeaders", "insecure"), (None, False), "believes everybody's headers; remove it"),
            allow(port.at("proxyProtocol", "insecure"), (None, False), "believes everybody's addresses; remove it"),
        )
        for key in ("forwardedHeaders", "proxyProtocol"):
            yield from each(port.at(key, "trustedIPs").items(), _cloudflare)


def _cloudflare(entry: View) -> Iterator[Outcome]:
    why = why_not_cloudflare(network_at(entry))
    if why:
        yield f"{entry.path} is {entry.text()}, not Cloudflare's: {why}; trust Cloudflare's ranges only"


TRAEFIK_RULES: Final = (
    ResourceRule(
        name="traefik-on-every-node",
        description="Traefik is a DaemonSet on host ports 80 and 443, without a Service, renewed one node at a time.",
        types=(HELM_CHART_CONFIG,),
        check=_daemonset,
    ),
    ResourceRule(
        name="traefik-is-confined",
        description="Traefik runs as 65532, read-only, with no privilege but NET_BIND_SERVICE, under seccomp.",
        types=(HELM_CHART_CONFIG,),
        check=_confined,
    ),
    ResourceRule(
        name="traefik-shows-nothing",
        description="Traefik's dashboard and API are off, and its internal ports are not the world's.",
        types=(HELM_CHART_CONFIG,),
        check=_surface,
    ),
    ResourceRule(
        name="traefik-believes-cloudflare-only",
        description="Forwarded headers are believed from Cloudflare's ranges, on websecure, and from nobody else.",
        types=(HELM_CHART_CONFIG,),
        check=_trusted,
    ),
)
