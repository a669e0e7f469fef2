"""Kubernetes objects: the kinds that the stack may have, their metadata, namespaces and bodies.

The rules for Traefik, routes and pods judge the bodies of their own kinds; the table says `known` for these.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .model import Resource
from .rules import Judge, ResourceRule
from .shapes import closed, known, listed, maybe, number, one_of, shape, text
from .view import Check, Outcome, View, attempt, together

SYSTEM: Final = "kube-system"
NAMESPACE: Final = "kubernetes:core/v1:Namespace"
SECRET: Final = "kubernetes:core/v1:Secret"  # noqa: S105 - a type token
INGRESS: Final = "kubernetes:networking.k8s.io/v1:Ingress"
INGRESS_CLASS: Final = "kubernetes:networking.k8s.io/v1:IngressClass"
HELM_CHART_CONFIG: Final = "kubernetes:helm.cattle.io/v1:HelmChartConfig"
_TRAEFIK: Final = "kubernetes:traefik.io/v1alpha1:"
INGRESS_ROUTE: Final = _TRAEFIK + "IngressRoute"
MIDDLEWARE: Final = _TRAEFIK + "Middleware"
TLS_OPTION: Final = _TRAEFIK + "TLSOption"
TRAEFIK_SERVICE: Final = _TRAEFIK + "TraefikService"
_HERE: Final = "policy/guardrails/kubernetes.py"
_NAME: Final = r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?"

SECRETS: Final = {
    "kube-system/origin-pulls-ca": ("ca.crt",),
    "*/cloudflare-origin-cert": ("tls.crt", "tls.key"),
    "*/admin-users": ("users",),
    "*/*-client-ca": ("ca.crt",),
}
"""The Secrets that the stack may have, as NAMESPACE/NAME, and their keys.

As a namespace, `*` is any except Kubernetes' own. In a name it is any text.
"""

IN_KUBE_SYSTEM: Final = (
    ("HelmChartConfig", "traefik"),
    ("TLSOption", "default"),
    ("DaemonSet", "traefik"),
    *(("Secret", name.partition("/")[2]) for name in SECRETS if name.startswith(f"{SYSTEM}/")),
)
"""The objects that may be in kube-system, by kind and name. A Secret needs a line in `SECRETS` only."""

_METADATA: Final = shape(
    f"_METADATA in {_HERE}",
    {
        "name": text(_NAME, "a name of a Kubernetes object"),
        "namespace": maybe(text(_NAME, "a namespace")),
        "labels": known,
        "annotations": known,
    },
)
_PORT: Final = shape(
    f"_PORT in {_HERE}",
    {
        "name": known,
        "port": number(1, 65535),
        "targetPort": known,
        "protocol": one_of(None, "TCP", "UDP"),
        "appProtocol": known,
    },
)
_SERVICE: Final = shape(
    f"_SERVICE in {_HERE}",
    {
        "type": one_of(None, "ClusterIP", why="any other type opens a way past UFW or to another host"),
        "clusterIP": one_of(None, "None"),
        "selector": known,
        "ports": listed(_PORT, empty=False),
        "sessionAffinity": one_of(None, "None", "ClientIP"),
        "publishNotReadyAddresses": known,
    },
)


@dataclass(frozen=True)
class Kind:
    """The checks of an object's keys other than apiVersion, kind and metadata, and whether it is in a namespace."""

    body: Mapping[str, Check]
    namespaced: bool = True


_SPEC: Final = Kind({"spec": known})
_DATA: Final = {"data": known, "stringData": known, "immutable": known}

