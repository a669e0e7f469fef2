"""Kubernetes objects: their kind, metadata, namespace and body. Each subject lists the kinds that are its own."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from .model import Resource
from .rules import Judge
from .shapes import Entry, check_of, known, maybe, one_of, shape, text, unknown
from .view import Check, Outcome, View, attempt

SYSTEM: Final = "kube-system"
SECRET: Final = "kubernetes:core/v1:Secret"  # noqa: S105 - a type token
INGRESS: Final = "kubernetes:networking.k8s.io/v1:Ingress"
INGRESS_CLASS: Final = "kubernetes:networking.k8s.io/v1:IngressClass"
HELM_CHART_CONFIG: Final = "kubernetes:helm.cattle.io/v1:HelmChartConfig"
SERVICE: Final = "kubernetes:core/v1:Service"
_TRAEFIK: Final = "kubernetes:traefik.io/v1alpha1:"
INGRESS_ROUTE: Final = _TRAEFIK + "IngressRoute"
MIDDLEWARE: Final = _TRAEFIK + "Middleware"
TLS_OPTION: Final = _TRAEFIK + "TLSOption"
TRAEFIK_SERVICE: Final = _TRAEFIK + "TraefikService"

NAME: Final = text(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?", "a name of a Kubernetes object")
_EFFECTIVE: Final = re.compile(
    r"([^/]*\.)?(kubernetes\.io|k8s\.io|traefik\.io|containo\.us|cattle\.io|k3s\.io|helm\.sh|pulumi\.com|honeydue\.com)/.*"
)
"""The keys of annotations that something in the cluster, the engine or this program reads. Others have no effect."""


def annotated(table: str, entries: Mapping[str, Entry]) -> Check:
    """Return the check of annotations, by a table of those that have an effect."""

    def judge(view: View) -> Iterator[Outcome]:
        for key, value in view.entries().items():
            if key not in entries and _EFFECTIVE.fullmatch(key):
                yield unknown(value.path, table)
        for key, entry in entries.items():
            yield from attempt(check_of(entry)(view.at(key)))

    return judge


def object_of(
    type_: str,
    table: str,
    body: Mapping[str, Entry],
    *,
    annotations: Check | None = None,
    system: tuple[str, ...] = (),
    namespaced: bool = True,
    more: Callable[[Resource], Iterator[Outcome]] | None = None,
) -> dict[str, Judge]:
    """Return a type of Kubernetes objects with its judge.

    Args:
        type_: The type, `kubernetes:networking.k8s.io/v1:Ingress`.
        table: The table of the kind; see `shapes.table_in`.
        body: The keys of an object other than apiVersion, kind and metadata.
        annotations: The check of its annotations, by default none with an effect.
        system: The names that it may have in kube-system.
        namespaced: Whether it is in a namespace.
        more: A check beside the table.
    """
    api, _, kind = type_.removeprefix("kubernetes:").rpartition(":")
    metadata = {
        "name": NAME,
        "namespace": maybe(NAME),
        "labels": known,
        "annotations": annotations or annotated(table, {}),
    }
    entries = {"apiVersion": one_of(api.removeprefix("core/")), "kind": one_of(kind), "metadata": metadata, **body}

    def judge(resource: Resource) -> Iterator[Outcome]:
        view = View(resource.plain)
        yield from attempt(shape(table, entries)(view))
        if namespaced or kind == "Namespace":
            yield from attempt(_place(view, kind, system, table))
        if more:
            yield from attempt(more(resource))

    return {type_: judge}


def _place(body: View, kind: str, system: tuple[str, ...], table: str) -> Iterator[Outcome]:
    """Check the namespace: an application's own, or kube-system for known names. A Namespace is its own."""
    namespace, name = identity(body)
    if kind == "Namespace":
        namespace = name
    if (namespace == "default" or namespace.startswith("kube-")) and (namespace != SYSTEM or name not in system):
        yield f"namespace {namespace} is Kubernetes' own; use another, or add {kind} {name} to {table} if it is wanted"


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