KINDS: Final = {
    "core/v1:Namespace": Kind({}, namespaced=False),
    "core/v1:Secret": Kind({**_DATA, "type": one_of(None, "Opaque", "kubernetes.io/tls")}),
    "core/v1:ConfigMap": Kind({**_DATA, "binaryData": known}),
    "core/v1:Service": Kind({"spec": _SERVICE}),
    "core/v1:Pod": _SPEC,
    "apps/v1:Deployment": _SPEC,
    "apps/v1:DaemonSet": _SPEC,
    "apps/v1:StatefulSet": _SPEC,
    "batch/v1:Job": _SPEC,
    "batch/v1:CronJob": _SPEC,
    "networking.k8s.io/v1:Ingress": _SPEC,
    "networking.k8s.io/v1:IngressClass": Kind({"spec": known}, namespaced=False),
    "helm.cattle.io/v1:HelmChartConfig": _SPEC,
    "traefik.io/v1alpha1:IngressRoute": _SPEC,
    "traefik.io/v1alpha1:Middleware": _SPEC,
    "traefik.io/v1alpha1:TLSOption": _SPEC,
    "traefik.io/v1alpha1:TraefikService": _SPEC,
}
"""The kinds that the stack may have, by API version. All others are refused, such as RBAC, Gateway API and patches."""


def _judge(token: str, kind: Kind) -> Judge:
    group, _, name = token.partition(":")
    api_version = group.removeprefix("core/")
    entries = {"apiVersion": one_of(api_version), "kind": one_of(name), "metadata": _METADATA, **kind.body}

    def judge(resource: Resource) -> Iterator[Outcome]:
        body = View(resource.plain)
        yield from attempt(closed(f"KINDS in {_HERE}", entries, body))
        yield from attempt(_place(body, name, kind))
        if name == "Secret":
            yield from together(*(_secret(body, key) for key in ("data", "stringData")))

    return judge


def _place(body: View, kind: str, table: Kind) -> Iterator[Outcome]:
    """Check the namespace: an application's own, or kube-system for known objects. A Namespace is its own."""
    namespace, name = identity(body)
    if kind == "Namespace":
        namespace = name
    elif not table.namespaced:
        return
    if (namespace == "default" or namespace.startswith("kube-")) and not (
        namespace == SYSTEM and (kind, name) in IN_KUBE_SYSTEM
    ):
        yield (
            f"{kind} {name} is in namespace {namespace}, which is Kubernetes' own; use another namespace, or add the "
            f"object to IN_KUBE_SYSTEM in {_HERE} if it is wanted"
        )


def _secret(body: View, place: str) -> Iterator[Outcome]:
    namespace, name = identity(body)
    keys = body.at(place).entries()
    allowed = _keys_of(namespace, name)
    if allowed is None:
        if place == "stringData":
            yield f"Secret {namespace}/{name} is not known here; add it to SECRETS in {_HERE} if it is wanted"
        return
    for key in keys:
        if key not in allowed:
            yield f"{place}.{key} is not known here; add it to SECRETS in {_HERE} if it is wanted"


def _keys_of(namespace: str, name: str) -> tuple[str, ...] | None:
    own = "*" if namespace != SYSTEM else namespace
    for pattern, keys in SECRETS.items():
        where, _, what = pattern.partition("/")
        if where == own and (what == name or (what.startswith("*") and name.endswith(what[1:]))):
            return keys
    return None


TYPES: Final = {f"kubernetes:{token}": _judge(token, kind) for token, kind in KINDS.items()}
"""The Kubernetes types that the stack may have; each with its judge."""

RULES: Final = (
    ResourceRule(
        name="kubernetes-objects-are-known",
        description="Objects are of known kinds, in the applications' namespaces, without ways past the firewall.",
        judges=TYPES,
    ),
)


def identity(body: View) -> tuple[str, str]:
    """Return the namespace and the name of an object. Without a namespace it is in `default`.

    Raises:
        NotKnown: If either is unknown.
        MalformedError: If it has no name.
    """
    namespace = body.at("metadata", "namespace")
    return "default" if namespace.missing else namespace.text(), body.at("metadata", "name").text()


def identity_of(resource: Resource) -> tuple[str, str]:
    """Return the namespace and the name of a resource's object; see `identity`."""
    return identity(View(resource.plain))


def annotation(body: View, key: str) -> View:
    """Return an annotation."""
    return body.at("metadata", "annotations").at(key)
